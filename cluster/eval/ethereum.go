package eval

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strconv"

	"spoor/graph"
)

// TokenHistory is the whole history of one ERC-20 token with the wallets of
// exchanges that took it: the data of Victor's paper (etherclust, "bionic").
// The transfers tell neither times, transactions nor fees, so each is a
// transaction of its own, and nothing proves that an address is an account.
type TokenHistory struct {
	Chain     graph.Chain
	Token     graph.Asset
	Transfers []TokenRow // in ledger order
	Exchanges map[graph.Address]Wallet
}

// TokenRow is a transfer; a zero From is an issue.
type TokenRow struct {
	Block    uint32
	From, To graph.Address
	Amount   graph.Amount
}

// Wallet is a listed wallet of an exchange.
type Wallet struct {
	Name     string
	Contract bool // a decentralised exchange, which has no deposit addresses
}

// ReadTokenHistory reads bionic.csv.gz and exchanges.csv of a folder. Any row
// that cannot be read is an error.
func ReadTokenHistory(dir string) (*TokenHistory, error) {
	chain, err := graph.ParseChain(string(graph.Ethereum))
	if err != nil {
		return nil, err
	}
	h := &TokenHistory{Chain: chain, Exchanges: map[graph.Address]Wallet{}}
	err = ReadRows(filepath.Join(dir, "exchanges.csv"), []string{"address", "name", "accountType", "type"}, func(f []string) error {
		a, err := graph.ParseAddress(chain, f[0])
		if err != nil {
			return err
		}
		if _, twice := h.Exchanges[a]; twice {
			return fmt.Errorf("a second row of %s", a)
		}
		h.Exchanges[a] = Wallet{Name: f[1], Contract: f[2] == "contract"}
		return nil
	})
	if err != nil {
		return nil, err
	}
	err = ReadRows(filepath.Join(dir, "bionic.csv.gz"), []string{"address", "blockNumber", "eventName", "source", "target", "amount"}, func(f []string) error { return h.row(f) })
	if err != nil {
		return nil, err
	}
	slices.SortStableFunc(h.Transfers, func(a, b TokenRow) int { return int(int64(a.Block) - int64(b.Block)) })
	return h, nil
}

func (h *TokenHistory) row(f []string) error {
	contract, err := graph.ParseAddress(h.Chain, f[0])
	if err != nil {
		return err
	}
	token := graph.Asset{Chain: h.Chain.ID, Standard: graph.ERC20, Contract: contract}
	if len(h.Transfers) == 0 {
		h.Token = token
	}
	if token != h.Token || f[2] != "Transfer" {
		return fmt.Errorf("%s of %s; want Transfer of %s", f[2], f[0], h.Token)
	}
	block, err := strconv.ParseUint(f[1], 10, 32)
	if err != nil {
		return err
	}
	r := TokenRow{Block: uint32(block)}
	if r.From, err = graph.ParseAddress(h.Chain, f[3]); err != nil {
		return err
	}
	if r.To, err = graph.ParseAddress(h.Chain, f[4]); err != nil {
		return err
	}
	if r.Amount, err = graph.ParseAmount(f[5]); err != nil {
		return err
	}
	nobody := graph.EVMAddress(h.Chain.ID, [20]byte{})
	if r.From == nobody {
		r.From = graph.Address{}
	}
	if r.To == nobody {
		r.To = graph.Address{}
	}
	if r.From.IsZero() && r.To.IsZero() {
		return errors.New("a transfer from nowhere to nowhere")
	}
	h.Transfers = append(h.Transfers, r)
	return nil
}

func isAbsent(err error) bool { return errors.Is(err, graph.ErrNotFound) }

// Fill writes the history into an empty ledger of its chain.
func (h *TokenHistory) Fill(ctx context.Context, ledger graph.Ledger) error {
	var blocks []graph.Block
	seq, err := graph.LogSeq(0, 0)
	if err != nil {
		return err
	}
	for _, r := range h.Transfers {
		if n := len(blocks); n == 0 || blocks[n-1].Height != r.Block {
			blocks = append(blocks, graph.Block{Header: graph.Header{Height: r.Block}, Source: "etherclust",
				Know: graph.Knowledge{Transfers: graph.Partial, Logs: graph.Partial}})
		}
		b := &blocks[len(blocks)-1]
		t := graph.Transfer{Seq: seq, Kind: graph.KindToken, From: r.From, To: r.To, Asset: h.Token, Amount: r.Amount}
		switch {
		case r.From.IsZero():
			t.Kind = graph.KindMint
		case r.To.IsZero():
			t.Kind = graph.KindBurn
		}
		b.Txs = append(b.Txs, graph.Tx{Index: uint32(len(b.Txs)), Transfers: []graph.Transfer{t}})
	}
	return ledger.Apply(ctx, blocks...)
}
