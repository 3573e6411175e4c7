package report

import (
	"fmt"

	"spoor/graph"
	"spoor/trace"
)

// limits says what was not looked at, what is unknown, and what was cut.
func (s *summary) limits() {
	s.title("Not looked at")
	said := s.cut()
	for _, tip := range s.t.Tips {
		said = append(said, chainLimits(tip, s.t.Coverage)...)
	}
	said = append(said, s.unknown()...)
	if len(said) == 0 {
		said = []string{"nothing up to the tips"}
	}
	for _, sentence := range said {
		s.printf("  - %s\n", sentence)
	}
	if len(s.t.Notes) > 0 {
		s.title("Notes")
		for _, note := range s.t.Notes {
			s.printf("  - %s\n", prose(note))
		}
	}
}

// cut says what a bound of the case left unfollowed.
func (s *summary) cut() (said []string) {
	sums := newSums[string]()
	for i := range s.t.Stops {
		if stop := &s.t.Stops[i]; stop.Reason == trace.StopBudget {
			sums.add(stop.Rule, stop.Asset, stop.Tainted.ToBig(), stop.Address)
		}
	}
	for _, l := range sums.list {
		said = append(said, fmt.Sprintf("the bound %s of the case cut the trace: %s %s at %s were not followed further",
			claim(l.key), s.amount(l), s.name(l.info), addressCount(len(l.addresses))))
	}
	return said
}

// unknown sums up value whose arrival was not read.
func (s *summary) unknown() (said []string) {
	sums := newSums[bool]()
	for i := range s.t.Unknowns {
		u := &s.t.Unknowns[i]
		sums.add(u.Opening, u.Asset, u.Amount.ToBig(), u.Address)
	}
	for _, l := range sums.list {
		when := "after stolen value had reached them: the history has gaps"
		switch {
		case s.t.Backward():
			when = "so that no source of it can be told"
		case l.key:
			when = "before stolen value reached them; it lay in front of it and is neither clean nor stolen"
		}
		said = append(said, fmt.Sprintf("%s %s spent by %s whose arrival was not read, %s (unknowns.csv): %s",
			s.amount(l), s.name(l.info), addressCount(len(l.addresses)), when, l.places()))
	}
	return said
}

func addressCount(n int) string {
	if n == 1 {
		return "1 address"
	}
	return fmt.Sprintf("%d addresses", n)
}

// span is a number of blocks between two heights.
type span struct {
	from, to uint32
	ranges   int
	blocks   uint64
}

func (p *span) add(from, to uint32) {
	if p.ranges == 0 {
		p.from = from
	}
	if p.ranges == 0 || from != p.to+1 {
		p.ranges++
	}
	p.to = to
	p.blocks += uint64(to) - uint64(from) + 1
}

func (p *span) String() string {
	switch {
	case p.blocks == 1:
		return fmt.Sprintf("block %d", p.from)
	case p.ranges == 1:
		return fmt.Sprintf("blocks %d–%d", p.from, p.to)
	}
	return fmt.Sprintf("%d blocks in %d ranges between %d and %d", p.blocks, p.ranges, p.from, p.to)
}

// chainLimits says what is missing of a chain up to its tip.
func chainLimits(tip trace.Tip, rows []graph.Coverage) (said []string) {
	var read, unread, someTxs, noTxs, someLogs, noLogs, someCalls, noCalls span
	addresses := make(map[graph.Address]bool)
	next := uint64(0) // first height not seen yet
	for i := range rows {
		r := &rows[i]
		if r.Chain != tip.Chain.ID {
			continue
		}
		if !r.Address.IsZero() {
			addresses[r.Address] = true
			continue
		}
		if uint64(r.From) > next {
			unread.add(uint32(next), r.From-1)
		}
		next = uint64(r.To) + 1
		read.add(r.From, r.To)
		note := func(e graph.Extent, none, some *span) {
			switch e {
			case graph.None:
				none.add(r.From, r.To)
			case graph.Partial:
				some.add(r.From, r.To)
			}
		}
		note(r.Know.Transfers, &noTxs, &someTxs)
		if tip.Chain.Family == graph.AccountFamily {
			note(r.Know.Logs, &noLogs, &someLogs)
			note(r.Know.Traces, &noCalls, &someCalls)
		}
	}
	say := func(p *span, sentence string) {
		if p.ranges > 0 {
			said = append(said, tip.Chain.Alias+": "+fmt.Sprintf(sentence, p))
		}
	}
	if read.ranges == 0 {
		said = append(said, tip.Chain.Alias+": no block was read whole")
	}
	say(&unread, "%s: not read at all")
	say(&noTxs, "the transactions of %s were not read")
	say(&someTxs, "of %s only some transactions were read: others may have moved value unseen")
	say(&noLogs, "logs of %s were not read: tokens may have moved unseen")
	say(&someLogs, "of %s only some logs were read: tokens may have moved unseen")
	say(&noCalls, "internal calls of %s were not read: native value inside contracts may have moved unseen")
	say(&someCalls, "of %s only some internal calls were read: native value inside contracts may have moved unseen")
	if n := len(addresses); n > 0 {
		said = append(said, fmt.Sprintf("%s: of %s only the own history was read (coverage.csv)", tip.Chain.Alias, addressCount(n)))
	}
	return said
}
