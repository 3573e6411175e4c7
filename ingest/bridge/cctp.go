package bridge

import (
	"encoding/binary"
	"errors"

	"github.com/ethereum/go-ethereum/common"

	"spoor/graph"
)

// A CCTP message and the body of one that burns, offsets in bytes
// (circlefin/evm-cctp-contracts):
//
//	version 2:  version 0, source domain 4, destination domain 8, nonce 12, sender 44, recipient 76,
//	            destination caller 108, finality wanted 140, finality executed 144, body 148
//	body:       version 0, burn token 4, mint recipient 36, amount 68, message sender 100,
//	            of version 2: most fee 132, fee executed 164, expiration block 196, hook 228
const (
	cctpSender = 44
	cctpBody   = 148
	burnSize1  = 132
	burnFee    = 164
	burnHook   = 228
)

var errNoMessage = errors.New("the message that belongs to it is not in the transaction")

// cctp reads what CCTP rows do not tell alone: arrivals, which need the issue
// beside them, and departures of version 2, whose key is a hash.
func cctp(s *side) ([]graph.Event, error) {
	if s.row.Side == "departure" {
		return s.burn()
	}
	body, _ := s.args.at("messageBody").([]byte)
	two := s.row.protocol.Name == "cctp-v2"
	if len(body) < burnSize1 || two && len(body) < burnHook {
		return nil, nil // another application's message
	}
	minted, ok := s.minted(body)
	if !ok {
		return nil, nil // it moves no value of the listed messenger
	}
	e, err := s.event()
	if err != nil {
		return nil, err
	}
	source, _ := s.args.at("sourceDomain").(uint32)
	domain, ok := numberOf("cctp", s.tx.Chain)
	if !ok {
		return nil, errField
	}
	if two {
		sender, _ := s.args.at("sender").([32]byte)
		e.Key = burnKey(source, uint32(domain), sender, body)
	} else if e.Key, err = words(source, s.args.at("nonce"), domain); err != nil {
		return nil, err
	}
	recipient, err := account(minted.args.at("mintRecipient"))
	if err != nil {
		return nil, err
	}
	token, err := account(minted.args.at("mintToken"))
	if err != nil {
		return nil, err
	}
	if e.Amount, err = amount(minted.args.at("amount")); err != nil {
		return nil, err
	}
	e.Subject, e.Asset = s.address(recipient), s.erc20(token)
	if e.Far.Chain, err = chainOf("cctp", s.row.protocol.Name, source); err != nil {
		return nil, err
	}
	if e.Far.Asset, err = raw(common.Hash(body[4:36])); err != nil {
		return nil, err
	}
	e.Far.Amount.SetBytes(body[68:100])
	return []graph.Event{e}, nil
}

// minted is the last issue before the log that pays what the body says.
func (s *side) minted(body []byte) (found witness, ok bool) {
	var burnt graph.Amount
	burnt.SetBytes(body[68:100])
	for _, w := range s.witnesses(s.row.protocol.Name, "MintAndWithdraw") {
		got, err := amount(w.args.at("amount"))
		if err != nil || w.at > s.at {
			continue
		}
		if fee := w.args.at("feeCollected"); fee != nil {
			n, err := amount(fee)
			if err != nil {
				continue
			}
			got.Add(&got, &n)
		}
		if to, err := account(w.args.at("mintRecipient")); err == nil && got == burnt && common.BytesToHash(to[:]) == common.Hash(body[36:68]) {
			found, ok = w, true
		}
	}
	return found, ok
}

// burn is a departure of version 2, with the message sent for it.
func (s *side) burn() ([]graph.Event, error) {
	e := graph.Event{Seq: s.seq, Kind: graph.Departure, Protocol: s.protocol(), Emitter: s.address(s.log.Address)}
	depositor, err := account(s.args.at("depositor"))
	if err != nil {
		return nil, err
	}
	token, err := account(s.args.at("burnToken"))
	if err != nil {
		return nil, err
	}
	if e.Amount, err = amount(s.args.at("amount")); err != nil {
		return nil, err
	}
	to, _ := s.args.at("mintRecipient").([32]byte)
	domain, _ := s.args.at("destinationDomain").(uint32)
	e.Subject, e.Asset = s.address(depositor), s.erc20(token)
	if e.Far.Chain, err = chainOf("cctp", s.row.protocol.Name, domain); err != nil {
		return nil, err
	}
	if e.Far.Recipient, err = raw(to); err != nil {
		return nil, err
	}
	burnt := e.Amount.Bytes32()
	for _, w := range s.witnesses("cctp-v2", "MessageSent") {
		m, _ := w.args.at("message").([]byte)
		if len(m) < cctpBody+burnHook {
			continue
		}
		body := m[cctpBody:]
		if binary.BigEndian.Uint32(m[8:12]) != domain || common.Hash(m[cctpSender:cctpSender+32]) != common.BytesToHash(s.log.Address[:]) ||
			common.Hash(body[4:36]) != common.BytesToHash(token[:]) || [32]byte(body[36:68]) != to || [32]byte(body[68:100]) != burnt {
			continue
		}
		e.Key = burnKey(binary.BigEndian.Uint32(m[4:8]), domain, [32]byte(m[cctpSender:cctpSender+32]), body)
		return []graph.Event{e}, nil
	}
	if s.listed() {
		return nil, errNoMessage
	}
	return []graph.Event{e}, nil // a stranger's, without a key
}

// burnKey is a hash over what both sides of version 2 know. Fee executed and
// expiration block are filled in on the way; recipient and destination caller
// of the message are not in the log of the destination.
func burnKey(source, destination uint32, sender [32]byte, body []byte) string {
	head := binary.BigEndian.AppendUint32(binary.BigEndian.AppendUint32(nil, source), destination)
	h := keccak(head, sender[:], body[:burnFee], body[burnHook:])
	return string(h[:])
}
