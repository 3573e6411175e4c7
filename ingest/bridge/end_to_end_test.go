package bridge_test

import (
	"bytes"
	"cmp"
	"encoding/csv"
	"fmt"
	"maps"
	"slices"
	"testing"

	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/crypto"

	"spoor/graph"
	"spoor/graph/graphtest"
	"spoor/ingest/ethereum"
	"spoor/trace"
)

// TestRealPassagesEndToEnd takes real passages of Celer's cBridge from Ethereum to
// Polygon through the decoder, the store, the links and traces both ways. The
// arrivals are decoded from the call data of the real transactions, id, receiver,
// token and amount in them; of the departures the set has hash, time, people,
// token and amount, from which their logs are packed by the contract's
// declaration. What the set lacks is made up: the arrivals' hashes and times, and
// that the token moves as both sides say. Only what the listed pool delivered is
// taken, as no other is followed.
func TestRealPassagesEndToEnd(t *testing.T) {
	pool := common.HexToAddress("0x88DCDC47D2f83a99CF0000FDF667A468bB958a78")
	deposits, arrivals, _ := connector(t, "celer", pool)
	rows, err := csv.NewReader(bytes.NewReader(unzipped(t, graphtest.Data(t, "connector-pairs", "eth-polygon", "celer", "input.csv.gz")))).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	callData := make(map[string][]byte) // by transfer id
	ether, polygon := graph.ChainOf(graph.Ethereum), graph.ChainOf("eip155:137")
	for _, row := range rows[1:] {
		input := unhex(t, row[1])
		block := ethereum.Decode(polygon, &ethereum.Block{HeaderKnown: true, Txs: []ethereum.Tx{{To: &pool, Data: input, Status: ethereum.StatusOK}}}).Block
		for _, tx := range block.Txs {
			for _, e := range tx.Events {
				callData[e.Key] = input
			}
		}
	}
	pairs := celerPairs(t, deposits, arrivals)
	pairs = slices.DeleteFunc(pairs, func(l link) bool { return arrivals[l.arrival].Protocol != "celer" })
	slices.SortFunc(pairs, func(a, b link) int {
		return cmp.Or(cmp.Compare(deposits[a.deposit].Time, deposits[b.deposit].Time), bytes.Compare(deposits[a.deposit].Tx[:], deposits[b.deposit].Tx[:]))
	})
	left, came := make([]graph.Block, len(pairs)), make([]graph.Block, len(pairs))
	for i, l := range pairs {
		d, a := &deposits[l.deposit], &arrivals[l.arrival]
		left[i] = celerSend(t, ether, uint32(i+1), d, a.Key)
		came[i] = celerRelay(t, polygon, pool, uint32(i+1), d.Time+600, callData[a.Key])
	}
	views := map[graph.ChainID]graph.View{ether.ID: viewOf(t, ether, left), polygon.ID: viewOf(t, polygon, came)}
	for i, l := range pairs {
		d, a := &deposits[l.deposit], &arrivals[l.arrival]
		sent := d.amount(t)
		out, in := left[i].Txs[0], came[i].Txs[0]
		forward := traced(t, views, trace.Case{Seeds: []string{fmt.Sprintf("ethereum:0x%s:log:0", out.Hash)}})
		backward := traced(t, views, trace.Case{Direction: trace.Backward, Seeds: []string{fmt.Sprintf("polygon:0x%s:%s", in.Hash, in.Transfers[0].Seq)}})
		for name, result := range map[string]*trace.Trace{"forward": forward, "backward": backward} {
			at := slices.IndexFunc(result.Passages, func(p trace.Passage) bool { return p.Departure.Key == a.Key })
			if at < 0 || !result.Passages[at].Crossed {
				t.Fatalf("%s from deposit %s: passages %+v", name, d.Tx, result.Passages)
			}
			p := &result.Passages[at]
			if p.Sent != sent || p.TaintedOut != sent || p.Delivered != a.Amount || p.TaintedIn != a.Amount || p.Arrival.Tx != in.Hash || p.Departure.Tx != out.Hash || p.Arrival.Subject != a.Subject {
				t.Errorf("%s, deposit %s: %s of %s left and %s of %s came, want %s and %s", name, d.Tx, p.TaintedOut.Dec(), p.Sent.Dec(), p.TaintedIn.Dec(), p.Delivered.Dec(), sent.Dec(), a.Amount.Dec())
			}
		}
		if s := &forward.Seeds[0]; s.Amount != sent || !held(forward, a) {
			t.Errorf("deposit %s: forward, %s seeded, and not all of %s is found at the receiver", d.Tx, s.Amount.Dec(), a.Amount.Dec())
		}
		if n := len(backward.Unknowns); n != 1 || backward.Unknowns[0].Amount != sent || backward.Unknowns[0].Address.String() != d.Args.Sender.Hex() {
			t.Errorf("deposit %s: backward, sources %+v, want %s of the sender", d.Tx, backward.Unknowns, sent.Dec())
		}
	}
	if len(pairs) != 497 {
		t.Errorf("%d passages of the listed pool, want 497", len(pairs))
	}
}

// celerSend is a block with a deposit, from a receipt with the token's log and
// the pool's.
func celerSend(t *testing.T, chain graph.Chain, height uint32, d *deposit, id string) graph.Block {
	t.Helper()
	const pool = "0x5427FEFA711Eff984124bFBB1AB6fbf5E3DA1820"
	to := common.HexToAddress(pool)
	amount := d.amount(t)
	word := amount.Bytes32()
	send := emit(t, "celer", "Send", pool, common.BytesToHash([]byte(id)), d.Args.Sender, d.Args.Receiver, d.Args.Source, amount.ToBig(), uint64(137), uint64(d.Time), uint32(0))
	b := &ethereum.Block{Header: graph.Header{Height: height, Time: d.Time, Hash: graph.Hash{byte(height >> 8), byte(height), 1}}, HeaderKnown: true, UnclesKnown: true, Logs: graph.Full, Traces: graph.Full, Source: "connector-pairs",
		Txs: []ethereum.Tx{{Hash: graph.Hash(d.Tx), From: d.Args.Sender, To: &to, Status: ethereum.StatusOK, Logs: []ethereum.Log{
			{Index: 0, Address: d.Args.Source, Topics: []common.Hash{crypto.Keccak256Hash([]byte("Transfer(address,address,uint256)")), common.BytesToHash(d.Args.Sender[:]), common.BytesToHash(to[:])}, Data: word[:]},
			{Index: 1, Address: send.Address, Topics: send.Topics, Data: send.Data},
		}}}}
	return ethereum.Decode(chain, b).Block
}

// celerRelay is a block with an arrival, from the real call data, and what the
// pool pays by it.
func celerRelay(t *testing.T, chain graph.Chain, pool common.Address, height uint32, at int64, input []byte) graph.Block {
	t.Helper()
	b := ethereum.Decode(chain, &ethereum.Block{Header: graph.Header{Height: height, Time: at, Hash: graph.Hash{byte(height >> 8), byte(height), 2}}, HeaderKnown: true, UnclesKnown: true, Source: "connector-pairs",
		Txs: []ethereum.Tx{{Hash: graph.Hash(crypto.Keccak256Hash(input)), From: common.Address{9}, To: &pool, Data: input, Status: ethereum.StatusOK}}}).Block
	e := &b.Txs[0].Events[0]
	seq, err := graph.LogSeq(0, 0)
	if err != nil {
		t.Fatal(err)
	}
	b.Txs[0].Transfers = append(b.Txs[0].Transfers, graph.Transfer{Seq: seq, Kind: graph.KindTransfer, From: e.Emitter, To: e.Subject, Asset: e.Asset, Amount: e.Amount})
	return b
}

func viewOf(t *testing.T, chain graph.Chain, blocks []graph.Block) graph.View {
	t.Helper()
	l, err := graphtest.NewModel().Ledger(t.Context(), chain)
	if err == nil {
		err = l.Apply(t.Context(), blocks...)
	}
	if err != nil {
		t.Fatal(err)
	}
	v, err := l.View(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func traced(t *testing.T, views map[graph.ChainID]graph.View, c trace.Case) *trace.Trace {
	t.Helper()
	result, err := trace.Run(t.Context(), maps.Clone(views), c, trace.Known{})
	if err != nil {
		t.Fatal(err)
	}
	return result
}

// held reports whether the receiver still has all that arrived.
func held(result *trace.Trace, a *graph.Event) bool {
	return slices.ContainsFunc(result.Holders, func(h trace.Holder) bool {
		return h.Address == a.Subject && h.Asset.Asset == a.Asset && h.In == a.Amount && h.Held == a.Amount
	})
}
