package cluster_test

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"testing"

	"spoor/cluster"
	"spoor/graph"
	"spoor/graph/graphtest"
)

// world is an EVM ledger written as text, a transaction a line:
//
//	BLOCK FROM>TO AMOUNT [ASSET] [OPTION]...
//
// Names stand for accounts. ASSET is native or a token's name. FROM pays a fee
// of 1 unless an option says else: by=NAME, nofee (the ledger has none), and
// kind=KIND. A line "BLOCK create CREATOR>CONTRACT" is a creation, "BLOCK event
// KIND SUBJECT OBJECT [EMITTER [PROTOCOL]]" what is stated. Blocks are 12 s apart.
type world struct {
	t      testing.TB
	ctx    context.Context
	chain  graph.Chain
	ledger graph.Ledger
	graph.View
}

func (w *world) account(name string) graph.Address { return worldAccount(w.chain, name) }

func worldAccount(chain graph.Chain, name string) graph.Address {
	if strings.HasPrefix(name, "0x") {
		a, err := graph.ParseAddress(chain, name)
		if err != nil {
			panic(err)
		}
		return a
	}
	h := graphtest.Hash(name)
	return graph.EVMAddress(chain.ID, [20]byte(h[:20]))
}

func (w *world) id(name string) graph.ID {
	w.t.Helper()
	id, err := w.ID(w.account(name))
	if err != nil {
		w.t.Fatalf("%s: %v", name, err)
	}
	return id
}

func newWorld(t testing.TB, lines string) *world { return newWorldOn(t, "ethereum", lines) }

func newWorldOn(t testing.TB, chain, lines string) *world {
	t.Helper()
	c, err := graph.ParseChain(chain)
	if err != nil {
		t.Fatal(err)
	}
	w := &world{t: t, ctx: context.Background(), chain: c}
	if w.ledger, err = graphtest.NewModel().Ledger(w.ctx, c); err != nil {
		t.Fatal(err)
	}
	if err := w.ledger.Apply(w.ctx, w.blocks(lines)...); err != nil {
		t.Fatal(err)
	}
	w.look()
	return w
}

// look opens a view of what the ledger holds now.
func (w *world) look() {
	w.t.Helper()
	v, err := w.ledger.View(w.ctx)
	if err != nil {
		w.t.Fatal(err)
	}
	w.View = v
}

func (w *world) token(name string) graph.Asset {
	return graph.Asset{Chain: w.chain.ID, Standard: graph.ERC20, Contract: w.account(name)}
}

func (w *world) blocks(lines string) (blocks []graph.Block) {
	w.t.Helper()
	for line := range strings.Lines(lines) {
		f := strings.Fields(line)
		if len(f) == 0 {
			continue
		}
		height, err := strconv.ParseUint(f[0], 10, 32)
		if err != nil || len(f) < 3 {
			w.t.Fatalf("%q: %v", line, err)
		}
		if n := len(blocks); n == 0 || blocks[n-1].Height != uint32(height) {
			blocks = append(blocks, graph.Block{Header: graph.Header{Height: uint32(height), Hash: graphtest.Hash("block" + f[0]), Time: int64(1_600_000_000 + 12*height)},
				Know: graph.Knowledge{Transfers: graph.Full, Logs: graph.Full, Traces: graph.Full}})
		}
		b := &blocks[len(blocks)-1]
		tx := w.tx(f[1:])
		tx.Index = uint32(len(b.Txs))
		tx.Hash = graphtest.Hash(fmt.Sprint(height, " ", tx.Index))
		b.Txs = append(b.Txs, tx)
	}
	return blocks
}

func (w *world) tx(f []string) (tx graph.Tx) {
	w.t.Helper()
	call, _ := graph.CallSeq(0)
	switch f[0] {
	case "create":
		creator, contract, _ := strings.Cut(f[1], ">")
		tx.Transfers = []graph.Transfer{{Seq: graph.FeeSeq(0), Kind: graph.KindBaseFee, From: w.account(creator), Asset: w.chain.Native(), Amount: amount(1)}}
		tx.Events = []graph.Event{{Seq: call, Kind: graph.Created, Protocol: "evm-create", Subject: w.account(contract), Object: w.account(creator)}}
		return tx
	case "event":
		log, _ := graph.LogSeq(1, 0)
		e := graph.Event{Seq: log, Protocol: "test", Subject: w.account(f[2]), Object: w.account(f[3])}
		for k := graph.Departure; k.String() != f[1]; k++ {
			e.Kind = k + 1
		}
		if len(f) > 4 && f[4] != "-" {
			e.Emitter = w.account(f[4])
		}
		if len(f) > 5 {
			e.Protocol = f[5]
		}
		tx.Events = []graph.Event{e}
		return tx
	}
	from, to, ok := strings.Cut(f[0], ">")
	n, err := strconv.ParseUint(f[1], 10, 64)
	if !ok || err != nil {
		w.t.Fatalf("%q: want FROM>TO AMOUNT", f)
	}
	m := graph.Transfer{Seq: call, Kind: graph.KindNative, Asset: w.chain.Native(), Amount: amount(n)}
	payer := from
	for _, option := range f[2:] {
		key, value, _ := strings.Cut(option, "=")
		switch key {
		case "native":
		case "by":
			payer = value
		case "nofee":
			payer = ""
		case "kind":
			if m.Kind, err = graph.ParseKind(value); err != nil {
				w.t.Fatal(err)
			}
		default:
			m.Kind, m.Asset = graph.KindToken, w.token(option)
			m.Seq, _ = graph.LogSeq(1, 0)
		}
	}
	if from != "-" {
		m.From = w.account(from)
	}
	m.To = w.account(to)
	if payer != "" && payer != "-" {
		tx.Transfers = append(tx.Transfers, graph.Transfer{Seq: graph.FeeSeq(0), Kind: graph.KindBaseFee, From: w.account(payer), Asset: w.chain.Native(), Amount: amount(1)})
	}
	tx.Transfers = append(tx.Transfers, m)
	return tx
}

func amount(n uint64) (a graph.Amount) {
	a.SetUint64(n)
	return a
}

// name finds the name of an address among candidates.
func (w *world) name(id graph.ID, names []string) string {
	a, err := w.Address(id)
	if err != nil {
		return fmt.Sprint("id ", id)
	}
	if i := slices.IndexFunc(names, func(n string) bool { return w.account(n) == a }); i >= 0 {
		return names[i]
	}
	return a.String()
}

// named is a predicate for wallets by name.
func (w *world) named(names ...string) cluster.HotWallet {
	return func(_ context.Context, id graph.ID, _ graph.Position) (bool, error) {
		a, err := w.Address(id)
		return slices.ContainsFunc(names, func(n string) bool { return w.account(n) == a }), err
	}
}
