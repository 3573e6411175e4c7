package bridge

import (
	"reflect"

	"github.com/ethereum/go-ethereum/common"

	"spoor/graph"
)

// bonded reads a withdrawal that a bonder of Hop pays in advance. Recipient and
// fee are in its call data: bondWithdrawal(recipient, amount, nonce, fee).
func bonded(s *side) ([]graph.Event, error) {
	e, err := s.event()
	if err != nil {
		return nil, err
	}
	in := s.tx.Input
	direct := s.tx.To != nil && *s.tx.To == s.log.Address
	if direct && (calls(in, "bondWithdrawal(address,uint256,bytes32,uint256)") || calls(in, "bondWithdrawalAndDistribute(address,uint256,bytes32,uint256,uint256,uint256)")) && len(in) >= 4+4*32 {
		var gross, fee graph.Amount
		gross.SetBytes(in[4+32 : 4+64])
		fee.SetBytes(in[4+96 : 4+128])
		if to, err := account(common.Hash(in[4 : 4+32])); err == nil && gross == e.Amount && !fee.Gt(&gross) {
			e.Subject = s.address(to)
			e.Amount.Sub(&e.Amount, &fee)
			e.Far.Amount = gross
		}
	}
	return []graph.Event{e}, nil
}

// interchain reads a transfer of an Axelar interchain token. Source and
// destination state the same five things.
func interchain(s *side) ([]graph.Event, error) {
	e, err := s.event()
	if err != nil {
		return nil, err
	}
	var parts [][]byte
	for _, name := range []string{"sourceAddress", "destinationAddress"} {
		text, err := s.raw(name)
		if err != nil {
			return nil, err
		}
		h := keccak([]byte(text))
		parts = append(parts, h[:])
	}
	id, _ := s.args.at("tokenId").([32]byte)
	data, _ := s.args.at("dataHash").([32]byte)
	sum := e.Amount.Bytes32()
	h := keccak(id[:], parts[0], parts[1], sum[:], data[:])
	e.Key = string(h[:])
	return []graph.Event{e}, nil
}

// ccip reads a message that carries tokens: each is a departure.
func ccip(s *side) ([]graph.Event, error) {
	id, _ := s.args.at("message.messageId").([32]byte)
	sender, err := account(s.args.at("message.sender"))
	if err != nil {
		return nil, err
	}
	to, err := raw(s.args.at("message.receiver"))
	if err != nil {
		return nil, err
	}
	var out []graph.Event
	tokens := reflect.ValueOf(s.args.at("message.tokenAmounts"))
	for i := range tokens.Len() {
		part := args{"part": tokens.Index(i).Interface()}
		token, err := account(part.at("part.token"))
		if err != nil {
			return nil, err
		}
		e := graph.Event{Kind: graph.Departure, Protocol: s.protocol(), Emitter: s.address(s.log.Address), Subject: s.address(sender),
			Asset: s.erc20(token), Key: string(id[:]), Far: graph.Far{Recipient: to}}
		if e.Amount, err = amount(part.at("part.amount")); err != nil {
			return nil, err
		}
		if e.Seq, err = graph.LogSeq(s.log.Index, i); err != nil {
			return nil, err
		}
		out = append(out, e)
	}
	return out, nil
}
