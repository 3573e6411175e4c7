package eval

import (
	"context"
	"strings"

	"spoor/cluster"
	"spoor/graph"
	"spoor/ingest/synthetic"
)

// IncidentDeposits is how deposit-address reuse does on generated incidents,
// where every deposit address of the exchange is known, and who paid into it.
type IncidentDeposits struct {
	Params              cluster.DepositParams
	Deposits, Found     int // deposit addresses of the exchange, and of them those that are found
	Mistaken            int // addresses taken for a deposit address that are none
	Payers, PayersFound int // who pays into one, and of them those found as its users
	Strangers           int // users found who paid into none
}

// MeasureIncidentDeposits plays incidents with so many peels into an empty
// ledger of Ethereum.
func MeasureIncidentDeposits(ctx context.Context, ledger graph.Ledger, script synthetic.Script, params cluster.DepositParams) (*IncidentDeposits, error) {
	incident, err := script.Ethereum()
	if err != nil {
		return nil, err
	}
	if err := ledger.Load(ctx, incident.Blocks(ctx)); err != nil {
		return nil, err
	}
	view, err := ledger.View(ctx)
	if err != nil {
		return nil, err
	}
	defer func() { _ = view.Close() }()
	deposits, payers, wallets := map[graph.ID]bool{}, map[graph.ID]bool{}, map[graph.ID]string{}
	for _, r := range incident.Truth.Roles {
		id, err := view.ID(r.Address)
		if isAbsent(err) {
			continue // named, but never on the ledger
		}
		if err != nil {
			return nil, err
		}
		_, name, _ := strings.Cut(r.Name, ": ") // the number of the incident is before it
		switch {
		case r.Name == "exchange hot wallet":
			wallets[id] = "exchange"
		case strings.HasPrefix(name, "deposit "), strings.HasPrefix(name, "coin deposit "):
			deposits[id] = true
		case strings.HasPrefix(name, "peel "), strings.HasPrefix(name, "walker "):
			payers[id] = true
		}
	}
	m := &IncidentDeposits{Params: params, Deposits: len(deposits)}
	// The last of each chain keeps what is left and pays into none.
	m.Payers = len(payers) - 2*max(1, script.Incidents)
	j, _, err := judge(ctx, view, wallets, params)
	if err != nil {
		return nil, err
	}
	users := map[graph.ID]bool{}
	for _, d := range j.Deposits {
		if deposits[d.Address] {
			m.Found++
		} else {
			m.Mistaken++
		}
		for _, u := range d.Users {
			users[u] = true
		}
	}
	for u := range users {
		if payers[u] {
			m.PayersFound++
		} else {
			m.Strangers++
		}
	}
	return m, nil
}
