package ingest

import (
	"context"
	"encoding/csv"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"
	"unicode"

	"spoor/graph"
)

// Export writes ledgers as a transfers file: every transfer in the order of
// its chain, with the header of its block and how much of the block is known.
// Read back into an empty store, the file gives the same file again. Blocks
// and transactions that move nothing have a row of kind "none".
func Export(ctx context.Context, w io.Writer, ledgers ...graph.Ledger) error {
	out := csv.NewWriter(w)
	if err := out.Write(columnNames[:]); err != nil {
		return err
	}
	for _, l := range ledgers {
		if err := exportLedger(ctx, out, l); err != nil {
			return fmt.Errorf("export %s: %w", l.Chain().Alias, err)
		}
	}
	out.Flush()
	return out.Error()
}

func exportLedger(ctx context.Context, out *csv.Writer, l graph.Ledger) error {
	view, err := l.View(ctx)
	if err != nil {
		return err
	}
	e := exporter{out: out, chain: l.Chain(), view: view, addresses: map[graph.Address]string{}, assets: map[graph.Asset]assetText{}}
	for block, err := range view.Blocks(ctx, 0) {
		if err == nil {
			err = e.block(&block)
		}
		if err != nil {
			_ = view.Close() // only read from
			return err
		}
	}
	return view.Close()
}

type assetText struct{ asset, symbol, decimals string }

// An exporter writes the blocks of one ledger.
type exporter struct {
	out       *csv.Writer
	chain     graph.Chain
	view      graph.View
	addresses map[graph.Address]string // writing an address costs a hash
	assets    map[graph.Asset]assetText
	record    [columns]string
}

func (e *exporter) block(b *graph.Block) error {
	r := &e.record
	*r = [columns]string{}
	r[colChain] = string(e.chain.ID)
	r[colBlock] = strconv.FormatUint(uint64(b.Height), 10)
	r[colTime] = formatTime(b.Time)
	r[colBlockHash], r[colParentHash] = b.Hash.Text(e.chain.Family), b.Parent.Text(e.chain.Family)
	r[colKnow] = b.Know.Transfers.String() + "/" + b.Know.Logs.String() + "/" + b.Know.Traces.String()
	r[colSource] = b.Source
	count := 0
	for i := range b.Txs {
		count += max(1, len(b.Txs[i].Transfers))
	}
	r[colBlockRows] = strconv.Itoa(max(1, count))
	if len(b.Txs) == 0 {
		r[colKind] = kindNone
		return e.out.Write(r[:])
	}
	for i := range b.Txs {
		if err := e.tx(&b.Txs[i]); err != nil {
			return err
		}
	}
	return nil
}

func (e *exporter) tx(tx *graph.Tx) error {
	r := &e.record
	r[colTxHash], r[colTxIndex] = tx.Hash.Text(e.chain.Family), indexText(tx.Index)
	r[colFailed] = strconv.FormatBool(tx.Failed)
	if len(tx.Transfers) == 0 {
		for _, c := range []int{colSeq, colFrom, colTo, colAsset, colSymbol, colDecimals, colAmount, colPrevTxHash, colPrevIndex} {
			r[c] = ""
		}
		r[colKind] = kindNone
		return e.out.Write(r[:])
	}
	for i := range tx.Transfers {
		t := &tx.Transfers[i]
		asset, err := e.asset(t.Asset)
		if err != nil {
			return err
		}
		r[colSeq], r[colKind] = seqText(t), t.Kind.String()
		r[colFrom], r[colTo] = e.address(t.From), e.address(t.To)
		r[colAsset], r[colSymbol], r[colDecimals] = asset.asset, asset.symbol, asset.decimals
		r[colAmount] = t.Amount.Dec()
		r[colPrevTxHash], r[colPrevIndex] = "", ""
		if t.Prev != (graph.OutPoint{}) {
			r[colPrevTxHash], r[colPrevIndex] = t.Prev.Tx.Text(e.chain.Family), strconv.FormatUint(uint64(t.Prev.Index), 10)
		}
		if err := e.out.Write(r[:]); err != nil {
			return err
		}
	}
	return nil
}

// seqText writes inputs and outputs by their number, anything else by class.
func seqText(t *graph.Transfer) string {
	plain, err := newSeq(t.Kind, t.Seq.Index())
	if half := t.Kind == graph.KindInput || t.Kind == graph.KindOutput; half && err == nil && plain == t.Seq {
		return strconv.Itoa(t.Seq.Index())
	}
	return t.Seq.String()
}

func formatTime(seconds int64) string { return time.Unix(seconds, 0).UTC().Format(time.RFC3339) }

func (e *exporter) address(a graph.Address) string {
	text, known := e.addresses[a]
	if !known {
		if len(e.addresses) >= cacheLimit {
			clear(e.addresses)
		}
		text = a.String()
		e.addresses[a] = text
	}
	return text
}

func (e *exporter) asset(a graph.Asset) (assetText, error) {
	if text, known := e.assets[a]; known {
		return text, nil
	}
	id, err := e.view.AssetID(a)
	if err != nil {
		return assetText{}, fmt.Errorf("asset %s: %w", a, err)
	}
	info, err := e.view.Asset(id)
	if err != nil {
		return assetText{}, fmt.Errorf("asset %s: %w", a, err)
	}
	text := assetText{asset: a.Text(), symbol: printable(info.Symbol)}
	if info.Decimals >= 0 {
		text.decimals = strconv.Itoa(info.Decimals)
	}
	if len(e.assets) >= cacheLimit {
		clear(e.assets)
	}
	e.assets[a] = text
	return text, nil
}

// printable drops what a symbol chosen by a stranger may hold and no reader of
// CSV agrees on: control characters and broken UTF-8.
func printable(symbol string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsControl(r) {
			return -1
		}
		return r
	}, strings.ToValidUTF8(symbol, ""))
}
