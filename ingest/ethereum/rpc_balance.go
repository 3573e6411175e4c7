package ethereum

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"math/big"
	"slices"

	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/common/hexutil"

	"spoor/graph"
)

// ErrBalance is returned for a block whose transfers do not explain what an
// account gained or lost.
var ErrBalance = errors.New("the transfers do not explain the balance")

// sampleEvery is how far blocks lie apart in which balances are compared
// unless a number is asked for.
const sampleEvery = 8

// compareBalances samples accounts of traced blocks and compares what they
// gained with their balances before and after, all in one request. Blocks of
// which the node no longer has the state are counted.
func (r *RPC) compareBalances(ctx context.Context, e *endpoint, blocks []fetched) error {
	var samples []*gain
	var questions []question
	for i := range blocks {
		for _, s := range r.samples(&blocks[i]) {
			samples = append(samples, s)
			questions = append(questions, s.ask()...)
		}
	}
	if err := r.ask(ctx, e, "balances", questions); err != nil {
		return err
	}
	for _, s := range samples {
		const untold = "block whose balances the node does not tell: not compared"
		if s.untold {
			if !slices.Contains(s.block.passed, untold) {
				s.block.passed = append(s.block.passed, untold)
			}
			continue
		}
		if got := new(big.Int).Sub(s.after.ToInt(), s.before.ToInt()); got.Cmp(s.wei) != 0 {
			fault := e.wrong(fmt.Sprintf("block %d", s.block.height()), "%v: %s gained %s wei, its transfers say %s", ErrBalance, s.account, got, s.wei)
			fault.cause = ErrBalance
			return fault
		}
		s.block.sampled++
	}
	return nil
}

// gain is what the transfers of a block say an account gained.
type gain struct {
	block         *fetched
	account       graph.Address
	wei           *big.Int
	before, after hexutil.Big
	untold        bool
}

func (r *RPC) samples(b *fetched) (out []*gain) {
	n := r.o.Balances
	if n == 0 && b.height()%sampleEvery == 0 && !otherForms[r.chain.ID] && !feesOf(r.chain.ID).lost {
		n = 1
	}
	know := b.decoded.Block.Know
	if n <= 0 || b.height() == 0 || know.Transfers != graph.Full || know.Traces != graph.Full {
		return nil
	}
	gains := gainsOf(r.chain, &b.decoded)
	for _, a := range sample(gains, int(b.height()), n) {
		out = append(out, &gain{block: b, account: a, wei: gains[a]})
	}
	return out
}

// ask asks for the balance before and after the block.
func (g *gain) ask() (questions []question) {
	for _, at := range []struct {
		block common.Hash
		into  *hexutil.Big
	}{{g.block.parent(), &g.before}, {g.block.hash(), &g.after}} {
		questions = append(questions, question{what: fmt.Sprintf("balance of %s around block %d", g.account, g.block.height()), method: "eth_getBalance",
			args: []any{g.account.String(), map[string]any{"blockHash": at.block}},
			take: func(raw json.RawMessage) error { return json.Unmarshal(raw, at.into) },
			refused: func(f *Fault) error {
				switch {
				case f.Kind == FaultUnsupported, f.Kind == FaultPruned, f.Kind == FaultMissing,
					f.Kind == FaultTransient && f.Code != 0: // not the connection, but the node's opinion
					g.untold = true
					return nil
				}
				return f
			}})
	}
	return questions
}

// gainsOf is what every account gained (lost, below zero) of the native coin,
// without those whose movements are not all known.
func gainsOf(chain graph.Chain, d *Decoded) map[graph.Address]*big.Int {
	gains := map[graph.Address]*big.Int{}
	add := func(a graph.Address, amount *big.Int) {
		if a.IsZero() {
			return
		}
		if gains[a] == nil {
			gains[a] = new(big.Int)
		}
		gains[a].Add(gains[a], amount)
	}
	for _, tx := range d.Block.Txs {
		for i := range tx.Transfers {
			if t := &tx.Transfers[i]; t.Asset == chain.Native() {
				add(t.To, t.Amount.ToBig())
				add(t.From, new(big.Int).Neg(t.Amount.ToBig()))
			}
		}
	}
	for _, a := range d.Incomplete {
		delete(gains, a)
	}
	return gains
}

// sample picks n accounts, others in every block, always the same ones in the
// same block.
func sample(gains map[graph.Address]*big.Int, height, n int) []graph.Address {
	all := slices.SortedFunc(maps.Keys(gains), graph.Address.Compare)
	if len(all) <= n {
		return all
	}
	step := len(all) / n
	var picked []graph.Address
	for i := range n {
		picked = append(picked, all[(height+i*step)%len(all)])
	}
	return picked
}
