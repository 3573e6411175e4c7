package ingest

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"iter"
	"time"

	"spoor/graph"
)

// Bulk says whether an empty ledger is loaded in bulk.
type Bulk uint8

// The choices of --bulk.
const (
	BulkAuto Bulk = iota // if there is much to load
	BulkOn
	BulkOff
)

// ParseBulk reads "auto", "on" or "off".
func ParseBulk(text string) (Bulk, error) {
	for b, name := range [...]string{"auto", "on", "off"} {
		if name == text {
			return Bulk(b), nil
		}
	}
	return 0, fmt.Errorf("--bulk %q: want auto, on or off", text)
}

// Options tell how a source is written into a ledger.
type Options struct {
	Bulk Bulk
	// From and To bound the heights that are stored, both included. A source
	// is read from its start all the same, since later blocks can need
	// earlier ones. Default everything.
	From, To uint32
	// Batch is how many transfers are applied at once. Default 16,384.
	Batch int
	// Peek is how many transfers a source must have to be loaded in bulk.
	// Default 200,000.
	Peek int
	// Meter is the one that the source counts with.
	Meter *Meter
	// Progress is called now and then from the goroutine that writes. Default
	// nothing.
	Progress func(Progress)
	// Now tells the time for rates; nothing that is stored depends on it.
	// Default time.Now.
	Now func() time.Time
}

func (o Options) withDefaults() Options {
	o.To = cmp.Or(o.To, ^uint32(0))
	o.Batch = cmp.Or(o.Batch, 16_384)
	o.Peek = cmp.Or(o.Peek, 200_000)
	if o.Meter == nil {
		o.Meter = NewMeter(Stop)
	}
	if o.Progress == nil {
		o.Progress = func(Progress) {}
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	return o
}

// Tally counts what Run has done with the blocks of a source.
type Tally struct {
	Blocks    uint64 // written
	Transfers uint64 // in them
	Known     uint64 // blocks that were stored before, and added nothing
	Outside   uint64 // blocks below From
	Height    uint32 // of the last block read
}

// Progress is how far Run has come at a moment.
type Progress struct {
	Tally
	Elapsed time.Duration
	Rate    float64       // transfers a second
	Left    time.Duration // estimate; negative if the source does not know its size
	Done    int64         // of Total, in the source's own unit
	Total   int64         // 0 unknown
}

// Result is what Run has done.
type Result struct {
	Tally
	Loaded      bool // in bulk
	Interrupted bool // the context ended first; run again to go on
	Elapsed     time.Duration
}

// batchTime bounds how long blocks wait to be applied.
const batchTime = 2 * time.Second

// Run writes the blocks of a source into a ledger.
//
// It may be repeated at any time: blocks that are stored and add nothing are
// passed over, so that a run that was interrupted, or killed, is resumed by
// running it again. If the context ends, what was read is still applied and
// the result says so. If the source fails, what came before is applied and its
// error returned.
func Run(ctx context.Context, ledger graph.Ledger, src Source, o Options) (Result, error) {
	r := run{ledger: ledger, o: o.withDefaults(), stored: stored{ledger: ledger}, flushed: func(uint32) {}}
	if f, ok := src.(flusher); ok {
		r.flushed = f.Flushed
		if r.o.Bulk == BulkAuto {
			r.o.Bulk = BulkOff // in bulk nothing can be looked up before the end
		}
	}
	r.start = r.o.Now()
	// The ledger is written to the end of what was read even if ctx ends.
	write := context.WithoutCancel(ctx)

	if err := r.resume(write); err != nil {
		return Result{}, err
	}
	if err := r.stored.open(write); err != nil {
		return Result{}, err
	}
	feed := startFeed(ctx, src)
	loaded, err := r.write(ctx, write, feed.blocks)
	feed.stop()
	err = errors.Join(err, r.stored.close())
	interrupted := ctx.Err() != nil && (err == nil || errors.Is(err, ctx.Err()))
	if interrupted {
		err = nil
	}
	// A bulk load that was cut off is not to be disturbed: its ledger must
	// still be empty when it is completed.
	if err == nil && (!loaded || !interrupted) {
		err = ledger.Describe(write, src.Infos()...)
	}
	r.report(r.o.Now(), true)
	return Result{Tally: r.Tally, Loaded: loaded, Interrupted: interrupted, Elapsed: r.o.Now().Sub(r.start)}, err
}

// A flusher is a source that keeps what it has read until the ledger answers
// for it. Flushed tells the height up to which it does.
type flusher interface{ Flushed(height uint32) }

// A run is the state of Run; only the goroutine of Run touches it.
type run struct {
	Tally
	flushed  func(height uint32)
	pending  int // blocks passed on and not yet written
	ledger   graph.Ledger
	o        Options
	stored   stored
	start    time.Time
	reported time.Time
}

// resume completes a bulk load that was cut off: what it had staged becomes
// visible, and the rest is applied. The next source may be another one, so its
// blocks are compared with what is stored rather than skipped by height.
func (r *run) resume(ctx context.Context) error {
	_, staged, err := r.ledger.Staged(ctx)
	if err != nil || !staged {
		return err
	}
	return r.ledger.Load(ctx, func(func(graph.Block, error) bool) {})
}

// write drains the blocks into the ledger, in bulk if that pays.
func (r *run) write(ctx, write context.Context, blocks iter.Seq2[graph.Block, error]) (loaded bool, err error) {
	next, stop := iter.Pull2(r.selected(ctx, blocks))
	defer stop()
	var batch []graph.Block
	var failure error
	size, bulk := 0, r.stored.empty && r.o.Bulk != BulkOff
	began := r.o.Now()
	for {
		b, err, ok := next()
		if !ok || err != nil {
			failure = err
			break
		}
		batch = append(batch, b)
		size += b.Transfers() + 1
		if bulk && (size >= r.o.Peek || r.o.Bulk == BulkOn) {
			return true, r.load(ctx, batch, next)
		}
		if !bulk && (size >= r.o.Batch || r.o.Now().Sub(began) >= batchTime) {
			if err := r.apply(write, batch); err != nil {
				return false, err
			}
			batch, size, began = batch[:0], 0, r.o.Now()
		}
	}
	return false, errors.Join(r.apply(write, batch), failure)
}

// load hands the blocks read so far and all that follow to the ledger. If the
// source fails, what came before is loaded; if ctx ends, it stays staged.
func (r *run) load(ctx context.Context, batch []graph.Block, next func() (graph.Block, error, bool)) error {
	var failure error
	err := r.ledger.Load(ctx, func(yield func(graph.Block, error) bool) {
		deliver := func(b graph.Block) bool {
			r.count(&b)
			return yield(b, nil)
		}
		for _, b := range batch {
			if !deliver(b) {
				return
			}
		}
		for {
			b, err, ok := next()
			switch {
			case ctx.Err() != nil:
				yield(graph.Block{}, ctx.Err())
				return
			case err != nil:
				failure = err
				return
			case !ok || !deliver(b):
				return
			}
		}
	})
	return errors.Join(err, failure)
}

func (r *run) apply(ctx context.Context, batch []graph.Block) error {
	for len(batch) > 0 {
		n, size := 0, 0
		for n < len(batch) && (n == 0 || size < r.o.Batch) {
			size += batch[n].Transfers() + 1
			n++
		}
		if err := r.ledger.Apply(ctx, batch[:n]...); err != nil {
			return err
		}
		for i := range batch[:n] {
			r.count(&batch[i])
		}
		r.pending -= n
		if r.pending == 0 {
			r.flushed(r.Height)
		}
		batch = batch[n:]
	}
	return nil
}

func (r *run) count(b *graph.Block) {
	r.Blocks++
	r.Transfers += uint64(b.Transfers())
	r.report(r.o.Now(), false)
}

// selected passes on the blocks that are wanted, valid and new.
func (r *run) selected(ctx context.Context, blocks iter.Seq2[graph.Block, error]) iter.Seq2[graph.Block, error] {
	return func(yield func(graph.Block, error) bool) {
		first := true
		for b, err := range blocks {
			switch {
			case err != nil:
			case !first && b.Height <= r.Height:
				err = fmt.Errorf("the source went back from block %d to block %d", r.Height, b.Height)
			default:
				err = b.Validate(r.ledger.Chain().ID)
			}
			if err != nil {
				yield(graph.Block{}, err)
				return
			}
			if b.Height > r.o.To {
				return
			}
			r.Height, first = b.Height, false
			if b.Height < r.o.From {
				r.Outside++
				continue
			}
			known, err := r.stored.has(ctx, &b)
			if err != nil {
				yield(graph.Block{}, err)
				return
			}
			if known {
				r.Known++
				if r.pending == 0 {
					r.flushed(b.Height)
				}
				r.report(r.o.Now(), false)
				continue
			}
			r.pending++
			if !yield(b, nil) {
				return
			}
		}
	}
}

// report tells the progress, a few times a second.
func (r *run) report(now time.Time, last bool) {
	if !last && now.Sub(r.reported) < 200*time.Millisecond {
		return
	}
	r.reported = now
	reading := r.o.Meter.Reading()
	p := Progress{Tally: r.Tally, Elapsed: now.Sub(r.start), Left: -1, Done: reading.Done, Total: reading.Total}
	if s := p.Elapsed.Seconds(); s > 0 {
		p.Rate = float64(p.Transfers) / s
	}
	if p.Done > 0 && p.Total >= p.Done {
		p.Left = time.Duration(float64(p.Elapsed) * (float64(p.Total)/float64(p.Done) - 1))
	}
	r.o.Progress(p)
}
