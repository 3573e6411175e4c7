package trace

import (
	"context"

	"spoor/cluster/amm"
	"spoor/graph"
)

// provenPool is the pool that an address is proven to be, if it is. It reads a
// few movements of the address, once.
func (l *ledger) provenPool(ctx context.Context, id graph.ID) (amm.Proof, bool, error) {
	if id == 0 || id&issuer != 0 || l.chain.Family != graph.AccountFamily {
		return amm.Proof{}, false, nil
	}
	if p, known := l.pools[id]; known {
		return p, p.Factory.Name != "", nil
	}
	p, proven, err := l.prover.Of(ctx, l.view, id)
	if err == nil {
		l.pools[id] = p
	}
	return p, proven, err
}

// poolEnding ends value that was given to a pool for nothing.
func poolEnding(p amm.Proof) ending { return derivedEnding(StopService, p.Rule()) }

// pools fills in which addresses of the trace are proven to be pools: of those
// that were traded with, and those where value ended.
func (r *run) pools(ctx context.Context, t *Trace) error {
	t.Pools = make(map[graph.Address]amm.Proof)
	for key, h := range r.book.holders {
		if h.Role != roleCounterparty && h.Role != roleTerminal {
			continue
		}
		p, proven, err := r.ledgers[key.chain].provenPool(ctx, key.id)
		if err != nil {
			return err
		}
		if proven {
			t.Pools[h.Address] = p
		}
	}
	for i := range t.Holders {
		if p, proven := t.Pools[t.Holders[i].Address]; proven {
			t.Holders[i].Proven = p.Rule()
		}
	}
	return nil
}
