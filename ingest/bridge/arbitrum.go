package bridge

import (
	"encoding/binary"

	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/crypto"
	"github.com/ethereum/go-ethereum/rlp"
	"github.com/holiman/uint256"

	"spoor/graph"
)

// Kinds of messages to Arbitrum (nitro-contracts, MessageTypes) and types of
// the transactions they become.
const (
	messageRetryable = 9
	messageDeposit   = 12
	typeDeposit      = 0x64
	typeRetry        = 0x68
	typeSubmit       = 0x69

	arbitrumOne = graph.ChainID("eip155:42161")
)

// inboxMessage reads a message from Ethereum that carries value: its packed
// data is in the inbox's log of the same number. Tokens are told by the
// gateway, whose event names the message.
func inboxMessage(s *side) ([]graph.Event, error) {
	kind, _ := s.args.at("kind").(uint8)
	if kind != messageRetryable && kind != messageDeposit {
		return nil, nil
	}
	sender, err := account(s.args.at("sender"))
	if err != nil {
		return nil, err
	}
	e, err := s.event()
	if err != nil {
		return nil, err
	}
	index, err := word(s.args.at("messageIndex"))
	if err != nil {
		return nil, err
	}
	e.Key, e.Subject, e.Asset = string(index[:]), s.address(unaliased(sender)), s.native
	for _, w := range s.witnesses("arbitrum", "DepositInitiated") {
		if n, err := word(w.args.at("sequenceNumber")); err == nil && n == index {
			return s.gateway(e, w)
		}
	}
	for _, w := range s.witnesses("arbitrum", "InboxMessageDelivered") {
		if n, err := word(w.args.at("messageNum")); err != nil || n != index {
			continue
		}
		data, _ := w.args.at("data").([]byte)
		if kind == messageDeposit {
			return s.plainDeposit(e, index, sender, data)
		}
		return retryable(e, data)
	}
	return nil, errNoMessage
}

func (s *side) gateway(e graph.Event, w witness) ([]graph.Event, error) {
	from, err := account(w.args.at("from"))
	if err != nil {
		return nil, err
	}
	token, err := account(w.args.at("l1Token"))
	if err != nil {
		return nil, err
	}
	if e.Amount, err = amount(w.args.at("amount")); err != nil {
		return nil, err
	}
	if e.Far.Recipient, err = raw(w.args.at("to")); err != nil {
		return nil, err
	}
	e.Subject, e.Asset, e.Emitter, e.Far.Amount = s.address(from), s.erc20(token), s.address(w.log.Address), e.Amount
	return []graph.Event{e}, nil
}

// plainDeposit is coin for an account: receiver 20, amount 32. It becomes a
// transaction whose hash is the key.
func (s *side) plainDeposit(e graph.Event, index common.Hash, sender common.Address, data []byte) ([]graph.Event, error) {
	if len(data) != 52 {
		return nil, errShape
	}
	to := common.BytesToAddress(data[:20])
	e.Amount.SetBytes(data[20:])
	body, err := rlp.EncodeToBytes([]any{uint64(42161), index, sender, to, e.Amount.ToBig()})
	if err != nil {
		return nil, err
	}
	h := keccak([]byte{typeDeposit}, body)
	e.Protocol, e.Key = "arbitrum-deposit", string(h[:])
	e.Far.Recipient, e.Far.Amount = string(to[:]), e.Amount
	return []graph.Event{e}, nil
}

// retryable is a call with coin, in words: receiver, value of the call, coin
// paid, cost, account for excess, account for the value, gas, price, length, data.
// What is not for the call goes to the account for excess.
func retryable(e graph.Event, data []byte) ([]graph.Event, error) {
	if len(data) < 9*32 {
		return nil, errShape
	}
	e.Far.Amount.SetBytes(data[32:64])
	e.Amount.SetBytes(data[64:96])
	if e.Amount.IsZero() {
		return nil, nil
	}
	receiver := data[:32]
	if e.Far.Amount.IsZero() {
		receiver = data[4*32 : 5*32]
	}
	var err error
	e.Far.Recipient, err = raw(common.Hash(receiver))
	return []graph.Event{e}, err
}

// alias is added to the address of whoever sends a message to a rollup.
var alias = common.HexToAddress("0x1111000000000000000000000000000000001111")

// unaliased takes the alias off, modulo 2^160.
func unaliased(a common.Address) common.Address {
	var n, offset uint256.Int
	n.SetBytes(a[:])
	offset.SetBytes(alias[:])
	b := n.Sub(&n, &offset).Bytes32()
	return common.BytesToAddress(b[12:])
}

// aliased puts it on.
func aliased(a common.Address) common.Address {
	var n, offset uint256.Int
	n.SetBytes(a[:])
	offset.SetBytes(alias[:])
	b := n.Add(&n, &offset).Bytes32()
	return common.BytesToAddress(b[12:])
}

// submitted are the arguments of submitRetryable, in words: message number, L1
// base fee, deposit, value of the call, …, receiver at 9.
type submitted struct {
	number   common.Hash
	receiver common.Address
	value    graph.Amount
}

func (in *input) submission() (r submitted, ok bool) {
	const name = "submitRetryable(bytes32,uint256,uint256,uint256,uint256,uint64,uint256,address,address,address,bytes)"
	tx := in.tx
	if tx.Chain != arbitrumOne || tx.Type != typeSubmit || !calls(tx.Input, name) || len(tx.Input) < 4+11*32 || tx.To == nil || !in.table.lists("arbitrum", "retryables", tx.Chain, *tx.To) {
		return r, false
	}
	w := tx.Input[4:]
	r.number, r.receiver = common.Hash(w[:32]), common.BytesToAddress(w[9*32:10*32])
	r.value.SetBytes(w[3*32 : 4*32])
	return r, true
}

func (in *input) submittedEvent(r submitted, seq graph.Seq) graph.Event {
	e := graph.Event{Seq: seq, Kind: graph.Arrival, Protocol: "arbitrum", Emitter: in.address(*in.tx.To), Key: string(r.number[:]), Far: graph.Far{Chain: string(graph.Ethereum)}}
	if !r.value.IsZero() { // else it calls a contract that will pay tokens to another
		e.Subject, e.Asset, e.Amount = in.address(r.receiver), in.native, r.value
	}
	return e
}

// ticket reads the redeem that a submission schedules: the message arrives and
// goes on into the redeeming transaction. A redeem by hand later on is no part
// of the submission and gives nothing.
func ticket(s *side) ([]graph.Event, error) {
	r, ok := s.submission()
	id, _ := s.args.at("ticketId").([32]byte)
	if !ok || common.Hash(id) != s.tx.Hash {
		return nil, nil
	}
	retry, _ := s.args.at("retryTxHash").([32]byte)
	in := s.submittedEvent(r, s.seq)
	out := in
	out.Kind, out.Protocol, out.Key, out.Emitter = graph.Departure, "arbitrum-retry", string(retry[:]), s.address(s.log.Address)
	out.Far = graph.Far{Chain: string(s.tx.Chain), Recipient: string(in.Subject.Bytes()), Amount: r.value}
	return []graph.Event{in, out}, nil
}

// onArbitrum reads transactions that are themselves the other side.
func (in *input) onArbitrum() []graph.Event {
	tx := in.tx
	if tx.Chain != arbitrumOne {
		return nil
	}
	e := graph.Event{Seq: callSeq(), Kind: graph.Arrival, Key: string(tx.Hash[:]), Asset: in.native, Amount: tx.Value, Far: graph.Far{Chain: string(graph.Ethereum)}}
	if tx.To != nil {
		e.Subject = in.address(*tx.To)
	}
	switch tx.Type {
	case typeDeposit:
		e.Protocol = "arbitrum-deposit"
		return []graph.Event{e}
	case typeRetry:
		e.Protocol, e.Far.Chain = "arbitrum-retry", string(arbitrumOne)
		in.finalized(&e)
		return []graph.Event{e}
	}
	if r, ok := in.submission(); ok && len(in.witnesses("arbitrum-retry", "RedeemScheduled")) == 0 {
		return []graph.Event{in.submittedEvent(r, callSeq())}
	}
	return nil
}

// finalized takes the token that a redeem issues, if its gateway logs just one.
// The gateways of Arbitrum are not listed, so it is believed only where no coin
// moves, or where the token is that coin, wrapped.
func (in *input) finalized(e *graph.Event) {
	done := in.witnesses("arbitrum-retry", "DepositFinalized")
	if len(done) != 1 {
		return
	}
	to, err := account(done[0].args.at("to"))
	sum, err2 := amount(done[0].args.at("amount"))
	if err != nil || err2 != nil {
		return
	}
	for _, m := range in.movements() {
		if m.to == to && m.amount == sum && in.stands(m, e.Amount) {
			e.Subject, e.Asset, e.Amount = in.address(to), in.erc20(m.token), sum
		}
	}
}

// exit reads messages to Ethereum, by their position.
func exit(s *side) ([]graph.Event, error) {
	e, err := s.event()
	if err != nil {
		return nil, err
	}
	if e.Kind == graph.Departure {
		s.withdrawn(&e)
		if e.Amount.IsZero() {
			return nil, nil // a message without value
		}
		return []graph.Event{e}, nil
	}
	next := len(s.tx.Logs)
	for _, w := range s.witnesses("arbitrum-exit", "OutBoxTransactionExecuted") {
		if w.at > s.at {
			next = min(next, w.at)
		}
	}
	for _, w := range s.witnesses("arbitrum-exit", "BridgeCallTriggered") {
		if to, err := account(w.args.at("to")); err == nil && w.at > s.at && w.at < next && e.Amount.IsZero() {
			if e.Amount, err = amount(w.args.at("value")); err != nil {
				return nil, err
			}
			e.Subject, e.Asset = s.address(to), s.native
		}
	}
	for _, w := range s.witnesses("arbitrum-exit", "WithdrawalFinalized") {
		if w.at < s.at || w.at > next {
			continue
		}
		to, err := account(w.args.at("to"))
		if err != nil {
			return nil, err
		}
		token, err := account(w.args.at("l1Token"))
		if err != nil {
			return nil, err
		}
		if e.Amount, err = amount(w.args.at("amount")); err != nil {
			return nil, err
		}
		e.Subject, e.Asset = s.address(to), s.erc20(token)
	}
	return []graph.Event{e}, nil
}

// stands reports whether a token may stand for the coin that a message carries.
func (in *input) stands(m movement, coin graph.Amount) bool {
	return coin.IsZero() || m.token == in.wrapped && m.amount == coin
}

// withdrawn takes the token of a withdrawal, if just one gateway names the
// message and the token is destroyed; as finalized does.
func (s *side) withdrawn(e *graph.Event) {
	var found []witness
	for _, w := range s.witnesses("arbitrum-exit", "WithdrawalInitiated") {
		if key, err := words(w.args.at("l2ToL1Id")); err == nil && key == e.Key {
			found = append(found, w)
		}
	}
	if len(found) != 1 {
		return
	}
	from, err := account(found[0].args.at("from"))
	sum, err2 := amount(found[0].args.at("amount"))
	to, err3 := raw(found[0].args.at("to"))
	token, err4 := raw(found[0].args.at("l1Token"))
	if err != nil || err2 != nil || err3 != nil || err4 != nil {
		return
	}
	for _, m := range s.movements() {
		if m.to == (common.Address{}) && m.amount == sum && s.stands(m, e.Amount) {
			e.Subject, e.Asset, e.Amount = s.address(from), s.erc20(m.token), sum
			e.Far.Recipient, e.Far.Asset, e.Far.Amount = to, token, sum
		}
	}
}

// calls reports whether call data call a function.
func calls(input []byte, function string) bool {
	return len(input) >= 4 && binary.BigEndian.Uint32(input) == binary.BigEndian.Uint32(crypto.Keccak256([]byte(function)))
}

// callSeq is the place of the transaction's own call.
func callSeq() graph.Seq {
	seq, _ := graph.CallSeq(0)
	return seq
}
