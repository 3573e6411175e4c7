package eval

import (
	"bytes"
	"encoding/csv"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/btcsuite/btcd/btcutil/v2"
	"github.com/btcsuite/btcd/chainhash/v2"
	"github.com/btcsuite/btcd/wire/v2"

	"spoor/graph"
	"spoor/ingest/bitcoin"
)

// coreBlock is what is needed of getblock with verbosity 2 of Bitcoin Core.
type coreBlock struct {
	Height  uint32
	Hash    string
	Version int32
	Prev    string `json:"previousblockhash"`
	Merkle  string `json:"merkleroot"`
	Time    int64
	Bits    string
	Nonce   uint32
	Tx      []struct{ Hex string }
}

// block puts the block together again, and checks that it has the hash it says.
func (c *coreBlock) block() (*btcutil.Block, error) {
	h := wire.BlockHeader{Version: c.Version, Timestamp: time.Unix(c.Time, 0), Nonce: c.Nonce}
	bits, err := strconv.ParseUint(c.Bits, 16, 32)
	if err != nil {
		return nil, fmt.Errorf("bits: %w", err)
	}
	h.Bits = uint32(bits)
	if err := errors.Join(chainhash.Decode(&h.PrevBlock, c.Prev), chainhash.Decode(&h.MerkleRoot, c.Merkle)); err != nil {
		return nil, err
	}
	if got := h.BlockHash().String(); got != c.Hash {
		return nil, fmt.Errorf("the header has hash %s, not %s", got, c.Hash)
	}
	m := wire.NewMsgBlock(&h)
	for i := range c.Tx {
		raw, err := hex.DecodeString(c.Tx[i].Hex)
		if err != nil {
			return nil, fmt.Errorf("transaction %d: %w", i, err)
		}
		tx := new(wire.MsgTx)
		if err := tx.Deserialize(bytes.NewReader(raw)); err != nil {
			return nil, fmt.Errorf("transaction %d: %w", i, err)
		}
		if err := m.AddTransaction(tx); err != nil {
			return nil, fmt.Errorf("transaction %d: %w", i, err)
		}
	}
	return btcutil.NewBlock(m), nil
}

// readEmulated reads the chain of a crocs-muni/coinjoin-analysis emulation: its
// blocks, the wallets' addresses, and which transactions are rounds.
func readEmulated(dir string) (*ledger, error) {
	chain, err := graph.ParseChain("bitcoin-regtest")
	if err != nil {
		return nil, err
	}
	l := newLedger()
	rounds, err := readHashes(filepath.Join(dir, "coinjoin_txids.txt"))
	if err != nil {
		return nil, err
	}
	outputs := map[graph.OutPoint]graph.Transfer{}
	places := map[graph.OutPoint]graph.Position{}
	find := func(o graph.OutPoint) (graph.Transfer, error) {
		t, ok := outputs[o]
		if !ok {
			return t, graph.ErrNotFound
		}
		return t, nil
	}
	if err := readLines(filepath.Join(dir, "blocks.jsonl.gz"), func(c *coreBlock) error {
		raw, err := c.block()
		if err != nil {
			return err
		}
		b, missing, err := bitcoin.Decode(chain, c.Height, raw, find)
		if err == nil && len(missing) > 0 {
			err = fmt.Errorf("%d inputs spend what is not in the file", len(missing))
		}
		if err != nil {
			return err
		}
		for i := range b.Txs {
			tx := &b.Txs[i]
			moves := graph.TxMoves{At: graph.Position{Block: b.Height, Tx: tx.Index}, Hash: tx.Hash, Time: b.Time, Know: b.Know, Form: tx.Form}
			for _, t := range tx.Transfers {
				m := graph.Move{Seq: t.Seq, Kind: t.Kind, Asset: graph.NativeID, Amount: t.Amount}
				if t.Kind == graph.KindInput {
					m.From, m.Spends = l.id(t.From), places[t.Prev]
				} else {
					m.To = l.id(t.To)
					o := graph.OutPoint{Tx: tx.Hash, Index: uint32(t.Seq.Index())}
					outputs[o], places[o] = t, graph.Position{Block: b.Height, Tx: tx.Index, Seq: t.Seq}
				}
				moves.Moves = append(moves.Moves, m)
			}
			l.mixes[moves.At] = rounds[tx.Hash]
			l.add(moves)
		}
		return nil
	}); err != nil {
		return nil, err
	}
	return l, readWallets(filepath.Join(dir, "wallets.csv"), chain, l)
}

func readHashes(path string) (map[graph.Hash]bool, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	list := map[graph.Hash]bool{}
	for i, line := range strings.Fields(string(text)) {
		h, err := graph.ParseHash(line)
		if err != nil {
			return nil, fmt.Errorf("%s:%d: %w", path, i+1, err)
		}
		list[h] = true
	}
	return list, nil
}

// readWallets gives the addresses of the ledger their owners. Addresses that
// occur in no transaction are left out.
func readWallets(path string, chain graph.Chain, l *ledger) (err error) {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	rows, err := csv.NewReader(f).ReadAll()
	if err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	for i, row := range rows {
		if i == 0 {
			continue // wallet,address,kind
		}
		a, err := graph.ParseAddress(chain, row[1])
		if err != nil {
			return fmt.Errorf("%s:%d: %w", path, i+1, err)
		}
		id, ok := l.ids[a]
		if !ok {
			continue
		}
		if old, ok := l.owners[id]; ok && old != row[0] {
			return fmt.Errorf("%s:%d: %s belongs to %s and to %s", path, i+1, a, old, row[0])
		}
		l.owners[id] = row[0]
	}
	return nil
}
