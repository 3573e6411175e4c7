package badger

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"iter"
	"slices"

	badgerdb "github.com/dgraph-io/badger/v4"

	"spoor/graph"
)

// end closes the snapshot and lets go of its version.
func (s *snapshot) end(g *generation, version uint64) error {
	s.close()
	return g.release(version)
}

// rows yields the rows whose keys begin with a prefix, in order, their values
// checked. A row is valid until the next.
func (s *snapshot) rows(prefix []byte) iter.Seq2[row, error] {
	return func(yield func(row, error) bool) {
		it := s.txn.NewIterator(badgerdb.IteratorOptions{Prefix: prefix})
		defer it.Close()
		var r row
		var sealed []byte
		for it.Rewind(); it.Valid(); it.Next() {
			r.key = it.Item().KeyCopy(r.key)
			var err error
			if sealed, err = it.Item().ValueCopy(sealed); err == nil {
				r.value, err = unseal(r.key, sealed)
			}
			if !yield(r, damaged(err)) || err != nil {
				return
			}
		}
	}
}

// keys yields the keys that begin with a prefix, in order, each its own.
func (s *snapshot) keys(prefix []byte) iter.Seq[[]byte] {
	return func(yield func([]byte) bool) {
		it := s.txn.NewIterator(badgerdb.IteratorOptions{Prefix: prefix})
		defer it.Close()
		for it.Rewind(); it.Valid(); it.Next() {
			if !yield(it.Item().KeyCopy(nil)) {
				return
			}
		}
	}
}

// view opens one state of the labels: rows and packs of the same call. There is
// no snapshot while there is nothing.
func (l *Labels) view() (snap *snapshot, packs packTable, done func() error, err error) {
	l.mu.RLock()
	defer l.mu.RUnlock()
	if l.closed {
		return nil, nil, nil, errClosed
	}
	if l.gen == nil {
		return nil, nil, nil, nil
	}
	g := l.gen
	version, _ := g.acquire()
	snap = g.snapshot(version)
	return snap, l.packs, func() error { return snap.end(g, version) }, nil
}

// Of lists what is claimed about an address.
func (l *Labels) Of(_ context.Context, a graph.Address) (found []graph.Label, err error) {
	snap, packs, done, err := l.view()
	if err != nil || snap == nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, done()) }()
	for r, err := range snap.rows(labelPrefix(a)) {
		if err != nil {
			return nil, err
		}
		label, err := packs.label(a, r)
		if err != nil {
			return nil, err
		}
		found = append(found, label)
	}
	slices.SortFunc(found, func(a, b graph.Label) int { return a.Compare(&b) })
	return found, nil
}

// label takes a row apart.
func (t packTable) label(a graph.Address, r row) (graph.Label, error) {
	label, err := decodeLabel(r.key, r.value)
	if err != nil {
		return label, err
	}
	p, ok := t[packOfKey(r.key)]
	if !ok {
		return label, fmt.Errorf("%w: a label of %s belongs to no pack", graph.ErrDamaged, a.CAIP10())
	}
	label.Address, label.Pack = a, p.Digest
	return label, nil
}

// Actor lists what is claimed about an actor.
func (l *Labels) Actor(_ context.Context, id string) (found []graph.Actor, err error) {
	a := graph.Actor{ID: id}
	snap, packs, done, err := l.view()
	if err != nil || snap == nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, done()) }()
	if a.Check() != nil {
		return nil, nil // nobody has such an id
	}
	for r, err := range snap.rows(actorPrefix(id)) {
		if err != nil {
			return nil, err
		}
		if a, err = decodeActor(r.key, r.value); err != nil {
			return nil, err
		}
		a.ID, a.Pack = id, packs[packOfKey(r.key)].Digest
		found = append(found, a)
	}
	slices.SortStableFunc(found, func(a, b graph.Actor) int { return a.Pack.Compare(b.Pack) })
	return found, nil
}

// All yields the chosen labels by address and then as Of does.
func (l *Labels) All(ctx context.Context, f graph.LabelFilter) iter.Seq2[graph.Label, error] {
	return func(yield func(graph.Label, error) bool) {
		snap, packs, done, err := l.view()
		if err != nil {
			yield(graph.Label{}, err)
			return
		}
		if snap == nil {
			return
		}
		scan := labelScan{filter: f, packs: packs, seen: map[uint32]int{}, yield: yield}
		err = scan.run(ctx, snap)
		if err = errors.Join(err, done()); err != nil && !scan.stopped {
			yield(graph.Label{}, err)
		}
	}
}

// labelScan walks all labels of a snapshot, an address at a time.
type labelScan struct {
	filter  graph.LabelFilter
	packs   packTable
	seen    map[uint32]int // labels by pack, chosen or not
	at      []byte         // key of the address at hand, without pack and row
	address graph.Address
	labels  []graph.Label // of it, chosen
	yield   func(graph.Label, error) bool
	stopped bool
}

func (s *labelScan) run(ctx context.Context, snap *snapshot) error {
	prefix := []byte{prefixLabel}
	if s.filter.Chain != "" {
		prefix = chainPrefix(s.filter.Chain)
	}
	for r, err := range snap.rows(prefix) {
		if err != nil {
			return err
		}
		if err := ctx.Err(); err != nil {
			return err
		}
		if key := r.key[:len(r.key)-ofPackLen]; !bytes.Equal(key, s.at) {
			if !s.flush() {
				return nil
			}
			s.at = append(s.at[:0], key...)
			if s.address, err = addressOfLabelKey(r.key); err != nil {
				return err
			}
		}
		label, err := s.packs.label(s.address, r)
		if err != nil {
			return err
		}
		s.seen[packOfKey(r.key)]++
		if s.filter.Takes(&label) {
			s.labels = append(s.labels, label)
		}
	}
	if !s.flush() || s.filter.Chain != "" {
		return nil
	}
	return s.complete()
}

// flush yields the labels of the address at hand.
func (s *labelScan) flush() bool {
	slices.SortFunc(s.labels, func(a, b graph.Label) int { return a.Compare(&b) })
	for _, l := range s.labels {
		if !s.yield(l, nil) {
			s.stopped = true
			return false
		}
	}
	s.labels = s.labels[:0]
	return true
}

// complete compares what was read with what the packs say: an iterator of
// Badger ends in silence at what it cannot read.
func (s *labelScan) complete() error {
	for number, p := range s.packs {
		if s.seen[number] != p.Labels {
			return fmt.Errorf("%w: pack %s has %d labels, %d are there", graph.ErrDamaged, p.Digest, p.Labels, s.seen[number])
		}
	}
	return nil
}
