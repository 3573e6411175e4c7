package synthetic

import (
	"crypto/sha256"
	"encoding/binary"
	"math/bits"
	"math/rand/v2"

	"github.com/btcsuite/btcd/txscript/v2"

	"spoor/graph"
)

// draw is a seeded stream of choices. It reduces PCG's output itself, so that
// a seed gives the same ledger whatever becomes of rand.Rand's methods.
type draw struct{ pcg *rand.PCG }

func newDraw(seed uint64, stream string) *draw {
	sum := sha256.Sum256([]byte(stream))
	return &draw{rand.NewPCG(seed, binary.BigEndian.Uint64(sum[:]))}
}

// below is a number from 0 to n-1; n must not be 0.
func (d *draw) below(n uint64) uint64 {
	high, _ := bits.Mul64(d.pcg.Uint64(), n)
	return high
}

// percent is true in p of 100 cases.
func (d *draw) percent(p uint64) bool { return d.below(100) < p }

// spread is a positive number below 2^high whose bit length is uniform from
// low+1 to high: amounts in ledgers span many orders of magnitude.
func (d *draw) spread(low, high uint64) uint64 {
	bit := uint64(1) << (low + d.below(high-low))
	return bit + d.below(bit)
}

// mix is the finaliser of SplitMix64: a bijection that looks random.
func mix(x uint64) uint64 {
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}

// payload fills bytes from a seed and a serial number. Two serials of one seed
// never collide, because the first eight bytes are a bijection of the serial.
func payload(into []byte, seed, serial uint64) {
	state := serial + mix(seed)
	for len(into) >= 8 {
		state += 0x9e3779b97f4a7c15
		binary.BigEndian.PutUint64(into, mix(state))
		into = into[8:]
	}
	for i := range into {
		into[i] = byte(mix(state+1) >> (8 * i))
	}
}

func account(chain graph.ChainID, seed, serial uint64) graph.Address {
	var raw [20]byte
	payload(raw[:], seed, serial)
	return graph.EVMAddress(chain, raw)
}

// place is a Bitcoin address; the serial's low bits choose among the usual
// forms of output, half of them native segwit.
func place(chain graph.ChainID, seed, serial uint64) graph.Address {
	var raw [34]byte
	switch serial % 8 {
	case 0: // P2PKH
		script := append(raw[:0], txscript.OP_DUP, txscript.OP_HASH160, 20)
		payload(raw[3:23], seed, serial)
		return graph.ScriptAddress(chain, append(script[:23], txscript.OP_EQUALVERIFY, txscript.OP_CHECKSIG))
	case 1: // P2SH
		script := append(raw[:0], txscript.OP_HASH160, 20)
		payload(raw[2:22], seed, serial)
		return graph.ScriptAddress(chain, append(script[:22], txscript.OP_EQUAL))
	case 2, 3: // P2TR
		raw[0], raw[1] = txscript.OP_1, 32
		payload(raw[2:34], seed, serial)
		return graph.ScriptAddress(chain, raw[:34])
	}
	raw[0], raw[1] = txscript.OP_0, 20
	payload(raw[2:22], seed, serial)
	return graph.ScriptAddress(chain, raw[:22])
}
