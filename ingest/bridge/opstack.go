package bridge

import (
	"math/big"
	"strings"

	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/crypto"
	"github.com/ethereum/go-ethereum/rlp"
	"github.com/holiman/uint256"

	"spoor/graph"
)

const (
	optimism = graph.ChainID("eip155:10")
	base     = graph.ChainID("eip155:8453")

	typeOPDeposit = 0x7e
)

// attributes is the sender of the transaction that opens every rollup block.
var attributes = common.HexToAddress("0xDeaDDEaDDeAdDeAdDEAdDEaddeAddEAdDEAd0001")

// rollup is the OP chain that an emitter belongs to, and the chain on its other
// side.
func (in *input) rollup(emitter common.Address) (rollup, other graph.ChainID, ok bool) {
	switch {
	case in.tx.Chain == optimism || in.tx.Chain == base:
		return in.tx.Chain, graph.Ethereum, true
	case in.table.lists("op-stack", "optimism", in.tx.Chain, emitter):
		return optimism, optimism, true
	case in.table.lists("op-stack", "base", in.tx.Chain, emitter):
		return base, base, true
	}
	return "", "", false
}

// opKey keeps the rollups apart, whose numbers of messages are the same.
func opKey(rollup graph.ChainID, hash common.Hash) string {
	n, _ := new(big.Int).SetString(strings.TrimPrefix(string(rollup), "eip155:"), 10)
	key, _ := words(n, hash)
	return key
}

// messageHash is the identity of a message of version 1 (specs): the hash of
// the call that relays it.
func messageHash(nonce *big.Int, sender, target common.Address, value, gas *big.Int, data []byte) common.Hash {
	head := crypto.Keccak256([]byte("relayMessage(uint256,address,address,uint256,uint256,bytes)"))[:4]
	b := append([]byte{}, head...)
	for _, w := range []common.Hash{common.BigToHash(nonce), common.BytesToHash(sender[:]), common.BytesToHash(target[:]), common.BigToHash(value), common.BigToHash(gas),
		common.BigToHash(big.NewInt(6 * 32)), common.BigToHash(big.NewInt(int64(len(data))))} {
		b = append(b, w[:]...)
	}
	b = append(b, data...)
	return keccak(append(b, make([]byte, (32-len(data)%32)%32)...))
}

// message reads what the messengers send and relay. What it carries is in the
// bridge's log before it, or is coin.
func message(s *side) ([]graph.Event, error) {
	rollup, other, ok := s.rollup(s.log.Address)
	if !ok {
		return nil, nil
	}
	e := graph.Event{Seq: s.seq, Kind: graph.Departure, Protocol: s.protocol(), Emitter: s.address(s.log.Address), Far: graph.Far{Chain: string(other)}}
	if s.row.Side == "arrival" {
		id, _ := s.args.at("msgHash").([32]byte)
		e.Kind, e.Key = graph.Arrival, opKey(rollup, id)
		err := s.carried(&e, rollup, "ETHBridgeFinalized", "ERC20BridgeFinalized")
		return []graph.Event{e}, err
	}
	target, _ := s.args.at("target").(common.Address)
	sender, _ := s.args.at("sender").(common.Address)
	data, _ := s.args.at("message").([]byte)
	nonce, _ := s.args.at("messageNonce").(*big.Int)
	gas, _ := s.args.at("gasLimit").(*big.Int)
	value := new(big.Int)
	if s.at+1 < len(s.tx.Logs) {
		for _, w := range s.witnesses("op-stack", "SentMessageExtension1") {
			if w.at == s.at+1 && w.log.Address == s.log.Address {
				value, _ = w.args.at("value").(*big.Int)
			}
		}
	}
	var err error
	if e.Amount, err = amount(value); err != nil {
		return nil, err
	}
	if new(big.Int).Rsh(nonce, 240).Cmp(big.NewInt(1)) == 0 {
		e.Key = opKey(rollup, messageHash(nonce, sender, target, value, gas, data))
	}
	e.Subject, e.Asset, e.Far.Recipient, e.Far.Amount = s.address(sender), s.native, string(target[:]), e.Amount
	if s.table.lists("op-stack", "bridge", s.tx.Chain, sender) {
		if err := s.carried(&e, rollup, "ETHBridgeInitiated", "ERC20BridgeInitiated"); err != nil {
			return nil, err
		}
	}
	if e.Amount.IsZero() {
		return nil, nil // it carries no value
	}
	return []graph.Event{e}, nil
}

// carried takes what the bridge's last log before the message says, since the
// message before it.
func (s *side) carried(e *graph.Event, rollup graph.ChainID, coinEvent, tokenEvent string) error {
	after := -1
	for i := range s.tx.Logs[:s.at] {
		if l := &s.tx.Logs[i]; l.Address == s.log.Address && len(l.Topics) > 0 && l.Topics[0] == s.log.Topics[0] {
			after = i
		}
	}
	for _, w := range append(s.witnesses("op-stack", coinEvent), s.witnesses("op-stack", tokenEvent)...) {
		if r, _, ok := s.rollup(w.log.Address); !ok || r != rollup || w.at <= after || w.at >= s.at {
			continue
		}
		sum, err := amount(w.args.at("amount"))
		if err != nil {
			return err
		}
		from, to := w.args.at("from"), w.args.at("to")
		party := from
		if e.Kind == graph.Arrival {
			party = to
		}
		who, err := account(party)
		if err != nil {
			return err
		}
		e.Subject, e.Asset, e.Amount, e.Far.Amount = s.address(who), s.native, sum, sum
		if local, ok := w.args.at("localToken").(common.Address); ok {
			e.Asset = s.erc20(local)
			if e.Far.Asset, err = raw(w.args.at("remoteToken")); err != nil {
				return err
			}
		}
		if e.Kind == graph.Departure {
			if e.Far.Recipient, err = raw(to); err != nil {
				return err
			}
		}
	}
	return nil
}

// portal reads deposits and withdrawals that are no messages.
func portal(s *side) ([]graph.Event, error) {
	rollup, other, ok := s.rollup(s.log.Address)
	if !ok {
		return nil, nil
	}
	e := graph.Event{Seq: s.seq, Kind: graph.Departure, Protocol: s.protocol(), Emitter: s.address(s.log.Address), Asset: s.native, Far: graph.Far{Chain: string(other)}}
	switch s.row.abi.Name {
	case "TransactionDeposited":
		return s.deposited(e, rollup)
	case "MessagePassed":
		sender, _ := s.args.at("sender").(common.Address)
		target, _ := s.args.at("target").(common.Address)
		id, _ := s.args.at("withdrawalHash").([32]byte)
		var err error
		if e.Amount, err = amount(s.args.at("value")); err != nil {
			return nil, err
		}
		if e.Amount.IsZero() || s.table.lists("op-stack", "messenger", s.tx.Chain, sender) {
			return nil, nil
		}
		e.Subject, e.Key, e.Far.Recipient, e.Far.Amount = s.address(sender), opKey(rollup, id), string(target[:]), e.Amount
		return []graph.Event{e}, nil
	}
	if done, _ := s.args.at("success").(bool); !done || s.relayedBefore() {
		return nil, nil
	}
	id, _ := s.args.at("withdrawalHash").([32]byte)
	e.Kind, e.Key, e.Asset = graph.Arrival, opKey(rollup, id), graph.Asset{}
	return []graph.Event{e}, nil
}

// relayedBefore reports whether the withdrawal was a message: a messenger logs
// before the portal does, since the withdrawal before it.
func (s *side) relayedBefore() bool {
	after := -1
	for i := range s.tx.Logs[:s.at] {
		if l := &s.tx.Logs[i]; l.Address == s.log.Address && len(l.Topics) > 0 && l.Topics[0] == s.log.Topics[0] {
			after = i
		}
	}
	for _, w := range append(s.witnesses("op-stack", "RelayedMessage"), s.witnesses("op-stack", "FailedRelayedMessage")...) {
		if w.at > after && w.at < s.at {
			return true
		}
	}
	return false
}

// deposited reads a deposit. Its data, in bytes: mint 0, value 32, gas 64,
// creates a contract 72, call data 73.
func (s *side) deposited(e graph.Event, rollup graph.ChainID) ([]graph.Event, error) {
	from, _ := s.args.at("from").(common.Address)
	to, _ := s.args.at("to").(common.Address)
	data, _ := s.args.at("opaqueData").([]byte)
	if len(data) < 73 {
		return nil, errShape
	}
	if s.table.lists("op-stack", "messenger", s.tx.Chain, unaliased(from)) {
		return nil, nil // the message tells it
	}
	var value graph.Amount
	e.Amount.SetBytes(data[:32])
	value.SetBytes(data[32:64])
	if e.Amount.IsZero() {
		return nil, nil
	}
	if from != s.tx.From {
		e.Subject = s.address(unaliased(from))
	} else {
		e.Subject = s.address(from)
	}
	e.Far.Amount = e.Amount
	target := &to
	if data[72] != 0 {
		target = nil
	}
	if target != nil && !value.IsZero() {
		e.Far.Recipient = string(to[:])
	}
	if s.tx.Block == (common.Hash{}) {
		return []graph.Event{e}, nil // no hash without the block's
	}
	h, err := depositHash(s.tx.Block, uint64(s.log.Index), from, target, &e.Amount, &value, new(big.Int).SetBytes(data[64:72]).Uint64(), data[73:])
	e.Key = opKey(rollup, h)
	return []graph.Event{e}, err
}

// depositHash is the hash of the transaction that a deposit becomes (specs).
func depositHash(block common.Hash, log uint64, from common.Address, to *common.Address, mint, value *uint256.Int, gas uint64, data []byte) (common.Hash, error) {
	inner := keccak(block[:], common.BigToHash(new(big.Int).SetUint64(log)).Bytes())
	source := keccak(make([]byte, 32), inner[:])
	target := []byte{}
	if to != nil {
		target = to[:]
	}
	body, err := rlp.EncodeToBytes([]any{source, from, target, mint, value, gas, false, data})
	return keccak([]byte{typeOPDeposit}, body), err
}

// onRollup reads a deposit that is its own transaction on the rollup.
func (in *input) onRollup() []graph.Event {
	tx := in.tx
	if tx.Type != typeOPDeposit || tx.Chain != optimism && tx.Chain != base || tx.From == attributes ||
		len(in.witnesses("op-stack", "RelayedMessage"))+len(in.witnesses("op-stack", "FailedRelayedMessage")) > 0 {
		return nil
	}
	e := graph.Event{Seq: callSeq(), Kind: graph.Arrival, Protocol: "op-stack", Asset: in.native, Amount: tx.Value,
		Key: opKey(tx.Chain, tx.Hash), Far: graph.Far{Chain: string(graph.Ethereum)}}
	switch {
	case !tx.Value.IsZero() && tx.To != nil:
		e.Subject = in.address(*tx.To)
	case !tx.Mint.IsZero():
		e.Subject, e.Amount = in.address(tx.From), tx.Mint
	default:
		return nil
	}
	return []graph.Event{e}
}
