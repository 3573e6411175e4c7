package web

import (
	"context"
	"fmt"
	"iter"
	"math/big"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"spoor/graph"
	"spoor/report"
)

// RelationsInput asks with whom an address has dealt.
type RelationsInput struct {
	Asked
	Chain     string `path:"chain" doc:"Alias or CAIP-2 id"`
	Address   string `path:"address"`
	Direction string `query:"direction" enum:"in,out" doc:"From the counterparty or to it; both if left out"`
	Order     string `query:"order" enum:"amount,newest" default:"amount" doc:"By the part of each asset, weighed by how often it moved, or by time"`
	Top       int    `query:"top" minimum:"1" maximum:"200" default:"20" doc:"Relations of one answer"`
	Asset     string `query:"asset" doc:"native, a contract address or a CAIP-19 id"`
	MinRaw    string `query:"min_raw" doc:"Smallest amount of a transfer, in base units"`
	Since     string `query:"since" doc:"Date, or time such as 2024-07-16T12:00:00Z"`
	Until     string `query:"until"`
	Before    string `query:"before" doc:"Where to go on backwards, from next of an answer that was cut"`
	Count     bool   `query:"count" doc:"Only count"`
}

// relationsBody counts with whom an address has dealt, and lists the first.
type relationsBody struct {
	Chain     string     `json:"chain"`
	ChainName string     `json:"chain_name"`
	Address   string     `json:"address"`
	Labels    []labelRow `json:"labels"`
	History   entryCount `json:"history" doc:"All transfers in or out, whatever was asked for"`

	Transfers      int    `json:"transfers" doc:"That were asked for, as far as they were read; on UTXO ledgers transactions"`
	Counterparties int    `json:"counterparties"`
	Exact          bool   `json:"exact" doc:"Whether all that was asked for was read"`
	Cut            string `json:"cut" doc:"What was not read, and why"`
	Next           string `json:"next" doc:"Value of before to go on with what is earlier, empty if all was read"`
	Fees           int    `json:"fees" doc:"Fees of transactions, not among the transfers"`
	WithoutPeer    int    `json:"without_peer" doc:"Transfers with nobody known at the other end, not among the transfers"`
	Itself         int    `json:"itself" doc:"Transfers to itself, and change, not among the transfers"`
	Joint          bool   `json:"joint" doc:"UTXO ledger: who of several that sign a transaction paid whom is not recorded; what a receiver got counts for each"`

	Owners    string         `json:"entities_missing" doc:"Why entities are not told"`
	Relations []*relationRow `json:"relations"`
	More      int            `json:"more" doc:"Relations that were read and are not listed"`

	In      *RelationsInput `json:"-"`
	NextURL string          `json:"-"`
	CSVURL  string          `json:"-"`
	JSONURL string          `json:"-"`
}

// relationRow is what went one way between an address and a counterparty.
type relationRow struct {
	Direction    string     `json:"direction" enum:"in,out"`
	Counterparty string     `json:"counterparty"`
	Chain        string     `json:"chain"`
	Labels       []labelRow `json:"labels"`
	Entity       *entityRef `json:"entity" doc:"null if it is alone, or entities are not known"`
	Transfers    int        `json:"transfers"`
	Sums         []*sumRow  `json:"sums"`
	First        string     `json:"first" doc:"Time"`
	Last         string     `json:"last"`
	Statement    string     `json:"statement"`
	URL          string     `json:"url" doc:"The single transfers"`
}

// sumRow is an amount of an asset, exactly. Sums may pass 2^256.
type sumRow struct {
	Asset    string `json:"asset" doc:"CAIP-19"`
	Symbol   string `json:"symbol" doc:"As it may be shown"`
	Decimals *int   `json:"decimals"`
	Raw      string `json:"raw" doc:"Base units"`
	Text     string `json:"text" doc:"Whole units, exactly; empty where nobody has said how many decimals there are"`
}

func newSumRow(info graph.AssetInfo, sum *big.Int) *sumRow {
	r := &sumRow{Asset: info.Asset.String(), Symbol: report.Visible(info.Symbol), Raw: sum.String()}
	if units := signedUnits(sum, info.Decimals); units != nil {
		r.Decimals, r.Text = &info.Decimals, *units
	}
	return r
}

func (*relationsBody) template() string { return "relations" }

func (b *relationsBody) rows() ([]string, iter.Seq[[]string]) {
	columns := []string{"chain", "address", "direction", "counterparty", "labels", "entity", "transfers", "asset", "symbol", "decimals", "sum_raw", "sum", "first_time", "last_time", "statement"}
	return columns, func(yield func([]string) bool) {
		for _, r := range b.Relations {
			var names []string
			for _, l := range r.Labels {
				names = append(names, l.Name.String())
			}
			entity := ""
			if r.Entity != nil {
				entity = r.Entity.ID
			}
			for _, a := range r.Sums {
				decimals := ""
				if a.Decimals != nil {
					decimals = strconv.Itoa(*a.Decimals)
				}
				if !yield([]string{b.Chain, b.Address, r.Direction, r.Counterparty, strings.Join(names, " | "), entity, strconv.Itoa(r.Transfers), a.Asset, a.Symbol, decimals, a.Raw, a.Text, r.First, r.Last, r.Statement}) {
					return
				}
			}
		}
	}
}

// filter is the part of a history that is asked for.
func (in *RelationsInput) filter(l *ledger) (filter, error) {
	asked := AddressInput{Direction: in.Direction, Asset: in.Asset, MinRaw: in.MinRaw, Since: in.Since, Until: in.Until}
	f, err := asked.filter(l)
	if err == nil && in.Before != "" {
		f.to, err = parseCursor(in.Before)
	}
	return f, err
}

func (s *Server) routeRelations(api huma.API) {
	register(s, api, get("relations", "/relations/{chain}/{address}", "With whom an address has dealt: counts first, then the largest or newest relations"), s.getRelations)
	register(s, api, get("relation", "/relations/{chain}/{address}/{other}", "The single transfers between two addresses"), s.getRelation)
}

func (s *Server) getRelations(ctx context.Context, in *RelationsInput) (*output[*relationsBody], error) {
	b := &relationsBody{In: in, Relations: []*relationRow{}, CSVURL: in.with("format", "csv"), JSONURL: in.with("format", "json")}
	err := s.view(ctx, in.Chain, func(l *ledger) error {
		address, err := graph.ParseAddress(l.chain, in.Address)
		if err != nil {
			return asked("%w", err)
		}
		b.Chain, b.ChainName, b.Address, b.Labels, b.Joint = string(l.chain.ID), l.chain.Name, address.String(), labelRows(l.labels(address)), l.chain.Family == graph.UTXOFamily
		f, err := in.filter(l)
		if err != nil {
			return err
		}
		id, err := l.view.ID(address)
		if err != nil {
			return fmt.Errorf("%s on %s: %w", address, l.chain.Alias, err)
		}
		n, err := l.view.Entries(id, countCap)
		if err != nil {
			return err
		}
		b.History = entryCount{n, n >= countCap}
		d, err := l.dealings(ctx, id, f, s.c.Limits.Scan)
		if err != nil {
			return err
		}
		b.Transfers, b.Counterparties, b.Exact = d.transfers, d.peers, d.reach.whole
		b.Fees, b.WithoutPeer, b.Itself = d.fees, d.withoutPeer, d.self
		if !b.Exact {
			b.Next = cursorText(d.reach.from)
			b.NextURL = in.with("before", b.Next)
			b.Cut = fmt.Sprintf("what lies before block %d was not read: one request reads about %d transfers; ask with since and until, or go on with next", d.reach.from.Block, s.c.Limits.Scan)
		}
		if in.Count {
			return nil
		}
		d.order(in.Order == "newest")
		b.More = max(len(d.list)-in.Top, 0)
		return b.relate(ctx, l, address, d.list[:min(in.Top, len(d.list))])
	})
	return &output[*relationsBody]{Body: b}, err
}

// relate lists the dealings of an address.
func (b *relationsBody) relate(ctx context.Context, l *ledger, of graph.Address, list []*dealing) error {
	peers := make([]graph.Address, len(list))
	for i, one := range list {
		var err error
		if peers[i], err = l.address(one.peer); err != nil {
			return err
		}
	}
	owners, missing, err := l.ownersOf(ctx, peers...)
	if err != nil {
		return err
	}
	b.Owners = missing
	for i, one := range list {
		row, err := l.relation(of, peers[i], one)
		if err != nil {
			return err
		}
		row.Entity = owners[peers[i]]
		b.Relations = append(b.Relations, row)
	}
	return nil
}

// relation is a dealing of an address as it is shown.
func (l *ledger) relation(of, peer graph.Address, d *dealing) (*relationRow, error) {
	first, err := l.header(d.first.Block)
	if err != nil {
		return nil, err
	}
	last, err := l.header(d.last.Block)
	if err != nil {
		return nil, err
	}
	r := &relationRow{Direction: "in", Counterparty: peer.String(), Chain: string(l.chain.ID), Labels: labelRows(l.labels(peer)), Transfers: d.transfers,
		First: instant(first.Time), Last: instant(last.Time), Statement: string(graph.Derived)}
	if d.out {
		r.Direction = "out"
	}
	r.URL = "/relations/" + l.chain.Alias + "/" + url.PathEscape(of.String()) + "/" + url.PathEscape(peer.String()) + "?direction=" + r.Direction
	infos := map[string]graph.AssetInfo{}
	sums := map[string]*big.Int{}
	for id, sum := range d.sums {
		info, err := l.asset(id)
		if err != nil {
			return nil, err
		}
		infos[info.Asset.String()], sums[info.Asset.String()] = info, sum
	}
	for name, sum := range sums {
		r.Sums = append(r.Sums, newSumRow(infos[name], sum))
	}
	slices.SortFunc(r.Sums, func(a, b *sumRow) int { return strings.Compare(a.Asset, b.Asset) })
	return r, nil
}

// RelationInput asks for the single transfers between two addresses.
type RelationInput struct {
	Asked
	Chain     string `path:"chain" doc:"Alias or CAIP-2 id"`
	Address   string `path:"address"`
	Other     string `path:"other"`
	Cursor    string `query:"cursor" doc:"Where to go on, from next of the answer before"`
	Limit     int    `query:"limit" minimum:"1" maximum:"500" default:"50" doc:"Transfers of one answer; a transaction on a UTXO ledger is not parted"`
	Direction string `query:"direction" enum:"in,out" doc:"From the other address or to it; both if left out"`
	Asset     string `query:"asset" doc:"native, a contract address or a CAIP-19 id"`
	MinRaw    string `query:"min_raw" doc:"Smallest amount, in base units"`
	Since     string `query:"since" doc:"Date, or time such as 2024-07-16T12:00:00Z"`
	Until     string `query:"until"`
}

// relationBody is a page of the transfers between two addresses.
type relationBody struct {
	Chain     string         `json:"chain"`
	ChainName string         `json:"chain_name"`
	Address   *party         `json:"address"`
	Other     *party         `json:"other"`
	Transfers []*transferRow `json:"transfers" doc:"Earliest first; direction is seen from address. On UTXO ledgers inputs and outputs of the transactions that both are in"`
	Scanned   int            `json:"scanned" doc:"Entries and movements read for these"`
	Next      string         `json:"next" doc:"Cursor of what follows, empty at the end"`
	Joint     bool           `json:"joint" doc:"UTXO ledger: who of several that sign a transaction paid whom is not recorded"`

	In      *RelationInput `json:"-"`
	NextURL string         `json:"-"`
	CSVURL  string         `json:"-"`
	JSONURL string         `json:"-"`
}

func (*relationBody) template() string { return "relation" }

func (b *relationBody) rows() ([]string, iter.Seq[[]string]) {
	return transferColumns, transferCells(b.Transfers)
}

func (s *Server) getRelation(ctx context.Context, in *RelationInput) (*output[*relationBody], error) {
	b := &relationBody{In: in, Transfers: []*transferRow{}, CSVURL: in.with("format", "csv"), JSONURL: in.with("format", "json")}
	err := s.view(ctx, in.Chain, func(l *ledger) error {
		p := between{l: l, in: in, body: b, budget: s.c.Limits.Scan}
		var ids [2]graph.ID
		for i, text := range []string{in.Address, in.Other} {
			a, err := graph.ParseAddress(l.chain, text)
			if err != nil {
				return asked("%w", err)
			}
			if ids[i], err = l.view.ID(a); err != nil {
				return fmt.Errorf("%s on %s: %w", a, l.chain.Alias, err)
			}
			*[]**party{&b.Address, &b.Other}[i] = l.party(a)
		}
		if ids[0] == ids[1] {
			return asked("%s is named twice", b.Address.Address)
		}
		p.id, p.other = ids[0], ids[1]
		b.Chain, b.ChainName, b.Joint = string(l.chain.ID), l.chain.Name, l.chain.Family == graph.UTXOFamily
		return p.read(ctx)
	})
	if b.Next != "" {
		b.NextURL = in.with("cursor", b.Next)
	}
	return &output[*relationBody]{Body: b}, err
}

// between reads the transfers between two addresses, in the shorter history of
// the two.
type between struct {
	l         *ledger
	in        *RelationInput
	id, other graph.ID
	body      *relationBody
	budget    int
}

func (p *between) read(ctx context.Context) error {
	l, in := p.l, p.in
	f, err := (&AddressInput{Cursor: in.Cursor, Asset: in.Asset, MinRaw: in.MinRaw, Since: in.Since, Until: in.Until}).filter(l)
	if err != nil {
		return err
	}
	mine, err := l.view.Entries(p.id, countCap)
	if err != nil {
		return err
	}
	theirs, err := l.view.Entries(p.other, countCap)
	if err != nil {
		return err
	}
	read, peer, turned := p.id, p.other, false
	if theirs < mine {
		read, peer, turned = p.other, p.id, true
	}
	if min(mine, theirs) > p.budget {
		if f.from, f.to, err = l.within(ctx, f); err != nil {
			return err
		}
	}
	before := graph.MaxPosition
	for e, err := range l.view.History(ctx, read, f.from) {
		if err != nil {
			return err
		}
		at := e.At
		if p.body.Joint {
			at = at.StartOf()
		}
		if e.At.Compare(f.to) >= 0 {
			return nil
		}
		if at == before {
			continue // the same transaction, or the other entry of a transfer to itself
		}
		if p.body.Scanned >= p.budget || len(p.body.Transfers) >= in.Limit {
			p.body.Next = cursorText(at)
			return nil
		}
		before = at
		p.body.Scanned++
		if p.body.Joint {
			err = p.join(&f, at)
		} else if e.Peer == peer && !e.Kind.IsFee() {
			err = p.add(&f, &e, turned)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// add lists a transfer; turned tells that it was read in the other's history.
func (p *between) add(f *filter, e *graph.Entry, turned bool) error {
	out := e.Out != turned
	if p.in.Direction != "" && (p.in.Direction == "out") != out {
		return nil
	}
	if admitted, err := f.admits(p.l, e); err != nil || !admitted {
		return err
	}
	row, err := p.l.entry(e)
	if err != nil {
		return err
	}
	row.Direction = "in"
	if out {
		row.Direction = "out"
	}
	p.body.Transfers = append(p.body.Transfers, row)
	return nil
}

// join lists what a transaction took from one of the two and gave the other.
func (p *between) join(f *filter, at graph.Position) error {
	tx, err := p.l.view.Tx(at)
	if err != nil {
		return err
	}
	p.body.Scanned += len(tx.Moves)
	signs, gets := map[graph.ID]bool{}, map[graph.ID]bool{}
	for i := range tx.Moves {
		signs[tx.Moves[i].From], gets[tx.Moves[i].To] = true, true
	}
	for _, way := range []struct {
		name     string
		from, to graph.ID
	}{{"out", p.id, p.other}, {"in", p.other, p.id}} {
		if p.in.Direction != "" && p.in.Direction != way.name || !signs[way.from] || !gets[way.to] || signs[way.to] {
			continue // what a signer gets back is its change
		}
		for i := range tx.Moves {
			m := &tx.Moves[i]
			if m.From != way.from && m.To != way.to {
				continue
			}
			e := graph.Entry{At: graph.Position{Block: at.Block, Tx: at.Tx, Seq: m.Seq}, Kind: m.Kind, Asset: m.Asset, Amount: m.Amount}
			if admitted, err := f.admits(p.l, &e); err != nil {
				return err
			} else if !admitted {
				continue
			}
			row, err := p.l.transfer(&tx, m)
			if err != nil {
				return err
			}
			row.Direction = way.name
			p.body.Transfers = append(p.body.Transfers, row)
		}
	}
	return nil
}
