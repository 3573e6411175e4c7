package trace

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"spoor/graph"
)

// Seed says which value is followed. Its text is
//
//	CHAIN:TXHASH                       what the transaction's net receivers gained
//	CHAIN:TXHASH:SEQ                   one movement of it, as log:391 or out:1
//	CHAIN:ADDRESS[/ASSET][@WHEN][=N]   what the address holds after WHEN (a block height or a
//	                                   time, default the beginning) and all that reaches it later;
//	                                   in every asset unless one is named; N base units at most
//
// CHAIN is a CAIP-2 id or an alias.
type Seed struct {
	Chain graph.Chain

	Tx      graph.Hash // by transaction
	Seq     graph.Seq
	OneMove bool // only the movement at Seq

	Address  graph.Address // by address
	Asset    graph.Asset   // zero: every asset
	After    int64         // unix seconds; with HasTime
	Block    uint32        // height; with HasBlock
	HasTime  bool
	HasBlock bool
	Limit    graph.Amount // with HasLimit, base units
	HasLimit bool

	text string
}

// ErrSeed is returned for text that names no seed.
var ErrSeed = errors.New("not a seed")

// ParseSeed reads a seed reference.
func ParseSeed(text string) (Seed, error) {
	fail := func(err error) (Seed, error) {
		return Seed{}, fmt.Errorf("%w: %.120q: %w; want CHAIN:TXHASH[:SEQ] or CHAIN:ADDRESS[/ASSET][@TIME|BLOCK][=AMOUNT]", ErrSeed, text, err)
	}
	name, rest, ok := strings.Cut(text, ":")
	if !ok {
		return fail(errors.New("no chain"))
	}
	if name == "eip155" || name == "bip122" {
		var reference string
		if reference, rest, ok = strings.Cut(rest, ":"); !ok {
			return fail(errors.New("nothing after the chain"))
		}
		name += ":" + reference
	}
	chain, err := graph.ParseChain(name)
	if err != nil {
		return fail(err)
	}
	s := Seed{Chain: chain, text: text}
	hash, seq, hasSeq := strings.Cut(rest, ":")
	if s.Tx, err = graph.ParseHash(hash); err == nil {
		if hasSeq {
			s.OneMove = true
			if s.Seq, err = graph.ParseSeq(seq); err != nil {
				return fail(err)
			}
		}
		return s, nil
	}
	rest, limit, hasLimit := strings.Cut(rest, "=")
	if s.HasLimit = hasLimit; hasLimit {
		if s.Limit, err = graph.ParseAmount(limit); err != nil {
			return fail(err)
		}
	}
	rest, when, hasWhen := strings.Cut(rest, "@")
	if hasWhen {
		if err := s.parseWhen(when); err != nil {
			return fail(err)
		}
	}
	address, asset, hasAsset := strings.Cut(rest, "/")
	if s.Address, err = graph.ParseAddress(chain, address); err != nil {
		return fail(err)
	}
	if hasAsset {
		if s.Asset, err = graph.ParseAsset(chain, asset); err != nil {
			return fail(err)
		}
	} else if hasLimit {
		return fail(errors.New("an amount needs its asset, as in ADDRESS/native=1000"))
	}
	return s, nil
}

func (s *Seed) parseWhen(text string) error {
	if height, err := strconv.ParseUint(text, 10, 32); err == nil {
		s.Block, s.HasBlock = uint32(height), true
		return nil
	}
	at, err := time.Parse(time.RFC3339, text)
	if err != nil {
		return fmt.Errorf("@%.40s is neither a block height nor a time such as 2024-07-16T12:00:00Z", text)
	}
	s.After, s.HasTime = at.Unix(), true
	return nil
}

// String is the reference as it was written.
func (s Seed) String() string { return s.text }

// byTx reports whether the seed is a transaction's movement.
func (s Seed) byTx() bool { return s.Address.IsZero() }
