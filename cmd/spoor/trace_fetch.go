package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math/big"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"spoor/graph"
	"spoor/ingest"
	"spoor/ingest/explorer"
	"spoor/trace"
)

// fetchFlags make a trace ask an explorer for what it does not know.
type fetchFlags struct {
	explorerFlags
	api   string
	limit int
}

func (f *fetchFlags) add(cmd *cobra.Command) {
	f.explorerFlags.add(cmd)
	cmd.Flags().StringVar(&f.api, "fetch", "", "ask an explorer for the history of every address reached: etherscan or blockscout")
	cmd.Flags().IntVar(&f.limit, "fetch-limit", 100, "addresses whose history is asked for")
}

// check refuses flags of an explorer that nobody asks.
func (f *fetchFlags) check(cmd *cobra.Command) error {
	switch {
	case f.api == "" && (cmd.Flags().Changed("url") || cmd.Flags().Changed("fetch-limit") || cmd.Flags().Changed("api-key-file")):
		return usagef("--url, --api-key-file and --fetch-limit are for --fetch, which is missing")
	case f.limit < 1:
		return usagef("--fetch-limit %d: want 1 or more", f.limit)
	}
	return nil
}

// A fetcher extends the store by what a trace reaches. The trace itself knows
// nothing of it: it is run, what it lacks is asked for, and it is run again,
// until it lacks nothing or the limit is met.
type fetcher struct {
	p      *program
	store  graph.Store
	client *explorer.Client
	meter  *ingest.Meter
	limit  int

	head      uint32
	tried     map[graph.Address]bool // read in this run, kept answers included
	counted   int                    // of them, those that the store did not cover
	simple    map[graph.Hash]bool    // transactions of which nothing is missing
	expanded  map[expansion]bool
	unfetched []graph.Address // beyond the limit
	entities  *entityBook     // nil: nobody is asked who shares an owner
	cut       []string        // seeds with too many parties
}

// expansion is a transaction seen from a party whose whole history is not
// asked for.
type expansion struct {
	tx    graph.Hash
	party graph.Address
}

// fetchAndTrace traces a case with the explorer at hand. It closes the store.
func (f *fetchFlags) fetchAndTrace(ctx context.Context, p *program, c trace.Case, labels *labelBook, owners bool) (t *trace.Trace, partial error, err error) {
	meter := ingest.NewMeter(ingest.Stop)
	client, err := f.client(p, f.api, meter)
	if err != nil {
		return nil, nil, err
	}
	store, err := p.create()
	if err != nil {
		return nil, nil, err
	}
	r := &fetcher{p: p, store: store, client: client, meter: meter, limit: f.limit,
		tried: map[graph.Address]bool{}, simple: map[graph.Hash]bool{}, expanded: map[expansion]bool{}}
	known, err := labels.known(ctx, store)
	if err == nil && owners {
		r.entities, err = openEntityBook(ctx, store, labels)
	}
	if err == nil {
		t, err = r.run(ctx, c, known)
		err = cmp.Or(labels.failed, err)
	}
	if err == nil {
		partial, err = r.partial(ctx, t)
	}
	p.say("%d addresses read, %d calls of the API", len(r.tried), client.Calls())
	err = errors.Join(err, store.Close())
	return t, partial, explorerAdvice(err)
}

func (r *fetcher) run(ctx context.Context, c trace.Case, known trace.Known) (*trace.Trace, error) {
	var err error
	if r.head, err = r.client.Head(ctx); err != nil {
		return nil, explorerAdvice(err)
	}
	for _, text := range c.Seeds {
		seed, err := trace.ParseSeed(text)
		if err != nil {
			return nil, err
		}
		if err := r.seed(ctx, seed); err != nil {
			return nil, fmt.Errorf("seed %s: %w", text, err)
		}
	}
	for {
		if err := r.entities.update(ctx); err != nil {
			return nil, err
		}
		t, err := traceStore(ctx, r.store, c, known, r.entities)
		if err != nil {
			return nil, err
		}
		more, err := r.extend(ctx, t)
		if err != nil || !more {
			return t, err
		}
	}
}

// maxParties bounds what is asked for of one seed.
const maxParties = 40

// seed asks for what a seed needs to be traced at all: of a transaction its
// sender's history, and what everybody who had a part did in it.
func (r *fetcher) seed(ctx context.Context, s trace.Seed) error {
	if s.Chain.ID != r.client.Chain.ID {
		return nil
	}
	if !s.Address.IsZero() {
		return r.address(ctx, s.Address)
	}
	sent, err := r.client.Find(ctx, s.Tx)
	if err != nil {
		return explorerAdvice(err)
	}
	if sent.Block > r.head {
		return advice{fmt.Errorf("its block %d is above %d, up to which histories are read", sent.Block, r.head), "wait for more blocks, or lower --confirmations"}
	}
	if err := r.address(ctx, sent.From); err != nil {
		return err
	}
	parties, err := r.client.Parties(ctx, s.Tx)
	if err != nil {
		return explorerAdvice(err)
	}
	if !sent.To.IsZero() && !slices.Contains(parties, sent.To) {
		parties = append([]graph.Address{sent.To}, parties...)
	}
	if n := len(parties); n > maxParties {
		r.p.warn("seed %s: %d had a part in it, %d are asked for; what the others gained is not seen", s, n, maxParties)
		r.cut = append(r.cut, s.String())
		parties = parties[:maxParties]
	}
	for _, a := range parties {
		if a == sent.From {
			continue
		}
		if err := r.expand(ctx, sent, a); err != nil || r.client.WholeTransactions() {
			return err
		}
	}
	return nil
}

// extend asks for what the trace lacks, and reports whether there was anything
// that it can go on with.
func (r *fetcher) extend(ctx context.Context, t *trace.Trace) (more bool, err error) {
	rows, err := r.coverage(ctx)
	if err != nil {
		return false, err
	}
	r.unfetched = nil
	for _, a := range r.followed(t) {
		switch {
		case r.tried[a] || graph.Covers(ofBlocks(rows), a, 0, r.head):
			continue
		case r.counted >= r.limit && !graph.Covers(rows, a, 0, r.head):
			r.unfetched = append(r.unfetched, a)
			continue
		}
		if err := r.address(ctx, a); err != nil {
			return false, err
		}
		more = true
	}
	for _, sent := range r.ended(t) {
		if graph.Covers(rows, sent.party, sent.Block, sent.Block) || r.simple[sent.Hash] || r.expanded[expansion{sent.Hash, sent.party}] {
			continue
		}
		if err := r.expand(ctx, sent.Sent, sent.party); err != nil {
			return false, err
		}
		more = true
	}
	return more, nil
}

// address reads the history of an address, unless every block was read. One
// that was asked for before is read again from the kept answers: they tell
// which transactions are simple, which the store does not.
func (r *fetcher) address(ctx context.Context, a graph.Address) error {
	rows, err := r.coverage(ctx)
	if err != nil || r.tried[a] || graph.Covers(ofBlocks(rows), a, 0, r.head) {
		return err
	}
	r.tried[a] = true
	if !graph.Covers(rows, a, 0, r.head) {
		r.counted++
	}
	h, err := r.p.fetch(ctx, r.store, r.client, a, r.meter)
	if err != nil {
		return err
	}
	r.learn(h)
	return nil
}

// expand asks what else moved in a transaction at a party where value ended: a
// router or pool may have passed it on, or given something for it.
func (r *fetcher) expand(ctx context.Context, sent explorer.Sent, party graph.Address) error {
	r.expanded[expansion{sent.Hash, party}] = true
	if r.client.WholeTransactions() {
		r.simple[sent.Hash] = true // nothing is missing after this
	}
	h, err := r.client.Movements(ctx, sent, party)
	if err != nil {
		return explorerAdvice(err)
	}
	r.learn(h)
	for _, g := range h.Gaps {
		r.p.warn("%s: known in part: %s", party, oneLine(g.String()))
	}
	return r.p.keep(ctx, r.store, h, r.meter)
}

func (r *fetcher) learn(h *explorer.History) {
	for tx, simple := range h.Simple {
		r.simple[tx] = r.simple[tx] || simple
	}
}

func (r *fetcher) coverage(ctx context.Context) (rows []graph.Coverage, err error) {
	err = viewing(ctx, r.store, r.client.Chain, func(v graph.View) (err error) {
		rows, err = v.Coverage()
		return err
	})
	return rows, err
}

// ofBlocks are the rows of whole blocks.
func ofBlocks(rows []graph.Coverage) []graph.Coverage {
	return slices.DeleteFunc(slices.Clone(rows), func(c graph.Coverage) bool { return !c.Address.IsZero() })
}

// followed are the addresses through which the trace follows value: those that
// held or passed some and at which it does not end. The largest part of the
// stolen value comes first.
func (r *fetcher) followed(t *trace.Trace) []graph.Address {
	entered := map[graph.Asset]*big.Int{}
	for _, b := range t.Balances {
		sum := b.Seeded.ToBig()
		entered[b.Asset.Asset] = sum.Add(sum, b.ConvertedIn.ToBig())
	}
	parts := map[graph.Address]*big.Rat{}
	for i := range t.Holders {
		h := &t.Holders[i]
		if h.Address.Chain != r.client.Chain.ID || h.Role == "terminal" || h.Role == "counterparty" {
			continue
		}
		part := new(big.Rat)
		if all := entered[h.Asset.Asset]; all != nil && all.Sign() > 0 {
			part.SetFrac(h.In.ToBig(), all)
		}
		if best := parts[h.Address]; best == nil || part.Cmp(best) > 0 {
			parts[h.Address] = part
		}
	}
	var list []graph.Address
	for a := range parts {
		list = append(list, a)
	}
	slices.SortFunc(list, func(a, b graph.Address) int { return cmp.Or(parts[b].Cmp(parts[a]), a.Compare(b)) })
	return list
}

// ending is a transaction in which value ended at a party.
type ending struct {
	explorer.Sent
	party graph.Address
}

// ended are the transactions in which value reached an address where a label
// or its behaviour ends the trace, in ledger order.
func (r *fetcher) ended(t *trace.Trace) []ending {
	stops := map[graph.Address]bool{}
	for i := range t.Stops {
		switch s := &t.Stops[i]; s.Reason {
		case trace.StopService, trace.StopMixer, trace.StopBridge, trace.StopContract, trace.StopBurn:
			stops[s.Address] = !s.Address.IsZero()
		}
	}
	var list []ending
	for i := range t.Steps {
		s := &t.Steps[i]
		if s.Chain == r.client.Chain.ID && stops[s.To] && s.Rule != trace.RuleFee {
			list = append(list, ending{explorer.Sent{Hash: s.Tx, Block: s.At.Block, Index: s.At.Tx, From: s.From, To: s.To}, s.To})
		}
	}
	return list
}

// partial is why the trace is not all that the chain could tell, nil if it is.
func (r *fetcher) partial(ctx context.Context, t *trace.Trace) (why, err error) {
	rows, err := r.coverage(ctx)
	if err != nil {
		return nil, err
	}
	var unknown []string
	for _, a := range r.followed(t) {
		if !graph.Covers(rows, a, 0, r.head) && !slices.Contains(r.unfetched, a) {
			unknown = append(unknown, a.String())
		}
	}
	var said []string
	if n := len(r.unfetched); n > 0 {
		for _, a := range r.unfetched {
			r.p.warn("not fetched: %s", a)
		}
		said = append(said, fmt.Sprintf("the limit of %d left %d addresses that were not fetched", r.limit, n))
	}
	if n := len(unknown); n > 0 {
		said = append(said, fmt.Sprintf("the history of %d addresses is known in part: %s", n, strings.Join(unknown, ", ")))
	}
	if len(r.cut) > 0 {
		said = append(said, "not everybody who had a part in the seeds was asked for: "+strings.Join(r.cut, ", "))
	}
	if said == nil {
		return nil, nil
	}
	return advice{fmt.Errorf("%w: %s", errPartial, strings.Join(said, "; ")), "raise --fetch-limit to go on: what was fetched is kept; coverage.csv tells what was read of each address"}, nil
}
