package badger

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"slices"

	"spoor/graph"
)

// The events of a transaction stay packed in its row of the journal until
// somebody asks for them:
//
//	event | place | kind 1 | protocol | emitter | subject | object | asset | amount | key | far |
//	far   | chain | recipient | asset | amount |
//
// Texts, addresses and assets are | length | bytes |; length 0 is none. The
// addresses of events are not numbered: a ledger numbers what value moves
// between.
func encodeEvents(events []graph.Event) []byte {
	var b []byte
	for i := range events {
		e := &events[i]
		b = append(appendSeq(b, e.Seq), byte(e.Kind))
		b = appendText(b, e.Protocol)
		for _, a := range []graph.Address{e.Emitter, e.Subject, e.Object} {
			b = appendBytes(b, a.Bytes())
		}
		var asset []byte
		if e.Asset != (graph.Asset{}) {
			asset = appendAsset(nil, e.Asset)
		}
		b = appendBytes(b, asset)
		b = appendAmount(b, &e.Amount)
		for _, text := range []string{e.Key, e.Far.Chain, e.Far.Recipient, e.Far.Asset} {
			b = appendText(b, text)
		}
		b = appendAmount(b, &e.Far.Amount)
	}
	return b
}

func appendText(b []byte, text string) []byte {
	return append(appendUvarint(b, uint64(len(text))), text...)
}

func appendBytes(b, more []byte) []byte { return append(appendUvarint(b, uint64(len(more))), more...) }

// decodeEvents appends what encodeEvents packed to events.
func decodeEvents(chain graph.ChainID, packed []byte, events []graph.Event) ([]graph.Event, error) {
	r := reader{b: packed}
	for len(r.b) > 0 {
		e := graph.Event{Seq: r.seq(), Kind: graph.EventKind(r.byte()), Protocol: r.text()}
		for _, a := range []*graph.Address{&e.Emitter, &e.Subject, &e.Object} {
			*a = r.address(chain)
		}
		if raw := r.bytes(r.uvarint()); len(raw) > 0 {
			var err error
			if e.Asset, err = readAsset(chain, raw); err != nil {
				r.fail(err)
			}
		}
		r.amount(&e.Amount)
		e.Key = r.text()
		e.Far = graph.Far{Chain: r.text(), Recipient: r.text(), Asset: r.text()}
		r.amount(&e.Far.Amount)
		events = append(events, e)
	}
	if r.err != nil {
		return nil, fmt.Errorf("%w: events of a transaction: %w", graph.ErrDamaged, r.err)
	}
	return events, nil
}

func (r *reader) text() string { return string(r.bytes(r.uvarint())) }

func (r *reader) address(chain graph.ChainID) graph.Address {
	raw := r.bytes(r.uvarint())
	if len(raw) == 0 {
		return graph.Address{}
	}
	a, err := graph.AddressFromBytes(chain, raw)
	if err != nil {
		r.fail(err)
	}
	return a
}

// appendEventKeys appends the keys of the index rows of an event: those of whom
// it is about, of its kind, and of a passage. Events at one place share rows.
func appendEventKeys(keys [][]byte, at graph.Position, e *graph.Event) [][]byte {
	at.Seq = e.Seq
	if !e.Subject.IsZero() {
		keys = append(keys, appendPosition(aboutPrefix(e.Subject), at))
	}
	if !e.Object.IsZero() && e.Object != e.Subject {
		keys = append(keys, appendPosition(aboutPrefix(e.Object), at))
	}
	keys = append(keys, appendPosition(kindPrefix(e.Kind), at))
	if isPassage(e) {
		keys = append(keys, appendPosition(passagePrefix(e.Protocol, e.Key), at))
	}
	return keys
}

// eventKeys are the keys of the index rows of a transaction's events, each
// once, ascending.
func eventKeys(at graph.Position, events []graph.Event) [][]byte {
	var keys [][]byte
	for i := range events {
		keys = appendEventKeys(keys, at, &events[i])
	}
	slices.SortFunc(keys, bytes.Compare)
	return slices.CompactFunc(keys, bytes.Equal)
}

// isPassage tells the events that Passages finds.
func isPassage(e *graph.Event) bool {
	return (e.Kind == graph.Departure || e.Kind == graph.Arrival) && e.Key != ""
}

// hash8 are the first bytes of a SHA-256. Who can choose addresses or keys
// could make those of a weaker hash collide, and lookups slow.
func hash8(parts ...[]byte) []byte {
	h := sha256.New()
	for _, p := range parts {
		h.Write(p)
	}
	return h.Sum(nil)[:shortHash]
}
