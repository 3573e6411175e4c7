package explorer

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"

	"spoor/graph"
)

// A cell is one value of an answer. APIs write numbers as texts or as numbers
// and leave out what they do not know; all of that is read here, and whether a
// cell must be there is said where it is used. What is there and cannot be
// parsed is an error, never zero.
type cell struct {
	text string
	set  bool
}

// UnmarshalJSON takes a text, a number or a boolean as it is written; null and
// "" are nothing.
func (c *cell) UnmarshalJSON(raw []byte) error {
	*c = cell{}
	switch raw[0] {
	case '{', '[':
		return fmt.Errorf("%.40s where one value was expected", raw)
	case 'n':
		return nil
	case '"':
		if err := json.Unmarshal(raw, &c.text); err != nil {
			return err
		}
	default:
		c.text = string(raw)
	}
	c.set = c.text != ""
	return nil
}

// cells reads the cells of one row; the first error stays.
type cells struct {
	chain graph.Chain
	err   error
}

func (r *cells) fail(name string, err error) {
	if r.err == nil {
		r.err = fmt.Errorf("field %s: %w", name, err)
	}
}

var errEmpty = errors.New("missing")

func (r *cells) amount(name string, c cell) graph.Amount {
	a, err := graph.ParseAmount(c.text)
	if err != nil {
		r.fail(name, err)
	}
	return a
}

// maybeAmount is nil for a cell that is not there.
func (r *cells) maybeAmount(name string, c cell) *graph.Amount {
	if !c.set {
		return nil
	}
	a := r.amount(name, c)
	return &a
}

func (r *cells) uint(name string, c cell, most uint64) uint64 {
	n, err := strconv.ParseUint(c.text, 10, 64)
	switch {
	case !c.set:
		r.fail(name, errEmpty)
	case err != nil || n > most:
		r.fail(name, fmt.Errorf("%.40q is no number up to %d", c.text, most))
	}
	return n
}

func (r *cells) height(name string, c cell) uint32 {
	return uint32(r.uint(name, c, math.MaxUint32))
}

// index is a transaction's place in its block, unplaced if it is not told.
func (r *cells) index(name string, c cell) uint32 {
	if !c.set {
		return unplaced
	}
	return uint32(r.uint(name, c, firstUnplaced-1))
}

// time is in unix seconds, or RFC 3339.
func (r *cells) time(name string, c cell) int64 {
	if strings.ContainsAny(c.text, "T:") {
		at, err := time.Parse(time.RFC3339, c.text)
		if err != nil {
			r.fail(name, fmt.Errorf("%.40q is no time", c.text))
		}
		return at.Unix()
	}
	return int64(r.uint(name, c, math.MaxInt64))
}

func (r *cells) hash(name string, c cell) graph.Hash {
	h := r.maybeHash(name, c)
	if h.IsZero() {
		r.fail(name, errEmpty)
	}
	return h
}

func (r *cells) maybeHash(name string, c cell) graph.Hash {
	if !c.set {
		return graph.Hash{}
	}
	h, err := graph.ParseHash(c.text)
	if err != nil {
		r.fail(name, err)
	}
	return h
}

func (r *cells) address(name string, c cell) graph.Address {
	if !c.set {
		r.fail(name, errEmpty)
	}
	return r.maybeAddress(name, c)
}

func (r *cells) maybeAddress(name string, c cell) graph.Address {
	if !c.set {
		return graph.Address{}
	}
	a, err := graph.ParseAddress(r.chain, c.text)
	if err != nil {
		r.fail(name, err)
	}
	return a
}

// flag reads 0, 1, true and false; nil for a cell that is not there.
func (r *cells) flag(name string, c cell) *bool {
	if !c.set {
		return nil
	}
	v, err := strconv.ParseBool(c.text)
	if err != nil {
		r.fail(name, fmt.Errorf("%.40q is neither 0 nor 1", c.text))
	}
	return &v
}

// decimals is what a token says about itself; -1 if it says nothing usable.
func (c cell) decimals() int {
	n, err := strconv.ParseUint(c.text, 10, 8)
	if err != nil {
		return -1
	}
	return int(n)
}
