package main

import (
	"context"
	"fmt"
	"strings"

	"spoor/cluster"
	cluster_eval "spoor/cluster/eval"
	"spoor/graph"
	trace_eval "spoor/trace/eval"
)

// trafficSeeds are the weeks of generated traffic that services are told in.
const trafficSeeds = 3

// services measures on generated traffic who is told for a service.
func (b *bench) services(ctx context.Context) error {
	b.about(fmt.Sprintf("%d generated weeks of Ethereum, 40,000 transfers each, with four exchanges; popularity follows a power law, so some persons are paid by hundreds", trafficSeeds),
		"exchanges told for services by what they do, without any label, and others told for one",
		"everybody else: none of them serves anybody",
		"services that behave like persons, and persons who behave like services: a collector of a scam's victims, a payer of wages")
	var rows [][]string
	for seed := range uint64(trafficSeeds) {
		ledger, err := b.open(ctx, graph.ChainOf(graph.Ethereum))
		if err != nil {
			return err
		}
		r, err := cluster_eval.TrafficServices(ctx, ledger, seed+1)
		if err != nil {
			return err
		}
		rows = append(rows, []string{fmt.Sprint(seed + 1), of(r.Found, r.Services), of(r.False, r.Others), fmt.Sprint(r.Busy)})
		b.inTraffic.Found, b.inTraffic.Services = b.inTraffic.Found+r.Found, b.inTraffic.Services+r.Services
		b.inTraffic.False, b.inTraffic.Others = b.inTraffic.False+r.False, b.inTraffic.Others+r.Others
	}
	b.table([]string{"Week", "Exchanges found", "Others taken for a service", "Others with as many transfers as a sign needs"}, rows)
	b.text("The one that is wrong each week pays for the gas of the rest, thousands of times.")
	return nil
}

// tokenSigns measures signs that nobody gives on purpose in the history of a
// token from before address poisoning was practised.
func (b *bench) tokenSigns(ctx context.Context) error {
	return b.withTokenHistory(ctx, b.tokenSignsIn)
}

func (b *bench) tokenSignsIn(ctx context.Context, h *cluster_eval.TokenHistory, view graph.View) error {
	known := map[graph.Address]bool{}
	for a := range h.Exchanges {
		known[a] = true
	}
	r, err := cluster_eval.Services(ctx, view, cluster.DefaultServiceShape(), known)
	if err != nil {
		return err
	}
	p, err := cluster_eval.PoisoningPlacebo(ctx, view, cluster.DefaultPoisonParams())
	if err != nil {
		return err
	}
	b.about(fmt.Sprintf("the whole history of one ERC-20 token, %d transfers, published in 2020 (etherclust); address poisoning was first seen in 2022", len(h.Transfers)),
		"addresses taken for a service by what they do; movements taken for address poisoning as the other end looks like somebody dealt with before ("+p.Params.String()+")",
		"all of it: of the addresses the exchanges are known, and nobody poisoned histories then",
		"what exchanges do in other assets; how many real poisonings are recognised, which needs victims that told. By chance one address of "+fmt.Sprint(p.Params.Chance())+" looks like another")
	b.table([]string{"", "Told", "Of"}, [][]string{
		{"known exchanges", fmt.Sprint(r.Found), fmt.Sprint(r.Services)},
		{"others taken for a service", fmt.Sprint(r.False), fmt.Sprint(r.Others)},
		{"movements taken for poisoning by a look-alike", fmt.Sprint(p.LookAlikes), fmt.Sprint(p.Movements)},
		{"transfers of nothing, which imitate nobody and are a fact", fmt.Sprint(p.Nothing), fmt.Sprint(p.Movements)},
	})
	t := b.inTraffic
	b.rate(cluster.ServiceRule, "%s of other addresses taken for a service in one token's history, and %s in generated traffic, where %s exchanges are found",
		of(r.False, r.Others), of(t.False, t.Others), of(t.Found, t.Services))
	b.rate(cluster.PoisonRule, "%s of movements taken for it in one token's history from before it was practised; by chance one address of %d looks like another", of(p.LookAlikes, p.Movements), p.Params.Chance())
	return nil
}

// peels measures how often benign traffic has the shape of a peel chain.
func (b *bench) peels(ctx context.Context) error {
	b.about("30,000 generated transfers each of Bitcoin and Ethereum, in which nothing was stolen; 300 transactions are drawn, and what they gave is traced by fifo, 500 transactions far at most",
		"peel chains that are told, and their hops",
		"all of it: nobody peels anything",
		"how many real peel chains are recognised; of generated incidents all are, from end to end, and nothing else (tests of `trace`)")
	var rows [][]string
	for _, chain := range []graph.Chain{graph.ChainOf(graph.Bitcoin), graph.ChainOf(graph.Ethereum)} {
		p, err := trace_eval.BenignPeels(ctx, b.open, chain)
		if err != nil {
			return err
		}
		rows = append(rows, []string{"`" + p.Rule + "`", fmt.Sprint(p.Traces), fmt.Sprint(p.Transactions), fmt.Sprint(p.Chains), fmt.Sprint(p.Hops), of(p.Touched, p.Traces)})
		b.rate(p.Rule, "told %d times in %d traces of benign generated traffic, in %s of the traces", p.Chains, p.Traces, share(p.Touched, p.Traces))
	}
	b.table([]string{"Rule", "Traces", "Transactions", "Chains", "Hops", "Traces with one"}, rows)
	b.text("On Bitcoin a wallet that pays from its change again and again has the very shape.")
	return nil
}

// coinJoinRates notes of every protocol how many transactions that are no
// CoinJoin are taken for one, and how many labelled rounds are recognised.
func (b *bench) coinJoinRates(c *cluster_eval.CoinJoins) {
	holding := 0
	wrong := map[string]int{}
	for _, s := range c.Others {
		holding += s.Rows - s.Contradicted
		for _, m := range s.Misses {
			protocol, _, _ := strings.Cut(m.What, " (")
			wrong[protocol] += m.N
		}
	}
	told := map[string]int{}
	for _, s := range c.Rounds {
		for _, as := range s.As {
			told[as.What] += as.N
		}
	}
	for p := cluster.Wasabi10; p <= cluster.Stonewall; p++ {
		if f := (cluster.Finding{Protocol: p}); f.Mixes() {
			b.rate(p.String(), "%s of labelled transactions that are no CoinJoin taken for it; of labelled rounds %d recognised as it", of(wrong[p.String()], holding), told[p.String()])
		}
	}
}
