package bridge

import (
	"encoding/binary"

	"github.com/ethereum/go-ethereum/common"

	"spoor/graph"
)

// A LayerZero v2 packet, offsets in bytes (XChainDataGen): version 0, nonce 1,
// source eid 9, sender 13, destination eid 45, receiver 49, guid 81, message 113.
type packetV2 struct {
	sender, guid common.Hash
	message      []byte
}

const packetMessage = 113

// A Stargate v2 message, from memory: type 0 (1 taxi, 2 bus); a taxi's
// passenger follows at 1 without the drop, a bus has two counts of 16 bytes
// first. A passenger: asset 0, receiver 2, amount in shared decimals 34, drop 42.
const (
	taxiType      = 1
	taxiSize      = 43
	busType       = 2
	busHead       = 33
	passengerSize = 43
	receiverAt    = 2
)

// sent are the packets that the endpoint sends in the transaction.
func (in *input) sent() []packetV2 {
	var out []packetV2
	for _, w := range in.witnesses("layerzero-v2", "PacketSent") {
		p, _ := w.args.at("encodedPayload").([]byte)
		if len(p) < packetMessage {
			continue
		}
		out = append(out, packetV2{common.Hash(p[13:45]), common.Hash(p[81:113]), p[packetMessage:]})
	}
	return out
}

// guid is the id of a LayerZero v2 packet.
func guid(nonce uint64, source uint32, sender common.Hash, destination uint32, receiver common.Hash) common.Hash {
	b := binary.BigEndian.AppendUint64(nil, nonce)
	b = binary.BigEndian.AppendUint32(b, source)
	b = append(b, sender[:]...)
	b = binary.BigEndian.AppendUint32(b, destination)
	return keccak(b, receiver[:])
}

// oft reads OFTSent and OFTReceived. Of a listed pool they are Stargate's, if
// the packet is one of its messenger. Any other contract proves itself by a
// packet of its own and by being the token that it burns or issues: what then
// goes on is the same issuer's token, whoever that is.
func oft(s *side) ([]graph.Event, error) {
	e := graph.Event{Seq: s.seq, Kind: graph.Departure, Emitter: s.address(s.log.Address)}
	far, who, what := "dstEid", "fromAddress", "amountSentLD"
	if s.row.Side == "arrival" {
		e.Kind = graph.Arrival
		far, who, what = "srcEid", "toAddress", "amountReceivedLD"
	}
	id, _ := s.args.at("guid").([32]byte)
	subject, err := account(s.args.at(who))
	if err != nil {
		return nil, err
	}
	e.Subject = s.address(subject)
	if e.Amount, err = amount(s.args.at(what)); err != nil {
		return nil, err
	}
	if e.Far.Chain, err = chainOf("layerzero", "layerzero", s.args.at(far)); err != nil {
		return nil, err
	}
	nativePool := s.table.lists("layerzero-v2", "native_pool", s.tx.Chain, s.log.Address)
	pool := nativePool || s.table.lists("layerzero-v2", "token_pool", s.tx.Chain, s.log.Address)
	own := false // it burns or issues its own token
	switch {
	case nativePool:
		e.Asset = s.native
	default:
		e.Asset, own = s.oftAsset(e.Kind, subject, e.Amount)
	}
	if e.Kind == graph.Departure {
		if e.Far.Amount, err = amount(s.args.at("amountReceivedLD")); err != nil {
			return nil, err
		}
		s.ride(&e, id, pool, own)
	} else {
		s.alight(&e, id, subject, pool, own)
	}
	return []graph.Event{e}, nil
}

// oftAsset is the token that a contract takes (gives), or burns (issues).
func (s *side) oftAsset(kind graph.EventKind, party common.Address, amount graph.Amount) (asset graph.Asset, own bool) {
	for _, m := range s.movements() {
		burnt := kind == graph.Departure && m.to == (common.Address{})
		issued := kind == graph.Arrival && m.from == (common.Address{}) && m.to == party
		if m.token == s.log.Address && (burnt || issued) && m.amount == amount {
			return s.erc20(m.token), true
		}
	}
	return s.movedAsset(kind, amount), false
}

// ride gives a departure its protocol and key: by packet, or by ticket.
func (s *side) ride(e *graph.Event, id common.Hash, pool, own bool) {
	e.Protocol = marked("layerzero-v2", false)
	if pool {
		e.Protocol = marked("stargate-v2", false)
	}
	if id == (common.Hash{}) {
		s.board(e, pool)
		return
	}
	for _, p := range s.sent() {
		if p.guid != id {
			continue
		}
		switch {
		case pool && s.messenger(p.sender) && len(p.message) >= taxiSize && p.message[0] == taxiType:
			receiver := common.Hash(p.message[1+receiverAt : 1+receiverAt+32])
			e.Protocol, e.Key = "stargate-v2", stargateKey(id, receiver, 0)
			e.Far.Recipient, _ = raw(receiver)
		case !pool && p.sender == common.BytesToHash(s.log.Address[:]):
			e.Protocol, e.Key = marked("layerzero-v2", own), string(id[:])
			if len(p.message) >= 40 { // an OFT's message: receiver 32, amount 8
				e.Far.Recipient, _ = raw(common.Hash(p.message[:32]))
			}
		}
		return
	}
	if !pool {
		e.Key = string(id[:])
	}
}

// board gives a ride in the bus the key of its ticket, which is the last that
// was sold before.
func (s *side) board(e *graph.Event, pool bool) {
	for _, w := range s.witnesses("stargate-v2-bus", "BusRode") {
		if w.at > s.at || w.args.at("dstEid") != s.args.at("dstEid") {
			continue
		}
		if source, ok := numberOf("layerzero", s.tx.Chain); ok {
			key, err := words(source, w.args.at("dstEid"), w.args.at("ticketId"))
			if err != nil {
				continue
			}
			e.Protocol, e.Key = marked("stargate-v2-bus", pool), key
			if p, _ := w.args.at("passenger").([]byte); len(p) == passengerSize {
				e.Far.Recipient, _ = raw(common.Hash(p[receiverAt : receiverAt+32]))
			}
		}
	}
}

func (s *side) messenger(sender common.Hash) bool {
	return isAccount(sender) && s.table.lists("layerzero-v2", "messaging", s.tx.Chain, common.BytesToAddress(sender[12:]))
}

// stargateKey tells passengers of a packet apart who have different receivers,
// and the nth of those who have the same. Their order alone would not do: one
// who cannot be paid is left out.
func stargateKey(id, receiver common.Hash, nth int) string {
	key, _ := words(id, receiver, uint64(nth))
	return key
}

// alight gives an arrival its protocol and key. The endpoint's log has no guid;
// it is computed from what it has.
func (s *side) alight(e *graph.Event, id common.Hash, to common.Address, pool, own bool) {
	e.Protocol, e.Key = marked("layerzero-v2", false), string(id[:])
	receiver := common.BytesToHash(to[:])
	if pool {
		nth := 0
		for i := range s.tx.Logs[:s.at] {
			l := &s.tx.Logs[i]
			if len(l.Topics) == 3 && l.Topics[0] == s.log.Topics[0] && l.Topics[1] == id && l.Topics[2] == s.log.Topics[2] {
				nth++
			}
		}
		e.Protocol, e.Key = marked("stargate-v2", false), stargateKey(id, receiver, nth)
	}
	here, ok := numberOf("layerzero", s.tx.Chain)
	if !ok {
		return
	}
	for _, w := range s.witnesses("layerzero-v2", "PacketDelivered") {
		source, _ := w.args.at("origin.srcEid").(uint32)
		sender, _ := w.args.at("origin.sender").([32]byte)
		nonce, _ := w.args.at("origin.nonce").(uint64)
		app, _ := w.args.at("receiver").(common.Address)
		if guid(nonce, source, sender, uint32(here), common.BytesToHash(app[:])) != id {
			continue
		}
		if pool && s.messenger(common.BytesToHash(app[:])) {
			e.Protocol = "stargate-v2"
		}
		if !pool && app == s.log.Address {
			e.Protocol = marked("layerzero-v2", own)
		}
	}
}

// bus reads BusDriven: the passengers leave the queue and go on in a packet.
// Each is an arrival by ticket and a departure by packet, at one place.
func bus(s *side) ([]graph.Event, error) {
	id, _ := s.args.at("guid").([32]byte)
	first, err := amount(s.args.at("startTicketId"))
	if err != nil {
		return nil, err
	}
	count, _ := s.args.at("numPassengers").(uint8)
	eid := s.args.at("dstEid")
	source, ok := numberOf("layerzero", s.tx.Chain)
	if !ok {
		return nil, errField
	}
	var passengers []byte
	for _, p := range s.sent() {
		if p.guid == id && s.messenger(p.sender) && len(p.message) == busHead+int(count)*passengerSize && p.message[0] == busType {
			passengers = p.message[busHead:]
		}
	}
	if passengers == nil {
		return nil, errNoMessage
	}
	chain, err := chainOf("layerzero", "layerzero", eid)
	if err != nil {
		return nil, err
	}
	var out []graph.Event
	seen := map[common.Hash]int{}
	for i := range int(count) {
		seq, err := graph.LogSeq(s.log.Index, i)
		if err != nil {
			return nil, err
		}
		var number graph.Amount
		number.AddUint64(&first, uint64(i))
		ticket, err := words(source, eid, number)
		if err != nil {
			return nil, err
		}
		receiver := common.Hash(passengers[i*passengerSize+receiverAt:][:32])
		e := graph.Event{Seq: seq, Kind: graph.Arrival, Protocol: marked("stargate-v2-bus", s.listed()), Emitter: s.address(s.log.Address), Key: ticket}
		out = append(out, e)
		e.Kind, e.Protocol, e.Key = graph.Departure, marked("stargate-v2", s.listed()), stargateKey(id, receiver, seen[receiver])
		e.Far.Chain = chain
		e.Far.Recipient, _ = raw(receiver)
		seen[receiver]++
		out = append(out, e)
	}
	return out, nil
}
