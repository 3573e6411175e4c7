package web

import (
	"cmp"
	"context"
	"iter"
	"math/big"
	"slices"
	"strings"

	"spoor/graph"
	"spoor/report"
)

// TxInput asks for a transaction.
type TxInput struct {
	Asked
	Chain string `path:"chain" doc:"Alias or CAIP-2 id"`
	Hash  string `path:"hash"`
}

// txBody is what a hash names: usually one transaction, but Bitcoin repeats two
// coinbase hashes.
type txBody struct {
	Chain        string   `json:"chain"`
	ChainAlias   string   `json:"chain_alias"`
	ChainName    string   `json:"chain_name"`
	Hash         string   `json:"tx_hash"`
	Transactions []*txRow `json:"transactions"`

	CSVURL  string `json:"-"`
	JSONURL string `json:"-"`
}

// txRow is a transaction: its movements as the ledger has them, what they come
// to for each party, and what it states besides.
type txRow struct {
	Block         uint32          `json:"block"`
	BlockHash     string          `json:"block_hash"`
	Time          string          `json:"time"`
	TxIndex       string          `json:"tx_index"`
	Failed        bool            `json:"failed" doc:"Reverted: only its fees moved"`
	Form          *report.FormRow `json:"form,omitempty" doc:"How a UTXO transaction was written, as its block tells"`
	Coverage      []coverageRow   `json:"coverage"`
	Transfers     []*transferRow  `json:"transfers"`
	MoreTransfers int             `json:"more_transfers" doc:"Not listed; they are in the net view"`
	Net           []*netRow       `json:"net"`
	MoreNet       int             `json:"more_net"`
	Events        []*eventRow     `json:"events"`
	MoreEvents    int             `json:"more_events"`
}

// netRow is what a transaction left a party of one asset.
type netRow struct {
	Party     *party  `json:"party"`
	Asset     string  `json:"asset"`
	Symbol    Claim   `json:"symbol"`
	NetRaw    string  `json:"net_raw" doc:"Base units; below zero if given"`
	Net       *string `json:"net"`
	Gained    bool    `json:"gained"`
	Statement string  `json:"statement"`

	sum     big.Int
	address graph.Address
	info    graph.AssetInfo
}

// maxMoves bounds the movements, and the lines of the net view, of one answer.
const maxMoves = 2000

func (*txBody) template() string { return "tx" }

func (b *txBody) rows() ([]string, iter.Seq[[]string]) {
	var all []*transferRow
	for _, tx := range b.Transactions {
		all = append(all, tx.Transfers...)
	}
	return transferColumns, transferCells(all)
}

func (s *Server) getTx(ctx context.Context, in *TxInput) (*output[*txBody], error) {
	hash, err := graph.ParseHash(in.Hash)
	if err != nil {
		return nil, asked("%w", err)
	}
	b := &txBody{CSVURL: in.with("format", "csv"), JSONURL: in.with("format", "json")}
	err = s.view(ctx, in.Chain, func(l *ledger) error {
		b.Chain, b.ChainAlias, b.ChainName, b.Hash = string(l.chain.ID), l.chain.Alias, l.chain.Name, hash.Text(l.chain.Family)
		places, err := l.view.FindTx(hash)
		if err != nil {
			return err
		}
		for _, at := range places {
			row, err := l.tx(ctx, at)
			if err != nil {
				return err
			}
			b.Transactions = append(b.Transactions, row)
		}
		return nil
	})
	return &output[*txBody]{Body: b}, err
}

func (l *ledger) tx(ctx context.Context, at graph.Position) (*txRow, error) {
	tx, err := l.view.Tx(at)
	if err != nil {
		return nil, err
	}
	h, err := l.header(at.Block)
	if err != nil {
		return nil, err
	}
	r := &txRow{Block: at.Block, BlockHash: h.Hash.Text(l.chain.Family), Time: instant(tx.Time), TxIndex: txIndexText(at.Tx), Failed: tx.Failed, Form: report.NewFormRow(l.chain, tx.Form),
		Transfers: []*transferRow{}, Net: []*netRow{}, Events: []*eventRow{}}
	for i := range tx.Events {
		if len(r.Events) == maxMoves {
			r.MoreEvents = len(tx.Events) - i
			break
		}
		place := tx.At
		place.Seq = tx.Events[i].Seq
		r.Events = append(r.Events, l.event(&graph.Stated{At: place, Tx: tx.Hash, Time: tx.Time, Event: tx.Events[i]}))
	}
	if err := r.settle(ctx, l, &tx); err != nil {
		return nil, err
	}
	r.Coverage, _, err = l.coverage(func(c *graph.Coverage) bool {
		return c.Address.IsZero() && c.From <= at.Block && at.Block <= c.To
	})
	return r, err
}

// settle lists the movements and adds them up for each party.
func (r *txRow) settle(ctx context.Context, l *ledger, tx *graph.TxMoves) error {
	type place struct {
		id    graph.ID
		asset graph.AssetID
	}
	sums := map[place]*netRow{}
	add := func(id graph.ID, m *graph.Move, sign int64) {
		if id == 0 {
			return
		}
		key := place{id, m.Asset}
		if sums[key] == nil {
			sums[key] = &netRow{Statement: string(graph.Derived)}
		}
		amount := m.Amount.ToBig()
		sums[key].sum.Add(&sums[key].sum, amount.Mul(amount, big.NewInt(sign)))
	}
	for i := range tx.Moves {
		if err := ctx.Err(); err != nil {
			return err
		}
		m := &tx.Moves[i]
		add(m.From, m, -1)
		add(m.To, m, 1)
		if len(r.Transfers) == maxMoves {
			r.MoreTransfers++
			continue
		}
		row, err := l.transfer(tx, m)
		if err != nil {
			return err
		}
		r.Transfers = append(r.Transfers, row)
	}
	for at, row := range sums {
		if row.sum.Sign() == 0 {
			continue
		}
		var err error
		if row.address, err = l.address(at.id); err != nil {
			return err
		}
		if row.info, err = l.asset(at.asset); err != nil {
			return err
		}
		row.Party, row.Asset, row.Symbol = l.party(row.address), row.info.Asset.Text(), Claim(row.info.Symbol)
		row.NetRaw, row.Net, row.Gained = row.sum.String(), signedUnits(&row.sum, row.info.Decimals), row.sum.Sign() > 0
		r.Net = append(r.Net, row)
	}
	slices.SortFunc(r.Net, func(a, b *netRow) int {
		return cmp.Or(a.address.Compare(b.address), strings.Compare(a.Asset, b.Asset))
	})
	if len(r.Net) > maxMoves {
		r.MoreNet = len(r.Net) - maxMoves
		r.Net = r.Net[:maxMoves]
	}
	return nil
}
