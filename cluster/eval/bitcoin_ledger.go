package eval

import (
	"fmt"
	"iter"

	"spoor/cluster"
	"spoor/graph"
)

// ledger is a small UTXO ledger in memory, in the order of its transactions,
// with the owners of its addresses where they are known.
type ledger struct {
	txs    []graph.TxMoves
	at     map[graph.Position]int // index in txs
	ids    map[graph.Address]graph.ID
	names  []graph.Address // by id; 0 is nowhere
	owners map[graph.ID]string
	mixes  map[graph.Position]bool // transactions known to be CoinJoins
	pays   map[graph.Position]bool // transactions known to be payout batches
}

func newLedger() *ledger {
	return &ledger{at: map[graph.Position]int{}, ids: map[graph.Address]graph.ID{}, names: make([]graph.Address, 1), owners: map[graph.ID]string{}, mixes: map[graph.Position]bool{}, pays: map[graph.Position]bool{}}
}

// id is the number of an address, given to it now if it has none.
func (l *ledger) id(a graph.Address) graph.ID {
	n, ok := l.ids[a]
	if !ok {
		n = graph.ID(len(l.names))
		l.ids[a] = n
		l.names = append(l.names, a)
	}
	return n
}

// add appends a transaction.
func (l *ledger) add(tx graph.TxMoves) {
	l.at[tx.At] = len(l.txs)
	l.txs = append(l.txs, tx)
}

func (l *ledger) address(id graph.ID) (graph.Address, error) {
	if id == 0 || int(id) >= len(l.names) {
		return graph.Address{}, fmt.Errorf("address %d: %w", id, graph.ErrNotFound)
	}
	return l.names[id], nil
}

func (l *ledger) tx(p graph.Position) (graph.TxMoves, error) {
	i, ok := l.at[p.StartOf()]
	if !ok {
		return graph.TxMoves{}, fmt.Errorf("transaction %s: %w", p, graph.ErrNotFound)
	}
	return l.txs[i], nil
}

// payments yields the transactions as rules see them, in order: a rule knows of
// each only what came before. The payment is used again for the next.
func (l *ledger) payments() iter.Seq2[*cluster.Payment, error] {
	return func(yield func(*cluster.Payment, error) bool) {
		seen := make([]bool, len(l.names))
		spent := map[graph.Position]graph.Position{}
		look := cluster.Lookup{Address: l.address, Tx: l.tx, Seen: func(id graph.ID) bool { return seen[id] },
			Spender: func(output graph.Position, _ graph.ID) (graph.Position, error) { return spent[output], nil }}
		var p cluster.Payment
		for i := range l.txs {
			if err := p.Read(&l.txs[i], look); err != nil {
				yield(nil, err)
				return
			}
			if !yield(&p, nil) {
				return
			}
			for j := range l.txs[i].Moves {
				m := &l.txs[i].Moves[j]
				seen[m.From], seen[m.To] = true, true
				if m.Kind == graph.KindInput {
					spent[m.Spends] = l.txs[i].At
				}
			}
		}
	}
}
