package badger

import (
	"bytes"
	"context"
	"fmt"
	"iter"

	"spoor/graph"
)

// Events yields what was stated about an address.
func (v *view) Events(ctx context.Context, about graph.Address, from graph.Position) iter.Seq2[graph.Stated, error] {
	if about.IsZero() || about.Chain != v.chain.ID {
		return func(func(graph.Stated, error) bool) {}
	}
	return v.stated(ctx, aboutPrefix(about), from, func(e *graph.Event) bool { return e.Subject == about || e.Object == about })
}

// EventsOf yields the events of a kind.
func (v *view) EventsOf(ctx context.Context, kind graph.EventKind, from graph.Position) iter.Seq2[graph.Stated, error] {
	return v.stated(ctx, kindPrefix(kind), from, func(e *graph.Event) bool { return e.Kind == kind })
}

// Passages are the departures and arrivals of a protocol with a key.
func (v *view) Passages(protocol, key string) ([]graph.Stated, error) {
	var found []graph.Stated
	if key == "" {
		return nil, nil
	}
	for s, err := range v.stated(context.Background(), passagePrefix(protocol, key), graph.Position{}, func(e *graph.Event) bool {
		return isPassage(e) && e.Protocol == protocol && e.Key == key
	}) {
		if err != nil {
			return nil, err
		}
		found = append(found, s)
	}
	return found, nil
}

// stated yields the events that the index rows with a prefix name.
func (v *view) stated(ctx context.Context, prefix []byte, from graph.Position, want func(*graph.Event) bool) iter.Seq2[graph.Stated, error] {
	return func(yield func(graph.Stated, error) bool) {
		if err := v.eachStated(ctx, prefix, from, want, yield); err != nil {
			yield(graph.Stated{}, fmt.Errorf("events: %w", err))
		}
	}
}

func (v *view) eachStated(ctx context.Context, prefix []byte, from graph.Position, want func(*graph.Event) bool, yield func(graph.Stated, error) bool) error {
	var (
		key    []byte
		pages  = pageReader{snap: v.snap}
		tx     txRow
		start  graph.Position // of tx, whose events are decoded
		time   int64
		events []graph.Event
		loaded bool
	)
	for c := v.snap.seek(appendPosition(bytes.Clone(prefix), from)); c.has(prefix); {
		if err := ctx.Err(); err != nil {
			return err
		}
		key = append(key[:0], c.key()...)
		moved, at := c.moved, readPosition(key[len(prefix):])
		if !loaded || start != at.StartOf() {
			h, err := v.header(at.Block)
			if err == nil {
				err = pages.tx(at.Block, at.Tx, &tx)
			}
			if err == nil {
				events, err = decodeEvents(v.chain.ID, tx.stated, events[:0])
			}
			if err != nil {
				return fmt.Errorf("the index names %s: %w", at, missing(err))
			}
			start, time, loaded = at.StartOf(), h.Time, true
		}
		if !indexes(key, at, events) {
			return fmt.Errorf("%w: the index names an event at %s, where none is", graph.ErrDamaged, at)
		}
		for i := range events {
			e := &events[i]
			if e.Seq == at.Seq && want(e) && !yield(graph.Stated{At: at, Tx: tx.Hash, Time: time, Event: *e}, nil) {
				return nil
			}
		}
		if c.moved == moved {
			c.next()
		} else { // somebody else used the cursor meanwhile
			c = v.snap.seek(append(key, 0))
		}
	}
	return nil
}

// pageReader finds transactions whose places ascend, and keeps a copy of the
// page it is in: many may lie in one.
type pageReader struct {
	snap   *snapshot
	key    []byte // of the page; nil before the first
	value  []byte
	lowest uint32 // transaction that is known to be in it, if it is stored
}

func (p *pageReader) tx(height, index uint32, tx *txRow) error {
	want := pageKey(height, index)
	if block := want[:5]; !bytes.HasPrefix(p.key, block) || index < p.lowest || bytes.Compare(p.key, want) < 0 {
		c := p.snap.seek(want)
		if !c.has(block) {
			return graph.ErrNotFound
		}
		err := c.value(func(key, value []byte) error {
			p.key, p.value, p.lowest = append(p.key[:0], key...), append(p.value[:0], value...), index
			return nil
		})
		if err != nil {
			return err
		}
	}
	found, err := findInPage(p.key, p.value, height, index, tx)
	if err == nil && !found {
		err = graph.ErrNotFound
	}
	return err
}

// indexes reports whether an index row's key is one of an event there.
func indexes(key []byte, at graph.Position, events []graph.Event) bool {
	var keys [][]byte
	for i := range events {
		if events[i].Seq != at.Seq {
			continue
		}
		keys = appendEventKeys(keys[:0], at, &events[i])
		for _, k := range keys {
			if bytes.Equal(k, key) {
				return true
			}
		}
	}
	return false
}
