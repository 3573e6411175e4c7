package ethereum

import (
	"fmt"
	"slices"

	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/params"
	"github.com/holiman/uint256"

	"spoor/graph"
	"spoor/ingest"
)

// protocol adds what the block itself pays: rewards (places from 0), then
// withdrawals.
func (d *decoder) protocol() {
	d.moves = nil
	next := 0
	pay := func(kind graph.Kind, from, to *common.Address, amount graph.Amount) {
		seq, err := graph.RewardSeq(next)
		next++
		if err != nil {
			d.out.Problems = append(d.out.Problems, ingest.Problem{Where: fmt.Sprintf("block %d", d.in.Height), Reason: "too many payments", Err: err})
			return
		}
		d.move(seq, kind, from, to, amount)
	}
	told := false
	for _, p := range d.in.Payments {
		told = told || p.Kind == graph.KindReward
		pay(p.Kind, p.From, &p.To, p.Amount)
	}
	if !told {
		d.rewards(pay)
	}
	d.fork1920000()
	for _, w := range d.in.Withdrawals {
		amount := new(uint256.Int).SetUint64(w.Gwei)
		amount.Mul(amount, uint256.NewInt(params.GWei))
		pay(graph.KindWithdrawal, nil, &w.To, *amount)
	}
	if d.in.NoWithdrawal {
		d.pass("block with withdrawals that the source does not list", 1)
		d.partial()
	}
	if len(d.moves) > 0 {
		d.out.Block.Txs = append(d.out.Block.Txs, graph.Tx{Index: graph.BlockTx, Transfers: d.moves})
	}
}

// rewards are those of proof of work: the miner gets the chain's reward and
// 1/32 of it for each uncle (at most two); an uncle's miner gets the reward
// less 1/8 for each block the uncle is older (go-ethereum consensus/ethash).
func (d *decoder) rewards(pay func(graph.Kind, *common.Address, *common.Address, graph.Amount)) {
	reward := d.chain.RewardAt(d.in.Height)
	if !d.in.ProofOfWork || d.in.Height == 0 || reward.IsZero() || d.in.Miner == nil {
		return
	}
	if d.in.HasUncles && !d.in.UnclesKnown {
		// Half-known rewards would contradict the whole ones when those are read.
		d.pass("rewards of a block with uncles whose headers the source does not have", 1)
		d.concerned(*d.in.Miner)
		return
	}
	var nephew graph.Amount
	nephew.Rsh(&reward, 5)
	total := reward
	for range d.in.Uncles {
		total.Add(&total, &nephew)
	}
	pay(graph.KindReward, nil, d.in.Miner, total)
	for _, u := range d.in.Uncles {
		height := uint64(d.in.Height)
		if u.Height >= height || u.Height+8 < height {
			d.out.Problems = append(d.out.Problems, ingest.Problem{Where: fmt.Sprintf("block %d", d.in.Height), Reason: "impossible uncle",
				Err: fmt.Errorf("an uncle of height %d gets no reward here", u.Height)})
			continue
		}
		share := new(uint256.Int).SetUint64(u.Height + 8 - height)
		share.Mul(share, &reward).Rsh(share, 3)
		pay(graph.KindReward, nil, &u.Miner, *share)
	}
}

// fork1920000 names the accounts whose balances Ethereum's DAO fork edited. The
// amounts are state, which no block tells; ethereum-etl's daofork rows do.
func (d *decoder) fork1920000() {
	if d.chain.ID != graph.Ethereum || uint64(d.in.Height) != params.MainnetChainConfig.DAOForkBlock.Uint64() ||
		slices.ContainsFunc(d.in.Payments, func(p Payment) bool { return p.Kind == graph.KindTransfer }) {
		return
	}
	for _, a := range params.DAODrainList() {
		d.concerned(a)
	}
	d.concerned(params.DAORefundContract)
	d.pass("balances edited by the DAO fork", uint64(len(params.DAODrainList())))
}
