package badger

import (
	"bytes"
	"context"
	"fmt"
	"slices"

	"spoor/graph"
)

// Cover notes how completely ranges of single addresses' histories were read.
// Such rows are not computed from blocks: a block read on behalf of one
// address does not tell which histories are complete.
func (l *Ledger) Cover(ctx context.Context, rows ...graph.Coverage) error {
	g, done, err := l.begin()
	if err != nil {
		return fmt.Errorf("cover: %w", err)
	}
	defer done()
	c := l.newCall(g)
	defer c.close()
	covered := make(map[graph.Address][]graph.Coverage)
	for i := range rows {
		r := &rows[i]
		if err := r.Check(l.chain.ID); err != nil {
			return fmt.Errorf("cover: %w", err)
		}
		known, met := covered[r.Address]
		if !met {
			if known, err = c.snap.coveredRows(l.chain.ID, coveredPrefix(r.Address)); err != nil {
				return fmt.Errorf("cover: %w", err)
			}
			for _, old := range known {
				c.drop(coveredKey(old.Address, old.To))
			}
		}
		covered[r.Address] = graph.Cover(known, *r)
	}
	if len(covered) == 0 {
		return nil
	}
	for _, rows := range covered {
		for _, r := range rows {
			c.put(encodeCoverage(r))
		}
	}
	if err := l.commit(ctx, g, c); err != nil {
		return fmt.Errorf("cover: %w", err)
	}
	return nil
}

// coveredRows are the rows of single addresses whose keys have a prefix, by
// address.
func (s *snapshot) coveredRows(chain graph.ChainID, prefix []byte) ([]graph.Coverage, error) {
	var rows []graph.Coverage
	for cur := s.seek(prefix); cur.has(prefix); cur.next() {
		err := cur.value(func(key, value []byte) error {
			raw, _ := splitCoveredKey(key)
			c, err := decodeCoverage(chain, key, value)
			if err == nil {
				c.Address, err = graph.AddressFromBytes(chain, bytes.Clone(raw))
			}
			rows = append(rows, c)
			return damaged(err)
		})
		if err != nil {
			return nil, err
		}
	}
	// Keys sort shorter addresses first.
	slices.SortStableFunc(rows, func(a, b graph.Coverage) int { return a.Address.Compare(b.Address) })
	return rows, nil
}

// cutCovered takes back coverage of addresses from a height on.
func (c *call) cutCovered(from uint32) error {
	rows, err := c.snap.coveredRows(c.chain.ID, []byte{prefixCovered})
	if err != nil {
		return err
	}
	for _, r := range rows {
		if r.To < from {
			continue
		}
		c.drop(coveredKey(r.Address, r.To))
		if r.From < from {
			c.put(encodeCoverage(cut(r, r.From, from-1)))
		}
	}
	return nil
}
