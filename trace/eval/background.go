package eval

import (
	"context"
	"crypto/sha256"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"

	"spoor/graph"
	"spoor/ingest/synthetic"
)

// Setting is the benign traffic that is added to a case.
type Setting struct {
	Name   string
	Times  int   // benign transfers for each transfer of the case
	Touch  Touch // whom of the case they touch
	Labels bool  // the services of the case are known by the labels that its flows carry
}

// Touch is whom of the case benign transfers start or end at.
type Touch string

// Of benign transfers that touch, one in ten starts and one in ten ends there.
const (
	Beside           Touch = ""          // nobody
	AtTerminals      Touch = "terminals" // where the money ends
	AtAllOfTheCase   Touch = "addresses" // any address of the case
	touchingPercent        = 10
	backgroundNumber       = 1 // seed
)

// Settings are those that are measured: alone, and ten benign transfers for
// each transfer of the case.
func Settings() []Setting {
	return []Setting{
		{"alone", 0, Beside, false},
		{"beside", 10, Beside, false},
		{"touching terminals", 10, AtTerminals, false},
		{"touching terminals, labels", 10, AtTerminals, true},
		{"touching all", 10, AtAllOfTheCase, false},
		{"touching all, labels", 10, AtAllOfTheCase, true},
	}
}

// background are benign transfers: who pays whom and in which order is the
// generator's (power-law degrees, four exchange-like hubs), in the token of the
// case, at its blocks, and with amounts drawn from its own, so that neither
// size nor time tells them apart.
func (l *Laundering) background(ctx context.Context, s Setting) ([]Flow, error) {
	n := len(l.Flows) * s.Times
	if n == 0 {
		return nil, nil
	}
	draw := rand.New(rand.NewPCG(backgroundNumber, 1))
	var touched []graph.Address
	for _, a := range slices.SortedFunc(maps.Keys(l.Addresses), graph.Address.Compare) {
		if s.Touch == AtAllOfTheCase || s.Touch == AtTerminals && l.Terminals[a] {
			touched = append(touched, a)
		}
	}
	var flows []Flow
	traffic := synthetic.Traffic{Seed: backgroundNumber, Transfers: 4 * n, Assets: 1, NoFees: true}
	for b, err := range traffic.Blocks(ctx) {
		if err != nil {
			return nil, err
		}
		for i := range b.Txs {
			for _, t := range b.Txs[i].Transfers {
				if t.From.IsZero() || t.To.IsZero() || len(flows) == n {
					continue
				}
				at := &l.Flows[len(flows)/s.Times] // in order, evenly over the case
				f := Flow{Block: at.Block, Time: at.Time, Tx: sha256.Sum256(fmt.Append(nil, "benign ", len(flows))),
					From: t.From, To: t.To, Cents: l.Flows[draw.IntN(len(l.Flows))].Cents}
				if len(touched) > 0 {
					who, p := touched[draw.IntN(len(touched))], draw.IntN(100)
					switch {
					case p < touchingPercent:
						f.From = who
					case p < 2*touchingPercent:
						f.To = who
					}
				}
				flows = append(flows, f)
			}
		}
	}
	if len(flows) < n {
		return nil, fmt.Errorf("only %d of %d benign transfers", len(flows), n)
	}
	return flows, nil
}

// fill writes flows into an empty ledger, those of one transaction together.
func fill(ctx context.Context, ledger graph.Ledger, flows []Flow) error {
	token, err := graph.ParseAsset(ledger.Chain(), dollars)
	if err != nil {
		return err
	}
	flows = slices.Clone(flows)
	slices.SortStableFunc(flows, func(a, b Flow) int { return int(int64(a.Block) - int64(b.Block)) })
	var blocks []graph.Block
	places := map[graph.Hash][2]int{} // block, transaction
	for _, f := range flows {
		n := len(blocks)
		if n == 0 || blocks[n-1].Height != f.Block {
			blocks = append(blocks, graph.Block{Header: graph.Header{Height: f.Block, Time: f.Time}, Source: "MFTracer",
				Know: graph.Knowledge{Transfers: graph.Partial, Logs: graph.Partial}})
			n++
		}
		b := &blocks[n-1]
		at, known := places[f.Tx]
		if !known {
			at = [2]int{n - 1, len(b.Txs)}
			places[f.Tx] = at
			b.Txs = append(b.Txs, graph.Tx{Index: uint32(len(b.Txs)), Hash: f.Tx})
		}
		if at[0] != n-1 {
			return fmt.Errorf("transaction %s is in blocks %d and %d", f.Tx, blocks[at[0]].Height, f.Block)
		}
		tx := &b.Txs[at[1]]
		seq, err := graph.LogSeq(len(b.Txs)*64+len(tx.Transfers), 0)
		if err != nil {
			return err
		}
		t := graph.Transfer{Seq: seq, Kind: graph.KindToken, From: f.From, To: f.To, Asset: token}
		t.Amount.SetUint64(f.Cents)
		tx.Transfers = append(tx.Transfers, t)
	}
	return ledger.Apply(ctx, blocks...)
}
