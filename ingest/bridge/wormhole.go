package bridge

import (
	"encoding/binary"

	"github.com/ethereum/go-ethereum/common"
	"github.com/holiman/uint256"

	"spoor/graph"
)

// A message of the token bridge (wormhole-foundation/wormhole), offsets in
// bytes: id 0 (1 transfer, 3 transfer with payload), amount 1, token 33, its
// chain 65, receiver 67, receiver's chain 99, then fee or sender 101.
type tokenMessage struct {
	amount    graph.Amount // at most eight decimals
	token     common.Hash
	tokenHome uint16
	receiver  common.Hash
	chain     uint16
}

const tokenMessageSize = 133

func parseTokenMessage(p []byte) (m tokenMessage, ok bool) {
	if len(p) < tokenMessageSize || p[0] != 1 && p[0] != 3 {
		return m, false
	}
	m.amount.SetBytes(p[1:33])
	m.token, m.receiver = common.Hash(p[33:65]), common.Hash(p[67:99])
	m.tokenHome, m.chain = binary.BigEndian.Uint16(p[65:67]), binary.BigEndian.Uint16(p[99:101])
	return m, true
}

// wormhole reads messages that the token bridge publishes, and redemptions.
func wormhole(s *side) ([]graph.Event, error) {
	e := graph.Event{Seq: s.seq, Kind: graph.Departure, Protocol: s.protocol(), Emitter: s.address(s.log.Address)}
	if s.row.Side == "arrival" {
		e.Kind = graph.Arrival
		return s.redeemed(e)
	}
	sender, _ := s.args.at("sender").(common.Address)
	if !s.table.lists("wormhole", "token", s.tx.Chain, sender) {
		return nil, nil // another application's message
	}
	payload, _ := s.args.at("payload").([]byte)
	m, ok := parseTokenMessage(payload)
	if !ok {
		return nil, nil // attestations and governance
	}
	here, ok := numberOf("wormhole", s.tx.Chain)
	if !ok {
		return nil, errField
	}
	var err error
	if e.Key, err = words(here, sender, s.args.at("sequence")); err != nil {
		return nil, err
	}
	if e.Far.Chain, err = chainOf("wormhole", "wormhole", m.chain); err != nil {
		return nil, err
	}
	e.Far.Recipient, err = raw(m.receiver)
	e.Subject = s.address(s.tx.From)
	if payer := s.exact(&e, sender, m); payer != (common.Address{}) {
		e.Subject = s.address(payer)
	}
	return []graph.Event{e}, err
}

// exact finds asset and amount of a message: a token that the bridge takes
// (gives) or that is destroyed (issued), of which the message has the amount
// without the decimals after the eighth. It returns who paid the bridge.
func (in *input) exact(e *graph.Event, bridge common.Address, m tokenMessage) (payer common.Address) {
	here, _ := numberOf("wormhole", in.tx.Chain)
	home := uint64(m.tokenHome) == here && isAccount(m.token)
	var found []movement
	for _, v := range in.movements() {
		end := v.to
		if e.Kind == graph.Arrival {
			end = v.from
		}
		if end != bridge && end != (common.Address{}) || home && v.token != common.BytesToAddress(m.token[12:]) || !scales(v.amount, m.amount) {
			continue
		}
		if len(found) > 0 && (v.token != found[0].token || v.amount != found[0].amount) {
			return payer // several fit
		}
		found = append(found, v)
		if v.to == bridge {
			payer = v.from
		}
	}
	switch {
	case len(found) > 0:
		e.Asset, e.Amount = in.erc20(found[0].token), found[0].amount
	case home:
		in.coinOf(e, bridge, m)
	}
	return payer
}

// coinOf is for the chain's own coin, which the bridge wraps itself.
func (in *input) coinOf(e *graph.Event, bridge common.Address, m tokenMessage) {
	var exact graph.Amount
	if _, over := exact.MulOverflow(&m.amount, uint256.NewInt(1e10)); over || common.BytesToAddress(m.token[12:]) != in.wrapped {
		return
	}
	topic := topicDeposit
	if e.Kind == graph.Arrival {
		topic = topicUnwrap
	}
	if in.wraps(topic, bridge, exact) {
		e.Asset, e.Amount = in.native, exact
	}
}

// scales reports whether an amount has another with some decimals, up to ten,
// cut off: 18 decimals against eight.
func scales(whole, cut graph.Amount) bool {
	ten := uint256.NewInt(10)
	for range 11 {
		if whole == cut {
			return true
		}
		whole.Div(&whole, ten)
	}
	return false
}

// redeemed reads TransferRedeemed; recipient and amount are in the signed
// message that was handed in, if the transaction did so itself.
func (s *side) redeemed(e graph.Event) ([]graph.Event, error) {
	var err error
	chain, emitter, sequence := s.args.at("emitterChainId"), s.args.at("emitterAddress"), s.args.at("sequence")
	if e.Key, err = words(chain, emitter, sequence); err != nil {
		return nil, err
	}
	if e.Far.Chain, err = chainOf("wormhole", "wormhole", chain); err != nil {
		return nil, err
	}
	if v, ok := s.vaa(s.log.Address); ok && v.chain == chain && v.emitter == emitter && v.sequence == sequence {
		to, err := account(v.message.receiver)
		if err != nil {
			return nil, err
		}
		e.Subject = s.address(to)
		s.exact(&e, s.log.Address, v.message)
	}
	return []graph.Event{e}, nil
}

// signed is a message with the guardians' signatures, as call data has it.
type signed struct {
	chain    uint16
	emitter  [32]byte
	sequence uint64
	message  tokenMessage
}

// vaa reads the argument of completeTransfer(bytes), completeTransferAndUnwrapETH(bytes)
// and completeTransferWithPayload(bytes) and …AndUnwrapETHWithPayload(bytes), if
// the transaction calls the token bridge: version 1, guardian set 4, count of
// signatures 1, 66 bytes each; then time 4, nonce 4, chain 2, emitter 32,
// sequence 8, level 1, payload.
func (in *input) vaa(bridge common.Address) (v signed, ok bool) {
	if in.tx.To == nil || *in.tx.To != bridge {
		return v, false
	}
	for _, name := range []string{"completeTransfer(bytes)", "completeTransferAndUnwrapETH(bytes)", "completeTransferWithPayload(bytes)", "completeTransferAndUnwrapETHWithPayload(bytes)"} {
		if !calls(in.tx.Input, name) {
			continue
		}
		b, ok := bytesArgument(in.tx.Input[4:], 0)
		if !ok || len(b) < 6 {
			return v, false
		}
		head := 6 + 66*int(b[5])
		if len(b) < head+51 {
			return v, false
		}
		b = b[head:]
		v.chain, v.emitter, v.sequence = binary.BigEndian.Uint16(b[8:10]), [32]byte(b[10:42]), binary.BigEndian.Uint64(b[42:50])
		v.message, ok = parseTokenMessage(b[51:])
		return v, ok
	}
	return v, false
}

// completed is an arrival at a token bridge that logs no redemption.
func (in *input) completed() (graph.Event, bool, error) {
	if in.tx.To == nil || !in.table.lists("wormhole", "token", in.tx.Chain, *in.tx.To) || len(in.witnesses("wormhole", "TransferRedeemed")) > 0 {
		return graph.Event{}, false, nil
	}
	v, ok := in.vaa(*in.tx.To)
	if !ok {
		return graph.Event{}, false, nil
	}
	to, err := account(v.message.receiver)
	if err != nil {
		return graph.Event{}, false, err
	}
	e := graph.Event{Seq: callSeq(), Kind: graph.Arrival, Protocol: "wormhole", Emitter: in.address(*in.tx.To), Subject: in.address(to)}
	if e.Key, err = words(v.chain, v.emitter, v.sequence); err != nil {
		return e, false, err
	}
	if e.Far.Chain, err = chainOf("wormhole", "wormhole", v.chain); err != nil {
		return e, false, err
	}
	in.exact(&e, *in.tx.To, v.message)
	return e, true, nil
}
