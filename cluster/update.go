package cluster

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"

	"spoor/graph"
)

// Find appends to evidence what a transaction shows. It is given the
// transactions of a ledger in order, and what it finds may depend on what is at
// or below its transaction, nothing else: then evidence that was found block by
// block is that of the whole.
type Find func(tx *graph.TxMoves, evidence []Evidence) ([]Evidence, error)

// Updated says what Update did.
type Updated struct {
	From      uint32 // first block read
	Txs       uint64 // transactions read
	Evidence  uint64 // records appended
	Reverted  int    // frames rolled back, because their blocks are no longer in the ledger
	Rebuilt   bool   // the ledger has changed below the log's tip
	Unchanged bool   // nothing was to do
}

const (
	frameRecords = 4096 // a frame ends with the block that reaches it
	// The newest blocks have a frame each, so that a reorganisation rolls back
	// no more than it must.
	singleFrames = 1000
	flushBytes   = 4 << 20
)

// Update brings the log up to the tip of its ledger: it rolls back what the
// ledger no longer holds and reads the blocks above. Where the ledger has
// changed below the log's tip (an older block was read, or is known more
// completely now), the log is made anew. finder makes the function that reads
// from a height on.
//
// When it fails or is interrupted, what was written is a log of fewer blocks.
func (l *Log) Update(ctx context.Context, view graph.View, finder func(from uint32) (Find, error)) (u Updated, err error) {
	defer func() {
		if err != nil {
			err = fmt.Errorf("cluster %s: %w", l.chain.Alias, err)
		}
	}()
	tip, err := view.Tip()
	if errors.Is(err, graph.ErrNotFound) {
		u.Reverted, err = l.rollBack(func(Mark) (bool, error) { return false, nil })
		return u, err
	}
	if err != nil {
		return u, err
	}
	size, err := view.Size()
	if err != nil {
		return u, err
	}
	u.Reverted, err = l.rollBack(func(m Mark) (bool, error) {
		if m.Height > tip.Height {
			return false, nil
		}
		block, err := blockMark(ctx, view, m.Height)
		if errors.Is(err, graph.ErrNotFound) {
			return false, nil
		}
		return block == m.Block, err
	})
	if err != nil {
		return u, err
	}
	if err := l.extend(ctx, view, tip, finder, &u); err != nil {
		return u, err
	}
	if l.tip.Txs == size.Txs && l.tip.Transfers == facts(size) {
		return u, nil
	}
	if u.From == 0 {
		return u, fmt.Errorf("%w: it holds %d transactions with %d transfers and forms, of which %d and %d can be read",
			graph.ErrDamaged, size.Txs, facts(size), l.tip.Txs, l.tip.Transfers)
	}
	if _, err := l.rollBack(func(Mark) (bool, error) { return false, nil }); err != nil {
		return u, err
	}
	u = Updated{Reverted: u.Reverted, Rebuilt: true}
	return u, l.extend(ctx, view, tip, finder, &u)
}

// State says how a log stands to its ledger.
type State uint8

// Current has all of the ledger; Behind lacks blocks at its tip; Stale has
// blocks that are not in the ledger, or lacks some that are below its own tip.
const (
	Current State = iota
	Behind
	Stale
)

// State tells how the log stands to its ledger, as far as that can be told
// without reading it, and how many heights it lacks.
func (l *Log) State(ctx context.Context, view graph.View) (s State, behind uint32, err error) {
	tip, err := view.Tip()
	switch {
	case errors.Is(err, graph.ErrNotFound) && !l.any:
		return Current, 0, nil
	case errors.Is(err, graph.ErrNotFound), err == nil && l.any && l.tip.Height > tip.Height:
		return Stale, 0, nil
	case err != nil:
		return Stale, 0, err
	case !l.any:
		return Behind, tip.Height, nil
	}
	block, err := blockMark(ctx, view, l.tip.Height)
	if errors.Is(err, graph.ErrNotFound) || err == nil && block != l.tip.Block {
		return Stale, 0, nil
	}
	size, errSize := view.Size()
	if err = errors.Join(err, errSize); err != nil {
		return Stale, 0, err
	}
	switch same := size.Txs == l.tip.Txs && facts(size) == l.tip.Transfers; {
	case l.tip.Height < tip.Height && size.Txs >= l.tip.Txs:
		return Behind, tip.Height - l.tip.Height, nil
	case !same:
		return Stale, 0, nil
	}
	return Current, 0, nil
}

// extend reads the blocks above the log's tip.
func (l *Log) extend(ctx context.Context, view graph.View, tip graph.Header, finder func(from uint32) (Find, error), u *Updated) error {
	if l.any {
		if l.tip.Height == tip.Height {
			u.From, u.Unchanged = tip.Height+1, u.Reverted == 0
			return nil
		}
		u.From = l.tip.Height + 1
	}
	find, err := finder(u.From)
	if err != nil {
		return err
	}
	w := frameWriter{log: l, ctx: ctx, view: view, mark: l.tip, tip: tip.Height}
	for tx, err := range view.Txs(ctx, u.From) {
		if err != nil {
			return errors.Join(err, w.save())
		}
		if u.Txs == 0 {
			w.mark.Height = tx.At.Block
		} else if tx.At.Block != w.mark.Height {
			if err := w.block(); err != nil {
				return err
			}
			w.mark.Height = tx.At.Block
		}
		had := len(w.evidence)
		if w.evidence, err = find(&tx, w.evidence); err != nil {
			return errors.Join(fmt.Errorf("%s: %w", tx.At, err), w.save())
		}
		u.Evidence += uint64(len(w.evidence) - had)
		u.Txs++
		w.mark.Txs++
		w.mark.Transfers += uint64(len(tx.Moves))
		if tx.Form.Known {
			w.mark.Transfers++
		}
	}
	w.mark.Height = tip.Height
	if err := w.frame(); err != nil {
		return err
	}
	return errors.Join(w.save(), l.sync())
}

// facts counts what evidence is found in, as Mark.Transfers does.
func facts(size graph.Size) uint64 { return size.Transfers + size.Forms }

// frameWriter gathers evidence into frames.
type frameWriter struct {
	log      *Log
	ctx      context.Context
	view     graph.View
	mark     Mark // of what was read so far
	tip      uint32
	evidence []Evidence // of the frame being filled
	frames   []byte     // that are not written yet
	at       Mark       // of the last of them
}

// block ends a block, and with it the frame if that is full.
func (w *frameWriter) block() error {
	if err := w.ctx.Err(); err != nil {
		return err
	}
	single := uint64(w.mark.Height)+singleFrames > uint64(w.tip)
	if len(w.evidence) < frameRecords && !single {
		return nil
	}
	return w.frame()
}

func (w *frameWriter) frame() (err error) {
	if w.mark.Block, err = blockMark(w.ctx, w.view, w.mark.Height); err != nil {
		return err
	}
	for len(w.evidence) > maxRecords { // cannot be: positions of a block are fewer
		return fmt.Errorf("block %d: %d records of evidence", w.mark.Height, len(w.evidence))
	}
	w.frames = appendFrame(w.frames, w.mark, w.evidence)
	w.evidence, w.at = w.evidence[:0], w.mark
	if len(w.frames) < flushBytes {
		return nil
	}
	return w.save()
}

// save writes the frames that are whole.
func (w *frameWriter) save() error {
	if len(w.frames) == 0 {
		return nil
	}
	err := w.log.append(w.frames, w.at)
	w.frames = w.frames[:0]
	return err
}

// blockMark tells a block from any other: by its hash, or where no source told
// it by a digest of what is in it.
func blockMark(ctx context.Context, view graph.View, height uint32) (graph.Hash, error) {
	h, err := view.Header(height)
	if err != nil || !h.Hash.IsZero() {
		return h.Hash, err
	}
	d := sha256.New()
	var b []byte
	for tx, err := range view.Txs(ctx, height) {
		if err != nil {
			return graph.Hash{}, err
		}
		if tx.At.Block != height {
			break
		}
		b = binary.BigEndian.AppendUint32(b[:0], tx.At.Tx)
		b = append(b, tx.Hash[:]...)
		for i := range tx.Moves {
			m := &tx.Moves[i]
			b = binary.BigEndian.AppendUint32(append(b, byte(m.Kind)), uint32(m.Seq))
			b = binary.BigEndian.AppendUint64(b, uint64(m.From))
			b = binary.BigEndian.AppendUint64(b, uint64(m.To))
			b = binary.BigEndian.AppendUint32(b, uint32(m.Asset))
			amount := m.Amount.Bytes32()
			b = append(b, amount[:]...)
		}
		d.Write(b)
	}
	return graph.Hash(d.Sum(nil)), nil
}
