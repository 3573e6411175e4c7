package graphtest

import (
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"strings"

	"spoor/graph"
)

// Hash is a hash made from a name.
func Hash(name string) graph.Hash { return sha256.Sum256([]byte(name)) }

// Account is the n-th address that tests use on a chain.
func Account(chain graph.Chain, n int) graph.Address {
	var account [20]byte
	binary.BigEndian.PutUint32(account[16:], uint32(n))
	account[0] = 0xac
	if chain.Family == graph.UTXOFamily {
		return graph.ScriptAddress(chain.ID, append([]byte{0, 20}, account[:]...)) // P2WPKH
	}
	return graph.EVMAddress(chain.ID, account)
}

// Token is the n-th ERC-20 token that tests use.
func Token(chain graph.Chain, n int) graph.Asset {
	return graph.Asset{Chain: chain.ID, Standard: graph.ERC20, Contract: Account(chain, 10_000+n)}
}

// Payments is a small ledger of n blocks: on an account chain some addresses
// pay each other in coin and tokens, on a UTXO chain each block spends outputs
// of the one before.
func Payments(chain graph.Chain, n int) []graph.Block {
	var blocks []graph.Block
	for i := range n {
		b := graph.Block{
			Header: graph.Header{Height: uint32(100 + i), Hash: Hash(fmt.Sprint("block", i)), Parent: Hash(fmt.Sprint("block", i-1)), Time: int64(1_600_000_000 + 12*i)},
			Know:   graph.Knowledge{Transfers: graph.Full, Logs: graph.Full},
			Source: "payments",
		}
		if chain.Family == graph.UTXOFamily {
			b.Txs = spending(chain, i)
		} else {
			b.Txs = paying(chain, i)
		}
		blocks = append(blocks, b)
	}
	return blocks
}

func paying(chain graph.Chain, i int) []graph.Tx {
	var txs []graph.Tx
	for j := range 3 {
		from, to := Account(chain, 1+i%4), Account(chain, 1+i/2+j)
		log, err := graph.LogSeq(i, j)
		if err != nil {
			panic(err)
		}
		txs = append(txs, graph.Tx{Index: uint32(2 * j), Hash: Hash(fmt.Sprint("tx", i, j)), Failed: j == 2, Transfers: []graph.Transfer{
			{Seq: graph.FeeSeq(0), Kind: graph.KindFee, From: from, To: Account(chain, 50), Asset: chain.Native(), Amount: graph.Amount{uint64(i)}},
			{Seq: graph.FeeSeq(1), Kind: graph.KindBaseFee, From: from, Asset: chain.Native(), Amount: graph.Amount{uint64(j)}},
			{Seq: log, Kind: graph.KindToken, From: from, To: to, Asset: Token(chain, 1+(i+j)%4), Amount: graph.Amount{uint64(i), uint64(j)}},
		}})
	}
	return append(txs, graph.Tx{Index: graph.BlockTx, Transfers: []graph.Transfer{
		{Kind: graph.KindReward, To: Account(chain, 50+i/5), Asset: chain.Native(), Amount: graph.Amount{2e18}}}})
}

// spending makes a coinbase with two outputs and, from the second block on, a
// transaction that spends the last block's first output into two.
func spending(chain graph.Chain, i int) []graph.Tx {
	coinbase := graph.Tx{Index: 0, Hash: Hash(fmt.Sprint("coinbase", i)), Transfers: []graph.Transfer{
		output(chain, 0, 1+i%5, 40e8), output(chain, 1, 20+i, 10e8)}}
	if i == 0 {
		return []graph.Tx{coinbase}
	}
	in := graph.Transfer{Kind: graph.KindInput, From: Account(chain, 1+(i-1)%5), Asset: chain.Native(), Amount: graph.Amount{40e8},
		Prev: graph.OutPoint{Tx: Hash(fmt.Sprint("coinbase", i-1))}}
	in.Seq, _ = graph.InputSeq(0)
	return []graph.Tx{coinbase, {Index: 1, Hash: Hash(fmt.Sprint("spend", i)), Transfers: []graph.Transfer{
		in, output(chain, 0, 1+i%3, 15e8), output(chain, 1, 30, 25e8)}}}
}

func output(chain graph.Chain, index, to int, units uint64) graph.Transfer {
	seq, err := graph.OutputSeq(index)
	if err != nil {
		panic(err)
	}
	return graph.Transfer{Seq: seq, Kind: graph.KindOutput, To: Account(chain, to), Asset: chain.Native(), Amount: graph.Amount{units}}
}

func splitLines(text string) []string { return strings.Split(text, "\n") }

func line(lines []string, i int) string {
	if i < len(lines) {
		return lines[i]
	}
	return "(nothing)"
}
