package trace_test

import (
	"bufio"
	"context"
	"crypto/sha256"
	"flag"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"spoor/cluster"
	"spoor/graph"
	"spoor/graph/graphtest"
	"spoor/trace"
)

var update = flag.Bool("update", false, "rewrite what the scenarios expect")

// TestScenarios plays the files of testdata/scenarios: a small ledger, traces
// of it, and the whole result of each. testdata/scenarios/README.md has the
// language.
func TestScenarios(t *testing.T) {
	files, err := filepath.Glob("../testdata/scenarios/*.txt")
	if err != nil || len(files) == 0 {
		t.Fatalf("no scenarios: %v", err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txt"), func(t *testing.T) { playFile(t, file) })
	}
}

func playFile(t *testing.T, file string) {
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var out strings.Builder
	s := newScenario(t)
	scanner := bufio.NewScanner(strings.NewReader(string(data)))
	expecting := false
	for n := 1; scanner.Scan(); n++ {
		line := scanner.Text()
		if expecting && strings.HasPrefix(line, "\t") {
			continue // the expectation is written anew below
		}
		expecting = false
		fmt.Fprintln(&out, line)
		fields := strings.Fields(line)
		if len(fields) == 0 || strings.HasPrefix(fields[0], "#") {
			continue
		}
		s.where = fmt.Sprintf("%s:%d", file, n)
		if play := map[string]func([]string) []string{"trace": s.trace, "sources": s.sources, "chokes": s.chokes, "peels": s.peels, "rank": s.rank}[fields[0]]; play != nil {
			for _, result := range play(fields[1:]) {
				fmt.Fprintln(&out, "\t"+result)
			}
			expecting = true
			continue
		}
		s.read(fields)
	}
	if out.String() == string(data) {
		return
	}
	if *update {
		if err := os.WriteFile(file, []byte(out.String()), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, got := strings.Split(string(data), "\n"), strings.Split(out.String(), "\n")
	for i := range max(len(want), len(got)) {
		w, g := "", ""
		if i < len(want) {
			w = want[i]
		}
		if i < len(got) {
			g = got[i]
		}
		if w != g {
			t.Fatalf("%s:%d\n want %s\n got  %s\nwhole result:\n%s", file, i+1, w, g, out.String())
		}
	}
}

// scenario is a ledger being written down by name.
type scenario struct {
	t      *testing.T
	where  string
	store  *graphtest.Model
	chain  graph.Chain
	know   graph.Knowledge
	names  map[graph.Address]string
	txs    map[graph.Hash]string
	blocks map[graph.ChainID][]graph.Block
	labels []trace.CaseLabel
	links  []trace.CaseLink
	seqs   int

	clustered *clustering // nil: nobody is asked who shares an owner
	entities  map[graph.ChainID]*cluster.Entities
}

// clustering is a line "cluster [rule=NAME] [guard=N] [veto=A,B]".
type clustering struct {
	choice cluster.Choice
	vetoes [][2]string
}

func newScenario(t *testing.T) *scenario {
	return &scenario{t: t, store: graphtest.NewModel(), names: map[graph.Address]string{}, txs: map[graph.Hash]string{},
		blocks: map[graph.ChainID][]graph.Block{}, know: graph.Knowledge{Transfers: graph.Full, Logs: graph.Full, Traces: graph.Full}}
}

func (s *scenario) fail(format string, args ...any) {
	s.t.Helper()
	s.t.Fatalf(s.where+": "+format, args...)
}

func (s *scenario) read(fields []string) {
	s.t.Helper()
	switch fields[0] {
	case "chain":
		chain, err := graph.ParseChain(fields[1])
		if err != nil {
			s.fail("%v", err)
		}
		s.chain = chain
		if len(fields) > 2 && fields[2] == "partial" {
			s.know = graph.Knowledge{Transfers: graph.Partial}
		}
	case "label": // label NAME CATEGORY [BEHAVIOUR]
		l := trace.CaseLabel{Chain: s.chain.Alias, Address: s.address(fields[1]).String(), Name: fields[1], Category: fields[2], Confidence: 90}
		if len(fields) > 3 {
			l.Behaviour = fields[3]
		}
		s.labels = append(s.labels, l)
	case "link": // link CHAIN:TX:SEQ CHAIN:TX:SEQ CONFIDENCE RULE
		confidence, err := strconv.Atoi(fields[3])
		if err != nil {
			s.fail("%v", err)
		}
		s.links = append(s.links, trace.CaseLink{From: s.movement(fields[1]), To: s.movement(fields[2]), Confidence: confidence, Rule: strings.Join(fields[4:], " ")})
	case "and": // at the same place as what was stated before
		s.seqs--
		s.state(fields[1:])
	case "depart", "arrive":
		s.state(fields)
	case "tx": // tx NAME [with|at=SECONDS]: "with" puts it into the block of the one before
		blocks := s.blocks[s.chain.ID]
		tx := graph.Tx{Hash: sha256.Sum256([]byte(fields[1]))}
		s.txs[tx.Hash] = fields[1]
		if len(fields) > 2 && fields[2] == "with" {
			last := &blocks[len(blocks)-1]
			tx.Index = uint32(len(last.Txs))
			last.Txs = append(last.Txs, tx)
		} else {
			height := uint32(len(blocks) + 1)
			at := int64(height) * 60
			if len(fields) > 2 {
				var err error
				if at, err = strconv.ParseInt(strings.TrimPrefix(fields[2], "at="), 10, 64); err != nil {
					s.fail("%v", err)
				}
			}
			blocks = append(blocks, graph.Block{Header: graph.Header{Height: height, Hash: sha256.Sum256([]byte(fmt.Sprint("block", height))), Time: at},
				Know: s.know, Source: "scenario", Txs: []graph.Tx{tx}})
		}
		s.blocks[s.chain.ID] = blocks
		s.seqs = 0
	case "cluster":
		s.clustering(fields[1:])
	case "freeze", "unfreeze": // freeze TOKEN WHO [SAYS]
		blocks := s.blocks[s.chain.ID]
		block := &blocks[len(blocks)-1]
		tx := &block.Txs[len(block.Txs)-1]
		token := s.address(fields[1])
		e := graph.Event{Seq: graph.Seq(s.seqs), Kind: graph.Frozen, Protocol: "scenario", Emitter: token, Subject: s.address(fields[2]),
			Asset: graph.Asset{Chain: s.chain.ID, Standard: graph.ERC20, Contract: token}}
		s.seqs++
		if fields[0] == "unfreeze" {
			e.Kind = graph.Unfrozen
		}
		if len(fields) > 3 {
			e.Emitter = s.address(fields[3])
		}
		tx.Events = append(tx.Events, e)
	default:
		s.move(fields)
	}
}

func (s *scenario) clustering(args []string) {
	s.t.Helper()
	c := &clustering{}
	for _, arg := range args {
		key, value, _ := strings.Cut(arg, "=")
		switch key {
		case "rule":
			r, err := cluster.ParseRule(value)
			if err != nil {
				s.fail("%v", err)
			}
			c.choice.Rules = c.choice.Rules.With(r)
		case "guard":
			n, err := strconv.Atoi(value)
			if err != nil {
				s.fail("%v", err)
			}
			c.choice.Guard = cluster.Guard{CoSpend: n, Behaviour: n}
		case "veto":
			a, b, _ := strings.Cut(value, ",")
			c.vetoes = append(c.vetoes, [2]string{a, b})
		case "off":
			c = nil
		default:
			s.fail("unknown %q", arg)
		}
	}
	s.clustered, s.entities = c, nil
}

// cluster finds the evidence of all ledgers and computes the entities.
func (s *scenario) cluster(views map[graph.ChainID]graph.View) {
	s.t.Helper()
	s.entities = map[graph.ChainID]*cluster.Entities{}
	if s.clustered == nil {
		return
	}
	ctx, choice := context.Background(), s.clustered.choice
	for _, l := range s.labels {
		chain, err := graph.ParseChain(l.Chain)
		if err != nil {
			s.fail("%v", err)
		}
		a, err := graph.ParseAddress(chain, l.Address)
		if err != nil {
			s.fail("%v", err)
		}
		choice.Labels = append(choice.Labels, graph.Label{Address: a, Name: l.Name, Category: l.Category, Source: "list", Confidence: 90})
	}
	for id, view := range views {
		chain := graph.ChainOf(id)
		search := cluster.Search{Chain: chain, Rules: choice.Rules, Labels: choice.Labels}
		log, _, err := cluster.EditLog(s.t.TempDir(), chain, search.Basis())
		if err == nil {
			s.t.Cleanup(func() { _ = log.Close() })
			_, err = log.Update(ctx, view, search.Finder(ctx, view))
		}
		chosen := choice
		if chain.ID == s.chain.ID {
			for _, pair := range s.clustered.vetoes {
				v, err := cluster.NewVeto(s.address(pair[0]), s.address(pair[1]), "")
				if err != nil {
					s.fail("%v", err)
				}
				chosen.Vetoes = append(chosen.Vetoes, v)
			}
		}
		if err == nil {
			s.entities[id], err = cluster.Compute(ctx, log, view, chosen)
		}
		if err != nil {
			s.fail("%v", err)
		}
	}
}

// owners lists who shares an owner of whom the trace met, what joins them, and
// what was held back.
func (s *scenario) owners(t *trace.Trace) (lines []string) {
	s.t.Helper()
	together := map[graph.Address][]string{}
	for a, entity := range t.Owners {
		together[entity] = append(together[entity], s.name(a))
	}
	for _, names := range together {
		slices.Sort(names)
		lines = append(lines, "one owner: "+strings.Join(names, " "))
	}
	slices.Sort(lines)
	var evidence []string
	for _, m := range t.Members {
		evidence = append(evidence, fmt.Sprintf("evidence %s %s %s %d", s.name(m.Address), m.Rule, s.txs[m.Tx], m.Confidence))
	}
	slices.Sort(evidence) // the names of addresses have an order of their own
	lines = append(lines, evidence...)
	for _, id := range slices.Sorted(maps.Keys(s.entities)) {
		held, err := s.entities[id].Held(context.Background())
		if err != nil {
			s.fail("%v", err)
		}
		view := s.views()[id]
		for _, h := range held {
			a, errA := view.Address(h.A)
			b, errB := view.Address(h.B)
			if errA != nil || errB != nil {
				s.fail("%v %v", errA, errB)
			}
			lines = append(lines, fmt.Sprintf("held back (%s): %s %d addresses, %s %d addresses", h.Reason, s.name(a), h.SizeA, s.name(b), h.SizeB))
		}
	}
	return lines
}

// move reads one movement of the transaction: "A -> B 5 USDT [kind]",
// "fee A 1", "in A 5 TX:0", "out B 4".
func (s *scenario) move(fields []string) {
	s.t.Helper()
	blocks := s.blocks[s.chain.ID]
	block := &blocks[len(blocks)-1]
	tx := &block.Txs[len(block.Txs)-1]
	t := graph.Transfer{Seq: graph.Seq(s.seqs), Asset: s.chain.Native()}
	s.seqs++
	var err error
	switch {
	case fields[0] == "fee":
		t.Kind, t.From, t.Amount = graph.KindFee, s.address(fields[1]), s.amount(fields[2])
		if len(fields) > 3 {
			t.To = s.address(fields[3])
		}
	case fields[0] == "in":
		t.Kind, t.From, t.Amount = graph.KindInput, s.address(fields[1]), s.amount(fields[2])
		prev, index, _ := strings.Cut(fields[3], ":")
		n, _ := strconv.Atoi(index)
		t.Prev = graph.OutPoint{Tx: sha256.Sum256([]byte(prev)), Index: uint32(n)}
		t.Seq, err = graph.InputSeq(count(tx.Transfers, graph.KindInput))
	case fields[0] == "out":
		t.Kind, t.To, t.Amount = graph.KindOutput, s.address(fields[1]), s.amount(fields[2])
		t.Seq, err = graph.OutputSeq(count(tx.Transfers, graph.KindOutput))
	case len(fields) >= 5 && fields[1] == "->":
		t.From, t.To, t.Amount = s.address(fields[0]), s.address(fields[2]), s.amount(fields[3])
		t.Kind = graph.KindNative
		if fields[4] != s.chain.Symbol {
			t.Asset = graph.Asset{Chain: s.chain.ID, Standard: graph.ERC20, Contract: s.address(fields[4])}
			t.Kind = graph.KindToken
		}
		if t.From.IsZero() {
			t.Kind = graph.KindMint
		}
		if t.To.IsZero() {
			t.Kind = graph.KindBurn
		}
	default:
		s.fail("unknown line %q", strings.Join(fields, " "))
	}
	if err != nil {
		s.fail("%v", err)
	}
	tx.Transfers = append(tx.Transfers, t)
}

// state reads "depart BRIDGE KEY WHO AMOUNT ASSET at EMITTER [to CHAIN
// [RECIPIENT [AMOUNT]]]" and "arrive BRIDGE KEY WHO AMOUNT ASSET at EMITTER [from CHAIN]".
func (s *scenario) state(fields []string) {
	s.t.Helper()
	if len(fields) < 8 || fields[6] != "at" {
		s.fail("want depart or arrive BRIDGE KEY WHO AMOUNT ASSET at EMITTER")
	}
	blocks := s.blocks[s.chain.ID]
	block := &blocks[len(blocks)-1]
	tx := &block.Txs[len(block.Txs)-1]
	e := graph.Event{Seq: graph.Seq(s.seqs), Kind: graph.Departure, Protocol: fields[1], Key: strings.TrimPrefix(fields[2], "-"),
		Subject: s.address(fields[3]), Amount: s.amount(fields[4]), Asset: s.chain.Native(), Emitter: s.address(fields[7])}
	if fields[0] == "arrive" {
		e.Kind = graph.Arrival
	}
	if fields[5] != s.chain.Symbol {
		e.Asset = graph.Asset{Chain: s.chain.ID, Standard: graph.ERC20, Contract: s.address(fields[5])}
	}
	if len(fields) > 9 {
		far, err := graph.ParseChain(fields[9])
		if err != nil {
			s.fail("%v", err)
		}
		e.Far.Chain = string(far.ID)
		if len(fields) > 10 {
			here := s.chain
			s.chain = far
			e.Far.Recipient = string(s.address(fields[10]).Bytes())
			s.chain = here
		}
		if len(fields) > 11 {
			e.Far.Amount = s.amount(fields[11])
		}
	}
	s.seqs++
	tx.Events = append(tx.Events, e)
}

// movement turns CHAIN:TX:SEQ into a reference.
func (s *scenario) movement(text string) string {
	s.t.Helper()
	parts := strings.SplitN(text, ":", 3)
	chain, err := graph.ParseChain(parts[0])
	if err != nil || len(parts) < 3 {
		s.fail("want CHAIN:TX:SEQ, got %q: %v", text, err)
	}
	return chain.Alias + ":" + graph.Hash(sha256.Sum256([]byte(parts[1]))).Text(chain.Family) + ":" + parts[2]
}

func count(transfers []graph.Transfer, kind graph.Kind) int {
	n := 0
	for i := range transfers {
		if transfers[i].Kind == kind {
			n++
		}
	}
	return n
}

// amount reads whole and decimal numbers as units of 1e-4, so that tables with
// fractions can be written as they stand.
func (s *scenario) amount(text string) graph.Amount {
	s.t.Helper()
	whole, fraction, _ := strings.Cut(text, ".")
	a, err := graph.ParseAmount(whole + (fraction + "0000")[:4])
	if err != nil || len(fraction) > 4 {
		s.fail("amount %q: %v", text, err)
	}
	return a
}

func (s *scenario) address(name string) graph.Address {
	if name == "-" {
		return graph.Address{}
	}
	sum := sha256.Sum256([]byte(name))
	a := graph.EVMAddress(s.chain.ID, [20]byte(sum[:20]))
	if s.chain.Family == graph.UTXOFamily {
		a = graph.ScriptAddress(s.chain.ID, append([]byte{0x00, 0x14}, sum[:20]...))
	}
	s.names[a] = name
	return a
}

// named puts names in place of addresses and transactions in a text.
func (s *scenario) named(text string) string {
	for a, name := range s.names {
		text = strings.ReplaceAll(text, a.String(), name)
	}
	for hash, name := range s.txs {
		text = strings.ReplaceAll(text, hash.Text(s.chain.Family), name)
	}
	return text
}

func (s *scenario) name(a graph.Address) string {
	if a.IsZero() {
		return "-"
	}
	return s.names[a]
}

// trace reads "METHOD SEED... [bound=value...]" and returns the result in lines.
func (s *scenario) trace(args []string) []string {
	s.t.Helper()
	result, err := s.run(args)
	if err != nil {
		return []string{"error " + err.Error()}
	}
	return append(s.lines(result), s.owners(result)...)
}

// sources is trace backward.
func (s *scenario) sources(args []string) []string {
	s.t.Helper()
	return s.trace(append(args, "direction=backward"))
}

// chokes traces and tells what value had to pass.
func (s *scenario) chokes(args []string) []string {
	s.t.Helper()
	result, err := s.run(args)
	var found trace.Chokes
	if err == nil {
		found, err = result.Chokes()
	}
	if err != nil {
		return []string{"error " + err.Error()}
	}
	var lines []string
	for _, c := range found.Points {
		lines = append(lines, fmt.Sprintf("%d %s passed %s of %s %s, %s here, %d ends", c.Rank, s.name(c.Address),
			graph.FormatUnits(c.Passed, 4), graph.FormatUnits(c.Ended, 4), s.asset(c.Asset), graph.FormatUnits(c.Here, 4), c.Ends))
	}
	for _, a := range found.Cut {
		lines = append(lines, "cut "+s.name(a))
	}
	return lines
}

// peels traces and tells the peel chains.
func (s *scenario) peels(args []string) []string {
	s.t.Helper()
	result, err := s.run(args)
	if err != nil {
		return []string{"error " + err.Error()}
	}
	var lines []string
	for _, c := range result.PeelChains() {
		lines = append(lines, fmt.Sprintf("%s %d hops from %s: %s peeled off, %s of it stolen, %s %s at %s, confidence %d", c.Rule, len(c.Hops), s.name(c.Start),
			graph.FormatUnits(c.Peeled, 4), graph.FormatUnits(c.Tainted, 4), graph.FormatUnits(c.Left, 4), s.asset(c.Asset), s.name(c.Head), c.Confidence))
	}
	return lines
}

// rank tells the addresses that a case's relevance gathers at.
func (s *scenario) rank(args []string) []string {
	s.t.Helper()
	c := trace.Case{Name: s.where, Method: "rank", Labels: s.labels}
	for _, arg := range args {
		if key, value, ok := strings.Cut(arg, "="); ok {
			s.bound(&c, key, value)
			continue
		}
		c.Seeds = append(c.Seeds, s.seed(arg))
	}
	found, err := trace.Rank(context.Background(), s.views(), c, trace.Known{}, trace.RankOptions{ByAmount: true})
	if err != nil {
		return []string{"error " + err.Error()}
	}
	var lines []string
	for i, n := range found.Nodes {
		line := fmt.Sprintf("%d %s %.6f, hop %d", i+1, s.name(n.Address), n.Score, n.Hop)
		if n.Ends != "" {
			line += ", " + string(n.Ends)
		}
		lines = append(lines, line)
	}
	return append(lines, fmt.Sprintf("kept %d, left %.6f", found.Kept, found.Left))
}

func (s *scenario) asset(i graph.AssetInfo) string {
	if i.Asset.IsNative() {
		return i.Symbol
	}
	return s.name(i.Asset.Contract)
}

func (s *scenario) run(args []string) (*trace.Trace, error) {
	s.t.Helper()
	c := trace.Case{Name: s.where, Method: args[0], Labels: s.labels, Links: s.links}
	for _, arg := range args[1:] {
		if key, value, ok := strings.Cut(arg, "="); ok {
			s.bound(&c, key, value)
			continue
		}
		c.Seeds = append(c.Seeds, s.seed(arg))
	}
	views := s.views()
	s.cluster(views)
	return trace.Run(context.Background(), views, c, trace.Known{Entities: s.entities})
}

func (s *scenario) views() map[graph.ChainID]graph.View {
	s.t.Helper()
	views := make(map[graph.ChainID]graph.View)
	for id, blocks := range s.blocks {
		l, err := s.store.Ledger(context.Background(), graph.ChainOf(id))
		if err == nil {
			err = l.Apply(context.Background(), blocks...)
		}
		if err == nil {
			views[id], err = l.View(context.Background())
		}
		if err != nil {
			s.fail("%v", err)
		}
	}
	return views
}

func (s *scenario) bound(c *trace.Case, key, value string) {
	s.t.Helper()
	var err error
	switch key {
	case "share":
		c.Share = value
	case "min_amount":
		c.MinAmount = value
	case "until":
		c.Until = value
	case "coinjoin":
		c.CoinJoin = value
	case "direction":
		c.Direction = value
	case "max_hops":
		c.MaxHops, err = strconv.Atoi(value)
	case "max_transactions":
		c.MaxTransactions, err = strconv.Atoi(value)
	case "service_transfers":
		c.ServiceTransfers, err = strconv.Atoi(value)
	default:
		s.fail("unknown bound %q", key)
	}
	if err != nil {
		s.fail("%v", err)
	}
}

// seed turns "tx:NAME[:SEQ]" or "NAME[/ASSET][@WHEN][+AMOUNT]" into a
// reference.
func (s *scenario) seed(text string) string {
	s.t.Helper()
	if rest, ok := strings.CutPrefix(text, "tx:"); ok {
		name, seq, hasSeq := strings.Cut(rest, ":")
		hash := graph.Hash(sha256.Sum256([]byte(name)))
		ref := s.chain.Alias + ":" + hash.Text(s.chain.Family)
		if hasSeq {
			ref += ":" + seq
		}
		return ref
	}
	text, limit, hasLimit := strings.Cut(text, "+")
	name, when, hasWhen := strings.Cut(text, "@")
	name, asset, hasAsset := strings.Cut(name, "/")
	ref := s.chain.Alias + ":" + s.address(name).String()
	switch {
	case hasAsset && asset == s.chain.Symbol:
		ref += "/native"
	case hasAsset:
		ref += "/" + s.address(asset).String()
	}
	if hasWhen {
		ref += "@" + when
	}
	if hasLimit {
		amount := s.amount(limit)
		ref += "=" + amount.Dec()
	}
	return ref
}

func (s *scenario) lines(t *trace.Trace) []string {
	units := func(a graph.Amount) string { return graph.FormatUnits(a, 4) }
	asset := s.asset
	var lines []string
	for _, seed := range t.Seeds {
		opening := ""
		if seed.Opening {
			opening = " opening"
		}
		what := "stolen"
		if t.Backward() {
			what = "asked"
		}
		lines = append(lines, fmt.Sprintf("%s %s %s %s%s", what, s.name(seed.Address), units(seed.Amount), asset(seed.Asset), opening))
	}
	for _, stop := range t.Stops {
		line := fmt.Sprintf("%s %s %s %s%s", stop.Reason, s.name(stop.Address), units(stop.Tainted), asset(stop.Asset), overLink(&stop))
		if stop.Reason == trace.StopBudget || t.Backward() {
			line += " (" + stop.Rule + ")"
		}
		if s.clustered != nil && stop.Label.Name != "" {
			line += fmt.Sprintf(" (%s, confidence %d; %s)", stop.Label.Name, stop.Confidence, s.named(stop.Rule))
		}
		lines = append(lines, line)
	}
	for _, b := range t.Balances {
		if !b.ConvertedIn.IsZero() || !b.ConvertedOut.IsZero() {
			lines = append(lines, fmt.Sprintf("converted %s out %s in %s", asset(b.Asset), units(b.ConvertedOut), units(b.ConvertedIn)))
		}
	}
	for _, u := range t.Unknowns {
		when := "gap"
		if u.Opening {
			when = "opening"
		}
		lines = append(lines, fmt.Sprintf("unknown %s %s %s %s", s.name(u.Address), units(u.Amount), asset(u.Asset), when))
	}
	lines = append(lines, s.passages(t)...)
	for _, note := range t.Notes {
		lines = append(lines, "note "+note)
	}
	return lines
}

func units(a graph.Amount) string { return graph.FormatUnits(a, 4) }

// overLink tells of value that got to its end over a link of the case.
func overLink(stop *trace.Stop) string {
	if !strings.Contains(stop.Rule, "link of the case") {
		return ""
	}
	return fmt.Sprintf(" (attributed, %d)", stop.Confidence)
}

// passages are the lines about bridges.
func (s *scenario) passages(t *trace.Trace) (lines []string) {
	for _, p := range t.Passages {
		line := "passage " + p.Bridge
		if p.Asset.Asset != (graph.Asset{}) {
			line += fmt.Sprintf(" %s of %s %s", units(p.TaintedOut), units(p.Sent), s.asset(p.Asset))
		}
		if p.ToAsset.Asset != (graph.Asset{}) {
			line += fmt.Sprintf(" to %s %s of %s %s", graph.ChainOf(p.Arrival.Chain).Alias, units(p.TaintedIn), units(p.Delivered), s.asset(p.ToAsset))
		}
		if p.Statement == graph.Attributed {
			line += fmt.Sprintf(" (%s, %d)", p.Rule, p.Confidence)
		}
		if p.Why != "" {
			line += ": " + p.Why
		}
		lines = append(lines, line)
	}
	return lines
}
