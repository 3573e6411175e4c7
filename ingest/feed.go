package ingest

import (
	"context"

	"spoor/graph"
)

// A feed reads a source in a goroutine of its own, so that decoding and
// writing overlap. It is started and joined by Run.
type feed struct {
	out    chan read
	cancel context.CancelFunc
	done   chan struct{}
}

type read struct {
	block graph.Block
	err   error
}

// feedDepth is how many blocks may wait between reader and writer; a block of
// a busy chain is about half a megabyte.
const feedDepth = 16

func startFeed(ctx context.Context, src Source) *feed {
	ctx, cancel := context.WithCancel(ctx)
	f := &feed{make(chan read, feedDepth), cancel, make(chan struct{})}
	go func() {
		defer close(f.done)
		defer close(f.out)
		for b, err := range src.Blocks(ctx) {
			if ctx.Err() != nil {
				return
			}
			select {
			case f.out <- read{b, err}:
			case <-ctx.Done():
				return
			}
			if err != nil {
				return
			}
		}
	}()
	return f
}

// blocks is the sequence that arrives; one goroutine may drain it, once.
func (f *feed) blocks(yield func(graph.Block, error) bool) {
	for r := range f.out {
		if !yield(r.block, r.err) || r.err != nil {
			return
		}
	}
}

// stop ends the reading and waits for it.
func (f *feed) stop() {
	f.cancel()
	<-f.done
}
