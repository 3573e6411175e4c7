package ingest

import "maps"

// Traffic is what went between a source and its nodes.
type Traffic struct {
	Requests uint64            // sent; one may hold many calls
	Calls    uint64            //
	Retries  uint64            // things asked for again
	Faults   map[string]uint64 // answers that could not be used, by kind
}

// Sent counts a request that holds some calls.
func (m *Meter) Sent(calls int) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.traffic.Requests++
	m.traffic.Calls += uint64(calls)
}

// Retried counts something that is asked for again.
func (m *Meter) Retried() {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.traffic.Retries++
}

// Faulted counts an answer that could not be used, or none, by kind.
func (m *Meter) Faulted(kind string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.traffic.Faults == nil {
		m.traffic.Faults = make(map[string]uint64)
	}
	m.traffic.Faults[kind]++
}

// Traffic copies what was counted so far.
func (m *Meter) Traffic() Traffic {
	m.mu.Lock()
	defer m.mu.Unlock()
	t := m.traffic
	t.Faults = maps.Clone(t.Faults)
	return t
}
