package bridge

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"

	"github.com/ethereum/go-ethereum/common"
	"google.golang.org/protobuf/encoding/protowire"

	"spoor/graph"
)

var errRequest = errors.New("the request in the call data has another form")

// readCall reads what no log tells.
func (in *input) readCall() {
	keep := func(events []graph.Event, protocol string, err error) {
		if err == nil {
			err = in.add(events...)
		}
		if err != nil {
			in.unread = append(in.unread, Unread{callSeq(), protocol, err})
		}
	}
	if e, ok, err := in.completed(); ok || err != nil {
		if ok {
			keep([]graph.Event{e}, "wormhole", err)
		} else {
			keep(nil, "wormhole", err)
		}
	}
	keep(in.onArbitrum(), "arbitrum", nil)
	keep(in.onRollup(), "op-stack", nil)
	keep(in.paid(), marked("thorchain", false), nil)
	if in.tx.NoLogs && in.tx.To != nil {
		events, protocol, err := in.requested()
		keep(events, protocol, err)
	}
}

// requested is an arrival that is asked for in call data. Where logs are known,
// they tell it, and whether it was paid at once.
func (in *input) requested() ([]graph.Event, string, error) {
	to, data := *in.tx.To, in.tx.Input
	e := graph.Event{Seq: callSeq(), Kind: graph.Arrival, Emitter: in.address(to)}
	protocol, role := "", ""
	var read func(*graph.Event, []byte) error
	switch {
	case calls(data, "relay(bytes,bytes[],address[],uint256[])"):
		protocol, role, read = "celer", "pool", in.relayRequest
	case calls(data, "mint(bytes,bytes[],address[],uint256[])"):
		protocol, role, read = "celer", "peg", in.pegRequest
	case calls(data, "withdraw(bytes,bytes[],address[],uint256[])"):
		protocol, role, read = "celer", "vault", in.pegRequest
	case calls(data, "anySwapIn(bytes32,address,address,uint256,uint256)"), calls(data, "anySwapInUnderlying(bytes32,address,address,uint256,uint256)"),
		calls(data, "anySwapInAuto(bytes32,address,address,uint256,uint256)"):
		protocol, role, read = "multichain", "router", in.swapIn
	case calls(data, "verifyHeaderAndExecuteTx(bytes,bytes,bytes,bytes,bytes)"):
		protocol, role, read = "poly", "manager", in.proven
	default:
		return nil, "", nil
	}
	e.Protocol = marked(protocol, in.table.lists(protocol, role, in.tx.Chain, to))
	if err := read(&e, data[4:]); err != nil {
		return nil, e.Protocol, err
	}
	return []graph.Event{e}, e.Protocol, nil
}

// bytesArgument is the dynamic argument at a place among the words.
func bytesArgument(data []byte, at int) ([]byte, bool) {
	length := func(from uint64) (uint64, bool) {
		if from > uint64(len(data)) || uint64(len(data))-from < 32 || !bytes.Equal(data[from:from+24], make([]byte, 24)) {
			return 0, false
		}
		return binary.BigEndian.Uint64(data[from+24 : from+32]), true
	}
	offset, ok := length(uint64(at) * 32)
	if !ok {
		return nil, false
	}
	n, ok := length(offset)
	if !ok || n > uint64(len(data))-offset-32 {
		return nil, false
	}
	return data[offset+32 : offset+32+n], true
}

// protoFields are the fields of a protobuf message: bytes or numbers, each once.
func protoFields(b []byte) (texts map[protowire.Number][]byte, numbers map[protowire.Number]uint64, err error) {
	texts, numbers = map[protowire.Number][]byte{}, map[protowire.Number]uint64{}
	for len(b) > 0 {
		field, kind, n := protowire.ConsumeTag(b)
		if n < 0 {
			return nil, nil, fmt.Errorf("%w: %w", errRequest, protowire.ParseError(n))
		}
		b = b[n:]
		switch kind {
		case protowire.BytesType:
			texts[field], n = protowire.ConsumeBytes(b)
		case protowire.VarintType:
			numbers[field], n = protowire.ConsumeVarint(b)
		default:
			return nil, nil, fmt.Errorf("%w: field %d of type %d", errRequest, field, kind)
		}
		if n < 0 {
			return nil, nil, fmt.Errorf("%w: %w", errRequest, protowire.ParseError(n))
		}
		b = b[n:]
	}
	return texts, numbers, nil
}

// relayRequest is Celer's Relay: sender 1, receiver 2, token 3, amount 4, source
// chain 5, destination chain 6, source transfer id 7.
func (in *input) relayRequest(e *graph.Event, data []byte) error {
	text, number, err := request(data)
	if err != nil {
		return err
	}
	if number[6] != in.number {
		return fmt.Errorf("%w: it is for chain %d", errRequest, number[6])
	}
	return in.celerArrival(e, text[2], text[3], text[4], number[5], text[7])
}

// pegRequest is Celer's Mint and Withdraw: token 1, account 2, amount 3,
// depositor or burner 4, source chain 5, deposit or burn id 6.
func (in *input) pegRequest(e *graph.Event, data []byte) error {
	text, number, err := request(data)
	if err != nil {
		return err
	}
	return in.celerArrival(e, text[2], text[1], text[3], number[5], text[6])
}

func request(data []byte) (map[protowire.Number][]byte, map[protowire.Number]uint64, error) {
	b, ok := bytesArgument(data, 0)
	if !ok {
		return nil, nil, errRequest
	}
	return protoFields(b)
}

func (in *input) celerArrival(e *graph.Event, to, token, sum []byte, source uint64, id []byte) error {
	if len(to) != 20 || len(token) != 20 || len(sum) > 32 || len(id) != 32 || source == 0 {
		return errRequest
	}
	e.Subject, e.Asset = in.address(common.BytesToAddress(to)), in.erc20(common.BytesToAddress(token))
	e.Amount.SetBytes(sum)
	e.Key = string(id)
	var err error
	e.Far.Chain, err = chainOf("", "celer", source)
	return err
}

// swapIn is Multichain's arrival: source transaction, token, receiver, amount,
// source chain.
func (in *input) swapIn(e *graph.Event, data []byte) error {
	if len(data) < 5*32 {
		return errRequest
	}
	token, to := common.Hash(data[32:64]), common.Hash(data[64:96])
	if !isAccount(token) || !isAccount(to) {
		return errRequest
	}
	e.Key = string(data[:32])
	e.Subject, e.Asset = in.address(common.BytesToAddress(to[12:])), in.erc20(common.BytesToAddress(token[12:]))
	e.Amount.SetBytes(data[96:128])
	var source graph.Amount
	source.SetBytes(data[128:160])
	var err error
	e.Far.Chain, err = chainOf("", "multichain", source)
	return err
}
