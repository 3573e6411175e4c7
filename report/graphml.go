package report

import (
	"bufio"
	"cmp"
	"encoding/xml"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"

	"spoor/graph"
	"spoor/trace"
)

const graphFile = "graph.graphml"

// The trace as GraphML (http://graphml.graphdrawing.org/specification.html), for
// Gephi, yEd and networkx: a directed graph with parallel edges. A node is an
// address; on UTXO ledgers a transaction as well, as no ledger says which input
// pays which output; and one of each ledger stands for nobody, from whom issued
// value comes and to whom fees and destroyed value go. An edge is a row of
// trace.csv or a passage over a bridge. Amounts are text: programs read numbers
// as floats.
type graphKey struct{ ID, For, Name, Type string }

// graphData is what a node or an edge says under a key.
type graphData struct{ Key, Text string }

// Kinds of nodes.
const (
	nodeAddress = "address"
	nodeTx      = "transaction"
	nodeNobody  = "nobody"
)

// graphKeys are what nodes and edges say. The prefix tells the two apart.
var graphKeys = []graphKey{
	{ID: "n_label", For: "node", Name: "label", Type: "string"},
	{ID: "n_kind", For: "node", Name: "kind", Type: "string"},
	{ID: "n_chain", For: "node", Name: "chain", Type: "string"},
	{ID: "n_address", For: "node", Name: "address", Type: "string"},
	{ID: "n_role", For: "node", Name: "role", Type: "string"},
	{ID: "n_labels", For: "node", Name: "labels", Type: "string"},
	{ID: "n_entity", For: "node", Name: "entity", Type: "string"},
	{ID: "n_ends", For: "node", Name: "ends", Type: "string"},
	{ID: "n_hop", For: "node", Name: "hop", Type: "int"},
	{ID: "e_label", For: "edge", Name: "label", Type: "string"},
	{ID: "e_kind", For: "edge", Name: "kind", Type: "string"},
	{ID: "e_row", For: "edge", Name: "row", Type: "int"},
	{ID: "e_chain", For: "edge", Name: "chain", Type: "string"},
	{ID: "e_block", For: "edge", Name: "block", Type: "long"},
	{ID: "e_time", For: "edge", Name: "time", Type: "string"},
	{ID: "e_tx", For: "edge", Name: "tx_hash", Type: "string"},
	{ID: "e_position", For: "edge", Name: "position", Type: "string"},
	{ID: "e_asset", For: "edge", Name: "asset", Type: "string"},
	{ID: "e_symbol", For: "edge", Name: "symbol", Type: "string"},
	{ID: "e_amount_raw", For: "edge", Name: "amount_raw", Type: "string"},
	{ID: "e_amount", For: "edge", Name: "amount", Type: "string"},
	{ID: "e_tainted_raw", For: "edge", Name: "tainted_raw", Type: "string"},
	{ID: "e_tainted", For: "edge", Name: "tainted", Type: "string"},
	{ID: "e_hop", For: "edge", Name: "hop", Type: "int"},
	{ID: "e_statement", For: "edge", Name: "statement", Type: "string"},
	{ID: "e_rule", For: "edge", Name: "rule", Type: "string"},
	{ID: "e_confidence", For: "edge", Name: "confidence", Type: "int"},
}

// data lists pairs of key and text; what is empty is left out.
func data(pairs ...string) (list []graphData) {
	for i := 0; i < len(pairs); i += 2 {
		if pairs[i+1] != "" {
			list = append(list, graphData{pairs[i], pairs[i+1]})
		}
	}
	return list
}

// GraphML writes a trace as a directed multigraph; see graphKeys.
func GraphML(w io.Writer, t *trace.Trace) error {
	g := &graphWriter{t: t, out: bufio.NewWriterSize(w, 1<<16), known: make(map[string]bool)}
	g.write(xml.Header, `<graphml xmlns="http://graphml.graphdrawing.org/xmlns" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xsi:schemaLocation="http://graphml.graphdrawing.org/xmlns http://graphml.graphdrawing.org/xmlns/1.0/graphml.xsd">`, "\n")
	for _, k := range graphKeys {
		g.write(` <key id="`, k.ID, `" for="`, k.For, `" attr.name="`, k.Name, `" attr.type="`, k.Type, `"/>`, "\n")
	}
	g.write(` <graph id="trace" edgedefault="directed">`, "\n")
	g.nodes()
	g.edges()
	g.write(" </graph>\n</graphml>\n")
	return g.out.Flush()
}

// graphWriter remembers what nodes there are. Errors of writing stay in out,
// whose Flush tells the first.
type graphWriter struct {
	t     *trace.Trace
	out   *bufio.Writer
	known map[string]bool
}

func (g *graphWriter) write(parts ...string) {
	for _, part := range parts {
		_, _ = g.out.WriteString(part) // Flush tells
	}
}

func (g *graphWriter) escaped(text string) {
	_ = xml.EscapeText(g.out, []byte(text)) // Flush tells
}

func (g *graphWriter) node(id string, says []graphData) {
	g.write(`  <node id="`)
	g.escaped(id)
	g.write(`">`)
	g.data(says)
	g.write("</node>\n")
}

func (g *graphWriter) edge(id, from, to string, says []graphData) {
	g.write(`  <edge id="`, id, `" source="`)
	g.escaped(from)
	g.write(`" target="`)
	g.escaped(to)
	g.write(`">`)
	g.data(says)
	g.write("</edge>\n")
}

func (g *graphWriter) data(says []graphData) {
	for _, d := range says {
		g.write(`<data key="`, d.Key, `">`)
		g.escaped(d.Text)
		g.write("</data>")
	}
}

// ends are the nodes of a movement. Where the ledger pairs no payer with a
// payee it is the transaction that stands between.
func ends(s *trace.Step) (from, to string) {
	from, to = addressNode(s.Chain, s.From), addressNode(s.Chain, s.To)
	switch s.Kind {
	case graph.KindInput:
		to = txNode(s)
	case graph.KindOutput:
		from = txNode(s)
	}
	return from, to
}

// addressNode is the node of an address, or of nobody on a chain. Ids are names
// as XML has them: CAIP-10 is one.
func addressNode(chain graph.ChainID, a graph.Address) string {
	if a.IsZero() {
		return string(chain) + ":" + nodeNobody
	}
	return string(chain) + ":" + a.String()
}

func txNode(s *trace.Step) string {
	return string(s.Chain) + ":tx:" + s.Tx.Text(graph.ChainOf(s.Chain).Family)
}

// nodes writes every node once, in the order in which edges meet them.
func (g *graphWriter) nodes() {
	type about struct {
		roles, ends []string
		labels      string
		owner       graph.Address
		hop         int
	}
	known := make(map[graph.Address]*about)
	of := func(a graph.Address) *about {
		if known[a] == nil {
			known[a] = &about{hop: -1}
		}
		return known[a]
	}
	for i := range g.t.Holders {
		h := &g.t.Holders[i]
		n := of(h.Address)
		if n.labels, n.owner = labelList(h.Labels), h.Owner; !slices.Contains(n.roles, h.Role) {
			n.roles = append(n.roles, h.Role)
		}
		if n.hop < 0 || h.Hop < n.hop {
			n.hop = h.Hop
		}
	}
	for i := range g.t.Stops {
		if s := &g.t.Stops[i]; !s.Address.IsZero() && !slices.Contains(of(s.Address).ends, string(s.Reason)) {
			of(s.Address).ends = append(of(s.Address).ends, string(s.Reason))
		}
	}
	address := func(chain graph.ChainID, a graph.Address) {
		id := addressNode(chain, a)
		if g.known[id] {
			return
		}
		g.known[id] = true
		if a.IsZero() {
			g.node(id, data("n_label", "nobody ("+graph.ChainOf(chain).Alias+")", "n_kind", nodeNobody, "n_chain", string(chain)))
			return
		}
		n := of(a)
		hop := ""
		if n.hop >= 0 {
			hop = strconv.Itoa(n.hop)
		}
		name := a.String()
		if n.labels != "" {
			name += " " + n.labels
		}
		g.node(id, data("n_label", name, "n_kind", nodeAddress, "n_chain", string(chain), "n_address", a.String(),
			"n_role", strings.Join(n.roles, " "), "n_labels", n.labels, "n_entity", n.owner.String(), "n_ends", strings.Join(n.ends, " "), "n_hop", hop))
	}
	for i := range g.t.Steps {
		s := &g.t.Steps[i]
		if s.Kind != graph.KindOutput {
			address(s.Chain, s.From)
		}
		if s.Kind == graph.KindInput || s.Kind == graph.KindOutput {
			if id := txNode(s); !g.known[id] {
				g.known[id] = true
				hash := s.Tx.Text(graph.ChainOf(s.Chain).Family)
				g.node(id, data("n_label", hash, "n_kind", nodeTx, "n_chain", string(s.Chain)))
			}
		}
		if s.Kind != graph.KindInput {
			address(s.Chain, s.To)
		}
	}
	for i := range g.t.Passages {
		if p := &g.t.Passages[i]; p.Crossed {
			address(p.Departure.Chain, p.Departure.Subject)
			address(p.Arrival.Chain, p.Arrival.Subject)
		}
	}
}

func (g *graphWriter) edges() {
	for i := range g.t.Steps {
		s := &g.t.Steps[i]
		from, to := ends(s)
		moved := cmp.Or(s.Asset.Units(s.Amount), s.Amount.Dec()+" base units of") + " " + cmp.Or(claim(s.Asset.Symbol), s.Asset.Asset.Text())
		g.edge(fmt.Sprintf("row%d", i+1), from, to, data(
			"e_label", moved, "e_kind", s.Kind.String(), "e_row", strconv.Itoa(i+1), "e_chain", string(s.Chain), "e_block", strconv.FormatUint(uint64(s.At.Block), 10),
			"e_time", instant(s.Time), "e_tx", s.Tx.Text(graph.ChainOf(s.Chain).Family), "e_position", s.At.Seq.String(), "e_asset", s.Asset.Asset.String(), "e_symbol", claim(s.Asset.Symbol),
			"e_amount_raw", s.Amount.Dec(), "e_amount", s.Asset.Units(s.Amount), "e_tainted_raw", s.Tainted.Dec(), "e_tainted", s.Asset.Units(s.Tainted),
			"e_hop", strconv.Itoa(s.Hop), "e_statement", string(statement(s)), "e_rule", claim(s.Rule), "e_confidence", strconv.Itoa(s.Confidence)))
	}
	for i := range g.t.Passages {
		p := &g.t.Passages[i]
		if !p.Crossed {
			continue
		}
		g.edge(fmt.Sprintf("passage%d", i+1), addressNode(p.Departure.Chain, p.Departure.Subject), addressNode(p.Arrival.Chain, p.Arrival.Subject), data(
			"e_label", claim(p.Bridge), "e_kind", "passage", "e_chain", string(p.Departure.Chain), "e_time", instant(p.Departure.Time), "e_tx", p.Departure.Tx.Text(graph.ChainOf(p.Departure.Chain).Family), "e_position", p.Departure.At.Seq.String(),
			"e_asset", p.Asset.Asset.String(), "e_symbol", claim(p.Asset.Symbol), "e_amount_raw", p.Sent.Dec(), "e_amount", p.Asset.Units(p.Sent),
			"e_tainted_raw", p.TaintedOut.Dec(), "e_tainted", p.Asset.Units(p.TaintedOut), "e_statement", string(p.Statement), "e_rule", claim(p.Rule), "e_confidence", strconv.Itoa(p.Confidence)))
	}
}
