package badger

import (
	"cmp"
	"encoding/binary"
	"errors"
	"slices"

	"spoor/graph"
)

// Coverage is kept as ranges of heights that were read alike, as long as they
// can be.
//
//	coverage | first height 4 | transfers, logs, traces 3 | source | CRC-32C 4 |
func encodeCoverage(r graph.Coverage) row {
	b := bigEndian32(r.From)
	b = append(b, byte(r.Know.Transfers), byte(r.Know.Logs), byte(r.Know.Traces))
	b = append(b, r.Source...)
	key := coverageKey(r.To)
	if !r.Address.IsZero() {
		key = coveredKey(r.Address, r.To)
	}
	return row{key, seal(key, b)}
}

func decodeCoverage(chain graph.ChainID, key, value []byte) (graph.Coverage, error) {
	r := reader{b: value}
	c := graph.Coverage{Chain: chain, To: binary.BigEndian.Uint32(key[len(key)-4:])}
	if b := r.bytes(4); b != nil {
		c.From = binary.BigEndian.Uint32(b)
	}
	c.Know = graph.Knowledge{Transfers: graph.Extent(r.byte()), Logs: graph.Extent(r.byte()), Traces: graph.Extent(r.byte())}
	c.Source = string(r.bytes(uint64(len(r.b))))
	if c.From > c.To || max(c.Know.Transfers, c.Know.Logs, c.Know.Traces) > graph.Full {
		r.fail(errors.New("not a range of blocks"))
	}
	return c, r.end(key)
}

// coverageRows are the rows that reach into a range of heights.
func (s *snapshot) coverageRows(chain graph.ChainID, from, to uint32) ([]graph.Coverage, error) {
	var rows []graph.Coverage
	for cur := s.seek(coverageKey(from)); cur.valid(); cur.next() {
		var c graph.Coverage
		err := cur.value(func(key, value []byte) (err error) {
			c, err = decodeCoverage(chain, key, value)
			return err
		})
		if err != nil {
			return nil, err
		}
		if c.From > to {
			break
		}
		rows = append(rows, c)
	}
	return rows, nil
}

func (v *view) Coverage() ([]graph.Coverage, error) {
	rows, err := v.snap.coverageRows(v.chain.ID, 0, ^uint32(0))
	if err != nil {
		return nil, err
	}
	covered, err := v.snap.coveredRows(v.chain.ID, []byte{prefixCovered})
	return append(rows, covered...), err
}

// coverage rewrites the ranges that the call's blocks lie in or beside.
func (c *call) coverage() error {
	from, to := c.changes[0].new.Height, c.changes[len(c.changes)-1].new.Height
	if from > 0 {
		from--
	}
	if to < ^uint32(0) {
		to++
	}
	stored, err := c.snap.coverageRows(c.chain.ID, from, to)
	if err != nil {
		return err
	}
	var pieces []graph.Coverage
	rest := c.changes
	for _, r := range stored {
		c.drop(coverageKey(r.To))
		for len(rest) > 0 && rest[0].new.Height < r.From {
			rest = rest[1:]
		}
		next, open := r.From, true // what follows of the row
		for len(rest) > 0 && rest[0].new.Height <= r.To {
			if h := rest[0].new.Height; h > next {
				pieces = append(pieces, cut(r, next, h-1))
			}
			next, open = rest[0].new.Height+1, rest[0].new.Height < r.To
			rest = rest[1:]
		}
		if open {
			pieces = append(pieces, cut(r, next, r.To))
		}
	}
	for _, ch := range c.changes {
		pieces = append(pieces, graph.Coverage{From: ch.new.Height, To: ch.new.Height, Know: ch.new.Know, Source: ch.new.Source})
	}
	for _, r := range joinRanges(pieces) {
		c.put(encodeCoverage(r))
	}
	return nil
}

func cut(r graph.Coverage, from, to uint32) graph.Coverage {
	r.From, r.To = from, to
	return r
}

// joinRanges puts ranges that do not overlap in order, and makes one of those
// that touch and were read alike.
func joinRanges(pieces []graph.Coverage) []graph.Coverage {
	slices.SortFunc(pieces, func(a, b graph.Coverage) int { return cmp.Compare(a.From, b.From) })
	var joined []graph.Coverage
	for _, p := range pieces {
		if n := len(joined); n > 0 {
			last := &joined[n-1]
			if last.To+1 == p.From && last.Know == p.Know && last.Source == p.Source {
				last.To = p.To
				continue
			}
		}
		joined = append(joined, p)
	}
	return joined
}
