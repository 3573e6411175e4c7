package web

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math/big"
	"net/url"
	"slices"
	"strings"

	"spoor/graph"
	"spoor/web/flow"
)

// Bounds of what one picture takes from ledgers.
const (
	boardParts = 10 // one expansion may read this part of what a request may
	boardPairs = 40 // arrows of one transaction
	boardSide  = 15 // addresses on each side of a UTXO transaction
)

// fromLedger adds to a picture what the ledgers tell of the addresses and
// transactions that it starts from, and of those that are expanded. What is not
// read, or read and not drawn, it tells in notes.
func (s *Server) fromLedger(ctx context.Context, in *BoardAsk, ask *flow.Ask) (notes []string, err error) {
	note := func(format string, args ...any) { notes = append(notes, fmt.Sprintf(format, args...)) }
	for _, start := range in.Start {
		chain, ref, err := parseRef(start)
		if err != nil {
			return nil, err
		}
		err = s.view(ctx, string(chain.ID), func(l *ledger) error {
			b := &boardLedger{ledger: l, ask: ask, note: note}
			if ref.address.IsZero() {
				return b.transaction(ctx, ref.hash)
			}
			return b.known(ref.address, graph.Address{}, 0)
		})
		if err != nil {
			return nil, err
		}
	}
	for _, e := range in.Expand {
		chain, ref, err := parseRef(e.Address)
		if err == nil && ref.address.IsZero() {
			err = asked("%.80q is a transaction; only addresses are expanded", e.Address)
		}
		if err != nil {
			return nil, err
		}
		e.Since, e.Until = cmp.Or(e.Since, in.Since), cmp.Or(e.Until, in.Until)
		if strings.HasPrefix(in.Asset, string(chain.ID)+"/") {
			e.Asset = cmp.Or(e.Asset, in.Asset)
		}
		err = s.view(ctx, string(chain.ID), func(l *ledger) error {
			b := &boardLedger{ledger: l, ask: ask, note: note}
			return b.expand(ctx, ref.address, &e, max(1, s.c.Limits.Scan/boardParts))
		})
		if err != nil {
			return nil, err
		}
	}
	return notes, nil
}

// boardLedger takes things from a ledger into a picture.
type boardLedger struct {
	*ledger
	ask  *flow.Ask
	note func(format string, args ...any)
	read []graph.Coverage
	tip  uint32
}

// known adds an address.
func (b *boardLedger) known(a, near graph.Address, side int) error {
	if b.read == nil {
		tip, err := b.view.Tip()
		if err != nil {
			return err
		}
		b.tip = tip.Height
		if b.read, err = b.view.Coverage(); err != nil {
			return err
		}
	}
	b.ask.Known = append(b.ask.Known, flow.Known{Address: a, Labels: b.labels(a), Near: near, Side: side, Partial: b.partial(a)})
	return nil
}

// partial is why what is known of an address is not all, "" if it is.
func (b *boardLedger) partial(a graph.Address) string {
	if graph.Covers(b.read, a, 0, b.tip) {
		return ""
	}
	first := b.tip
	for i := range b.read {
		if c := &b.read[i]; c.Address.IsZero() || c.Address == a {
			first = min(first, c.From)
		}
	}
	if first > 0 && graph.Covers(b.read, a, first, b.tip) {
		return fmt.Sprintf("what it did before block %d was not read", first)
	}
	return "not all of its history was read"
}

// expand adds with whom an address dealt, one way.
func (b *boardLedger) expand(ctx context.Context, address graph.Address, e *BoardExpansion, budget int) error {
	if err := b.known(address, graph.Address{}, 0); err != nil {
		return err
	}
	id, err := b.view.ID(address)
	if errors.Is(err, graph.ErrNotFound) {
		b.note("%s: no transfer of it is in the store.", address)
		return nil
	}
	if err != nil {
		return err
	}
	f, err := (&AddressInput{Direction: e.Direction, Asset: e.Asset, MinRaw: e.MinRaw, Since: e.Since, Until: e.Until}).filter(b.ledger)
	if errors.Is(err, graph.ErrNotFound) {
		b.note("%s: no transfer in %.100s is in the store.", address, e.Asset)
		return nil
	}
	if err != nil {
		return err
	}
	d, err := b.dealings(ctx, id, f, budget)
	if err != nil {
		return err
	}
	d.order(e.Order == "newest")
	side, what := 1, "receivers"
	if e.Direction == "in" {
		side, what = -1, "senders"
	}
	drawn := d.list[:min(e.Top, len(d.list))]
	for _, one := range drawn {
		if err := b.relation(address, one, side); err != nil {
			return err
		}
	}
	if !d.reach.whole {
		n, err := b.view.Entries(id, countCap)
		if err != nil {
			return err
		}
		least := ""
		if n >= countCap {
			least = "at least "
		}
		b.note("%s has %s%d transfers; the newest were read, back to block %d. Give since and until to see others.", address, least, n, d.reach.from.Block)
	}
	if more := len(d.list) - len(drawn); more > 0 {
		b.note("%s: %d more %s were read and are not drawn.", address, more, what)
	}
	if b.chain.Family == graph.UTXOFamily && len(drawn) > 0 {
		b.note("%s: amounts are what the transactions gave to the receiver; others may have signed them too.", address)
	}
	return nil
}

// relation adds a counterparty and the arrow to it.
func (b *boardLedger) relation(of graph.Address, d *dealing, side int) error {
	peer, err := b.address(d.peer)
	if err != nil {
		return err
	}
	first, err := b.header(d.first.Block)
	if err != nil {
		return err
	}
	last, err := b.header(d.last.Block)
	if err != nil {
		return err
	}
	if err := b.known(peer, of, side); err != nil {
		return err
	}
	r := flow.Relation{From: of, To: peer, Joint: b.chain.Family == graph.UTXOFamily, Steps: d.transfers, First: first.Time, Last: last.Time}
	direction := "out"
	if side < 0 {
		r.From, r.To, direction = peer, of, "in"
	}
	r.URL = "/relations/" + b.chain.Alias + "/" + url.PathEscape(of.String()) + "/" + url.PathEscape(peer.String()) + "?direction=" + direction
	if r.Sums, err = b.sums(d.sums); err != nil {
		return err
	}
	b.ask.Relations = append(b.ask.Relations, r)
	return nil
}

// sums lists amounts, the native coin first, the others by name.
func (l *ledger) sums(byAsset map[graph.AssetID]*big.Int) ([]flow.Sum, error) {
	sums := make([]flow.Sum, 0, len(byAsset))
	for id, amount := range byAsset {
		info, err := l.asset(id)
		if err != nil {
			return nil, err
		}
		sums = append(sums, flow.Sum{Info: info, Amount: amount})
	}
	slices.SortFunc(sums, func(a, b flow.Sum) int {
		return cmp.Or(cmp.Compare(a.Info.Asset.Standard, b.Info.Asset.Standard), cmp.Compare(a.Info.Asset.String(), b.Info.Asset.String()))
	})
	return sums, nil
}

// transaction adds the parties of a transaction and what moved between them.
func (b *boardLedger) transaction(ctx context.Context, hash graph.Hash) error {
	places, err := b.view.FindTx(hash)
	if err != nil {
		return fmt.Errorf("transaction %s on %s: %w", hash.Text(b.chain.Family), b.chain.Alias, err)
	}
	if len(places) > 1 {
		b.note("%d transactions have the hash %s; the last is drawn.", len(places), hash.Text(b.chain.Family))
	}
	tx, err := b.view.Tx(places[len(places)-1])
	if err != nil {
		return err
	}
	page := "/tx/" + b.chain.Alias + "/" + hash.Text(b.chain.Family)
	if b.chain.Family == graph.UTXOFamily {
		return b.joined(ctx, &tx, page)
	}
	type ends struct{ from, to graph.ID }
	met := map[ends]*dealing{}
	var list []ends
	alone := 0
	for i := range tx.Moves {
		m := &tx.Moves[i]
		key := ends{m.From, m.To}
		switch {
		case m.Kind.IsFee() || m.Amount.IsZero():
			continue
		case m.From == 0 || m.To == 0 || m.From == m.To:
			alone++
			continue
		case met[key] == nil:
			met[key] = &dealing{sums: map[graph.AssetID]*big.Int{}}
			list = append(list, key)
		}
		d := met[key]
		d.transfers++
		if d.sums[m.Asset] == nil {
			d.sums[m.Asset] = new(big.Int)
		}
		d.sums[m.Asset].Add(d.sums[m.Asset], m.Amount.ToBig())
	}
	for _, key := range list[:min(boardPairs, len(list))] {
		from, err := b.address(key.from)
		if err != nil {
			return err
		}
		to, err := b.address(key.to)
		if err != nil {
			return err
		}
		if err := errors.Join(b.known(from, graph.Address{}, 0), b.known(to, from, 1)); err != nil {
			return err
		}
		sums, err := b.sums(met[key].sums)
		if err != nil {
			return err
		}
		b.ask.Relations = append(b.ask.Relations, flow.Relation{From: from, To: to, Sums: sums, Steps: met[key].transfers, First: tx.Time, Last: tx.Time, URL: page})
	}
	if more := len(list) - boardPairs; more > 0 {
		b.note("%d more pairs of parties of the transaction are not drawn, the later ones; its page has them.", more)
	}
	if alone > 0 {
		b.note("Not drawn: movements of the transaction with nobody at one end (issues, destructions) or one address at both, %d in all.", alone)
	}
	return nil
}

// joined adds the largest inputs and outputs of a UTXO transaction. Nobody can
// say which input paid which output, unless one address paid all.
func (b *boardLedger) joined(_ context.Context, tx *graph.TxMoves, page string) error {
	var sides [2][]graph.ID
	sums := [2]map[graph.ID]*big.Int{{}, {}}
	unknown := 0
	for i := range tx.Moves {
		m := &tx.Moves[i]
		side, id := 0, m.From
		if m.Kind == graph.KindOutput {
			side, id = 1, m.To
		} else if m.Kind != graph.KindInput {
			continue
		}
		if id == 0 {
			unknown++
			continue
		}
		if sums[side][id] == nil {
			sums[side][id] = new(big.Int)
			sides[side] = append(sides[side], id)
		}
		sums[side][id].Add(sums[side][id], m.Amount.ToBig())
	}
	payers := len(sides[0])
	var drawn [2][]graph.Address
	for side, ids := range sides {
		slices.SortFunc(ids, func(x, y graph.ID) int { return cmp.Or(sums[side][y].Cmp(sums[side][x]), cmp.Compare(x, y)) })
		if more := len(ids) - boardSide; more > 0 {
			b.note("%d smaller %s of the transaction are not drawn; its page has them.", more, [2]string{"payers", "receivers"}[side])
			ids = ids[:boardSide]
		}
		sides[side] = ids
		for _, id := range ids {
			a, err := b.address(id)
			if err != nil {
				return err
			}
			near, step := graph.Address{}, 0
			if side == 1 && len(drawn[0]) > 0 {
				near, step = drawn[0][0], 1
			}
			if err := b.known(a, near, step); err != nil {
				return err
			}
			drawn[side] = append(drawn[side], a)
		}
	}
	for _, from := range drawn[0] {
		for k, to := range drawn[1] {
			r := flow.Relation{From: from, To: to, Joint: true, Steps: 1, First: tx.Time, Last: tx.Time, URL: page}
			if payers == 1 && unknown == 0 {
				r.Sums = []flow.Sum{{Info: graph.NativeInfo(b.chain), Amount: sums[1][sides[1][k]]}}
			}
			b.ask.Relations = append(b.ask.Relations, r)
		}
	}
	if unknown > 0 {
		b.note("%d inputs or outputs of the transaction are of nobody known and are not drawn.", unknown)
	}
	return nil
}
