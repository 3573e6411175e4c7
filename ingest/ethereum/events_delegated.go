package ethereum

import (
	"strings"

	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/core/types"
	"github.com/holiman/uint256"

	"spoor/graph"
)

// Rules that read EIP-7702 authorizations. An authorization takes effect if
//
//	1  its chain id is 0 or the chain's
//	2  its nonce is below 2^64-1
//	3  the signature has a low s and yields an account, the authority
//	4  the authority has no code, or a delegation
//	5  its nonce is the authority's at that moment
//
// and it does so even if the transaction then fails. 1 to 3 are checked of
// all. 4 and 5 are state, which a block tells only if the authority is the
// transaction's sender: it may send only with 4, and its nonce is then the
// transaction's, plus one, plus one for each of its authorizations before. Such
// a delegation is certain. Of other authorities it is certain only that they
// signed it: a used or premature nonce would make it void.
const (
	ruleDelegated       = "eip-7702"
	ruleDelegatedSigned = "eip-7702-signed"
)

// delegations adds the authorizations of a transaction of type 4.
func (d *decoder) delegations(tx *Tx, status Status) {
	if tx.Type != types.SetCodeTxType {
		return
	}
	if len(tx.Authorizations) == 0 {
		// The list of a valid transaction is not empty.
		d.pass("transaction with EIP-7702 authorizations that the source does not tell", 1)
		return
	}
	seq, _ := graph.CallSeq(0)
	own := tx.Nonce + 1 // the sender's nonce as authorizations are read
	type use struct {
		authority common.Address
		nonce     uint64
	}
	seen := map[use]bool{}
	for i := range tx.Authorizations {
		a := &tx.Authorizations[i]
		if !a.ChainID.IsZero() && a.ChainID != d.number() {
			d.pass("EIP-7702 authorization for another chain", 1)
			continue
		}
		authority, err := a.Authority()
		if err != nil || authority == (common.Address{}) || a.Nonce+1 == 0 {
			d.pass("EIP-7702 authorization with an invalid signature or nonce", 1)
			continue
		}
		rule := ruleDelegatedSigned
		switch {
		case seen[use{authority, a.Nonce}], authority == tx.From && a.Nonce != own:
			// A nonce counts once, and so does the sender's.
			d.pass("EIP-7702 authorization whose nonce cannot be the account's", 1)
			continue
		case authority == tx.From:
			own++
			// Since Amsterdam a transaction may run out of gas before its
			// authorizations are applied.
			if d.fork != Amsterdam || status == StatusOK {
				rule = ruleDelegated
			}
		}
		seen[use{authority, a.Nonce}] = true
		e := graph.Event{Seq: seq, Kind: graph.Delegated, Protocol: rule, Subject: d.address(&authority)}
		if a.Address != (common.Address{}) {
			e.Object = d.address(&a.Address)
		}
		d.event(e)
	}
}

// number is the chain's number by EIP-155.
func (d *decoder) number() uint256.Int {
	var n uint256.Int
	_ = n.SetFromDecimal(strings.TrimPrefix(string(d.chain.ID), "eip155:")) // every row of the chain table has one
	return n
}
