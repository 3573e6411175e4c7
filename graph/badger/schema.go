package badger

import (
	"encoding/binary"
	"fmt"

	"spoor/graph"
)

// Every key begins with one of these bytes; no other file knows them. Integers
// in keys are big-endian and of fixed size, so that keys sort as the ledger
// does. A position is 11 bytes:
//
//	| block 4 | transaction 3 | place 4 |
//
// Rows that hold a run of things (a chunk of a history, a page of a block) are
// keyed by the last thing in them: seeking a position then lands on the one
// row that can contain it.
const (
	// header:   | h | height 4 |                       → what the block says about itself, and its counts
	prefixHeader = 'h'
	// page:     | b | height 4 | last transaction 3 |  → transactions of a block with their moves
	prefixPage = 'b'
	// chunk:    | e | id 5 | last position 11 |        → up to 256 entries of an address's history
	prefixChunk = 'e'
	// address:  | a | canonical bytes |                → id 5
	prefixAddress = 'a'
	// names:    | i | last id 5 |                      → canonical bytes of up to 256 addresses with consecutive ids
	prefixNames = 'i'
	// tx:       | t | hash 8 | height 4 | transaction 3 | → nothing; the page has the whole hash
	prefixTx = 't'
	// waiting:  | w | hash 8 | position 11 |           → nothing; an input whose output is not in the store
	prefixWaiting = 'w'
	// about:    | v | hash of the address 8 | position 11 |          → nothing; the page has the events there
	prefixAbout = 'v'
	// kind:     | k | kind of event 1 | position 11 |                → nothing
	prefixKind = 'k'
	// passage:  | p | hash of protocol and key 8 | position 11 |     → nothing
	prefixPassage = 'p'
	// asset:    | s | asset |                          → number 4
	prefixAsset = 's'
	// token:    | n | number 4 |                       → the asset, and the lowest block that mentions it
	prefixToken = 'n'
	// claim:    | d | asset |                          → the first claim about the asset
	prefixClaim = 'd'
	// coverage: | c | last height 4 |                  → a range of blocks read alike
	prefixCoverage = 'c'
	// covered:  | o | length 1 | canonical bytes | last height 4 | → a range of one address's history read alike
	prefixCovered = 'o'
	// state:    | m |                                  → counts; its version is the last complete call
	prefixState = 'm'
)

const (
	idLen       = 5
	positionLen = 11
	shortHash   = 8
	maxID       = 1<<(8*idLen) - 1
)

func headerKey(height uint32) []byte {
	return binary.BigEndian.AppendUint32([]byte{prefixHeader}, height)
}

func heightOfHeaderKey(k []byte) uint32 { return binary.BigEndian.Uint32(k[1:]) }

func pageKey(height, lastTx uint32) []byte {
	return appendTx([]byte{prefixPage}, height, lastTx)
}

func chunkKey(id graph.ID, last graph.Position) []byte {
	return appendPosition(appendID([]byte{prefixChunk}, id), last)
}

func chunkPrefix(id graph.ID) []byte { return appendID([]byte{prefixChunk}, id) }

func splitChunkKey(k []byte) (graph.ID, graph.Position) {
	return readID(k[1:]), readPosition(k[1+idLen:])
}

func addressKey(a graph.Address) []byte { return append([]byte{prefixAddress}, a.Bytes()...) }

func namesKey(last graph.ID) []byte { return appendID([]byte{prefixNames}, last) }

func lastOfNamesKey(k []byte) graph.ID { return readID(k[1:]) }

func txKey(h graph.Hash, height, tx uint32) []byte {
	return appendTx(txPrefix(h), height, tx)
}

func txPrefix(h graph.Hash) []byte { return append([]byte{prefixTx}, h[:shortHash]...) }

func positionOfTxKey(k []byte) graph.Position {
	rest := k[1+shortHash:]
	return graph.Position{Block: binary.BigEndian.Uint32(rest), Tx: readUint24(rest[4:])}
}

func waitingKey(prev graph.Hash, at graph.Position) []byte {
	return appendPosition(waitingPrefix(prev), at)
}

func waitingPrefix(prev graph.Hash) []byte {
	return append([]byte{prefixWaiting}, prev[:shortHash]...)
}

func positionOfWaitingKey(k []byte) graph.Position { return readPosition(k[1+shortHash:]) }

// Events are found by the position of their place: of whom they are about and
// of a passage by hashes, whose owners the events themselves tell.
func aboutPrefix(a graph.Address) []byte {
	return append([]byte{prefixAbout}, hash8(a.Bytes())...)
}

func kindPrefix(k graph.EventKind) []byte { return []byte{prefixKind, byte(k)} }

func passagePrefix(protocol, key string) []byte {
	return append([]byte{prefixPassage}, hash8([]byte{byte(len(protocol))}, []byte(protocol), []byte(key))...)
}

func assetKey(a graph.Asset) []byte { return appendAsset([]byte{prefixAsset}, a) }

func tokenKey(n graph.AssetID) []byte {
	return binary.BigEndian.AppendUint32([]byte{prefixToken}, uint32(n))
}

func claimKey(a graph.Asset) []byte { return appendAsset([]byte{prefixClaim}, a) }

func coverageKey(to uint32) []byte { return binary.BigEndian.AppendUint32([]byte{prefixCoverage}, to) }

func coveredKey(a graph.Address, to uint32) []byte {
	return binary.BigEndian.AppendUint32(coveredPrefix(a), to)
}

func coveredPrefix(a graph.Address) []byte {
	raw := a.Bytes()
	return append([]byte{prefixCovered, byte(len(raw))}, raw...)
}

func splitCoveredKey(k []byte) (address []byte, to uint32) {
	return k[2 : len(k)-4], binary.BigEndian.Uint32(k[len(k)-4:])
}

func stateKey() []byte { return []byte{prefixState} }

func appendTx(b []byte, height, tx uint32) []byte {
	b = binary.BigEndian.AppendUint32(b, height)
	return append(b, byte(tx>>16), byte(tx>>8), byte(tx))
}

func appendPosition(b []byte, p graph.Position) []byte {
	return binary.BigEndian.AppendUint32(appendTx(b, p.Block, p.Tx), uint32(p.Seq))
}

func readPosition(b []byte) graph.Position {
	return graph.Position{Block: binary.BigEndian.Uint32(b), Tx: readUint24(b[4:]), Seq: graph.Seq(binary.BigEndian.Uint32(b[7:]))}
}

func readUint24(b []byte) uint32 { return uint32(b[0])<<16 | uint32(b[1])<<8 | uint32(b[2]) }

func appendID(b []byte, id graph.ID) []byte {
	return append(b, byte(id>>32), byte(id>>24), byte(id>>16), byte(id>>8), byte(id))
}

func readID(b []byte) graph.ID {
	return graph.ID(b[0])<<32 | graph.ID(binary.BigEndian.Uint32(b[1:]))
}

// appendAsset writes an asset without its chain, which is the ledger's:
//
//	| standard 1 | length of contract 1 | contract | token id, big-endian, no leading zeros |
func appendAsset(b []byte, a graph.Asset) []byte {
	contract := a.Contract.Bytes()
	b = append(b, byte(a.Standard), byte(len(contract)))
	b = append(b, contract...)
	return append(b, a.TokenID.Bytes()...)
}

func readAsset(chain graph.ChainID, b []byte) (graph.Asset, error) {
	if len(b) < 2 || len(b) < 2+int(b[1]) || len(b) > 2+int(b[1])+32 {
		return graph.Asset{}, fmt.Errorf("%w: malformed asset %x", graph.ErrDamaged, b)
	}
	a := graph.Asset{Chain: chain, Standard: graph.Standard(b[0])}
	if n := int(b[1]); n > 0 {
		contract, err := graph.AddressFromBytes(chain, b[2:2+n])
		if err != nil {
			return graph.Asset{}, fmt.Errorf("%w: contract of an asset: %w", graph.ErrDamaged, err)
		}
		a.Contract = contract
	}
	a.TokenID.SetBytes(b[2+int(b[1]):])
	return a, nil
}
