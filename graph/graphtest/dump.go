package graphtest

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"maps"
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
	d := dumper{ctx: ctx, v: v, about: map[graph.Address]bool{}, passages: map[[2]string]bool{}}
	steps := []func() error{d.summary, d.blocks, d.txs, d.histories, d.events}
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

	about    map[graph.Address]bool // whom events are about
	passages map[[2]string]bool     // their protocols and keys
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
	d.printf("%d blocks, %d txs, %d transfers, %d forms", size.Blocks, size.Txs, size.Transfers, size.Forms)
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
	if moves.At != at || moves.Hash != tx.Hash || moves.Failed != tx.Failed || moves.Time != b.Time || moves.Form != tx.Form || len(moves.Moves) != len(tx.Transfers) {
		return fmt.Errorf("transaction %s is %+v, in the block it is %+v", at, moves, tx)
	}
	d.printf(" tx %d %s failed %v form %s", tx.Index, tx.Hash, tx.Failed, tx.Form)
	if !slices.Equal(moves.Events, tx.Events) {
		return fmt.Errorf("transaction %s states %+v, in the block it states %+v", at, moves.Events, tx.Events)
	}
	for _, e := range tx.Events {
		d.printf("  states %+v", e)
		for _, a := range []graph.Address{e.Subject, e.Object} {
			if !a.IsZero() {
				d.about[a] = true
			}
		}
		if e.Key != "" {
			d.passages[[2]string{e.Protocol, e.Key}] = true
		}
	}
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

// txs compares the ordered stream with what the blocks told.
func (d *dumper) txs() error {
	next, stop := iter.Pull2(d.v.Blocks(d.ctx, 0))
	defer stop()
	var b graph.Block
	for tx, err := range d.v.Txs(d.ctx, 0) {
		if err != nil {
			return err
		}
		for len(b.Txs) == 0 {
			var ok bool
			if b, err, ok = next(); err != nil || !ok {
				return fmt.Errorf("transaction %s is in no block, %w", tx.At, err)
			}
		}
		want := &b.Txs[0]
		b.Txs = b.Txs[1:]
		if tx.At != (graph.Position{Block: b.Height, Tx: want.Index}) || tx.Hash != want.Hash || tx.Time != b.Time || tx.Failed != want.Failed || tx.Know != b.Know || tx.Form != want.Form || !slices.Equal(tx.Events, want.Events) {
			return fmt.Errorf("the stream has %+v, block %d has %+v", tx, b.Height, want)
		}
		alone, err := d.v.Tx(tx.At)
		if err != nil || !slices.Equal(alone.Moves, tx.Moves) {
			return fmt.Errorf("the stream has %+v, alone it is %+v, %w", tx, alone, err)
		}
	}
	return nil
}

// events asks for what is stated by every way there is.
func (d *dumper) events() error {
	for kind := range graph.EventKind(16) {
		if err := d.stated(fmt.Sprintf("kind %d", kind), d.v.EventsOf(d.ctx, kind, graph.Position{})); err != nil {
			return err
		}
	}
	for _, a := range slices.SortedFunc(maps.Keys(d.about), graph.Address.Compare) {
		if err := d.stated("about "+a.String(), d.v.Events(d.ctx, a, graph.Position{})); err != nil {
			return err
		}
	}
	for _, p := range slices.SortedFunc(maps.Keys(d.passages), func(a, b [2]string) int { return slices.Compare(a[:], b[:]) }) {
		found, err := d.v.Passages(p[0], p[1])
		if err != nil {
			return err
		}
		for _, s := range found {
			d.printf("passage %q %q %+v", p[0], p[1], s)
		}
	}
	return nil
}

func (d *dumper) stated(how string, events iter.Seq2[graph.Stated, error]) error {
	for s, err := range events {
		if err != nil {
			return err
		}
		d.printf("%s: %+v", how, s)
	}
	return nil
}
