package badger

import (
	"context"
	"fmt"
	"iter"

	"spoor/graph"
)

// History yields the entries of an address. It keeps a copy of the chunk it is
// in, so that the caller may use the view, even read other histories, in
// between.
func (v *view) History(ctx context.Context, id graph.ID, from graph.Position) iter.Seq2[graph.Entry, error] {
	return func(yield func(graph.Entry, error) bool) {
		if id == 0 || uint64(id) > v.state.addresses {
			yield(graph.Entry{}, fmt.Errorf("history of address number %d: %w", id, graph.ErrNotFound))
			return
		}
		if err := v.history(ctx, id, from, yield); err != nil {
			yield(graph.Entry{}, fmt.Errorf("history of address number %d: %w", id, err))
		}
	}
}

func (v *view) history(ctx context.Context, id graph.ID, from graph.Position, yield func(graph.Entry, error) bool) error {
	buffer := v.takeBuffer()
	defer func() { v.buffers = append(v.buffers, buffer) }()
	prefix := chunkPrefix(id)
	c := v.snap.seek(chunkKey(id, from))
	for {
		if err := ctx.Err(); err != nil {
			return err
		}
		if !c.has(prefix) {
			return nil
		}
		moved := c.moved
		keyLen := len(c.key())
		err := c.value(func(key, value []byte) error {
			buffer = append(append(buffer[:0], key...), value...)
			return nil
		})
		if err != nil {
			return err
		}
		chunk := newChunkReader(buffer[:keyLen], buffer[keyLen:])
		var e graph.Entry
		for chunk.next(&e) {
			if e.At.Compare(from) >= 0 && !yield(e, nil) {
				return nil
			}
		}
		if err := chunk.finish(); err != nil {
			return err
		}
		if c.moved == moved {
			c.next()
		} else { // somebody else used the cursor meanwhile
			next := chunk.previous.Next()
			if next.Compare(chunk.previous) < 0 {
				return nil // that was the last position there is
			}
			c = v.snap.seek(chunkKey(id, next))
		}
	}
}

// takeBuffer is a buffer for one chunk. Histories may be read inside
// histories, so each has its own.
func (v *view) takeBuffer() []byte {
	n := len(v.buffers)
	if n == 0 {
		return nil
	}
	buffer := v.buffers[n-1]
	v.buffers = v.buffers[:n-1]
	return buffer
}

// Entries counts without decoding entries: each chunk says how many it has.
func (v *view) Entries(id graph.ID, limit int) (int, error) {
	if id == 0 || uint64(id) > v.state.addresses {
		return 0, fmt.Errorf("entries of address number %d: %w", id, graph.ErrNotFound)
	}
	prefix, n := chunkPrefix(id), 0
	for c := v.snap.seek(prefix); n < limit && c.has(prefix); c.next() {
		err := c.value(func(_, value []byte) error {
			r := reader{b: value}
			n += r.chunkHead().count
			return r.err
		})
		if err != nil {
			return 0, damaged(err)
		}
	}
	return min(n, limit), nil
}
