package cluster

import (
	"fmt"
	"strings"
)

// Protocol is what a transaction of a UTXO ledger was recognised as.
type Protocol uint8

// The protocols. A Whirlpool Tx0 prepares coins of one owner for a mix and is
// no CoinJoin. Of a Stonewall and an equal-output shape it is not known whether
// one or several take part: they merge nothing, but end no trace.
const (
	NoProtocol       Protocol = iota
	Wasabi10                  // Wasabi 1.0: one denomination
	Wasabi11                  // Wasabi 1.1: mixing levels, each twice the one before
	WabiSabi                  // Wasabi 2 and its successors: a set of denominations
	WhirlpoolMix              // a round of a Whirlpool pool
	WhirlpoolTx0              // a wallet splits its coins for a pool
	JoinMarket                // three or more equal outputs, each with its change
	EqualOutput               // equal outputs, before JoinMarket or without change
	EqualOutputShape          // the shape without the safeguards: two parties, asset trades, batches
	Stonewall                 // a payment and its decoy of the same value
	protocolEnd
)

// String is the protocol's name.
func (p Protocol) String() string {
	if p >= protocolEnd {
		return fmt.Sprintf("protocol-%d", uint8(p))
	}
	return [protocolEnd]string{"none", "wasabi-1.0", "wasabi-1.1", "wabisabi", "whirlpool-mix", "whirlpool-tx0",
		"joinmarket", "equal-output", "equal-output-shape", "stonewall"}[p]
}

// Finding is what a detector says of a transaction, and how sure it is.
// Detectors disagree, so it names the one that spoke. The zero Finding says
// that none did.
type Finding struct {
	Protocol      Protocol
	Detector      string   // its name and version
	Confidence    uint8    // 0 to 100
	AnonymitySet  int      // outputs of one value among which an owner hides; 0 for a Tx0
	Denominations []uint64 // the values that repeat, in satoshi, ascending; of a Tx0 the premix value
	Tied          int      // changes that fit an input less the equal value
	Pool          string   // of Whirlpool: its size in satoshi, and who runs it
	Coordinator   string   // "" if not known
}

// Mixes reports whether the transaction is a CoinJoin: who owns which output is
// hidden.
func (f Finding) Mixes() bool {
	switch f.Protocol {
	case Wasabi10, Wasabi11, WabiSabi, WhirlpoolMix, JoinMarket, EqualOutput:
		return true
	}
	return false
}

// Shared reports whether the inputs may be of several owners, so that they
// prove nothing in common and no output is change.
func (f Finding) Shared() bool {
	return f.Protocol != NoProtocol && f.Protocol != WhirlpoolTx0
}

// String is the finding in one line: protocol, detector, anonymity set, pool and
// coordinator.
func (f Finding) String() string {
	if f.Protocol == NoProtocol {
		return "none"
	}
	var b strings.Builder
	fmt.Fprintf(&b, "%s (detector %s)", f.Protocol, f.Detector)
	if f.AnonymitySet > 0 {
		fmt.Fprintf(&b, ": %d equal outputs", f.AnonymitySet)
	}
	if f.Tied >= tiedLeast {
		fmt.Fprintf(&b, ", %d changes fit an input", f.Tied)
	}
	if f.Pool != "" {
		fmt.Fprintf(&b, ", pool %s", f.Pool)
	}
	if f.Coordinator != "" {
		fmt.Fprintf(&b, ", coordinator %s", f.Coordinator)
	}
	return b.String()
}

// A detector looks for one protocol. Where it finds none it says which of its
// conditions failed first.
type detector struct {
	name string // and version: a change of its conditions is a new version
	find func(p *Payment, e *equals) (f Finding, why string, err error)
}

// none is the answer of a detector that found nothing.
func none(why string) (Finding, string, error) { return Finding{}, why, nil }

// detectors in the order in which they are asked, the most specific first.
var detectors = [...]detector{
	{"whirlpool/1", whirlpoolMix},
	{"whirlpool-tx0/1", whirlpoolTx0},
	{"wasabi1/1", wasabi1},
	{"wabisabi/1", wabisabi},
	{"equal-output/2", joinMarket},
	{"stonewall/1", stonewall},
	{"equal-output-shape/1", equalShape},
	{"stonewall-shape/1", stonewallShape},
}

// Recognise is the finding of the first detector that speaks, else the zero
// Finding. It fails only where the ledger cannot be read.
func Recognise(p *Payment) (Finding, error) {
	if p.plain() != "" {
		return Finding{}, nil
	}
	e := equalOutputs(p.Outputs)
	for _, d := range detectors {
		f, _, err := d.find(p, &e)
		if err != nil {
			return Finding{}, err
		}
		if f.Protocol != NoProtocol {
			f.Detector = d.name
			return f, nil
		}
	}
	return Finding{}, nil
}

// Rejection is why a detector found nothing.
type Rejection struct {
	Detector  string
	Condition string // the first that failed
}

// Explain lists why the detectors found nothing, up to the one that did.
func Explain(p *Payment) (list []Rejection, err error) {
	if why := p.plain(); why != "" {
		return []Rejection{{"any", why}}, nil
	}
	e := equalOutputs(p.Outputs)
	for _, d := range detectors {
		f, why, err := d.find(p, &e)
		if err != nil || f.Protocol != NoProtocol {
			return list, err
		}
		list = append(list, Rejection{d.name, why})
	}
	return list, nil
}

// plain is why no detector is asked, "" if they are.
func (p *Payment) plain() string {
	switch {
	case len(p.Inputs) == 0:
		return "a coinbase"
	case len(p.Outputs) < 3:
		return "fewer than three outputs"
	case total(p.Inputs) < total(p.Outputs):
		return "inputs are not in the store"
	}
	return ""
}
