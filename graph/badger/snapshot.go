package badger

import (
	"bytes"
	"errors"
	"fmt"

	badgerdb "github.com/dgraph-io/badger/v4"

	"spoor/graph"
)

// snapshot reads rows as they were at one version. It keeps one iterator for
// each prefix and moves it, because making one costs more than moving it. For
// one goroutine.
type snapshot struct {
	txn     *badgerdb.Txn
	cursors map[byte]*cursor
}

func (g *generation) snapshot(version uint64) *snapshot {
	return &snapshot{txn: g.db.NewTransactionAt(version, false), cursors: make(map[byte]*cursor)}
}

func (s *snapshot) close() {
	for _, c := range s.cursors {
		c.it.Close()
	}
	s.txn.Discard()
}

// get is the value of a key, valid until the next call.
func (s *snapshot) get(key []byte) ([]byte, error) {
	item, err := s.txn.Get(key)
	if errors.Is(err, badgerdb.ErrKeyNotFound) {
		return nil, graph.ErrNotFound
	}
	if err != nil {
		return nil, damaged(err)
	}
	sealed, err := item.ValueCopy(nil)
	if err != nil {
		return nil, damaged(err)
	}
	return unseal(key, sealed)
}

// cursor walks the rows of one prefix. Whoever moves it owns its place until
// somebody else moves it; moved tells.
type cursor struct {
	it    *badgerdb.Iterator
	moved uint64
}

// seek finds the first row at or after a key, among those with its first byte.
func (s *snapshot) seek(key []byte) *cursor {
	prefix := key[0]
	c := s.cursors[prefix]
	if c == nil {
		c = &cursor{it: s.txn.NewIterator(badgerdb.IteratorOptions{Prefix: []byte{prefix}})}
		s.cursors[prefix] = c
	}
	c.it.Seek(key)
	c.moved++
	return c
}

func (c *cursor) next() {
	c.it.Next()
	c.moved++
}

func (c *cursor) valid() bool { return c.it.Valid() }

// has reports whether the cursor is at a row whose key has a prefix.
func (c *cursor) has(prefix []byte) bool { return c.it.ValidForPrefix(prefix) }

// key is the key of the row, valid until the cursor moves.
func (c *cursor) key() []byte { return c.it.Item().Key() }

// value passes the unsealed value of the row, valid during the call.
func (c *cursor) value(read func(key, value []byte) error) error {
	item := c.it.Item()
	var inner error
	err := item.Value(func(sealed []byte) error {
		var value []byte
		if value, inner = unseal(item.Key(), sealed); inner == nil {
			inner = read(item.Key(), value)
		}
		return nil
	})
	if err != nil {
		return damaged(err)
	}
	return inner
}

// header is the row of a block.
type header struct {
	graph.Header
	know           graph.Knowledge
	source         string
	txs, transfers uint64
}

// encodeHeader writes
//
//	header | hash 32 | parent 32 | time, zigzag | transfers, logs, traces 3 | txs | transfers | source | CRC-32C 4 |
func encodeHeader(h *header) row {
	b := append(append([]byte{}, h.Hash[:]...), h.Parent[:]...)
	b = appendVarint(b, h.Time)
	b = append(b, byte(h.know.Transfers), byte(h.know.Logs), byte(h.know.Traces))
	b = appendUvarint(b, h.txs)
	b = appendUvarint(b, h.transfers)
	b = append(b, h.source...)
	key := headerKey(h.Height)
	return row{key, seal(key, b)}
}

func decodeHeader(key, value []byte) (header, error) {
	r := reader{b: value}
	h := header{Header: graph.Header{Height: heightOfHeaderKey(key), Hash: r.hash(), Parent: r.hash(), Time: r.varint()}}
	h.know = graph.Knowledge{Transfers: graph.Extent(r.byte()), Logs: graph.Extent(r.byte()), Traces: graph.Extent(r.byte())}
	if max(h.know.Transfers, h.know.Logs, h.know.Traces) > graph.Full {
		r.fail(errors.New("unknown extent"))
	}
	h.txs, h.transfers = r.uvarint(), r.uvarint()
	h.source = string(r.bytes(uint64(len(r.b))))
	return h, r.end(key)
}

func (s *snapshot) header(height uint32) (header, error) {
	key := headerKey(height)
	value, err := s.get(key)
	if err != nil {
		return header{}, fmt.Errorf("block %d: %w", height, err)
	}
	return decodeHeader(key, value)
}

// txs are the transactions of a block as the journal keeps them.
func (s *snapshot) txs(h *header) ([]txRow, error) {
	return readPages(s.seek(pageKey(h.Height, 0)), h, nil)
}

// tx decodes the transaction at a place into tx.
func (s *snapshot) tx(height, index uint32, tx *txRow) error {
	c := s.seek(pageKey(height, index))
	if !c.has(pageKey(height, 0)[:5]) {
		return graph.ErrNotFound
	}
	return c.value(func(key, value []byte) error {
		found, err := findInPage(key, value, height, index, tx)
		if err == nil && !found {
			err = graph.ErrNotFound
		}
		return err
	})
}

// findTx lists where transactions with a hash are, ascending.
func (s *snapshot) findTx(hash graph.Hash) ([]graph.Position, error) {
	var found []graph.Position
	var tx txRow
	prefix := txPrefix(hash)
	for c := s.seek(prefix); c.has(prefix); c.next() {
		at := positionOfTxKey(c.key())
		if err := s.tx(at.Block, at.Tx, &tx); err != nil {
			return nil, fmt.Errorf("%w: the transaction index names %s: %w", graph.ErrDamaged, at, err)
		}
		if tx.Hash == hash { // else only the first bytes agree
			found = append(found, at)
		}
	}
	return found, nil
}

// output is the latest output with an outpoint's name that lies before a
// position.
func (s *snapshot) output(o graph.OutPoint, before graph.Position) (m graph.Move, at graph.Position, err error) {
	seq, err := graph.OutputSeq(int(o.Index))
	if err != nil {
		return m, at, graph.ErrNotFound
	}
	places, err := s.findTx(o.Tx)
	if err != nil {
		return m, at, err
	}
	var tx txRow
	for i := len(places) - 1; i >= 0; i-- {
		if places[i].NextTx().Compare(before) > 0 {
			continue
		}
		if err := s.tx(places[i].Block, places[i].Tx, &tx); err != nil {
			return m, at, err
		}
		if move := tx.output(seq); move != nil {
			at = places[i]
			at.Seq = seq
			return move.Move, at, nil
		}
	}
	return m, at, graph.ErrNotFound
}

// output is the output of a transaction at a place, nil if it has none there.
func (tx *txRow) output(seq graph.Seq) *moveRow {
	for i := range tx.Moves {
		if tx.Moves[i].Seq == seq && tx.Moves[i].Kind == graph.KindOutput {
			return &tx.Moves[i]
		}
	}
	return nil
}

// id is the number of an address.
func (s *snapshot) id(a graph.Address) (graph.ID, error) {
	key := addressKey(a)
	value, err := s.get(key)
	if err != nil {
		return 0, err
	}
	if len(value) != idLen {
		return 0, fmt.Errorf("%w: the value of key %x", graph.ErrDamaged, key)
	}
	return readID(value), nil
}

// names is a row of addresses with consecutive ids.
//
//	names | address … | CRC-32C 4 |
//	address | length 1 | canonical bytes |
type names struct {
	first graph.ID
	raw   [][]byte
}

const maxNames = 256

func encodeNames(n names) row {
	var b []byte
	for _, raw := range n.raw {
		b = append(append(b, byte(len(raw))), raw...)
	}
	key := namesKey(n.first + graph.ID(len(n.raw)) - 1)
	return row{key, seal(key, b)}
}

func decodeNames(key, value []byte) (names, error) {
	r := reader{b: value}
	var n names
	for len(r.b) > 0 {
		n.raw = append(n.raw, bytes.Clone(r.bytes(uint64(r.byte()))))
	}
	n.first = lastOfNamesKey(key) - graph.ID(len(n.raw)) + 1
	return n, r.end(key)
}

// names is the row that has an id's address.
func (s *snapshot) names(id graph.ID) (n names, err error) {
	c := s.seek(namesKey(id))
	if !c.valid() {
		return n, graph.ErrNotFound
	}
	err = c.value(func(key, value []byte) error {
		n, err = decodeNames(key, value)
		return err
	})
	if err == nil && (id < n.first || n.first == 0) {
		err = fmt.Errorf("%w: address number %d is missing", graph.ErrDamaged, id)
	}
	return n, err
}

// token is the row of an asset's number.
//
//	token | lowest height 4 | asset | CRC-32C 4 |
type token struct {
	asset  graph.Asset
	lowest uint32 // no block below mentions it
}

func encodeToken(n graph.AssetID, t token) row {
	key := tokenKey(n)
	return row{key, seal(key, appendAsset(bigEndian32(t.lowest), t.asset))}
}

func (s *snapshot) token(chain graph.ChainID, n graph.AssetID) (token, error) {
	key := tokenKey(n)
	value, err := s.get(key)
	if err != nil {
		return token{}, err
	}
	if len(value) < 4 {
		return token{}, fmt.Errorf("%w: the value of key %x", graph.ErrDamaged, key)
	}
	asset, err := readAsset(chain, value[4:])
	return token{asset, readBigEndian32(value)}, err
}

func (s *snapshot) assetID(a graph.Asset) (graph.AssetID, error) {
	key := assetKey(a)
	value, err := s.get(key)
	if err != nil {
		return 0, err
	}
	if len(value) != 4 {
		return 0, fmt.Errorf("%w: the value of key %x", graph.ErrDamaged, key)
	}
	return graph.AssetID(readBigEndian32(value)), nil
}

// encodeClaim writes
//
//	claim | decimals, zigzag | length of symbol | symbol | source | CRC-32C 4 |
func encodeClaim(i graph.AssetInfo) row {
	b := appendVarint(nil, int64(i.Decimals))
	b = appendUvarint(b, uint64(len(i.Symbol)))
	b = append(append(b, i.Symbol...), i.Source...)
	key := claimKey(i.Asset)
	return row{key, seal(key, b)}
}

func (s *snapshot) claim(a graph.Asset) (graph.AssetInfo, error) {
	key := claimKey(a)
	value, err := s.get(key)
	if errors.Is(err, graph.ErrNotFound) {
		return graph.AssetInfo{Asset: a, Decimals: -1}, nil
	}
	if err != nil {
		return graph.AssetInfo{}, err
	}
	r := reader{b: value}
	info := graph.AssetInfo{Asset: a, Decimals: int(r.varint())}
	info.Symbol = string(r.bytes(r.uvarint()))
	info.Source = string(r.bytes(uint64(len(r.b))))
	return info, r.end(key)
}
