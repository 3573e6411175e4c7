package graphtest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"spoor/graph"
)

// Dump writes everything a view tells as text, with addresses and assets
// instead of numbers: two stores that know the same have the same dump,
// whatever order they learned it in.
func Dump(t testing.TB, v graph.View) string {
	t.Helper()
	text, err := DumpText(t.Context(), v)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// DumpText is Dump where damage is expected: it returns the first error.
func DumpText(ctx context.Context, v graph.View) (string, error) {
	d := dumper{ctx: ctx, v: v}
	steps := []func() error{d.summary, d.blocks, d.histories}
	for _, step := range steps {
		if err := step(); err != nil {
			return "", err
		}
	}
	return d.b.String(), nil
}

type dumper struct {
	ctx context.Context
	v   graph.View
	b   strings.Builder
}

func (d *dumper) printf(format string, args ...any) { fmt.Fprintf(&d.b, format+"\n", args...) }

func (d *dumper) summary() error {
	tip, err := d.v.Tip()
	if err != nil && !errors.Is(err, graph.ErrNotFound) {
		return err
	}
	d.printf("tip %+v %v", tip, err == nil)
	size, err := d.v.Size()
	if err != nil {
		return err
	}
	d.printf("%d blocks, %d txs, %d transfers", size.Blocks, size.Txs, size.Transfers)
	rows, err := d.v.Coverage()
	if err != nil {
		return err
	}
	for _, r := range rows {
		d.printf("coverage %+v", r)
	}
	return nil
}

func (d *dumper) blocks() error {
	for b, err := range d.v.Blocks(d.ctx, 0) {
		if err != nil {
			return err
		}
		d.printf("block %+v %+v %q", b.Header, b.Know, b.Source)
		h, err := d.v.Header(b.Height)
		if err != nil {
			return err
		}
		if h != b.Header {
			return fmt.Errorf("header %+v of block %+v", h, b.Header)
		}
		for i := range b.Txs {
			if err := d.tx(&b, &b.Txs[i]); err != nil {
				return err
			}
		}
	}
	return nil
}

func (d *dumper) tx(b *graph.Block, tx *graph.Tx) error {
	at := graph.Position{Block: b.Height, Tx: tx.Index}
	moves, err := d.v.Tx(at)
	if err != nil {
		return err
	}
	if moves.At != at || moves.Hash != tx.Hash || moves.Failed != tx.Failed || moves.Time != b.Time || len(moves.Moves) != len(tx.Transfers) {
		return fmt.Errorf("transaction %s is %+v, in the block it is %+v", at, moves, tx)
	}
	d.printf(" tx %d %s failed %v", tx.Index, tx.Hash, tx.Failed)
	list := slices.Clone(moves.Moves)
	for i, t := range tx.Transfers {
		m := list[i]
		info, err := d.v.Asset(m.Asset)
		if err != nil {
			return err
		}
		d.printf("  %s %s %s>%s %s %s prev %s:%d spends %s", t.Seq, t.Kind, t.From, t.To, t.Asset, t.Amount.Dec(), t.Prev.Tx, t.Prev.Index, m.Spends)
		if m.Seq != t.Seq || m.Kind != t.Kind || m.Amount != t.Amount || info.Asset != t.Asset {
			return fmt.Errorf("%s: move %+v of transfer %+v", at, m, t)
		}
		for _, end := range []struct {
			id graph.ID
			a  graph.Address
		}{{m.From, t.From}, {m.To, t.To}} {
			if (end.id == 0) != end.a.IsZero() {
				return fmt.Errorf("%s: number %d is %q", at, end.id, end.a)
			}
			if end.id == 0 {
				continue
			}
			if a, err := d.v.Address(end.id); err != nil || a != end.a {
				return fmt.Errorf("%s: number %d is %q, %w; want %q", at, end.id, a, err, end.a)
			}
		}
	}
	if tx.Hash.IsZero() {
		return nil
	}
	found, err := d.v.FindTx(tx.Hash)
	if err != nil {
		return err
	}
	d.printf("  found at %v", found)
	return nil
}

func (d *dumper) histories() error {
	size, err := d.v.Size()
	if err != nil {
		return err
	}
	var texts []string
	for id := graph.ID(1); uint64(id) <= size.Addresses; id++ {
		text, err := d.history(id)
		if err != nil {
			return err
		}
		texts = append(texts, text)
	}
	slices.Sort(texts)
	d.b.WriteString(strings.Join(texts, ""))
	for n := graph.AssetID(1); uint64(n) <= size.Assets; n++ {
		info, err := d.v.Asset(n)
		if err != nil {
			return err
		}
		if back, err := d.v.AssetID(info.Asset); err != nil || back != n {
			return fmt.Errorf("asset %d is %s, which is asset %d, %w", n, info.Asset, back, err)
		}
	}
	return nil
}

// history is the history of an address, "" if it has none: an engine may
// remember an address whose blocks are gone.
func (d *dumper) history(id graph.ID) (string, error) {
	a, err := d.v.Address(id)
	if err != nil {
		return "", err
	}
	if back, err := d.v.ID(a); err != nil || back != id {
		return "", fmt.Errorf("number %d is %s, which is number %d, %w", id, a, back, err)
	}
	var b strings.Builder
	n := 0
	for e, err := range d.v.History(d.ctx, id, graph.Position{}) {
		if err != nil {
			return "", err
		}
		n++
		var peer graph.Address
		if e.Peer != 0 {
			if peer, err = d.v.Address(e.Peer); err != nil {
				return "", err
			}
		}
		info, err := d.v.Asset(e.Asset)
		if err != nil {
			return "", err
		}
		fmt.Fprintf(&b, "%s %s out %v %s %s %s %s spends %s\n", a, e.At, e.Out, e.Kind, peer, info.Asset, e.Amount.Dec(), e.Spends)
	}
	if counted, err := d.v.Entries(id, 1<<30); err != nil || counted != n {
		return "", fmt.Errorf("%s has %d entries, %d are counted, %w", a, n, counted, err)
	}
	return b.String(), nil
}
