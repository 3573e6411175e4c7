package ethereum

import (
	"encoding/hex"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/ethereum/go-ethereum/common"

	"spoor/graph"
)

// cells reads typed values out of a row and keeps the first error, which names
// file, line and column.
type cells struct {
	*row
	err error
}

func (c *cells) text(column string) string {
	i := slices.Index(c.table.needed, column)
	if i < 0 {
		if i = slices.Index(c.table.optional, column); i < 0 {
			panic("no column " + column + " in " + c.table.name)
		}
		i += len(c.table.needed)
	}
	return c.cells[i]
}

func (c *cells) fail(column string, err error) {
	if c.err == nil {
		c.err = fmt.Errorf("%s: %s: %w", c.where(), column, err)
	}
}

func (c *cells) has(column string) bool { return c.text(column) != "" }

func (c *cells) uint(column string, bits int) uint64 {
	n, err := strconv.ParseUint(c.text(column), 10, bits)
	if err != nil {
		c.fail(column, fmt.Errorf("%.80q is not a whole number below 2^%d, digits only", c.text(column), bits))
	}
	return n
}

func (c *cells) amount(column string) graph.Amount {
	a, err := graph.ParseAmount(c.text(column))
	if err != nil {
		c.fail(column, err)
	}
	return a
}

// maybe is the amount, nil if the cell is empty.
func (c *cells) maybe(column string) *graph.Amount {
	if !c.has(column) {
		return nil
	}
	a := c.amount(column)
	return &a
}

func (c *cells) hash(column string) graph.Hash {
	h, err := graph.ParseHash(c.text(column))
	if err != nil {
		c.fail(column, err)
	}
	return h
}

// maybeHash is the hash, zero if the cell is empty.
func (c *cells) maybeHash(column string) graph.Hash {
	if !c.has(column) {
		return graph.Hash{}
	}
	return c.hash(column)
}

func (c *cells) address(column string) common.Address {
	a, err := parseAccount(c.text(column))
	if err != nil {
		c.fail(column, err)
	}
	return a
}

// maybeAddress is the address, nil if the cell is empty.
func (c *cells) maybeAddress(column string) *common.Address {
	if !c.has(column) {
		return nil
	}
	a := c.address(column)
	return &a
}

func (c *cells) bytes(column string) []byte {
	raw, err := hex.DecodeString(strings.TrimPrefix(c.text(column), "0x"))
	if err != nil {
		c.fail(column, fmt.Errorf("%.80q is not hex: %w", c.text(column), err))
	}
	return raw
}

// truth reads Python's and JSON's booleans.
func (c *cells) truth(column string) bool {
	switch c.text(column) {
	case "True", "true", "1":
		return true
	case "False", "false", "0", "":
		return false
	}
	c.fail(column, fmt.Errorf("%.40q is neither true nor false", c.text(column)))
	return false
}

func parseAccount(text string) (a common.Address, err error) {
	digits, ok := strings.CutPrefix(text, "0x")
	if ok && len(digits) == 2*common.AddressLength {
		if _, err = hex.Decode(a[:], []byte(digits)); err == nil {
			return a, nil
		}
	}
	return common.Address{}, fmt.Errorf("%w: %.80q; want 0x and 40 hex digits", graph.ErrAddress, text)
}
