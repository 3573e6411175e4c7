package bridge

import (
	"bytes"
	"encoding/binary"

	"github.com/ethereum/go-ethereum/common"

	"spoor/graph"
)

// A Nomad message, offsets in bytes: origin 0, sender 4, nonce 36, destination
// 40, recipient 44, body 76. Its hash is its identity on both sides.
const nomadBody = 76

// nomad reads the router's events; the hash is in the log of home or replica.
func nomad(s *side) ([]graph.Event, error) {
	e, err := s.event()
	if err != nil {
		return nil, err
	}
	if e.Kind == graph.Departure {
		e.Key = s.dispatched(&e)
		return []graph.Event{e}, nil
	}
	// The replica logs Process when the router is done.
	for _, w := range s.witnesses("nomad", "Process") {
		if w.at > s.at {
			id, _ := w.args.at("messageHash").([32]byte)
			e.Key = string(id[:])
			break
		}
	}
	origin, _ := s.args.at("originAndNonce").(uint64)
	e.Far.Chain, err = chainOf("nomad", "nomad", origin>>32)
	return []graph.Event{e}, err
}

// dispatched is the hash of the only message of the transaction that the router
// can have sent for the departure, "" if that is none or more than one.
func (s *side) dispatched(e *graph.Event) string {
	to, _ := s.args.at("toId").([32]byte)
	domain, _ := s.args.at("toDomain").(uint32)
	sum := e.Amount.Bytes32()
	key := ""
	for _, w := range s.witnesses("nomad", "Dispatch") {
		m, _ := w.args.at("message").([]byte)
		id, _ := w.args.at("messageHash").([32]byte)
		if len(m) < nomadBody || keccak(m) != common.Hash(id) || binary.BigEndian.Uint32(m[40:44]) != domain ||
			common.Hash(m[4:36]) != common.BytesToHash(s.log.Address[:]) || !bytes.Contains(m[nomadBody:], to[:]) || !bytes.Contains(m[nomadBody:], sum[:]) {
			continue
		}
		if here, ok := numberOf("nomad", s.tx.Chain); !ok || uint64(binary.BigEndian.Uint32(m[:4])) != here {
			continue
		}
		if key != "" {
			return ""
		}
		key = string(id[:])
	}
	return key
}
