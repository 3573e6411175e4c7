package eval

import (
	"cmp"
	"context"
	"math/rand/v2"
	"slices"

	"spoor/cluster"
	"spoor/graph"
)

// PlaceboResult tells how often deposit-address reuse finds what is not there:
// the same rule, with every exchange's wallet replaced by an address that is no
// exchange and is paid by as many.
type PlaceboResult struct {
	Params cluster.DepositParams
	Rounds []DecoyRound
	Real   DecoyRound // the same measure with the real wallets
	// Rate is the evidence of all rounds for each payment to a decoy, against
	// that of the real wallets: what the rule says of wallets that gather no
	// deposits.
	Rate, RealRate float64
	// Every takes all that DecoyPayers or more pay, and that are no exchanges,
	// for wallets at once: more payments than a draw has.
	Every     DecoyRound
	EveryRate float64
}

// DecoyPayers is from how many payers on an address is a decoy of Every.
const DecoyPayers = 5

// DecoyRound is one choice of wallets.
type DecoyRound struct {
	Wallets  int // that are paid at all
	Payers   int // different addresses that pay them, added up
	Payments int // that they get, from others than themselves
	Evidence int // of these, forwards of a payment
	Deposits int // deposit addresses that remain
	Shared   int // of them, with two users or more
}

// Placebo measures rounds with decoys drawn by a seed.
func (h *TokenHistory) Placebo(ctx context.Context, view graph.View, wallets map[graph.Address]Wallet, params cluster.DepositParams, seed uint64, rounds int) (PlaceboResult, error) {
	p := PlaceboResult{Params: params}
	fan := h.payers()
	var err error
	if p.Real, err = h.round(ctx, view, wallets, fan, params); err != nil {
		return p, err
	}
	draw := rand.New(rand.NewPCG(seed, 0))
	var sum DecoyRound
	for range rounds {
		r, err := h.round(ctx, view, h.decoys(wallets, fan, draw), fan, params)
		if err != nil {
			return p, err
		}
		p.Rounds = append(p.Rounds, r)
		sum.Evidence += r.Evidence
		sum.Payments += r.Payments
	}
	every := map[graph.Address]Wallet{}
	for a, n := range fan {
		if _, listed := h.Exchanges[a]; !listed && !a.IsZero() && n >= DecoyPayers {
			every[a] = Wallet{Name: a.String()}
		}
	}
	if p.Every, err = h.round(ctx, view, every, fan, params); err != nil {
		return p, err
	}
	p.Rate, p.RealRate, p.EveryRate = rate(sum), rate(p.Real), rate(p.Every)
	return p, nil
}

func rate(r DecoyRound) float64 { return float64(r.Evidence) / float64(max(r.Payments, 1)) }

// payers counts the different addresses that pay an address.
func (h *TokenHistory) payers() map[graph.Address]int {
	by := map[graph.Address]map[graph.Address]bool{}
	for _, t := range h.Transfers {
		if by[t.To] == nil {
			by[t.To] = map[graph.Address]bool{}
		}
		if !t.From.IsZero() && t.From != t.To {
			by[t.To][t.From] = true
		}
	}
	n := map[graph.Address]int{}
	for a, payers := range by {
		n[a] = len(payers)
	}
	return n
}

// decoys replaces each wallet that is paid by one of the addresses whose number
// of payers is nearest to its own, which is no exchange and not taken yet; of
// those as near as another, chance decides.
func (h *TokenHistory) decoys(wallets map[graph.Address]Wallet, fan map[graph.Address]int, draw *rand.Rand) map[graph.Address]Wallet {
	type candidate struct {
		graph.Address
		payers, far int
	}
	var others, replaced []candidate
	for a, n := range fan {
		_, listed := h.Exchanges[a]
		_, chosen := wallets[a]
		switch {
		case a.IsZero() || n == 0:
		case chosen:
			replaced = append(replaced, candidate{Address: a, payers: n})
		case !listed:
			others = append(others, candidate{Address: a, payers: n})
		}
	}
	// The order must not be that of a map.
	slices.SortFunc(others, func(a, b candidate) int { return a.Compare(b.Address) })
	slices.SortFunc(replaced, func(a, b candidate) int { return cmp.Or(cmp.Compare(b.payers, a.payers), a.Compare(b.Address)) })
	draw.Shuffle(len(others), func(i, j int) { others[i], others[j] = others[j], others[i] })
	// Of the eight nearest one is drawn, so that rounds differ where numbers of
	// payers are rare.
	const nearest = 8
	decoys := map[graph.Address]Wallet{}
	for _, r := range replaced {
		if len(others) == 0 {
			break
		}
		for i := range others {
			others[i].far = max(r.payers-others[i].payers, others[i].payers-r.payers)
		}
		slices.SortStableFunc(others, func(a, b candidate) int { return cmp.Compare(a.far, b.far) })
		k := draw.IntN(min(nearest, len(others)))
		for k > 0 && others[k].far > 2*others[0].far+2 {
			k--
		}
		decoys[others[k].Address] = Wallet{Name: "decoy of " + cmp.Or(wallets[r.Address].Name, r.String())}
		others = slices.Delete(others, k, k+1)
	}
	return decoys
}

func (h *TokenHistory) round(ctx context.Context, view graph.View, wallets map[graph.Address]Wallet, fan map[graph.Address]int, params cluster.DepositParams) (DecoyRound, error) {
	var r DecoyRound
	names, err := namesOf(view, wallets)
	if err != nil {
		return r, err
	}
	j, n, err := judge(ctx, view, names, params)
	if err != nil {
		return r, err
	}
	r.Evidence, r.Deposits = n, len(j.Deposits)
	for _, d := range j.Deposits {
		if len(d.Users) > 1 {
			r.Shared++
		}
	}
	for a := range wallets {
		if fan[a] > 0 {
			r.Wallets++
			r.Payers += fan[a]
		}
	}
	for _, t := range h.Transfers {
		_, to := wallets[t.To]
		_, from := wallets[t.From]
		if to && !from && !t.From.IsZero() {
			r.Payments++
		}
	}
	return r, nil
}
