package synthetic_test

import (
	"context"
	"fmt"
	"iter"
	"testing"

	"spoor/graph"
	"spoor/ingest"
	"spoor/ingest/synthetic"
)

// Both are sources like any other.
var (
	_ ingest.Source = synthetic.Traffic{}
	_ ingest.Source = (*synthetic.Incident)(nil)
)

type place struct {
	at    graph.Address
	asset graph.Asset
}

// ledger replays a source as a node would and refuses money that is not there.
type ledger struct {
	chain     graph.Chain
	balances  map[place]graph.Amount
	unspent   map[graph.OutPoint]graph.Transfer
	issued    map[graph.Asset]graph.Amount // minted less burnt
	hashes    map[graph.Hash]bool
	last      *graph.Header
	txs       int
	transfers int
	failed    int
}

func replay(t testing.TB, source ingest.Source) *ledger {
	t.Helper()
	l := &ledger{chain: source.Chain(), balances: map[place]graph.Amount{}, unspent: map[graph.OutPoint]graph.Transfer{},
		issued: map[graph.Asset]graph.Amount{}, hashes: map[graph.Hash]bool{}}
	for b, err := range source.Blocks(context.Background()) {
		if err != nil {
			t.Fatal(err)
		}
		if err := l.apply(&b); err != nil {
			t.Fatalf("block %d: %v", b.Height, err)
		}
	}
	return l
}

func (l *ledger) apply(b *graph.Block) error {
	if err := b.Validate(l.chain.ID); err != nil {
		return err
	}
	if l.last != nil && (b.Height != l.last.Height+1 || b.Parent != l.last.Hash || b.Time <= l.last.Time) {
		return fmt.Errorf("does not continue block %d", l.last.Height)
	}
	header := b.Header
	l.last = &header
	logs := map[graph.Seq]bool{}
	for i := range b.Txs {
		tx := &b.Txs[i]
		l.txs++
		if tx.Index != graph.BlockTx {
			if tx.Hash.IsZero() || l.hashes[tx.Hash] {
				return fmt.Errorf("transaction %d: hash %s is missing or not new", tx.Index, tx.Hash)
			}
			l.hashes[tx.Hash] = true
		}
		var err error
		if l.chain.Family == graph.UTXOFamily {
			err = l.applyCoins(tx)
		} else {
			err = l.applyAccounts(tx, logs)
		}
		if err != nil {
			return fmt.Errorf("transaction %d: %w", tx.Index, err)
		}
	}
	return nil
}

func (l *ledger) applyAccounts(tx *graph.Tx, logs map[graph.Seq]bool) error {
	if tx.Failed {
		l.failed++
	}
	for i := range tx.Transfers {
		t := &tx.Transfers[i]
		l.transfers++
		if tx.Failed && !t.Kind.IsFee() {
			return fmt.Errorf("%s moves although the transaction failed", t.Seq)
		}
		if tx.Index != graph.BlockTx && (t.Kind == graph.KindToken || t.Kind == graph.KindWrap || t.Kind == graph.KindUnwrap || t.Kind == graph.KindBurn) {
			if logs[t.Seq] {
				return fmt.Errorf("%s: two logs of a block at one index", t.Seq)
			}
			logs[t.Seq] = true
		}
		supply := l.issued[t.Asset]
		if t.From.IsZero() {
			supply.Add(&supply, &t.Amount)
		} else {
			have := l.balances[place{t.From, t.Asset}]
			if have.Lt(&t.Amount) {
				return fmt.Errorf("%s: %s pays %s of %s and has %s", t.Seq, t.From, t.Amount.Dec(), t.Asset.Text(), have.Dec())
			}
			have.Sub(&have, &t.Amount)
			l.balances[place{t.From, t.Asset}] = have
		}
		if t.To.IsZero() {
			supply.Sub(&supply, &t.Amount)
		} else {
			have := l.balances[place{t.To, t.Asset}]
			have.Add(&have, &t.Amount)
			l.balances[place{t.To, t.Asset}] = have
		}
		l.issued[t.Asset] = supply
	}
	return nil
}

func (l *ledger) applyCoins(tx *graph.Tx) error {
	var in, out graph.Amount
	inputs := 0
	for i := range tx.Transfers {
		t := &tx.Transfers[i]
		l.transfers++
		switch t.Kind {
		case graph.KindInput:
			inputs++
			spent, ok := l.unspent[t.Prev]
			if !ok {
				return fmt.Errorf("%s spends %s:%d, which is not there or spent", t.Seq, t.Prev.Tx, t.Prev.Index)
			}
			if spent.To != t.From || spent.Amount != t.Amount {
				return fmt.Errorf("%s tells another address or amount than the output it spends", t.Seq)
			}
			delete(l.unspent, t.Prev)
			in.Add(&in, &t.Amount)
		case graph.KindOutput:
			l.unspent[graph.OutPoint{Tx: tx.Hash, Index: uint32(t.Seq.Index())}] = *t
			out.Add(&out, &t.Amount)
		default:
			return fmt.Errorf("%s: a %s on a UTXO ledger", t.Seq, t.Kind)
		}
	}
	supply := l.issued[l.chain.Native()]
	switch {
	case tx.Index == 0:
		supply.Add(&supply, &out) // the coinbase brings subsidy and fees
	case inputs == 0 || in.Lt(&out):
		return fmt.Errorf("pays out %s of inputs of %s", out.Dec(), in.Dec())
	default:
		supply.Sub(&supply, in.Sub(&in, &out)) // the fee, which a coinbase takes again
	}
	l.issued[l.chain.Native()] = supply
	return nil
}

// checkSupply compares what everybody has with what was issued.
func (l *ledger) checkSupply(t testing.TB) {
	t.Helper()
	held := map[graph.Asset]graph.Amount{}
	add := func(asset graph.Asset, amount graph.Amount) {
		sum := held[asset]
		sum.Add(&sum, &amount)
		held[asset] = sum
	}
	for p, amount := range l.balances {
		add(p.asset, amount)
	}
	for _, o := range l.unspent {
		add(o.Asset, o.Amount)
	}
	for asset, issued := range l.issued {
		if sum := held[asset]; sum != issued {
			t.Errorf("%s: %s held, %s issued", asset.Text(), sum.Dec(), issued.Dec())
		}
	}
}

func collect(t testing.TB, blocks iter.Seq2[graph.Block, error]) []graph.Block {
	t.Helper()
	var all []graph.Block
	for b, err := range blocks {
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, b)
	}
	return all
}
