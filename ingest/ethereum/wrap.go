package ethereum

import (
	"github.com/ethereum/go-ethereum/common"

	"spoor/graph"
)

// wraps adds Deposit(account, amount) and Withdrawal(account, amount) of
// contracts that wrap the native coin 1:1 without a Transfer (WETH9):
//
//   - A Transfer from or to the zero address by the same contract with the same
//     account and amount tells the same; each is matched once.
//   - Of the chain's own wrapped coin every other event counts.
//   - Another contract may mean anything by these names (staking, vaults). It
//     counts only if the native coin visibly moved to it (from it) by the same
//     amount in the transaction; each movement is matched once.
func (d *decoder) wraps(tx *Tx) {
	told, paid := map[leg]int{}, map[leg]int{}
	for _, t := range d.moves {
		switch {
		case t.Kind == graph.KindMint && t.Asset.Standard == graph.ERC20:
			told[leg{topicDeposit, t.Asset.Contract, t.To, t.Amount}]++
		case t.Kind == graph.KindBurn && t.Asset.Standard == graph.ERC20:
			told[leg{topicWithdrawal, t.Asset.Contract, t.From, t.Amount}]++
		case t.Asset.IsNative() && !t.Kind.IsFee():
			paid[leg{topic: topicDeposit, contract: t.To, amount: t.Amount}]++
			paid[leg{topic: topicWithdrawal, contract: t.From, amount: t.Amount}]++
		}
	}
	for i := range tx.Logs {
		l := &tx.Logs[i]
		if len(l.Topics) == 0 || l.Topics[0] != topicDeposit && l.Topics[0] != topicWithdrawal || l.Address == nativeAsToken[d.chain.ID] {
			continue
		}
		d.wrap(tx, l, told, paid)
	}
}

// leg is one half of a wrap or unwrap; an unnamed account is any.
type leg struct {
	topic             common.Hash
	contract, account graph.Address
	amount            graph.Amount
}

func (d *decoder) wrap(tx *Tx, l *Log, told, paid map[leg]int) {
	words, ok := wordsOf(l, 2)
	if !ok {
		d.pass("deposit or withdrawal event of another shape", 1)
		return
	}
	account, ok := addressWord(words[0])
	if !ok || account == (common.Address{}) {
		d.pass("deposit or withdrawal event of another shape", 1)
		return
	}
	contract := graph.EVMAddress(d.chain.ID, l.Address)
	event := leg{l.Topics[0], contract, d.address(&account), graph.Amount{}}
	event.amount.SetBytes(words[1])
	coin := leg{topic: event.topic, contract: contract, amount: event.amount}
	switch {
	case told[event] > 0:
		told[event]--
		d.pass("deposit or withdrawal that a transfer tells already", 1)
		return
	case d.chain.Wrapped != "" && l.Address == common.HexToAddress(d.chain.Wrapped):
	case paid[coin] > 0:
		paid[coin]--
	default:
		d.pass("deposit or withdrawal event of a contract that does not visibly wrap the native coin", 1)
		return
	}
	if event.amount.Gt(spoofed) {
		d.pass(passSpoofed, 1)
		return
	}
	seq, err := graph.LogSeq(l.Index, 0)
	if err != nil {
		d.problem(tx, "log beyond a position", err)
		return
	}
	t := graph.Transfer{Seq: seq, Kind: graph.KindWrap, To: event.account, Amount: event.amount,
		Asset: graph.Asset{Chain: d.chain.ID, Standard: graph.ERC20, Contract: contract}}
	if event.topic == topicWithdrawal {
		t.Kind, t.From, t.To = graph.KindUnwrap, event.account, graph.Address{}
	}
	d.moves = append(d.moves, t)
	d.out.Read["wraps and unwraps"]++
}
