package cluster

import (
	"context"
	"fmt"

	"spoor/graph"
)

// ServiceShape is how an address behaves that serves many people, for services
// that nobody has labelled. Each sign alone is enough; none of them is proof.
// Zero amounts, fees and what the protocol pays are no dealings with others.
//
// What it gets wrong: a collector of a scam's victims, a payer of wages and a
// popular contract have the shape of a service too, and whoever pays for
// hundreds of addresses of their own can take it on. Ledgers of coins (UTXO)
// name no payers, so there only the number of movements counts.
type ServiceShape struct {
	Transfers int // sign "transfers": so many movements, whatever they are; default 10000

	// The other signs are read from the first Scan movements, up to where the first
	// sign shows: so the verdict stays when the ledger grows. They count once
	// the address has been active for Age seconds: who has dealings with hundreds
	// for an hour pays out an airdrop.
	WalletShape       // sign "counterparties": so many payers and payees; default 200, 200 and 4096
	Age         int64 // seconds; default one day
	Day         int   // sign "rush": so many payers, and so many payees, within 24 hours; default 100
	Swept       int   // sign "sweep": so many payers, of whom few are paid: default 300
	SweepIn     int   // so many payments in for one out, at least; default 10
	SweepOut    int   // payments out, at least; default 10
	SweepShare  int   // percent of them that go to one address, at least; default 90
}

// DefaultServiceTransfers is well above what people make by hand and well below
// the hot wallet of an exchange.
const DefaultServiceTransfers = 10_000

// DefaultServiceShape has thresholds that nobody reaches on generated ledgers but
// those who serve (cluster/eval measures it).
func DefaultServiceShape() ServiceShape {
	return ServiceShape{Transfers: DefaultServiceTransfers, WalletShape: WalletShape{Payers: 200, Payees: 200, Scan: 4096}, Age: day,
		Day: 100, Swept: 300, SweepIn: 10, SweepOut: 10, SweepShare: 90}
}

const day = 24 * 60 * 60

// Service is what tells a service by its behaviour; zero if nothing does.
type Service struct {
	Sign       string // the name of the sign
	Why        string // the sign with its numbers and thresholds
	Confidence int
}

// ServiceRule names the rule that tells services by their behaviour.
const ServiceRule = "service_behaviour"

// serviceConfidence is the GraphSense level of a heuristic.
const serviceConfidence = 10

func (s ServiceShape) say(sign, format string, args ...any) Service {
	return Service{Sign: sign, Why: fmt.Sprintf(format, args...), Confidence: serviceConfidence}
}

// least is the number of movements below which no sign can be there.
func (s *ServiceShape) least() int {
	return min(s.Transfers, s.Payers+s.Payees, 2*s.Day, s.Swept)
}

// Of looks for the signs at an address. An address with fewer movements than
// any sign needs, or with Transfers of them, is only counted; of others no more
// than Scan movements are read.
func (s ServiceShape) Of(ctx context.Context, view graph.View, id graph.ID) (Service, error) {
	n, err := view.Entries(id, s.Transfers)
	switch {
	case err != nil || n < s.least():
		return Service{}, err
	case n >= s.Transfers:
		return s.say("transfers", "%d transfers or more", s.Transfers), nil
	}
	c := conduct{dealings: newDealings(), to: make(map[graph.ID]int), days: [2]recent{newRecent(), newRecent()}}
	block, read := uint32(0), 0
	for e, err := range view.History(ctx, id, graph.Position{}) {
		if err != nil {
			return Service{}, err
		}
		if read == s.Scan {
			break
		}
		read++
		if !c.add(id, &e) {
			continue
		}
		if dealt := c.ins + c.outs; dealt == 0 || e.At.Block != block {
			header, err := view.Header(e.At.Block)
			if err != nil {
				return Service{}, err
			}
			block, c.last = e.At.Block, header.Time
			if dealt == 0 {
				c.first = header.Time
			}
		}
		c.count(&e)
		if found := s.verdict(&c, read); found.Sign != "" {
			return found, nil
		}
	}
	return Service{}, nil
}

func (s *ServiceShape) verdict(c *conduct, read int) Service {
	if c.last-c.first < s.Age {
		return Service{}
	}
	payers, payees := len(c.payers), len(c.payees)
	switch {
	case payers >= s.Payers && payees >= s.Payees:
		return s.say("counterparties", "%d payers and %d payees in its first %d transfers (from %d and %d on)", payers, payees, read, s.Payers, s.Payees)
	case c.days[0].most >= s.Day && c.days[1].most >= s.Day:
		return s.say("rush", "%d payers in 24 h, %d payees in 24 h (from %d on)", c.days[0].most, c.days[1].most, s.Day)
	case payers >= s.Swept && c.outs >= s.SweepOut && c.ins >= s.SweepIn*c.outs && 100*c.favourite >= s.SweepShare*c.outs:
		return s.say("sweep", "%d payers, %d in 24 h; %d of %d payments out sweep to one address (from %d payers, %d payments out, %d in for one out and %d%% on)",
			payers, c.days[0].most, c.favourite, c.outs, s.Swept, s.SweepOut, s.SweepIn, s.SweepShare)
	}
	return Service{}
}

// dealings are the different parties that an address was paid by and paid.
type dealings struct {
	payers, payees map[graph.ID]struct{}
}

func newDealings() dealings {
	return dealings{payers: map[graph.ID]struct{}{}, payees: map[graph.ID]struct{}{}}
}

// add counts an entry of the address, and reports whether it is a dealing with
// another at all.
func (d *dealings) add(self graph.ID, e *graph.Entry) bool {
	if e.Peer == 0 || e.Peer == self || e.Kind.IsFee() || e.Amount.IsZero() {
		return false
	}
	if e.Out {
		d.payees[e.Peer] = struct{}{}
	} else {
		d.payers[e.Peer] = struct{}{}
	}
	return true
}

// conduct is what signs are read from.
type conduct struct {
	dealings
	first, last int64 // when
	ins, outs   int
	to          map[graph.ID]int // payments out, by payee
	favourite   int              // most payments to one payee
	days        [2]recent        // payers, payees
}

// count counts a dealing at the last time.
func (c *conduct) count(e *graph.Entry) {
	if !e.Out {
		c.ins++
		c.days[0].add(e.Peer, c.last)
		return
	}
	c.outs++
	c.to[e.Peer]++
	c.favourite = max(c.favourite, c.to[e.Peer])
	c.days[1].add(e.Peer, c.last)
}

// recent counts different parties within any 24 hours.
type recent struct {
	queue []meeting // of the last 24 hours, in order
	times map[graph.ID]int
	most  int // different parties at once
}

type meeting struct {
	with graph.ID
	time int64
}

func newRecent() recent { return recent{times: make(map[graph.ID]int)} }

func (r *recent) add(with graph.ID, time int64) {
	for len(r.queue) > 0 && r.queue[0].time <= time-day {
		old := r.queue[0].with
		r.queue = r.queue[1:]
		if r.times[old]--; r.times[old] == 0 {
			delete(r.times, old)
		}
	}
	r.queue = append(r.queue, meeting{with, time})
	r.times[with]++
	r.most = max(r.most, len(r.times))
}
