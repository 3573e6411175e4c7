package main

import (
	"context"
	"fmt"

	"spoor/cluster/eval"
)

func (b *bench) coinJoins(context.Context) error {
	c, err := eval.MeasureCoinJoins(b.path("btc-coinjoins"))
	if err != nil {
		return err
	}
	b.about("transactions that others labelled (crocs-muni/coinjoin-analysis, from a full node with Dumplings), the half whose hashes end in an even digit",
		"of each set's rows, those recognised as what the label says; of sets that are none, those taken for a CoinJoin or for its mere shape. Twice: every label believed, and without rows whose label the source itself withdraws or the transaction contradicts (reasons below)",
		"that the changes of an equal-output transaction fit its inputs is asked of five wrong values for each transaction in which they fit",
		"what no label lists; rounds of coordinators the sources did not follow; the other half. Labels of JoinMarket are themselves a rule of shape")
	var rows [][]string
	for _, s := range c.Rounds {
		rows = append(rows, []string{"`" + s.Set + "`", of(s.Found, s.Rows), of(s.Found, s.Rows-s.Withdrawn-s.Contradicted), fmt.Sprint(s.Withdrawn), fmt.Sprint(s.Contradicted)})
	}
	b.table([]string{"Rounds", "Recall, as labelled", "Recall, where labels hold", "Withdrawn by the source", "Contradicted by the transaction"}, rows)
	for _, s := range c.Rounds {
		if s.Contradicted > 0 {
			b.text("`%s`: %d rows are Whirlpool mixes in every respect; %d of them spend a coin of a labelled mix or Tx0.", s.Set, s.Contradicted, s.Lineage)
		}
		if len(s.Misses) > 0 {
			b.text("\n`%s`, missed:\n", s.Set)
			b.reasons(s.Misses)
		}
		if len(s.ByShape) > 0 {
			b.text("\n`%s`, of those found, these by shape alone. They merge nothing and end no trace. Why they are no JoinMarket transaction:\n", s.Set)
			b.reasons(s.ByShape)
		}
	}
	rows = nil
	all := eval.Labelled{Set: "all"}
	for _, s := range c.Others {
		rows = append(rows, othersRow(&s))
		all.Rows, all.Wrong, all.Shape, all.Contradicted = all.Rows+s.Rows, all.Wrong+s.Wrong, all.Shape+s.Shape, all.Contradicted+s.Contradicted
		all.Arithmetic, all.Decoys, all.DecoysFit, all.Lineage = all.Arithmetic+s.Arithmetic, all.Decoys+s.Decoys, all.DecoysFit+s.DecoysFit, all.Lineage+s.Lineage
	}
	b.table([]string{"No rounds", "False positives, as labelled", "Where labels hold: CoinJoin", "Mere shape", "Contradicted"}, append(rows, othersRow(&all)))
	b.text("Contradicted are %d rows: %d in which two or more changes fit an input less the equal value, the others Whirlpool mixes in every respect (%d of these spend a coin of a labelled mix or Tx0). Placebo of the fit: %s.",
		all.Contradicted, all.Arithmetic, all.Lineage, of(all.DecoysFit, all.Decoys))
	b.text("\nWhat the wrong ones were taken for:\n")
	for _, s := range c.Others {
		b.reasons(s.Misses)
	}
	b.coinJoinRates(c)
	m := c.Merges
	b.text("\nCommon input joins the %d input addresses of the labelled rounds by %d links, the largest cluster having %d of them. With the veto: %d links, largest %d.",
		m.Addresses, m.LinksBare, m.LargestClusterBare, m.LinksVeto, m.LargestVetoed)
	return nil
}

func othersRow(s *eval.Labelled) []string {
	wrong := s.Wrong + s.Shape + s.Contradicted
	holding := s.Rows - s.Contradicted
	return []string{"`" + s.Set + "`", of(wrong, s.Rows), of(s.Wrong, holding), of(s.Shape, holding), fmt.Sprint(s.Contradicted)}
}

func (b *bench) emulated(context.Context) error {
	wallets, funded, err := eval.MeasureEmulated(b.path("btc-emulated-wasabi2"))
	if err != nil {
		return err
	}
	b.about("a regtest chain of ten real Wasabi 2 clients (crocs-muni/coinjoin-analysis), with the wallet of every address",
		"pairs of addresses that a choice of rules puts into one entity: how many have one owner (precision), and how many of all pairs of one owner it finds (recall)",
		"see the towns below: here rules claim too little for one",
		"recall: the wallets sign nothing but CoinJoin rounds, so there is nothing for a rule to find. The second table takes the miner and the distributor that fund them for one more owner; whatever a rule names there is that owner's, which proves nothing")
	for _, o := range []*eval.Owners{wallets, funded} {
		b.sub(o.Ledger)
		b.owners(o)
		b.sets([]*eval.Owners{o})
	}
	return nil
}

func (b *bench) owners(o *eval.Owners) {
	b.text("%d transactions, %d of them rounds; %d rounds missed, %d others taken for one. %d addresses of known owners, %d pairs of one owner.",
		o.Txs, o.Rounds, o.Missed, o.Mistaken, o.Addresses, o.Pairs)
}

// sets is the table of rule sets, added up over ledgers.
func (b *bench) sets(ledgers []*eval.Owners) {
	var rows [][]string
	for i := range ledgers[0].Sets {
		s := eval.RuleSetScore{}
		for _, o := range ledgers {
			one := &o.Sets[i]
			s.Name, s.Joined, s.Right, s.Pairs = one.Name, s.Joined+one.Joined, s.Right+one.Right, s.Pairs+one.Pairs
			s.Largest, s.All = max(s.Largest, one.Largest), max(s.All, one.All)
		}
		precision := "no pairs joined"
		if s.Joined > 0 {
			precision = of(s.Right, s.Joined)
		}
		rows = append(rows, []string{s.Name, precision, of(s.Right, s.Pairs), of(s.Largest, s.All)})
	}
	b.table([]string{"Rules", "Pairs right", "True pairs found", "Addresses in the largest entity"}, rows)
}

const (
	townTxs = 4000
	towns   = 2
)

func (b *bench) towns(context.Context) error {
	b.about(fmt.Sprintf("%d made-up towns of %d transactions: people, shops, exchanges, CoinJoins, PayJoins, with the owner of every address", towns, townTxs),
		"pairs of addresses as above; and of each rule alone, its claims that name two addresses of one owner",
		"the same rule on the same transactions, in which the outputs' values, forms and histories were dealt anew among their addresses; of common input, an input joined with one of the transaction before. Of two outputs one is the change, so a placebo is right about half the time",
		"how often real wallets have these habits. The order of the rules and the collapse without the veto hold wherever habits are mixed; the percentages hold for these towns")
	var list []*eval.Owners
	for seed := range uint64(towns) {
		o, err := eval.MeasureTown(townTxs, seed+1)
		if err != nil {
			return err
		}
		b.text("\nTown %d:", seed+1)
		b.owners(o)
		list = append(list, o)
	}
	b.sets(list)
	var rows [][]string
	for i := range list[0].Rules {
		s := eval.RuleScore{}
		for _, o := range list {
			one := &o.Rules[i]
			s.Rule, s.Claims, s.Right, s.Placebo, s.PlaceboRight = one.Rule, s.Claims+one.Claims, s.Right+one.Right, s.Placebo+one.Placebo, s.PlaceboRight+one.PlaceboRight
		}
		name := s.Rule.String()
		placebo := of(s.PlaceboRight, s.Placebo)
		if s.Placebo == 0 {
			placebo = "no claim is left to chance"
		}
		if s.Claims > 0 {
			b.rate(name, "%s of claims wrong in made-up towns, of its placebo %s", of(s.Claims-s.Right, s.Claims), share(s.Placebo-s.PlaceboRight, s.Placebo))
		}
		rows = append(rows, []string{"`" + name + "`", of(s.Right, s.Claims), placebo})
	}
	b.table([]string{"Rule alone", "Claims right", "Placebo right"}, rows)
	b.text("Direct change names an address of the inputs, so it joins nothing that common input has not joined: no claim of it names two addresses.\n")
	p := eval.Payouts{}
	for _, o := range list {
		p.Batches, p.Found, p.Mistaken = p.Batches+o.Payouts.Batches, p.Found+o.Payouts.Found, p.Mistaken+o.Payouts.Mistaken
	}
	b.text("Payout batches of exchanges: %s found, %d others taken for one.", of(p.Found, p.Batches), p.Mistaken)
	return nil
}
