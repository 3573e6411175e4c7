package synthetic

import (
	"context"
	"encoding/binary"
	"fmt"
	"iter"
	"math"
	"math/bits"
	"slices"

	"github.com/ethereum/go-ethereum/crypto"

	"spoor/graph"
)

// Script is a number of thefts of known outcome, hidden in benign traffic.
// Equal options give equal ledgers.
type Script struct {
	Seed       uint64 // what amounts, times and addresses are drawn from
	Incidents  int    // how many thefts; default 1
	Hops       int    // length of each peel chain; default 8
	Background int    // transfers of benign traffic around them, about
}

const (
	maxHops      = 10_000    // keeps every hop of a peel chain funded
	maxIncidents = 1_000_000 // keeps heights and opening balances in range
)

func (s Script) withDefaults() (Script, error) {
	if s.Incidents == 0 {
		s.Incidents = 1
	}
	if s.Hops == 0 {
		s.Hops = 8
	}
	switch {
	case s.Incidents < 1 || s.Incidents > maxIncidents:
		return s, fmt.Errorf("a script of %d incidents: want 1 to %d", s.Incidents, maxIncidents)
	case s.Hops < 1 || s.Hops > maxHops:
		return s, fmt.Errorf("a script with peel chains of %d hops: want 1 to %d", s.Hops, maxHops)
	case s.Background < 0 || s.Background > maxTransfers:
		return s, fmt.Errorf("a script with %d background transfers: want 0 to %d", s.Background, int64(maxTransfers))
	}
	return s, nil
}

// stretch is over how many blocks one more incident spreads the starts of all.
const stretch = 40

// blocks is how many blocks the background fills.
func (s Script) blocks() uint32 { return uint32(s.Background / perBlock) }

// start draws where an incident begins: not before a height, and neither early
// nor late in a long background.
func (s Script) start(height uint32, incident int, d *draw) uint32 {
	blocks := uint64(s.blocks())
	return height + uint32(blocks/4+d.below(max(uint64(incident)*stretch, blocks/2)+1))
}

// Incident is the ledger of a played script: an ingest.Source with its truth.
type Incident struct {
	Truth Truth

	traffic Traffic
	extra   []graph.Transfer // what the first block pays to the script's addresses
	infos   []graph.AssetInfo
	txs     []scripted // in ledger order
	least   uint32     // blocks that the background needs
}

// scripted is a transaction of the script. Places of its logs count from 0;
// they are moved behind the background's when the block is made.
type scripted struct {
	height uint32
	tx     graph.Tx
}

// Chain is the chain of the ledger.
func (n *Incident) Chain() graph.Chain { return n.traffic.Chain() }

// Infos are symbols and decimals of the ledger's tokens.
func (n *Incident) Infos() []graph.AssetInfo { return append(n.traffic.Infos(), n.infos...) }

// Blocks makes the ledger: background traffic, and in each block after it the
// script's transactions.
func (n *Incident) Blocks(ctx context.Context) iter.Seq2[graph.Block, error] {
	t := n.traffic.withDefaults()
	return func(yield func(graph.Block, error) bool) {
		maker := t.maker(n.extra)
		last := max(n.txs[len(n.txs)-1].height+1, t.Start+n.least)
		next := 0
		var parent graph.Hash
		for height := t.Start; height <= last; height++ {
			if err := ctx.Err(); err != nil {
				yield(graph.Block{}, err)
				return
			}
			b := t.block(height)
			// As much background by now as its share of the blocks.
			due := share(uint64(t.Transfers), uint64(height-t.Start+1), uint64(last-t.Start+1))
			maker.fill(&b, max(0, int(due)-maker.made()))
			logs := logsOf(&b)
			for ; next < len(n.txs) && n.txs[next].height == height; next++ {
				tx := n.txs[next].tx
				tx.Index = uint32(len(b.Txs))
				tx.Transfers, tx.Events, logs = behind(tx.Transfers, tx.Events, logs)
				b.Txs = append(b.Txs, tx)
			}
			seal(&b, parent)
			parent = b.Hash
			if !yield(b, nil) {
				return
			}
		}
	}
}

// share is part/whole of n, rounded up; part is at most whole.
func share(n, part, whole uint64) uint64 {
	high, low := bits.Mul64(n, part)
	q, rest := bits.Div64(high, low, whole)
	if rest > 0 {
		q++
	}
	return q
}

// logsOf is the number of logs in a block whose logs are dense.
func logsOf(b *graph.Block) int {
	logs := 0
	for i := range b.Txs {
		for j := range b.Txs[i].Transfers {
			if isLog(b.Txs[i].Transfers[j].Kind) {
				logs++
			}
		}
	}
	return logs
}

func isLog(k graph.Kind) bool {
	return k == graph.KindToken || k == graph.KindWrap || k == graph.KindUnwrap || k == graph.KindBurn || k == graph.KindMint
}

// behind copies transfers and events, their logs placed after so many others of
// the block.
func behind(transfers []graph.Transfer, events []graph.Event, logs int) ([]graph.Transfer, []graph.Event, int) {
	moved := make([]graph.Transfer, len(transfers))
	for i, t := range transfers {
		if isLog(t.Kind) {
			t.Seq = must(graph.LogSeq(logs, 0))
			logs++
		}
		moved[i] = t
	}
	stated := slices.Clone(events)
	for i := range stated {
		stated[i].Seq = must(graph.LogSeq(logs, 0))
		logs++
	}
	return moved, stated, logs
}

// stage is what the scripts of both families share.
type stage struct {
	*books
	d        *draw
	seed     uint64
	incident int // being played; -1 is what all share
	height   uint32
	txs      []scripted
	serial   uint64
}

// later lets one to three blocks pass.
func (s *stage) later() { s.height += 1 + uint32(s.d.below(3)) }

// role is the name of somebody in the present incident.
func (s *stage) role(name string) string {
	if s.incident < 0 {
		return name
	}
	return fmt.Sprintf("%d: %s", s.incident, name)
}

// digest is the material of which an address of this name is made.
func (s *stage) digest(name string) []byte {
	text := binary.BigEndian.AppendUint64([]byte("spoor demo "), s.seed)
	return crypto.Keccak256(append(text, s.role(name)...))
}

// write adds a transaction to the ledger and names it by its content and a
// serial.
func (s *stage) write(tx graph.Tx) graph.Hash {
	s.serial++
	// The background counts its serials up from 1, so the script counts down.
	tx.Hash = txHash(s.seed, math.MaxUint64-s.serial, tx.Transfers)
	s.txs = append(s.txs, scripted{s.height, tx})
	return tx.Hash
}
