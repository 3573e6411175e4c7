package eval

import (
	"cmp"
	"context"
	"maps"
	"slices"

	"spoor/cluster"
	"spoor/graph"
)

// DepositResult is what deposit-address reuse finds in a token's history.
type DepositResult struct {
	Params   cluster.DepositParams
	Wallets  int // of exchanges, that were given to the rule
	Evidence int // forwards with the payment they forward
	Pruned   map[cluster.PruneReason]int
	Deposits int            // deposit addresses
	By       map[string]int // of them, by the name of the exchange
	Users    int            // different addresses that paid into them
	Shared   int            // deposit addresses with two users or more
	Merged   int            // users that share an owner with another user
	Largest  int            // users of the largest owner

	// Against the plain rule: an address whose every payment goes to an exchange.
	Plain  PlainResult
	Agreed int // deposit addresses that the plain rule has too
	Only   int // that it does not have

	// ExchangeParty counts exchanges among users and deposit addresses: it is 0,
	// whatever the data.
	ExchangeParty int
}

// PlainResult is what the plain rule finds, which looks at neither amounts nor
// times.
type PlainResult struct {
	Deposits int
	By       map[string]int // by the exchange that is paid; one that pays two counts for both
	Several  int            // of them, that pay more than one exchange
	Shared   int            // with two payers or more
}

// Deposits measures deposit-address reuse on a ledger that the history was
// filled into, with the given wallets as those of exchanges.
func (h *TokenHistory) Deposits(ctx context.Context, view graph.View, wallets map[graph.Address]Wallet, params cluster.DepositParams) (DepositResult, error) {
	r := DepositResult{Params: params, Wallets: len(wallets), By: map[string]int{}}
	names, err := namesOf(view, wallets)
	if err != nil {
		return r, err
	}
	j, n, err := judge(ctx, view, names, params)
	if err != nil {
		return r, err
	}
	r.Evidence, r.Pruned, r.Deposits = n, j.Pruned, len(j.Deposits)
	plain, err := h.plain(view, wallets, &r.Plain)
	if err != nil {
		return r, err
	}
	users := map[graph.ID]graph.ID{} // who they share an owner with: union-find
	for _, d := range j.Deposits {
		r.By[d.Exchange]++
		if plain[d.Address] {
			r.Agreed++
		}
		if len(d.Users) > 1 {
			r.Shared++
		}
		if names[d.Address] != "" {
			r.ExchangeParty++
		}
		for _, u := range d.Users {
			if names[u] != "" {
				r.ExchangeParty++
			}
			if _, known := users[u]; !known {
				users[u] = u
			}
			users[rootOf(users, u)] = rootOf(users, d.Users[0])
		}
	}
	r.Only = r.Deposits - r.Agreed
	r.Users = len(users)
	sizes := map[graph.ID]int{}
	for u := range users {
		sizes[rootOf(users, u)]++
	}
	for _, n := range sizes {
		r.Largest = max(r.Largest, n)
		if n > 1 {
			r.Merged += n
		}
	}
	return r, nil
}

func rootOf(parent map[graph.ID]graph.ID, id graph.ID) graph.ID {
	for parent[id] != id {
		id = parent[id]
	}
	return id
}

// namesOf turns wallets into ids; those that the ledger does not have are left
// out.
func namesOf(view graph.View, wallets map[graph.Address]Wallet) (map[graph.ID]string, error) {
	names := map[graph.ID]string{}
	for a, w := range wallets {
		id, err := view.ID(a)
		if isAbsent(err) {
			continue
		}
		if err != nil {
			return nil, err
		}
		names[id] = cmp.Or(w.Name, a.String())
	}
	return names, nil
}

// judge finds all evidence and judges it.
func judge(ctx context.Context, view graph.View, names map[graph.ID]string, params cluster.DepositParams) (cluster.DepositJudgement, int, error) {
	hot := func(_ context.Context, id graph.ID, _ graph.Position) (bool, error) { return names[id] != "", nil }
	f, err := cluster.NewDepositFinder(view, hot, params)
	if err != nil {
		return cluster.DepositJudgement{}, 0, err
	}
	var evidence []cluster.Evidence
	for tx, err := range view.Txs(ctx, 0) {
		if err != nil {
			return cluster.DepositJudgement{}, 0, err
		}
		if evidence, err = f.Find(ctx, &tx, evidence); err != nil {
			return cluster.DepositJudgement{}, 0, err
		}
	}
	roles := cluster.DepositRoles{Exchange: func(id graph.ID) string { return names[id] }}
	return cluster.DepositsOf(evidence, roles), len(evidence), nil
}

// plain are the addresses whose every payment goes to an exchange.
func (h *TokenHistory) plain(view graph.View, wallets map[graph.Address]Wallet, r *PlainResult) (map[graph.ID]bool, error) {
	type side struct {
		paid  map[string]bool // exchanges
		other bool            // it has paid others
		by    map[graph.Address]bool
	}
	sides := map[graph.Address]*side{}
	of := func(a graph.Address) *side {
		if sides[a] == nil {
			sides[a] = &side{paid: map[string]bool{}, by: map[graph.Address]bool{}}
		}
		return sides[a]
	}
	for _, t := range h.Transfers {
		of(t.To).by[t.From] = true
		if w, ok := wallets[t.To]; ok {
			of(t.From).paid[cmp.Or(w.Name, t.To.String())] = true
		} else {
			of(t.From).other = true
		}
	}
	found := map[graph.ID]bool{}
	r.By = map[string]int{}
	for _, a := range slices.SortedFunc(maps.Keys(sides), graph.Address.Compare) {
		s := sides[a]
		if _, exchange := wallets[a]; exchange || a.IsZero() || s.other || len(s.paid) == 0 {
			continue
		}
		id, err := view.ID(a)
		if err != nil {
			return nil, err
		}
		found[id] = true
		r.Deposits++
		for name := range s.paid {
			r.By[name]++
		}
		if len(s.paid) > 1 {
			r.Several++
		}
		if len(s.by) > 1 {
			r.Shared++
		}
	}
	return found, nil
}

// WithoutContracts are the wallets that are no contracts.
func (h *TokenHistory) WithoutContracts() map[graph.Address]Wallet {
	wallets := maps.Clone(h.Exchanges)
	maps.DeleteFunc(wallets, func(_ graph.Address, w Wallet) bool { return w.Contract })
	return wallets
}
