package graph

// Coverage is a range of blocks that was read, and how completely: of a whole
// chain, or of one address. What no coverage names was not looked at.
type Coverage struct {
	Chain    ChainID
	Address  Address // zero: every address of the chain
	From, To uint32  // block heights, both included
	Know     Knowledge
	Source   string
}

// Extend adds the next block to the coverage rows of a chain, which are in
// height order, and returns them: a block that continues the last row with the
// same knowledge and source lengthens it.
func Extend(rows []Coverage, chain ChainID, b *Block) []Coverage {
	if n := len(rows); n > 0 {
		last := &rows[n-1]
		if last.To+1 == b.Height && last.Know == b.Know && last.Source == b.Source {
			last.To = b.Height
			return rows
		}
	}
	return append(rows, Coverage{Chain: chain, From: b.Height, To: b.Height, Know: b.Know, Source: b.Source})
}
