package graph

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// Form is how a transaction of a UTXO ledger was written, beside what it moves:
// wallets differ in it, and tell themselves apart by it. It is a fact. The zero
// Form is unknown: the source did not tell. Comparable.
type Form struct {
	Known         bool   // version and lock time are told
	Version       uint32 // as it stands in the transaction; a negative one is its two's complement
	LockTime      uint32 // the height up to which, or from LockTimes on the Unix time until which, it could not be mined; 0: none
	Size          uint32 // in virtual bytes (BIP 141): fees are bid by it; 0 if not told
	Replaceable   Answer // it signals that it may be replaced: a sequence number is below 0xfffffffe (BIP 125)
	InputsSorted  Answer // by transaction and index of the output spent (BIP 69)
	OutputsSorted Answer // by amount and script (BIP 69)
	LowR          Answer // every input has an ECDSA signature, and R of each is below 2^255: its wallet signed until it was
}

// LockTimes is the least lock time that is a time; below it are heights.
const LockTimes = 500_000_000

// Answer is what is known of a question that can be answered by yes or no.
type Answer uint8

// The answers; the numbers are stored and never reused.
const (
	NotTold Answer = iota
	No
	Yes
)

// AnswerOf is Yes or No.
func AnswerOf(yes bool) Answer {
	if yes {
		return Yes
	}
	return No
}

// String is "not told", "no" or "yes".
func (a Answer) String() string {
	if a > Yes {
		return fmt.Sprintf("answer-%d", uint8(a))
	}
	return [...]string{"not told", "no", "yes"}[a]
}

// answers are the questions of a form, in the order in which they are stored.
func (f *Form) answers() [4]*Answer {
	return [...]*Answer{&f.Replaceable, &f.InputsSorted, &f.OutputsSorted, &f.LowR}
}

// Answers are the answers of the form as one byte, two bits each.
func (f Form) Answers() (packed byte) {
	for i, a := range f.answers() {
		packed |= byte(*a) << (2 * i)
	}
	return packed
}

// SetAnswers is the inverse of Answers. It fails for a byte that Answers does not
// give.
func (f *Form) SetAnswers(packed byte) error {
	for i, a := range f.answers() {
		if *a = Answer(packed >> (2 * i) & 3); *a > Yes {
			return fmt.Errorf("form of a transaction: answer %d of question %d", *a, i)
		}
	}
	return nil
}

// Validate checks what every form must keep before it is stored: what is not
// known says nothing.
func (f Form) Validate() error {
	if !f.Known && f != (Form{}) {
		return fmt.Errorf("form of a transaction without version and lock time: %+v", f)
	}
	for _, a := range f.answers() {
		if *a > Yes {
			return fmt.Errorf("form of a transaction: %s", a)
		}
	}
	return nil
}

// Join is what two readings of one transaction tell together. It is not ok if
// they contradict each other.
func (f Form) Join(g Form) (both Form, ok bool) {
	switch {
	case !g.Known:
		return f, true
	case !f.Known:
		return g, true
	case f.Version != g.Version || f.LockTime != g.LockTime || f.Size != 0 && g.Size != 0 && f.Size != g.Size:
		return f, false
	}
	both = f
	both.Size = max(f.Size, g.Size)
	theirs := g.answers()
	for i, a := range both.answers() {
		switch b := *theirs[i]; {
		case *a == NotTold:
			*a = b
		case b != NotTold && b != *a:
			return f, false
		}
	}
	return both, true
}

// String is the form for people, "unknown" if it is.
func (f Form) String() string {
	if !f.Known {
		return "unknown"
	}
	version := strconv.FormatInt(int64(int32(f.Version)), 10)
	parts := []string{"version " + version}
	switch {
	case f.LockTime == 0:
		parts = append(parts, "no lock time")
	case f.LockTime < LockTimes:
		parts = append(parts, fmt.Sprintf("locked up to block %d", f.LockTime))
	default:
		parts = append(parts, "locked until "+time.Unix(int64(f.LockTime), 0).UTC().Format(time.RFC3339))
	}
	if f.Size > 0 {
		parts = append(parts, fmt.Sprintf("%d virtual bytes", f.Size))
	}
	for i, question := range [...]string{"replaceable", "inputs sorted", "outputs sorted", "signatures of low R"} {
		if a := *f.answers()[i]; a != NotTold {
			parts = append(parts, question+": "+a.String())
		}
	}
	return strings.Join(parts, ", ")
}
