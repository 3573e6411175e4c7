package badger

import (
	"encoding/binary"
	"fmt"

	"spoor/graph"
)

// Labels have a Badger directory of their own. Its keys begin with one of these
// bytes, or with prefixState, whose row tells as in a ledger which call was the
// last complete one; no other file knows them.
const (
	// pack:     | p | number 4 |                                                  → what a pack says about itself
	prefixPack = 'p'
	// label:    | l | chain | 0 | length 1 | canonical bytes | pack 4 | row 4 |   → a label
	prefixLabel = 'l'
	// actor:    | x | length 1 | id | pack 4 | row 4 |                            → an actor
	prefixActor = 'x'
)

// ofPackLen is the end of the keys of what belongs to a pack.
const ofPackLen = 8

func packKey(number uint32) []byte {
	return binary.BigEndian.AppendUint32([]byte{prefixPack}, number)
}

func numberOfPackKey(k []byte) uint32 { return binary.BigEndian.Uint32(k[1:]) }

// labelPrefix begins the keys of the labels of an address, and of no other: the
// length stands before the bytes.
func labelPrefix(a graph.Address) []byte {
	raw := a.Bytes()
	return append(append(chainPrefix(a.Chain), byte(len(raw))), raw...)
}

// chainPrefix begins the keys of the labels of a chain.
func chainPrefix(id graph.ChainID) []byte {
	return append(append([]byte{prefixLabel}, id...), 0)
}

func actorPrefix(id string) []byte {
	return append([]byte{prefixActor, byte(len(id))}, id...)
}

func appendOfPack(prefix []byte, pack, row uint32) []byte {
	return binary.BigEndian.AppendUint32(binary.BigEndian.AppendUint32(prefix, pack), row)
}

func packOfKey(k []byte) uint32 { return binary.BigEndian.Uint32(k[len(k)-ofPackLen:]) }

// addressOfLabelKey is the address a label's key names.
func addressOfLabelKey(k []byte) (graph.Address, error) {
	for i := 1; i < len(k); i++ {
		if k[i] != 0 {
			continue
		}
		if rest := k[i+1:]; len(rest) > 0 && len(rest) == 1+int(rest[0])+ofPackLen {
			return graph.AddressFromBytes(graph.ChainID(k[1:i]), rest[1:1+rest[0]])
		}
		break
	}
	return graph.Address{}, fmt.Errorf("%w: key %x names no address", graph.ErrDamaged, k)
}

func appendTexts(b []byte, texts []string) []byte {
	b = appendUvarint(b, uint64(len(texts)))
	for _, t := range texts {
		b = appendText(b, t)
	}
	return b
}

func (r *reader) texts() (texts []string) {
	for n := r.uvarint(); n > 0 && r.err == nil; n-- {
		texts = append(texts, r.text())
	}
	return texts
}

// textsOf are the texts of a label in the order in which they are stored.
func textsOf(l *graph.Label) []*string {
	return []*string{&l.Name, &l.Category, &l.Behaviour, &l.Source, &l.Grade, &l.Abuse, &l.Concepts, &l.Actor, &l.Kind, &l.Currency, &l.Note, &l.URI, &l.Licence}
}

// encodeLabel writes a label without its address and pack, which are its key's:
//
//	label | flags 1 | confidence 1 | date zigzag | from zigzag | until zigzag | text … | CRC-32C 4 |
//
// Flags: bit 0 it speaks for the whole entity.
func encodeLabel(key []byte, l *graph.Label) row {
	flags := byte(0)
	if l.Definer {
		flags = 1
	}
	b := []byte{flags, byte(l.Confidence)}
	for _, n := range []int64{l.Date, l.From, l.Until} {
		b = appendVarint(b, n)
	}
	for _, t := range textsOf(l) {
		b = appendText(b, *t)
	}
	return row{key, seal(key, b)}
}

func decodeLabel(key, value []byte) (l graph.Label, err error) {
	r := reader{b: value}
	l.Definer, l.Confidence = r.byte() == 1, int(r.byte())
	for _, n := range []*int64{&l.Date, &l.From, &l.Until} {
		*n = r.varint()
	}
	for _, t := range textsOf(&l) {
		*t = r.text()
	}
	return l, r.end(key)
}

// encodePack writes what a pack says about itself:
//
//	pack | digest 32 | date zigzag | size | rows | refused | labels | actors | text … | CRC-32C 4 |
func encodePack(key []byte, p *graph.Pack) row {
	b := append([]byte(nil), p.Digest[:]...)
	b = appendVarint(b, p.Date)
	for _, n := range []int64{p.Size, int64(p.Rows), int64(p.Refused), int64(p.Labels), int64(p.Actors)} {
		b = appendUvarint(b, uint64(n))
	}
	for _, t := range textsOfPack(p) {
		b = appendText(b, *t)
	}
	return row{key, seal(key, b)}
}

func textsOfPack(p *graph.Pack) []*string {
	return []*string{&p.Name, &p.Format, &p.Options, &p.Title, &p.Creator, &p.Description, &p.Licence, &p.URI}
}

func decodePack(key, value []byte) (p graph.Pack, err error) {
	r := reader{b: value}
	copy(p.Digest[:], r.bytes(uint64(len(p.Digest))))
	p.Date, p.Size = r.varint(), int64(r.uvarint())
	for _, n := range []*int{&p.Rows, &p.Refused, &p.Labels, &p.Actors} {
		*n = int(r.uint32())
	}
	for _, t := range textsOfPack(&p) {
		*t = r.text()
	}
	return p, r.end(key)
}

// encodeActor writes an actor without its id and pack, which are its key's:
//
//	actor | date zigzag | label | uri | context | categories | jurisdictions | aliases | CRC-32C 4 |
func encodeActor(key []byte, a *graph.Actor) row {
	b := appendVarint(nil, a.Date)
	for _, t := range []string{a.Label, a.URI, a.Context} {
		b = appendText(b, t)
	}
	for _, texts := range [][]string{a.Categories, a.Jurisdictions, a.Aliases} {
		b = appendTexts(b, texts)
	}
	return row{key, seal(key, b)}
}

func decodeActor(key, value []byte) (a graph.Actor, err error) {
	r := reader{b: value}
	a.Date = r.varint()
	for _, t := range []*string{&a.Label, &a.URI, &a.Context} {
		*t = r.text()
	}
	for _, texts := range []*[]string{&a.Categories, &a.Jurisdictions, &a.Aliases} {
		*texts = r.texts()
	}
	return a, r.end(key)
}
