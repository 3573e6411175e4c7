package explorer

import (
	"strings"

	"github.com/ethereum/go-ethereum/common"

	"spoor/graph"
)

// The calls of a contract that wraps the native coin (WETH9).
const (
	depositCall  = "0xd0e30db0" // deposit()
	withdrawCall = "0x2e1a7d4d" // withdraw(uint256)
)

// selector is the first four bytes of call data, "" if it has none.
func selector(input string) string {
	if len(input) < 10 {
		return ""
	}
	return strings.ToLower(input[:10])
}

// logsWraps are chains whose wrapped coin logs a Transfer for what it issues
// and destroys, so that the lists of tokens tell of it: aeWETH of Arbitrum.
var logsWraps = map[graph.ChainID]bool{"eip155:42161": true}

// wrap derives what the chain's wrapped coin issued and destroyed. No list of
// an explorer has the Deposit and Withdrawal events of WETH9, but its code
// leaves no choice: coin that reaches it, by deposit() or without call data, is
// issued to whoever sent it, and coin leaves it only by withdraw(uint256), to
// the caller, whose wrapped coin is destroyed. So the legs of the coin tell, and
// both ends' histories derive the same. Where the list of inner calls is
// missing, a withdrawal and its leg are read from the call data of the
// transaction.
//
// A mint or burn in a list of tokens (Blockscout makes them of the events)
// that says the same is not repeated.
func (a *assembly) wrap(tx *draftTx) {
	if a.Chain.Wrapped == "" || logsWraps[a.Chain.ID] || tx.failed {
		return
	}
	contract := graph.EVMAddress(a.Chain.ID, common.HexToAddress(a.Chain.Wrapped))
	asset := graph.Asset{Chain: a.Chain.ID, Standard: graph.ERC20, Contract: contract}
	told := map[graph.Transfer]int{}
	for i, t := range tx.tokens {
		if t.Asset == asset && (t.From.IsZero() || t.To.IsZero()) {
			t.Kind = graph.KindWrap
			if t.To.IsZero() {
				t.Kind = graph.KindUnwrap
			}
			tx.tokens[i] = t
			told[t]++
		}
	}
	derive := func(t graph.Transfer) {
		if told[t] > 0 {
			told[t]--
			return
		}
		tx.wraps = append(tx.wraps, t)
		a.Meter.Count("wraps and unwraps derived from calls", 1)
	}
	leg := func(from, to graph.Address, amount graph.Amount, input string) {
		issues := input == "" || input == "0x" || selector(input) == depositCall
		switch {
		case from == to || amount.IsZero():
		case to == contract && issues:
			derive(graph.Transfer{Kind: graph.KindWrap, To: from, Asset: asset, Amount: amount})
		case to == contract:
			a.Meter.Pass("coin sent to the wrapping contract by a call we do not know", 1)
		case from == contract:
			derive(graph.Transfer{Kind: graph.KindUnwrap, From: to, Asset: asset, Amount: amount})
		}
	}
	if c := tx.call; c != nil && c.failed != nil {
		leg(c.from, c.to, c.value, c.input)
		if amount, ok := withdrawn(c.input); ok && c.to == contract && !a.hasInner && !amount.IsZero() {
			tx.inner = append(tx.inner, innerRow{place: c.place, kind: graph.KindInternal, from: contract, to: c.from, value: amount})
		}
	}
	for _, r := range tx.inner {
		leg(r.from, r.to, r.value, r.input)
	}
}

// withdrawn is the argument of withdraw(uint256).
func withdrawn(input string) (amount graph.Amount, ok bool) {
	if selector(input) != withdrawCall || len(input) != 10+64 {
		return amount, false
	}
	word := common.FromHex(input[10:])
	if len(word) != 32 || !isHex(input[10:]) {
		return amount, false
	}
	amount.SetBytes(word)
	return amount, true
}

func isHex(digits string) bool {
	return strings.Trim(digits, "0123456789abcdefABCDEF") == ""
}
