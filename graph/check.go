package graph

import (
	"context"
	"errors"
	"fmt"
	"hash/maphash"
	"slices"
)

// Finding is something a check found that must not be. At says where it is in
// the ledger, if it is at one place.
type Finding struct {
	At   Position
	What string
}

// Checked counts what a check looked at.
type Checked struct {
	Size    Size
	Entries uint64 // of all histories
	Inputs  uint64 // of UTXO transactions that name what they spend
	Events  uint64
	// Unresolved are inputs whose output is not in the store: normal where a
	// ledger was not read from its first block, and no Finding.
	Unresolved uint64
}

// Check reads a view whole, twice: the blocks, and every address's history. It
// reports to found what does not agree: a transfer that is missing from one of
// its histories, or has a history entry and no transfer; an event that is not
// found by whom it is about, its kind or its passage; addresses, assets and
// transactions that are not found by their names; an output spent twice, or by
// somebody else; coverage and sizes that are not those of the blocks. It works
// on any store. It ends with an error where the store cannot be read on;
// ErrDamaged means that bytes are not what was written.
//
// It keeps 16 bytes for each address in memory.
func Check(ctx context.Context, v View, found func(Finding)) (Checked, error) {
	size, err := v.Size()
	if err != nil {
		return Checked{}, fmt.Errorf("check: %w", err)
	}
	c := checker{ctx: ctx, v: v, size: size, seed: maphash.MakeSeed(),
		sums: make([]uint64, size.Addresses+1), counts: make([]uint64, size.Addresses+1),
		report: func(at Position, format string, args ...any) { found(Finding{at, fmt.Sprintf(format, args...)}) }}
	for _, step := range []func() error{c.blocks, c.summary, c.assets, c.histories, c.kinds} {
		if err := step(); err != nil {
			return c.done, fmt.Errorf("check: %w", err)
		}
	}
	return c.done, nil
}

type checker struct {
	ctx    context.Context
	v      View
	size   Size
	done   Checked
	seed   maphash.Seed
	sums   []uint64 // by id: sum of the hashes of entries the blocks imply, order does not matter
	counts []uint64
	report func(at Position, format string, args ...any)

	covered []Coverage
	tip     Header

	kindSums, kindCounts [eventEnd]uint64 // as sums and counts, of the events of each kind
}

// blocks reads the journal.
func (c *checker) blocks() error {
	for b, err := range c.v.Blocks(c.ctx, 0) {
		if err != nil {
			return err
		}
		at := Position{Block: b.Height}
		if c.done.Size.Blocks > 0 && b.Height <= c.tip.Height {
			c.report(at, "block %d comes after block %d", b.Height, c.tip.Height)
		}
		if h, err := c.v.Header(b.Height); err != nil {
			return err
		} else if h != b.Header {
			c.report(at, "the header of block %d is not the block's", b.Height)
		}
		c.tip = b.Header
		c.done.Size.Blocks++
		c.done.Size.Forms += uint64(b.Forms())
		for i := range b.Txs {
			if err := c.tx(&b, &b.Txs[i]); err != nil {
				return err
			}
		}
		// A view does not tell its chain, so rows are compared without.
		c.covered = Extend(c.covered, "", &b)
	}
	return nil
}

func (c *checker) tx(b *Block, tx *Tx) error {
	at := Position{Block: b.Height, Tx: tx.Index}
	c.done.Size.Txs++
	moves, err := c.v.Tx(at)
	if errors.Is(err, ErrNotFound) {
		c.report(at, "transaction %s of the block is not found by its position", at)
		return nil
	}
	if err != nil {
		return err
	}
	if moves.Hash != tx.Hash || moves.Time != b.Time || moves.Failed != tx.Failed || len(moves.Moves) != len(tx.Transfers) || !slices.Equal(moves.Events, tx.Events) || moves.Form != tx.Form {
		c.report(at, "transaction %s differs between the block and its moves", at)
		return nil
	}
	list := slices.Clone(moves.Moves) // what follows reads the view
	for i := range tx.Transfers {
		if err := c.transfer(at, &tx.Transfers[i], &list[i]); err != nil {
			return err
		}
	}
	for i := range tx.Events {
		if err := c.event(Stated{Position{b.Height, tx.Index, tx.Events[i].Seq}, tx.Hash, b.Time, tx.Events[i]}); err != nil {
			return err
		}
	}
	if tx.Hash.IsZero() {
		return nil
	}
	places, err := c.v.FindTx(tx.Hash)
	if err != nil && !errors.Is(err, ErrNotFound) {
		return err
	}
	if !slices.Contains(places, at) {
		c.report(at, "transaction %s is not found by its hash", tx.Hash)
	}
	return nil
}

func (c *checker) transfer(at Position, t *Transfer, m *Move) error {
	at.Seq = t.Seq
	c.done.Size.Transfers++
	if m.Seq != t.Seq || m.Kind != t.Kind || m.Amount != t.Amount {
		c.report(at, "transfer %s differs between the block and its moves", at)
		return nil
	}
	for _, end := range []struct {
		address Address
		id      ID
	}{{t.From, m.From}, {t.To, m.To}} {
		if end.id == 0 && end.address.IsZero() {
			continue
		}
		known, err := c.v.Address(end.id)
		if err != nil && !errors.Is(err, ErrNotFound) {
			return err
		}
		if err != nil || known != end.address || uint64(end.id) > c.size.Addresses {
			c.report(at, "transfer %s names %s, its number %d is %q", at, end.address, end.id, known)
			return nil
		}
	}
	e := Entry{At: at, Kind: m.Kind, Asset: m.Asset, Amount: m.Amount, Spends: m.Spends}
	if m.From != 0 {
		e.Out, e.Peer = true, m.To
		c.expect(m.From, e)
	}
	if m.To != 0 {
		e.Out, e.Peer = false, m.From
		c.expect(m.To, e)
	}
	if m.Kind == KindInput && !t.Prev.Tx.IsZero() {
		return c.input(at, t, m)
	}
	return nil
}

func (c *checker) expect(id ID, e Entry) {
	c.sums[id] += maphash.Comparable(c.seed, e)
	c.counts[id]++
}

func (c *checker) input(at Position, t *Transfer, m *Move) error {
	c.done.Inputs++
	if m.Spends == (Position{}) {
		c.done.Unresolved++
		return nil
	}
	source, err := c.v.Tx(m.Spends)
	if err != nil && !errors.Is(err, ErrNotFound) {
		return err
	}
	i := slices.IndexFunc(source.Moves, func(o Move) bool { return o.Seq == m.Spends.Seq && o.Kind == KindOutput })
	switch {
	case err != nil || i < 0:
		c.report(at, "input %s spends %s, where no output is", at, m.Spends)
	case source.Hash != t.Prev.Tx || m.Spends.Compare(at) >= 0:
		c.report(at, "input %s spends %s:%d, linked to %s", at, t.Prev.Tx, t.Prev.Index, m.Spends)
	case source.Moves[i].To != m.From:
		c.report(at, "input %s spends an output of another address", at)
	case source.Moves[i].Amount != m.Amount || source.Moves[i].Asset != m.Asset:
		c.report(at, "input %s is of %s, the output it spends of %s", at, m.Amount.Dec(), source.Moves[i].Amount.Dec())
	}
	return nil
}

// summary compares what the store says of itself with the blocks.
func (c *checker) summary() error {
	tip, err := c.v.Tip()
	if err != nil && !errors.Is(err, ErrNotFound) {
		return err
	}
	if (err == nil) != (c.done.Size.Blocks > 0) || tip != c.tip {
		c.report(Position{}, "the tip is %d, the highest block %d", tip.Height, c.tip.Height)
	}
	c.done.Size.Addresses, c.done.Size.Assets = c.size.Addresses, c.size.Assets
	if c.done.Size != c.size {
		c.report(Position{}, "the store counts %+v, its blocks have %+v", c.size, c.done.Size)
	}
	rows, err := c.v.Coverage()
	if err != nil {
		return err
	}
	for i := 1; i < len(rows); i++ {
		a, b := &rows[i-1], &rows[i]
		if d := a.Address.Compare(b.Address); d > 0 || d == 0 && a.To >= b.From {
			c.report(Position{Block: b.From}, "coverage of %q from %d comes after that of %q to %d", b.Address, b.From, a.Address, a.To)
		}
	}
	rows = slices.DeleteFunc(rows, func(r Coverage) bool { return !r.Address.IsZero() })
	for i := range rows {
		rows[i].Chain = ""
	}
	if !slices.Equal(rows, c.covered) {
		c.report(Position{}, "coverage has %d ranges that are not the %d of the blocks", len(rows), len(c.covered))
	}
	return nil
}

func (c *checker) assets() error {
	for n := AssetID(1); uint64(n) <= c.size.Assets; n++ {
		info, err := c.v.Asset(n)
		if err == nil {
			var back AssetID
			if back, err = c.v.AssetID(info.Asset); err == nil && back != n {
				c.report(Position{}, "asset %d is %s, which is asset %d", n, info.Asset, back)
			}
		}
		if errors.Is(err, ErrNotFound) {
			c.report(Position{}, "asset %d: %v", n, err)
		} else if err != nil {
			return err
		}
	}
	return nil
}

// histories reads the other side of the journal.
func (c *checker) histories() error {
	for id := ID(1); uint64(id) <= c.size.Addresses; id++ {
		a, err := c.v.Address(id)
		if err == nil {
			var back ID
			if back, err = c.v.ID(a); err == nil && back != id {
				c.report(Position{}, "address %d is %s, which is address %d", id, a, back)
			}
		}
		if errors.Is(err, ErrNotFound) {
			c.report(Position{}, "address %d: %v", id, err)
			continue
		}
		if err != nil {
			return err
		}
		if err := c.history(id, a); err != nil {
			return err
		}
	}
	return nil
}

func (c *checker) history(id ID, a Address) error {
	var sum, count uint64
	var last Entry
	var spent map[Position]bool
	for e, err := range c.v.History(c.ctx, id, Position{}) {
		if err != nil {
			return err
		}
		if d := last.At.Compare(e.At); count > 0 && (d > 0 || d == 0 && (!last.Out || e.Out)) {
			c.report(e.At, "the history of %s has %s after %s", a, e.At, last.At)
		}
		last = e
		count++
		sum += maphash.Comparable(c.seed, e)
		if e.Spends == (Position{}) {
			continue
		}
		if spent[e.Spends] {
			c.report(e.At, "input %s spends the output at %s again", e.At, e.Spends)
		}
		if spent == nil {
			spent = make(map[Position]bool)
		}
		spent[e.Spends] = true
	}
	c.done.Entries += count
	if sum != c.sums[id] || count != c.counts[id] {
		c.report(Position{}, "the history of %s has %d entries that are not the %d of the blocks", a, count, c.counts[id])
	}
	if n, err := c.v.Entries(id, int(min(count+1, 1<<31-1))); err != nil {
		return err
	} else if uint64(n) != count {
		c.report(Position{}, "%s is said to have %d entries and has %d", a, n, count)
	}
	return nil
}

// event looks for an event by whom it is about and by its passage.
func (c *checker) event(s Stated) error {
	c.done.Events++
	if s.Kind >= eventEnd {
		c.report(s.At, "an event of the unknown kind %d", s.Kind)
		return nil
	}
	c.kindCounts[s.Kind]++
	c.kindSums[s.Kind] += maphash.Comparable(c.seed, s)
	for _, about := range []Address{s.Subject, s.Object} {
		if about.IsZero() {
			continue
		}
		found := false
		for other, err := range c.v.Events(c.ctx, about, s.At) {
			if err != nil {
				return err
			}
			if found = other == s; found || other.At != s.At {
				break
			}
		}
		if !found {
			c.report(s.At, "the %s of %s at %s is not found by %s", s.Kind, s.Protocol, s.At, about)
		}
	}
	if s.Key == "" || s.Kind != Departure && s.Kind != Arrival {
		return nil
	}
	sides, err := c.v.Passages(s.Protocol, s.Key)
	if err == nil && !slices.Contains(sides, s) {
		c.report(s.At, "the %s of %s at %s is not found by its key %x", s.Kind, s.Protocol, s.At, s.Key)
	}
	return err
}

// kinds reads the events again, kind by kind.
func (c *checker) kinds() error {
	for kind := range c.kindCounts {
		var sum, count uint64
		var last Position
		for s, err := range c.v.EventsOf(c.ctx, EventKind(kind), Position{}) {
			if err != nil {
				return err
			}
			if s.At.Compare(last) < 0 {
				c.report(s.At, "the %s at %s comes after %s", s.Kind, s.At, last)
			}
			last = s.At
			count++
			sum += maphash.Comparable(c.seed, s)
		}
		if sum != c.kindSums[kind] || count != c.kindCounts[kind] {
			c.report(Position{}, "the events of kind %s are %d that are not the %d of the blocks", EventKind(kind), count, c.kindCounts[kind])
		}
	}
	return nil
}
