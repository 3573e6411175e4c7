package badger

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"os"
	"path/filepath"

	"spoor/graph"
)

// Load fills an empty ledger in two stages. The first numbers addresses and
// assets and appends packed blocks to files in a folder beside the
// generations; checkpoints make it resumable. The second sorts what the blocks
// tell into rows and streams them, in key order, into a fresh generation,
// which takes the empty one's place. If it is interrupted it starts anew from
// the staged blocks.
func (l *Ledger) Load(ctx context.Context, blocks iter.Seq2[graph.Block, error]) error {
	g, done, err := l.begin()
	if err != nil {
		return fmt.Errorf("load: %w", err)
	}
	if g.lastState().blocks > 0 {
		done()
		if err := l.loadByApplying(ctx, blocks); err != nil {
			return fmt.Errorf("load: %w", err)
		}
		return nil
	}
	defer done()
	if err := l.load(ctx, g, blocks); err != nil {
		return fmt.Errorf("load: %w", err)
	}
	return nil
}

func (l *Ledger) loadDir() string { return filepath.Join(l.dir, "load") }

func (l *Ledger) load(ctx context.Context, g *generation, blocks iter.Seq2[graph.Block, error]) error {
	s, err := openStage(l.loadDir(), l.chain)
	if err != nil {
		return err
	}
	err = s.takeAll(ctx, blocks)
	if closeErr := s.checkpointAndClose(); err == nil {
		err = closeErr
	}
	if err != nil {
		return err
	}
	if s.state.blocks == 0 {
		return os.RemoveAll(l.loadDir())
	}
	l.names.clear()
	number := l.number + 1
	next, err := l.build(ctx, s, g, l.generationDir(number))
	if err != nil {
		return errors.Join(err, removeGeneration(l.generationDir(number)))
	}
	if err := l.swap(next, number); err != nil {
		return err
	}
	return os.RemoveAll(l.loadDir())
}

const applyTransfers = 50_000

// loadByApplying stores blocks in calls of some ten thousand transfers.
func (l *Ledger) loadByApplying(ctx context.Context, blocks iter.Seq2[graph.Block, error]) error {
	var pending []graph.Block
	transfers := 0
	for b, err := range blocks {
		if err != nil {
			return err
		}
		pending = append(pending, b)
		if transfers += b.Transfers(); transfers >= applyTransfers {
			if err := l.Apply(ctx, pending...); err != nil {
				return err
			}
			pending, transfers = pending[:0], 0
		}
	}
	return l.Apply(ctx, pending...)
}

// Staged is the height up to which an interrupted Load has come.
func (l *Ledger) Staged(context.Context) (uint32, bool, error) {
	l.write.Lock()
	defer l.write.Unlock()
	if l.state().blocks > 0 {
		return 0, false, nil
	}
	c, err := readCheckpoint(l.loadDir())
	if errors.Is(err, os.ErrNotExist) {
		return 0, false, nil
	}
	if err != nil {
		return 0, false, fmt.Errorf("staged: %w", err)
	}
	return c.state.tip, c.state.blocks > 0, nil
}
