package bitcoin

import (
	"github.com/btcsuite/btcd/txscript/v2"
	"github.com/ethereum/go-ethereum/common"

	"spoor/graph"
	"spoor/ingest/bridge"
)

// memo is what a data output says of a passage through a bridge.
type memo struct {
	output int
	bridge.Memo
}

// note keeps the memo of a data output, if it is one. The ledger itself keeps
// only a hash of the script.
func (d *draft) note(output int, script []byte) {
	if len(script) == 0 || script[0] != txscript.OP_RETURN {
		return
	}
	var text []byte
	for tokens := txscript.MakeScriptTokenizer(0, script[1:]); tokens.Next(); {
		text = append(text, tokens.Data()...)
	}
	if m, ok := bridge.ParseMemo(string(text)); ok {
		d.memos = append(d.memos, memo{output, m})
	}
}

// passages are what the memos of a transaction state. By THORChain's rule (its
// docs) the first other output pays the vault, or whom the vault pays, and the first
// input is the sender. Anybody can write a memo, and no list has the vaults, so
// they are unproven.
func (d *draft) passages(chain graph.Chain, transfers []graph.Transfer) ([]graph.Event, error) {
	var out []graph.Event
	for _, m := range d.memos {
		seq, err := graph.OutputSeq(m.output)
		if err != nil {
			return nil, err
		}
		e := graph.Event{Seq: seq, Protocol: "thorchain" + graph.Unproven, Asset: chain.Native()}
		m.On(&e, common.Hash(d.hash))
		var sender, receiver graph.Address
		for _, t := range transfers {
			switch {
			case t.Kind == graph.KindInput && sender.IsZero():
				sender = t.From
			case t.Kind == graph.KindOutput && t.Seq != seq && receiver.IsZero():
				receiver, e.Amount = t.To, t.Amount
			}
		}
		e.Subject, e.Object = sender, receiver
		if e.Kind == graph.Arrival {
			e.Subject, e.Object = receiver, sender
		}
		out = append(out, e)
	}
	return out, nil
}
