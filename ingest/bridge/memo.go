package bridge

import (
	"encoding/hex"
	"strings"

	"github.com/ethereum/go-ethereum/common"

	"spoor/graph"
)

// Memo is what a THORChain memo says (THORChain docs): an inbound one asks for
// a swap or adds liquidity, an outbound one names the inbound transaction.
type Memo struct {
	Out       bool
	Inbound   common.Hash // of an outbound one: the hash of the inbound transaction
	Refund    bool        // outbound: what came in goes back
	Chain     string      // inbound: where it is to go, as in graph.Far
	Recipient string      // inbound: raw bytes of the receiver there; "" if not told
}

// shorthand are assets with a short name (c, s and f from memory).
var shorthand = map[string]string{"r": "THOR", "b": "BTC", "e": "ETH", "a": "AVAX", "d": "DOGE", "l": "LTC", "g": "GAIA", "c": "BCH", "s": "BSC", "f": "BASE"}

// thorChains are THORChain's names of chains in our table.
var thorChains = map[string]graph.ChainID{"BTC": graph.Bitcoin, "ETH": graph.Ethereum, "BSC": "eip155:56", "AVAX": "eip155:43114", "BASE": "eip155:8453"}

// maxMemo is the most that THORChain takes as a memo.
const maxMemo = 250

// ParseMemo reads a memo of a swap, of liquidity or of what is paid out; ok is
// false for any other text. ACTION:ASSET:DEST[/REFUND]:… and OUT:HASH.
func ParseMemo(text string) (m Memo, ok bool) {
	text = strings.TrimRight(text, "\x00 ")
	if len(text) > maxMemo {
		return m, false
	}
	action, rest, found := strings.Cut(text, ":")
	if !found {
		return m, false
	}
	switch strings.ToLower(action) {
	case "out", "refund":
		h, err := hex.DecodeString(strings.TrimPrefix(strings.ToLower(strings.TrimRight(rest, ":")), "0x"))
		if err != nil || len(h) != common.HashLength {
			return m, false
		}
		return Memo{Out: true, Inbound: common.Hash(h), Refund: strings.EqualFold(action, "refund")}, true
	case "=", "s", "swap", "+", "add":
	default:
		return m, false
	}
	asset, rest, _ := strings.Cut(rest, ":")
	chain, known := shorthand[strings.ToLower(asset)]
	if !known {
		end := strings.IndexAny(asset, ".~/-")
		if end < 2 {
			return m, false
		}
		chain = strings.ToUpper(asset[:end])
	}
	for i := range len(chain) {
		if c := chain[i]; (c < 'A' || c > 'Z') && (c < '0' || c > '9') {
			return m, false
		}
	}
	m.Chain = "thorchain:" + chain
	if id, ok := thorChains[chain]; ok {
		m.Chain = string(id)
	}
	to, _, _ := strings.Cut(rest, ":")
	to, _, _ = strings.Cut(to, "/")
	m.Recipient = recipientOn(m.Chain, to)
	return m, true
}

// recipientOn is a memo's receiver: the bytes of its address on a chain of our
// table, the text itself on another; "" for a THORName, which only THORChain
// can resolve.
func recipientOn(chain, text string) string {
	c, err := graph.ParseChain(chain)
	if err != nil {
		return text
	}
	if c.Family == graph.AccountFamily {
		text = strings.ToLower(text) // memos are often upper case, without a checksum
	}
	a, err := graph.ParseAddress(c, text)
	if err != nil {
		return ""
	}
	return string(a.Bytes())
}

// On gives an event of a transaction what the memo says.
func (m Memo) On(e *graph.Event, tx common.Hash) {
	if m.Out {
		e.Kind, e.Key = graph.Arrival, string(m.Inbound[:])
		return
	}
	e.Kind, e.Key = graph.Departure, string(tx[:])
	e.Far.Chain, e.Far.Recipient = m.Chain, m.Recipient
}

// routed reads what the router logs. The vault is whom the caller named.
func routed(s *side) ([]graph.Event, error) {
	text, _ := s.args.at("memo").(string)
	m, ok := ParseMemo(text)
	if !ok || m.Out != (s.row.Side == "arrival") {
		return nil, nil // vaults among themselves, bonds, notes
	}
	e, err := s.event()
	if err != nil {
		return nil, err
	}
	m.On(&e, s.tx.Hash)
	return []graph.Event{e}, nil
}

// paid reads a plain payment of coin whose call data are a memo. Anybody can
// write one.
func (in *input) paid() []graph.Event {
	tx := in.tx
	if tx.To == nil || tx.Value.IsZero() || len(tx.Input) == 0 || len(tx.Input) > maxMemo || len(tx.Logs) > 0 {
		return nil
	}
	m, ok := ParseMemo(string(tx.Input))
	if !ok {
		return nil
	}
	e := graph.Event{Seq: callSeq(), Protocol: marked("thorchain", false), Subject: in.address(tx.From), Object: in.address(*tx.To), Asset: in.native, Amount: tx.Value}
	m.On(&e, tx.Hash)
	if m.Out {
		e.Subject, e.Object = e.Object, e.Subject
	}
	return []graph.Event{e}
}
