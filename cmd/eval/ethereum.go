package main

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/holiman/uint256"

	"spoor/cluster"
	"spoor/cluster/eval"
	"spoor/graph"
	"spoor/ingest/synthetic"
)

func (b *bench) deposits(ctx context.Context) error {
	return b.withTokenHistory(ctx, b.tokenDeposits)
}

// withTokenHistory measures on the whole history of a token, in a ledger.
func (b *bench) withTokenHistory(ctx context.Context, measure func(context.Context, *eval.TokenHistory, graph.View) error) error {
	h, err := eval.ReadTokenHistory(b.path("etherclust-bionic"))
	if err != nil {
		return err
	}
	ledger, err := b.open(ctx, h.Chain)
	if err != nil {
		return err
	}
	if err := h.Fill(ctx, ledger); err != nil {
		return err
	}
	view, err := ledger.View(ctx)
	if err != nil {
		return err
	}
	return errors.Join(measure(ctx, h, view), view.Close())
}

func (b *bench) tokenDeposits(ctx context.Context, h *eval.TokenHistory, view graph.View) error {
	b.about(fmt.Sprintf("the whole history of one ERC-20 token, %d transfers, and %d listed wallets of exchanges (etherclust, of Victor 2020)", len(h.Transfers), len(h.Exchanges)),
		"deposit addresses that the rule finds with the paper's parameters, and how many of them the plain rule has too: an address whose every payment goes to an exchange, whatever the amounts and times",
		"the same rule with every exchange's wallet replaced by an address that is no exchange and is paid by as many; and with all addresses of "+fmt.Sprint(eval.DecoyPayers)+" payers or more, that are no exchange, at once",
		"who truly owns an address: nobody published that, so this is agreement and not accuracy. The data has one token, no coin, no fees and no transactions")
	def := cluster.DefaultDepositParams()
	var rows [][]string
	var plain eval.PlainResult
	var main eval.DepositResult
	row := func(name string, wallets map[graph.Address]eval.Wallet, tau uint32, alpha *uint256.Int) (eval.DepositResult, error) {
		params := def
		params.Tau, params.Alpha = tau, *alpha
		r, err := h.Deposits(ctx, view, wallets, params)
		if err != nil {
			return r, err
		}
		if r.ExchangeParty != 0 {
			return r, fmt.Errorf("%d exchanges are users or deposit addresses", r.ExchangeParty)
		}
		rows = append(rows, []string{name, fmt.Sprint(tau), alpha.Dec(), fmt.Sprint(r.Evidence), fmt.Sprint(r.Deposits), of(r.Agreed, r.Deposits),
			fmt.Sprint(r.Users), fmt.Sprint(r.Merged), fmt.Sprint(r.Largest)})
		return r, nil
	}
	var err error
	if main, err = row("all, the paper's parameters", h.Exchanges, def.Tau, &def.Alpha); err != nil {
		return err
	}
	plain = main.Plain
	for _, tau := range []uint32{100, 1000, 10_000, 50_000} {
		if _, err := row("all", h.Exchanges, tau, &def.Alpha); err != nil {
			return err
		}
	}
	for _, alpha := range []*uint256.Int{uint256.NewInt(0), uint256.NewInt(1e17)} {
		if _, err := row("all", h.Exchanges, def.Tau, alpha); err != nil {
			return err
		}
	}
	if _, err := row("without contracts", h.WithoutContracts(), def.Tau, &def.Alpha); err != nil {
		return err
	}
	b.table([]string{"Wallets", "tau, blocks", "alpha, wei", "Forwards", "Deposit addresses", "The plain rule has them too", "Users", "Merged with others", "Largest owner"}, rows)
	var by []string
	for _, name := range slices.Sorted(maps.Keys(plain.By)) {
		if n := plain.By[name]; n >= 50 {
			by = append(by, fmt.Sprintf("%s %d", name, n))
		}
	}
	b.text("The plain rule finds %d addresses (%s), %d of which pay several exchanges and %d have several payers; the rule finds %s of them. No exchange is ever taken for a user or a deposit address. A token is forwarded exactly, so alpha, which allows for the cost of coin, changes nothing here.",
		plain.Deposits, strings.Join(by, ", "), plain.Several, plain.Shared, of(main.Agreed, plain.Deposits))
	p, err := h.Placebo(ctx, view, h.Exchanges, def, 1, 3)
	if err != nil {
		return err
	}
	var payments, evidence int
	for _, r := range p.Rounds {
		payments, evidence = payments+r.Payments, evidence+r.Evidence
	}
	rows = [][]string{
		{"the exchanges", fmt.Sprint(p.Real.Wallets), of(p.Real.Evidence, p.Real.Payments), fmt.Sprint(p.Real.Deposits)},
		{fmt.Sprintf("decoys, %d draws", len(p.Rounds)), fmt.Sprint(p.Rounds[0].Wallets) + " each", of(evidence, payments), "of all draws " + fmt.Sprint(sumDeposits(p.Rounds))},
		{"all others with payers", fmt.Sprint(p.Every.Wallets), of(p.Every.Evidence, p.Every.Payments), fmt.Sprint(p.Every.Deposits)},
	}
	b.table([]string{"Placebo: wallets", "Number", "Payments taken for forwards of a deposit", "Deposit addresses"}, rows)
	b.rate("deposit_reuse", "agrees with the plain rule in %s; of payments to decoys %s are taken for deposits, of those to exchanges %s (one token's history)",
		of(main.Agreed, main.Deposits), share(p.Every.Evidence, p.Every.Payments), share(p.Real.Evidence, p.Real.Payments))
	return nil
}

func sumDeposits(rounds []eval.DecoyRound) (n int) {
	for _, r := range rounds {
		n += r.Deposits
	}
	return n
}

func (b *bench) incidentDeposits(ctx context.Context) error {
	script := synthetic.Script{Seed: 3, Hops: 40, Incidents: 3, Background: 5_000}
	ledger, err := b.open(ctx, graph.ChainOf(graph.Ethereum))
	if err != nil {
		return err
	}
	m, err := eval.MeasureIncidentDeposits(ctx, ledger, script, cluster.DefaultDepositParams())
	if err != nil {
		return err
	}
	b.about(fmt.Sprintf("%d generated thefts in %d benign transfers; the thieves pay an exchange through fresh deposit addresses, in coin and in tokens, a gas station pays for the sweeps, histories are poisoned", script.Incidents, script.Background),
		"deposit addresses of the exchange that are found, and who paid into them",
		"addresses taken for a deposit address or a customer that are none",
		"exchanges that collect otherwise: by contract, in part, late, or from shared addresses")
	b.table([]string{"", "Found", "Wrong"}, [][]string{
		{"deposit addresses", of(m.Found, m.Deposits), fmt.Sprint(m.Mistaken)},
		{"who pays into one", of(m.PayersFound, m.Payers), fmt.Sprint(m.Strangers)},
	})
	return nil
}

func (b *bench) airdrops(ctx context.Context) error {
	ledger, err := b.open(ctx, graph.ChainOf(graph.Ethereum))
	if err != nil {
		return err
	}
	m, err := eval.MeasureAirdrops(ctx, ledger, 1)
	if err != nil {
		return err
	}
	b.about(fmt.Sprintf("two generated airdrops to %d recipients; owners with 3 to 8 of them pool what they got, every second without a pause; people with one address keep it or sell it to one of four buyers whom nobody labelled, one of whom is stormed", m.Recipients),
		"recipients that the rule joins to a pool ("+m.Params.String()+"), and whether the pool is their owner's",
		"the same evidence with the pools dealt anew among the recipients",
		"how often buyers are stormed: all that is wrong here are sellers to the one that is, so the rate of error is what the storm was made. A label of the buyer removes it")
	b.table([]string{"", "Recipients"}, [][]string{
		{"joined, to their owner's pool", of(m.Right, m.Joined)},
		{"pooled without a pause, found", of(m.QuickFound, m.Quick)},
		{"all that were pooled, found", of(m.Right, m.Farmed)},
		{"placebo: joined, to their owner's pool", of(m.PlaceboRight, m.Placebo)},
	})
	b.rate("airdrop", "%s of joined recipients wrong in generated airdrops; its placebo joins %d", of(m.Joined-m.Right, m.Joined), m.Placebo)
	return nil
}
