package badger

import (
	"bufio"
	"cmp"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"iter"
	"os"
	"path/filepath"
	"slices"

	"spoor/graph"
)

// stage is the first half of a load: three files that only grow.
//
//	blocks     block …:   | length 4 | height 4 | header's value | pages … | each with its length
//	addresses  address …: | length 1 | canonical bytes |
//	assets     asset …:   | lowest height 4 | length 1 | asset |
//
// CHECKPOINT says how far they are whole; what lies beyond is cut off when the
// load goes on.
type stage struct {
	dir   string
	chain graph.Chain
	state state

	blocks, addresses, assets *stageFile

	ids     *internTable
	tokens  []graph.Asset // by number, from 2
	lowest  []uint32      // their first heights
	numbers map[graph.Asset]graph.AssetID
	entries []uint32    // of each id's history, from id 1
	kinds   [256]uint64 // how many events there are of each kind
	spent   *outputTable
	since   int  // transfers since the last checkpoint
	broken  bool // a block was taken in part: the last checkpoint holds
}

const checkpointTransfers = 500_000

type stageFile struct {
	f    *os.File
	w    *bufio.Writer
	size int64
}

func (f *stageFile) write(b []byte) error {
	n, err := f.w.Write(b)
	f.size += int64(n)
	return err
}

// openStage begins a load or takes up an interrupted one.
func openStage(dir string, chain graph.Chain) (*stage, error) {
	longest := 20
	if chain.Family == graph.UTXOFamily {
		longest = 42
	}
	s := &stage{dir: dir, chain: chain, state: state{assets: 1}, ids: newInternTable(longest),
		numbers: map[graph.Asset]graph.AssetID{chain.Native(): graph.NativeID}, spent: newOutputTable()}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, err
	}
	c, err := readCheckpoint(dir)
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return nil, err
	}
	for _, f := range []struct {
		file **stageFile
		name string
		size int64
	}{{&s.blocks, "blocks", c.blocks}, {&s.addresses, "addresses", c.addresses}, {&s.assets, "assets", c.assets}} {
		if *f.file, err = openStageFile(filepath.Join(dir, f.name), f.size); err != nil {
			return nil, errors.Join(err, s.close())
		}
	}
	if c.state.blocks > 0 {
		s.state = c.state
		if err := s.restore(); err != nil {
			return nil, errors.Join(err, s.close())
		}
	}
	return s, nil
}

func openStageFile(path string, size int64) (*stageFile, error) {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o644)
	if err != nil {
		return nil, err
	}
	info, err := f.Stat()
	if err == nil && info.Size() < size {
		err = fmt.Errorf("%w: %s is shorter than its checkpoint says; remove the folder to load anew", graph.ErrDamaged, path)
	}
	if err == nil {
		err = f.Truncate(size)
	}
	if err == nil {
		_, err = f.Seek(size, io.SeekStart)
	}
	if err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return &stageFile{f, bufio.NewWriterSize(f, 1<<20), size}, nil
}

// takeAll appends blocks until they end or the source breaks.
func (s *stage) takeAll(ctx context.Context, blocks iter.Seq2[graph.Block, error]) error {
	for b, err := range blocks {
		if err != nil {
			return err
		}
		if err := ctx.Err(); err != nil {
			return err
		}
		if s.state.blocks > 0 && b.Height <= s.state.tip {
			return fmt.Errorf("block %d after %d: blocks must ascend", b.Height, s.state.tip)
		}
		if err := b.Validate(s.chain.ID); err != nil {
			return err
		}
		if err := s.take(&b); err != nil {
			s.broken = true
			return fmt.Errorf("block %d: %w", b.Height, err)
		}
		if s.since += b.Transfers(); s.since >= checkpointTransfers {
			if err := s.checkpoint(); err != nil {
				return err
			}
		}
	}
	return nil
}

func (s *stage) take(b *graph.Block) error {
	txs := make([]txRow, len(b.Txs))
	for i := range b.Txs {
		if err := s.takeTx(b, &b.Txs[i], &txs[i]); err != nil {
			return err
		}
	}
	h := header{Header: b.Header, know: b.Know, source: b.Source, txs: uint64(len(txs)), transfers: uint64(b.Transfers())}
	pages, err := encodePages(b.Height, txs)
	if err != nil {
		return err
	}
	record := bigEndian32(b.Height)
	for _, r := range append([]row{encodeHeader(&h)}, pages...) {
		record = binary.BigEndian.AppendUint32(record, uint32(len(r.value)))
		if r.key[0] == prefixPage {
			record = append(record, r.key[5:]...)
		}
		record = append(record, r.value...)
	}
	if err := s.blocks.write(append(bigEndian32(uint32(len(record))), record...)); err != nil {
		return err
	}
	s.count(&h)
	s.state.forms += uint64(b.Forms())
	return nil
}

func (s *stage) count(h *header) {
	s.state.blocks++
	s.state.txs += h.txs
	s.state.transfers += h.transfers
	s.state.tip = h.Height
}

func (s *stage) takeTx(b *graph.Block, tx *graph.Tx, r *txRow) error {
	*r = txRow{Index: tx.Index, Hash: tx.Hash, Failed: tx.Failed, Form: tx.Form, Moves: make([]moveRow, len(tx.Transfers)), stated: encodeEvents(tx.Events)}
	s.countEvents(tx.Events)
	for i := range tx.Transfers {
		t := &tx.Transfers[i]
		m := &r.Moves[i]
		m.Seq, m.Kind, m.Amount, m.Prev = t.Seq, t.Kind, t.Amount, t.Prev
		var err error
		if m.From, err = s.id(t.From); err == nil {
			m.To, err = s.id(t.To)
		}
		if err == nil {
			m.Asset, err = s.asset(t.Asset, b.Height)
		}
		if err != nil {
			return err
		}
		if m.isWaiting() {
			if at := s.spent.find(m.Prev, m.From); at != (graph.Position{}) {
				m.Spends, m.Prev = at, graph.OutPoint{}
			} else {
				s.state.waiting++
			}
		}
	}
	if s.chain.Family == graph.UTXOFamily {
		s.spent.add(b.Height, r)
	}
	return nil
}

func (s *stage) countEvents(events []graph.Event) {
	for i := range events {
		s.kinds[events[i].Kind]++
	}
}

func (s *stage) id(a graph.Address) (graph.ID, error) {
	if a.IsZero() {
		return 0, nil
	}
	raw := a.Bytes()
	n, isNew := s.ids.number(raw)
	if isNew {
		s.state.addresses = n
		s.entries = append(s.entries, 0)
		if err := s.addresses.write(append([]byte{byte(len(raw))}, raw...)); err != nil {
			return 0, err
		}
	}
	s.entries[n-1]++
	return graph.ID(n), nil
}

func (s *stage) asset(a graph.Asset, height uint32) (graph.AssetID, error) {
	if n, ok := s.numbers[a]; ok {
		return n, nil
	}
	s.addAsset(a, height)
	raw := appendAsset(nil, a)
	return graph.AssetID(s.state.assets), s.assets.write(append(append(bigEndian32(height), byte(len(raw))), raw...))
}

func (s *stage) addAsset(a graph.Asset, height uint32) {
	s.state.assets++
	s.numbers[a] = graph.AssetID(s.state.assets)
	s.tokens, s.lowest = append(s.tokens, a), append(s.lowest, height)
}

// checkpoint makes what was taken so far a place to go on from.
func (s *stage) checkpoint() error {
	s.since = 0
	for _, f := range []*stageFile{s.blocks, s.addresses, s.assets} {
		if err := f.w.Flush(); err != nil {
			return err
		}
		if err := f.f.Sync(); err != nil {
			return err
		}
	}
	return writeCheckpoint(s.dir, checkpoint{s.blocks.size, s.addresses.size, s.assets.size, s.state})
}

func (s *stage) checkpointAndClose() error {
	if s.broken {
		return s.close()
	}
	return errors.Join(s.checkpoint(), s.close())
}

func (s *stage) close() error {
	var errs []error
	for _, f := range []*stageFile{s.blocks, s.addresses, s.assets} {
		if f != nil {
			errs = append(errs, f.f.Close())
		}
	}
	return errors.Join(errs...)
}

// restore reads the files back into memory.
func (s *stage) restore() error {
	bad := fmt.Errorf("%w: the staged files in %s do not agree; remove the folder to load anew", graph.ErrDamaged, s.dir)
	err := readRecords(filepath.Join(s.dir, "addresses"), func(r *bufio.Reader) error {
		n, err := r.ReadByte()
		if err != nil {
			return err
		}
		raw := make([]byte, n)
		if _, err := io.ReadFull(r, raw); err != nil {
			return bad
		}
		if _, isNew := s.ids.number(raw); !isNew || int(n) >= s.ids.width {
			return bad
		}
		s.entries = append(s.entries, 0)
		return nil
	})
	if err != nil {
		return err
	}
	want := s.state
	s.state = state{assets: 1, waiting: want.waiting, addresses: s.ids.count}
	err = readRecords(filepath.Join(s.dir, "assets"), func(r *bufio.Reader) error {
		var head [5]byte
		if _, err := io.ReadFull(r, head[:]); err != nil {
			return err
		}
		raw := make([]byte, head[4])
		if _, err := io.ReadFull(r, raw); err != nil {
			return bad
		}
		a, err := readAsset(s.chain.ID, raw)
		s.addAsset(a, readBigEndian32(head[:]))
		return err
	})
	if err != nil {
		return err
	}
	err = s.eachBlock(func(b *stagedBlock) error {
		s.count(&b.header)
		return b.eachTx(func(tx *txRow) error {
			if tx.Form.Known {
				s.state.forms++
			}
			if s.chain.Family == graph.UTXOFamily {
				s.spent.add(b.header.Height, tx)
			}
			events, err := decodeEvents(s.chain.ID, tx.stated, nil)
			if err != nil {
				return err
			}
			s.countEvents(events)
			for i := range tx.Moves {
				for _, id := range []graph.ID{tx.Moves[i].From, tx.Moves[i].To} {
					if uint64(id) > s.ids.count {
						return bad
					}
					if id > 0 {
						s.entries[id-1]++
					}
				}
			}
			return nil
		})
	})
	if err == nil && s.state != want {
		err = bad
	}
	return err
}

func readRecords(path string, next func(*bufio.Reader) error) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	r := bufio.NewReaderSize(f, 1<<20)
	for err == nil {
		err = next(r)
	}
	if errors.Is(err, io.EOF) {
		err = nil
	}
	return errors.Join(err, f.Close())
}

// stagedBlock is a block as its rows.
type stagedBlock struct {
	header header
	rows   []row // the header's, then the pages'
}

// eachBlock reads the staged blocks in order.
func (s *stage) eachBlock(take func(*stagedBlock) error) error {
	var buffer []byte
	return readRecords(filepath.Join(s.dir, "blocks"), func(r *bufio.Reader) error {
		var length [4]byte
		if _, err := io.ReadFull(r, length[:]); err != nil {
			return err
		}
		n := int(readBigEndian32(length[:]))
		buffer = slices.Grow(buffer[:0], n)[:n]
		if _, err := io.ReadFull(r, buffer); err != nil {
			return fmt.Errorf("%w: staged block: %w", graph.ErrDamaged, io.ErrUnexpectedEOF)
		}
		b, err := parseStaged(buffer)
		if err != nil {
			return err
		}
		return take(b)
	})
}

func parseStaged(record []byte) (*stagedBlock, error) {
	r := reader{b: record}
	var b stagedBlock
	key := append([]byte{prefixHeader}, r.bytes(4)...)
	for len(r.b) > 0 {
		length := r.bytes(4)
		if length == nil {
			break
		}
		if len(b.rows) > 0 {
			key = append(append([]byte{prefixPage}, record[:4]...), r.bytes(3)...)
		}
		b.rows = append(b.rows, row{key, r.bytes(uint64(readBigEndian32(length)))})
	}
	if r.err != nil || len(b.rows) == 0 {
		return nil, fmt.Errorf("%w: staged block: %w", graph.ErrDamaged, errShort)
	}
	value, err := unseal(b.rows[0].key, b.rows[0].value)
	if err != nil {
		return nil, err
	}
	b.header, err = decodeHeader(b.rows[0].key, value)
	return &b, err
}

func (b *stagedBlock) eachTx(take func(*txRow) error) error {
	for _, r := range b.rows[1:] {
		value, err := unseal(r.key, r.value)
		if err != nil {
			return err
		}
		txs, err := decodePage(r.key, value, b.header.Height, nil)
		if err != nil {
			return err
		}
		for i := range txs {
			if err := take(&txs[i]); err != nil {
				return err
			}
		}
	}
	return nil
}

// checkpoint says how far the staged files are whole.
//
//	CHECKPOINT | blocks 8 | addresses 8 | assets 8 | state | CRC-32C 4 |
type checkpoint struct {
	blocks, addresses, assets int64 // sizes of the files
	state                     state
}

const checkpointName = "CHECKPOINT"

func writeCheckpoint(dir string, c checkpoint) error {
	var b []byte
	for _, n := range []int64{c.blocks, c.addresses, c.assets} {
		b = binary.BigEndian.AppendUint64(b, uint64(n))
	}
	b = append(b, c.state.encode()...)
	return writeFile(filepath.Join(dir, checkpointName), seal([]byte(checkpointName), b))
}

func readCheckpoint(dir string) (c checkpoint, err error) {
	raw, err := os.ReadFile(filepath.Join(dir, checkpointName))
	if err != nil {
		return c, err
	}
	value, err := unseal([]byte(checkpointName), raw)
	if err != nil {
		return c, err
	}
	r := reader{b: value}
	for _, n := range []*int64{&c.blocks, &c.addresses, &c.assets} {
		if b := r.bytes(8); b != nil {
			*n = int64(binary.BigEndian.Uint64(b))
		}
	}
	if r.err != nil {
		return c, r.end([]byte(checkpointName))
	}
	c.state, err = decodeState(r.b)
	return c, err
}

// outputTable knows the outputs of the transactions taken so far, so that
// inputs find what they spend. It is the one part of a load whose memory grows
// with the transactions of a UTXO ledger.
type outputTable struct {
	latest map[graph.Hash]int32 // index into txs
	txs    []outputTx
	paid   []paidOutput
}

type outputTx struct {
	block, tx  uint32
	first, end int // of its outputs in paid
	earlier    int32
}

type paidOutput struct {
	seq graph.Seq
	to  graph.ID
}

func newOutputTable() *outputTable { return &outputTable{latest: make(map[graph.Hash]int32)} }

func (o *outputTable) add(height uint32, tx *txRow) {
	if tx.Hash.IsZero() {
		return
	}
	t := outputTx{block: height, tx: tx.Index, first: len(o.paid), earlier: -1}
	for i := range tx.Moves {
		if m := &tx.Moves[i]; m.Kind == graph.KindOutput {
			o.paid = append(o.paid, paidOutput{m.Seq, m.To})
		}
	}
	if t.end = len(o.paid); t.end == t.first {
		return
	}
	if earlier, ok := o.latest[tx.Hash]; ok {
		t.earlier = earlier
	}
	o.latest[tx.Hash] = int32(len(o.txs))
	o.txs = append(o.txs, t)
}

// find is where the latest output is that an input of an address may spend,
// zero if there is none.
func (o *outputTable) find(prev graph.OutPoint, from graph.ID) graph.Position {
	seq, err := graph.OutputSeq(int(prev.Index))
	if err != nil {
		return graph.Position{}
	}
	at, ok := o.latest[prev.Tx]
	for ; ok && at >= 0; at = o.txs[at].earlier {
		t := &o.txs[at]
		paid := o.paid[t.first:t.end] // moves ascend by place, so these do
		i, found := slices.BinarySearchFunc(paid, seq, func(p paidOutput, seq graph.Seq) int { return cmp.Compare(p.seq, seq) })
		if found && paid[i].to == from {
			return graph.Position{Block: t.block, Tx: t.tx, Seq: seq}
		}
	}
	return graph.Position{}
}
