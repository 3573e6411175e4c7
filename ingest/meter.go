package ingest

import (
	"fmt"
	"maps"
	"sync"
)

// Policy says what happens when one row, transaction or block of a source
// cannot be used.
type Policy uint8

// The policies of --on-error.
const (
	Stop Policy = iota // end with the error; nothing after it is read
	Skip               // count it with its reason and go on
)

// ParsePolicy reads "stop" or "skip".
func ParsePolicy(text string) (Policy, error) {
	switch text {
	case "stop":
		return Stop, nil
	case "skip":
		return Skip, nil
	}
	return 0, fmt.Errorf("--on-error %q: want stop or skip", text)
}

// Problem is one thing of a source that cannot be used.
type Problem struct {
	Where  string // file and line, or block and transaction
	Reason string // few stable words; problems are counted by it
	Err    error
}

func (p Problem) Error() string { return fmt.Sprintf("%s: %s: %s", p.Where, p.Reason, p.Err) }

func (p Problem) Unwrap() error { return p.Err }

// Meter counts what a source has read and what it passed over and why, and how
// far it has come. Its methods may be called from several goroutines.
type Meter struct {
	policy Policy

	mu      sync.Mutex
	read    map[string]uint64
	skipped map[string]uint64
	first   map[string]Problem
	done    int64
	total   int64
	traffic Traffic
}

// NewMeter is a meter whose problems are treated by policy.
func NewMeter(policy Policy) *Meter {
	return &Meter{policy: policy, read: map[string]uint64{}, skipped: map[string]uint64{}, first: map[string]Problem{}}
}

// Count adds to the number of things of a kind that were read and used, such
// as "logs".
func (m *Meter) Count(what string, n uint64) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.read[what] += n
}

// Pass counts something that is no error but carries no value we store, such
// as a log of another event.
func (m *Meter) Pass(reason string, n uint64) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.skipped[reason] += n
}

// Problem reports something that cannot be used. With Skip it is counted and
// nil is returned; with Stop the problem is the error to end with.
func (m *Meter) Problem(p Problem) error {
	if m.policy == Stop {
		return p
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.skipped[p.Reason]++
	if _, known := m.first[p.Reason]; !known {
		m.first[p.Reason] = p
	}
	return nil
}

// Progress tells how far the source has come, in a unit of its own (bytes,
// blocks). A total of 0 is unknown.
func (m *Meter) Progress(done, total int64) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.done, m.total = done, total
}

// Reading is a meter's state at one moment.
type Reading struct {
	Read    map[string]uint64  // by kind
	Skipped map[string]uint64  // by reason
	First   map[string]Problem // the first problem of each reason
	Done    int64
	Total   int64
}

// Reading copies the meter's state.
func (m *Meter) Reading() Reading {
	m.mu.Lock()
	defer m.mu.Unlock()
	return Reading{maps.Clone(m.read), maps.Clone(m.skipped), maps.Clone(m.first), m.done, m.total}
}
