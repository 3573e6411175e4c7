package graph

import (
	"fmt"
	"strings"
)

// EventKind says what an event states.
type EventKind uint8

// The kinds; the numbers are stored and never reused.
const (
	Departure    EventKind = iota + 1 // value leaves this chain through a bridge: Subject is who sends it
	Arrival                           // value comes out of a bridge: Subject is who receives it
	Created                           // Object has made the contract Subject
	OwnerAdded                        // Object may sign for Subject, as an owner of a Safe
	OwnerRemoved                      // Object may no longer sign for Subject
	Delegated                         // the account Subject runs the code of Object (EIP-7702); Object is zero when it stops
	Frozen                            // the issuer Emitter no longer lets Subject move Asset; all it issues if Asset is zero
	Unfrozen                          // the issuer lets Subject move it again
	Mixed                             // Subject put value into the mixer Emitter; Key names the deposit
	TakenBack                         // Subject took back from the mixer Emitter, openly, what Subject had put in as Key
	eventEnd
)

var eventNames = [eventEnd]string{"", "departure", "arrival", "created", "owner_added", "owner_removed", "delegated", "frozen", "unfrozen", "mixed", "taken_back"}

// String is the kind's name as written in CSV.
func (k EventKind) String() string {
	if k < eventEnd {
		return eventNames[k]
	}
	return fmt.Sprintf("event-%d", uint8(k))
}

// Event is what a transaction states besides moving value. It is a fact that
// it was stated, by whom: whether Emitter is who it says it is, is for the
// reader to judge. Comparable.
type Event struct {
	Seq      Seq       // the log or call that states it; several events may share one
	Kind     EventKind //
	Protocol string    // the rule that read it, such as "across-v3", "safe" or "usdt"
	Emitter  Address   // the contract that states it; zero where the chain itself does
	Subject  Address   // whom it is about
	Object   Address   // who else, by kind; zero for nobody
	Asset    Asset     // zero if none
	Amount   Amount    //
	Key      string    // of a passage: the raw bytes both of its sides share, "" if it has none
	Far      Far       // of a passage: the other side, as far as this one tells
}

// Unproven ends the protocol of an event whose emitter is not known to be of
// it: anybody may have stated it, and no trace may follow it by itself. Under
// its own name it never meets the key of a proven one.
const Unproven = "?"

// Proven is the event's protocol without the mark of an unproven one, and
// whether it has none.
func (e *Event) Proven() (protocol string, proven bool) {
	protocol, marked := strings.CutSuffix(e.Protocol, Unproven)
	return protocol, !marked
}

// Far is what one side of a bridge passage tells about the other.
type Far struct {
	Chain     string // CAIP-2 id, or protocol and number ("nomad:1650811245") of a chain that is not in the chain table; "" if not told
	Recipient string // raw bytes of the receiver there, as the event has them without padding; "" if not told
	Asset     string // raw bytes of the token there, "" if not told
	Amount    Amount // zero if not told
}

// Stated is an event with its place in the ledger.
type Stated struct {
	At   Position // its Seq is the event's
	Tx   Hash
	Time int64
	Event
}

// Validate checks what every event must keep before it is stored.
func (e *Event) Validate(chain ChainID) error {
	switch {
	case e.Kind == 0 || e.Kind >= eventEnd:
		return fmt.Errorf("unknown kind of event %d", e.Kind)
	case e.Protocol == "":
		return fmt.Errorf("%s: no protocol", e.Kind)
	case len(e.Protocol) > 255 || len(e.Key) > 255 || len(e.Far.Chain) > 255 || len(e.Far.Recipient) > 255 || len(e.Far.Asset) > 255:
		return fmt.Errorf("%s: a text of more than 255 bytes", e.Kind)
	case e.Subject.IsZero() && e.Object.IsZero() && e.Key == "":
		return fmt.Errorf("%s: about nobody", e.Kind)
	}
	for _, a := range []Address{e.Emitter, e.Subject, e.Object} {
		if !a.IsZero() && a.Chain != chain {
			return fmt.Errorf("%s: %s belongs to another chain than %s", e.Kind, a, chain)
		}
	}
	if e.Asset != (Asset{}) && (e.Asset.Chain != chain || !e.Asset.Contract.IsZero() && e.Asset.Contract.Chain != chain) {
		return fmt.Errorf("%s: the asset belongs to another chain than %s", e.Kind, chain)
	}
	return nil
}
