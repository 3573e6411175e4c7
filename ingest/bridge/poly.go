package bridge

import (
	"encoding/binary"
	"fmt"

	"github.com/ethereum/go-ethereum/common"

	"spoor/graph"
)

// poly reads what the lock proxies of Poly Network state. The index of the
// source transaction, which both sides know, is in the manager's log.
func poly(s *side) ([]graph.Event, error) {
	e, err := s.event()
	if err != nil {
		return nil, err
	}
	name, other := "CrossChainEvent", "proxyOrAssetContract"
	if e.Kind == graph.Arrival {
		name, other = "VerifyHeaderAndExecuteTxEvent", "toContract"
	}
	found := 0
	for _, w := range s.witnesses("poly", name) {
		if to, err := account(w.args.at(other)); err != nil || to != s.log.Address {
			continue
		}
		source, id := any(nil), []byte(nil)
		if e.Kind == graph.Departure {
			if w.args.at("toChainId") != s.args.at("toChainId") {
				continue
			}
			here, ok := numberOf("poly", s.tx.Chain)
			if !ok {
				return nil, fmt.Errorf("%w: no number for %s", errField, s.tx.Chain)
			}
			id, _ = w.args.at("txId").([]byte)
			source = here
		} else {
			id, _ = w.args.at("fromChainTxHash").([]byte)
			source = w.args.at("fromChainID")
			if e.Far.Chain, err = chainOf("poly", "poly", source); err != nil {
				return nil, err
			}
		}
		if e.Key, err = polyKey(source, id); err != nil {
			return nil, err
		}
		found++
	}
	if found != 1 {
		e.Key = "" // none, or more than can be told apart
	}
	return []graph.Event{e}, nil
}

// polyKey is the source chain's number and the transaction's index there.
func polyKey(source any, id []byte) (string, error) {
	head, err := words(source)
	if err != nil {
		return "", err
	}
	if len(id) == 0 || len(id) > maxRaw-len(head) {
		return "", fmt.Errorf("%w: an index of %d bytes", errField, len(id))
	}
	return head + string(id), nil
}

// proven is Poly's arrival. The proof begins with the value that it proves, in
// Poly's serialisation (a length before each text, numbers little endian):
// transaction at Poly, source chain 8, index at the source, crossing id, source
// contract, destination chain 8, destination contract, method, arguments:
// token, receiver, amount 32.
func (in *input) proven(e *graph.Event, data []byte) error {
	proof, ok := bytesArgument(data, 0)
	if !ok {
		return errRequest
	}
	path := polyReader{rest: proof}
	r := polyReader{rest: path.text()}
	r.text()
	source := r.number()
	index := r.text()
	r.text()
	r.text()
	r.number()
	r.text()
	method := r.text()
	a := polyReader{rest: r.text()}
	token, to, sum := a.text(), a.text(), a.take(32)
	if path.short || r.short || a.short || string(method) != "unlock" || len(token) != 20 || len(to) != 20 {
		return errRequest
	}
	var err error
	if e.Key, err = polyKey(source, index); err != nil {
		return err
	}
	e.Subject, e.Asset = in.address(common.BytesToAddress(to)), in.erc20(common.BytesToAddress(token))
	var big [32]byte
	for i := range sum {
		big[31-i] = sum[i]
	}
	e.Amount.SetBytes(big[:])
	e.Far.Chain, err = chainOf("poly", "poly", source)
	return err
}

// polyReader reads Poly's serialisation; after the end all is empty and short.
type polyReader struct {
	rest  []byte
	short bool
}

func (r *polyReader) take(n uint64) []byte {
	if n > uint64(len(r.rest)) {
		r.short, r.rest = true, nil
		return nil
	}
	out := r.rest[:n]
	r.rest = r.rest[n:]
	return out
}

func (r *polyReader) number() uint64 {
	if b := r.take(8); b != nil {
		return binary.LittleEndian.Uint64(b)
	}
	return 0
}

// text is a text after its length: one byte, or a mark and 2, 4 or 8 bytes.
func (r *polyReader) text() []byte {
	head := r.take(1)
	if head == nil {
		return nil
	}
	size := map[byte]uint64{0xfd: 2, 0xfe: 4, 0xff: 8}[head[0]]
	if size == 0 {
		return r.take(uint64(head[0]))
	}
	var n [8]byte
	copy(n[:], r.take(size))
	return r.take(binary.LittleEndian.Uint64(n[:]))
}
