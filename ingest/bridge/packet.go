package bridge

import (
	"encoding/binary"

	"github.com/ethereum/go-ethereum/common"

	"spoor/graph"
)

// packetHead is what identifies a LayerZero v1 packet, at the head of its
// payload: nonce 8, source chain 2, source application 20, destination chain 2,
// destination application 20 (XChainDataGen).
const packetHead = 52

// packet reads passages of LayerZero v1. The packet's number is in the log of
// the network's contract; where a transaction has as many packets as passages,
// they belong together in order.
func packet(s *side) ([]graph.Event, error) {
	e, err := s.event()
	if err != nil {
		return nil, err
	}
	if subject := common.BytesToAddress(e.Subject.Bytes()); s.row.Amount == "" {
		s.pooled(&e, subject)
	} else {
		e.Asset, _ = s.oftAsset(e.Kind, subject, e.Amount)
	}
	nth, total := 0, 0
	for i := range s.tx.Logs {
		l := &s.tx.Logs[i]
		if len(l.Topics) == 0 {
			continue
		}
		if row := s.table.events[l.Topics[0]]; row != nil && row.Read == "packet" && row.Side == s.row.Side {
			total++
			if i < s.at {
				nth++
			}
		}
	}
	if keys := s.packets(e.Kind); len(keys) == total {
		e.Key = keys[nth]
	}
	return []graph.Event{e}, nil
}

// pooled finds what a Stargate pool takes from (gives to) an account: its event
// has shared decimals, the token's own Transfer has the exact amount.
func (s *side) pooled(e *graph.Event, party common.Address) {
	var found []movement
	for _, m := range s.movements() {
		if e.Kind == graph.Departure && m.from == party && m.to == s.log.Address || e.Kind == graph.Arrival && m.from == s.log.Address && m.to == party {
			found = append(found, m)
		}
	}
	if len(found) == 1 {
		e.Asset, e.Amount = s.erc20(found[0].token), found[0].amount
	}
}

// packets are the keys of the packets that are sent (received) in the
// transaction.
func (s *side) packets(kind graph.EventKind) []string {
	var out []string
	if kind == graph.Departure {
		for _, w := range s.witnesses("stargate-v1", "Packet") {
			if p, _ := w.args.at("payload").([]byte); len(p) >= packetHead {
				out = append(out, string(p[:packetHead]))
			}
		}
		return out
	}
	here, ok := numberOf("layerzero1", s.tx.Chain)
	if !ok {
		return nil
	}
	for _, w := range s.witnesses("stargate-v1", "PacketReceived") {
		nonce, _ := w.args.at("nonce").(uint64)
		source, _ := w.args.at("srcChainId").(uint16)
		from, _ := w.args.at("srcAddress").([]byte)
		to, _ := w.args.at("dstAddress").(common.Address)
		if len(from) != 20 {
			continue
		}
		b := binary.BigEndian.AppendUint64(nil, nonce)
		b = binary.BigEndian.AppendUint16(b, source)
		b = binary.BigEndian.AppendUint16(append(b, from...), uint16(here))
		out = append(out, string(append(b, to[:]...)))
	}
	return out
}
