package graph

import (
	"cmp"
	"fmt"
	"slices"
)

// Check reports whether a row can be noted with Ledger.Cover: it names an
// address of the chain and a range of heights.
func (c *Coverage) Check(chain ChainID) error {
	switch {
	case c.Chain != chain || !c.Address.IsZero() && c.Address.Chain != chain:
		return fmt.Errorf("coverage of %s belongs to another chain than %s", c.Address, chain)
	case c.Address.IsZero():
		return fmt.Errorf("coverage of blocks %d to %d names no address; that of whole blocks follows from the blocks", c.From, c.To)
	case c.From > c.To:
		return fmt.Errorf("coverage of %s: block %d is above %d", c.Address, c.From, c.To)
	case max(c.Know.Transfers, c.Know.Logs, c.Know.Traces) > Full:
		return fmt.Errorf("coverage of %s: unknown extent", c.Address)
	}
	return nil
}

// Cover is the coverage of one address after a range of its history was read:
// known is what was noted before, ascending and without overlap, as is the
// result. Where both tell, the more complete of each kind stays, under the name
// of the source that knew something new. Ranges that touch and were read alike
// become one.
func Cover(known []Coverage, read Coverage) []Coverage {
	var pieces []Coverage
	piece := func(c Coverage, from, to uint32) {
		c.From, c.To = from, to
		pieces = append(pieces, c)
	}
	next, open := read.From, true // what of read has no piece yet
	for _, k := range known {
		if k.To < read.From || k.From > read.To {
			pieces = append(pieces, k)
			continue
		}
		if k.From < read.From {
			piece(k, k.From, read.From-1)
		} else if k.From > next {
			piece(read, next, k.From-1)
		}
		both := k
		both.Know = Knowledge{max(k.Know.Transfers, read.Know.Transfers), max(k.Know.Logs, read.Know.Logs), max(k.Know.Traces, read.Know.Traces)}
		if both.Know != k.Know {
			both.Source = read.Source
		}
		end := min(k.To, read.To)
		piece(both, max(k.From, read.From), end)
		if k.To > read.To {
			piece(k, read.To+1, k.To)
		}
		open = end < read.To
		next = end + 1
	}
	if open {
		piece(read, next, read.To)
	}
	slices.SortFunc(pieces, func(a, b Coverage) int { return cmp.Compare(a.From, b.From) })
	joined := pieces[:0]
	for _, p := range pieces {
		if n := len(joined); n > 0 && joined[n-1].To+1 == p.From && joined[n-1].Know == p.Know && joined[n-1].Source == p.Source {
			joined[n-1].To = p.To
			continue
		}
		joined = append(joined, p)
	}
	return joined
}

// Covers reports whether rows tell of every block of a range all that moved at
// an address: rows of the whole chain, and those of the address.
func Covers(rows []Coverage, a Address, from, to uint32) bool {
	all := Knowledge{Full, Full, Full}
	var ranges []Coverage
	for _, r := range rows {
		if r.Know == all && (r.Address.IsZero() && r.Chain == a.Chain || r.Address == a) {
			ranges = append(ranges, r)
		}
	}
	slices.SortFunc(ranges, func(a, b Coverage) int { return cmp.Compare(a.From, b.From) })
	for _, r := range ranges {
		switch {
		case r.From > from:
			return false
		case r.To >= to:
			return true
		case r.To >= from:
			from = r.To + 1
		}
	}
	return false
}
