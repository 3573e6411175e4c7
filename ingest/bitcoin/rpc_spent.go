package bitcoin

import (
	"bytes"
	"context"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/btcsuite/btcd/btcutil/v2"
	"github.com/btcsuite/btcd/wire/v2"

	"spoor/graph"
)

// txBatch is how many transactions are asked for at once.
const txBatch = 100

// spent asks the node for the outputs that inputs of a block spend. told says
// that some are only the node's word: they came with the block, and no hash
// proves them. What the node does not know is not in the result.
func (p *peer) spent(ctx context.Context, w sought, missing []Missing) (found map[graph.OutPoint]payment, told bool, err error) {
	found = make(map[graph.OutPoint]payment)
	if !p.noIndex.Load() {
		if err := p.spentByTx(ctx, missing, found); err != nil {
			return nil, false, err
		}
	}
	var left []Missing
	for _, m := range missing {
		if _, ok := found[m.Prev]; !ok {
			left = append(left, m)
		}
	}
	if len(left) == 0 || p.noInputs.Load() {
		return found, false, nil
	}
	before := len(found)
	err = p.spentByBlock(ctx, w, left, found)
	return found, len(found) > before, err
}

// spentByTx asks for the transactions that made the outputs. Bitcoin Core needs
// -txindex for that and btcd --txindex.
func (p *peer) spentByTx(ctx context.Context, missing []Missing, found map[graph.OutPoint]payment) error {
	var order []graph.Hash
	wanted := make(map[graph.Hash][]graph.OutPoint)
	for _, m := range missing {
		if wanted[m.Prev.Tx] == nil {
			order = append(order, m.Prev.Tx)
		}
		wanted[m.Prev.Tx] = append(wanted[m.Prev.Tx], m.Prev)
	}
	for len(order) > 0 && !p.noIndex.Load() {
		some := order[:min(len(order), txBatch)]
		order = order[len(some):]
		requests := make([]request, len(some))
		for i, hash := range some {
			requests[i] = request{"getrawtransaction", []any{hash.Text(graph.UTXOFamily)}}
		}
		answers, err := p.caller.batch(ctx, p.caller.attempts, requests...)
		if err != nil {
			return fmt.Errorf("transactions: %w", err)
		}
		for i, a := range answers {
			if a.err != nil && (a.err.Code == codeNotFound || strings.Contains(a.err.Message, "txindex")) {
				if strings.Contains(a.err.Message, "txindex") {
					p.noIndex.Store(true)
				}
				continue
			}
			if a.err != nil {
				return fmt.Errorf("transaction %s: %w", some[i], a.err)
			}
			if err := p.outputsOf(some[i], a.result, wanted[some[i]], found); err != nil {
				return fmt.Errorf("transaction %s: %w: %w", some[i], errGarbage, err)
			}
		}
	}
	return nil
}

// outputsOf reads outputs of a transaction, whose bytes must have its hash.
func (p *peer) outputsOf(hash graph.Hash, result json.RawMessage, want []graph.OutPoint, found map[graph.OutPoint]payment) error {
	var text string
	if err := json.Unmarshal(result, &text); err != nil {
		return err
	}
	raw, err := hex.DecodeString(text)
	if err != nil {
		return err
	}
	var tx wire.MsgTx
	if err := tx.Deserialize(bytes.NewReader(raw)); err != nil {
		return err
	}
	if got := display(tx.TxHash()); got != hash {
		return fmt.Errorf("the answer is transaction %s", got)
	}
	for _, o := range want {
		if uint64(o.Index) >= uint64(len(tx.TxOut)) {
			return fmt.Errorf("it has %d outputs, and output %d is spent", len(tx.TxOut), o.Index)
		}
		out := tx.TxOut[o.Index]
		if out.Value < 0 || out.Value > btcutil.MaxSatoshi {
			return fmt.Errorf("%w: output %d pays %d satoshi", ErrValue, o.Index, out.Value)
		}
		found[o] = payment{graph.ScriptAddress(p.chain.ID, out.PkScript), uint64(out.Value)}
	}
	return nil
}

// A toldBlock is what Bitcoin Core (from version 23) tells of a block at
// verbosity 3. btcd knows the level and leaves the prevouts out.
type toldBlock struct {
	Tx []struct {
		Vin []struct {
			Txid    string `json:"txid"`
			Vout    uint32 `json:"vout"`
			Prevout *struct {
				Value  json.Number `json:"value"`
				Script struct {
					Hex string `json:"hex"`
				} `json:"scriptPubKey"`
			} `json:"prevout"`
		} `json:"vin"`
	} `json:"tx"`
}

func (p *peer) spentByBlock(ctx context.Context, w sought, missing []Missing, found map[graph.OutPoint]payment) error {
	var told toldBlock
	err := p.caller.call(ctx, &told, "getblock", w.hash.String(), 3)
	if refused := (*nodeError)(nil); errors.As(err, &refused) {
		p.noInputs.Store(true)
		return nil
	} else if err != nil {
		return err
	}
	prevouts, err := told.prevouts(p.chain)
	if err != nil {
		return fmt.Errorf("inputs: %w: %w", errGarbage, err)
	}
	if len(prevouts) == 0 {
		p.noInputs.Store(true)
	}
	for _, m := range missing {
		if p, ok := prevouts[m.Prev]; ok {
			found[m.Prev] = p
		}
	}
	return nil
}

// prevouts are the outputs that the block is said to spend.
func (t *toldBlock) prevouts(chain graph.Chain) (map[graph.OutPoint]payment, error) {
	all := make(map[graph.OutPoint]payment)
	for i := range t.Tx {
		for _, in := range t.Tx[i].Vin {
			if in.Prevout == nil {
				continue
			}
			hash, err := hex.DecodeString(in.Txid)
			if err != nil || len(hash) != len(graph.Hash{}) {
				return nil, fmt.Errorf("%.80q is not a transaction hash", in.Txid)
			}
			satoshi, err := parseSatoshi(in.Prevout.Value.String())
			if err != nil {
				return nil, err
			}
			script, err := hex.DecodeString(in.Prevout.Script.Hex)
			if err != nil {
				return nil, err
			}
			all[graph.OutPoint{Tx: graph.Hash(hash), Index: in.Vout}] = payment{graph.ScriptAddress(chain.ID, script), satoshi}
		}
	}
	return all, nil
}

// parseSatoshi reads an amount in whole coins, such as 0.00150000, exactly.
func parseSatoshi(text string) (uint64, error) {
	whole, fraction, _ := strings.Cut(text, ".")
	if len(whole) == 0 || len(whole) > 8 || len(fraction) > 8 {
		return 0, fmt.Errorf("%.40q is not an amount in BTC", text)
	}
	var satoshi uint64
	for _, digit := range whole + fraction + strings.Repeat("0", 8-len(fraction)) {
		if digit < '0' || digit > '9' {
			return 0, fmt.Errorf("%.40q is not an amount in BTC", text)
		}
		satoshi = 10*satoshi + uint64(digit-'0')
	}
	if satoshi > btcutil.MaxSatoshi {
		return 0, fmt.Errorf("%w: %.40q BTC", ErrValue, text)
	}
	return satoshi, nil
}

// orElse looks among outputs where another look-up finds nothing.
func orElse(find Lookup, chain graph.Chain, among map[graph.OutPoint]payment) Lookup {
	return func(prev graph.OutPoint) (graph.Transfer, error) {
		t, err := find(prev)
		p, ok := among[prev]
		if !ok || !errors.Is(err, graph.ErrNotFound) {
			return t, err
		}
		t = graph.Transfer{Kind: graph.KindOutput, To: p.address, Asset: chain.Native()}
		t.Amount.SetUint64(p.satoshi)
		return t, nil
	}
}
