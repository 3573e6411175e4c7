package main

import (
	"context"
	"fmt"

	"spoor/cluster/eval"
	"spoor/graph"
)

func (b *bench) mixers(ctx context.Context) error {
	ledger, err := b.open(ctx, graph.ChainOf(graph.Ethereum))
	if err != nil {
		return err
	}
	m, err := eval.MeasureMixers(ctx, ledger, 700, 1)
	if err != nil {
		return err
	}
	b.about(fmt.Sprintf("two generated pools of one mixer, %d users, %d deposits and %d withdrawals in a month. Of seven users two withdraw to the address that paid (one of them has withdrawn before), one to an address with three movements between them, one to one that clustering knows for theirs, one in equal counts of two denominations, one leaves no sign, and one leaves none but has a friend who is a user too", m.Users, m.Deposits, m.Withdrawals),
		"deposits whose user left the rule's sign, and of those the ones whose own withdrawal is among the candidates (found); of all candidates, those that are the depositor's",
		"which withdrawals from before a deposit the rule takes for the deposit's: none can be",
		"how many real users leave which sign; what the habits are decides the figures. The sign of one owner is as good as the clustering that says it. Gas prices are not kept on a ledger, so the rule of self-relayed gas prices is not there")
	var rows [][]string
	for _, r := range m.Rules {
		rows = append(rows, []string{"`" + r.Rule + "`", of(r.Found, r.Signs), of(r.Named-r.Wrong, r.Named), of(r.Right, r.Proposed), of(r.Placebo.Met, r.Placebo.Deposits)})
		b.rate(r.Rule, "%s of candidates wrong in generated pools; met by chance at %s of deposits", of(r.Proposed-r.Right, r.Proposed), share(r.Placebo.Met, r.Placebo.Deposits))
	}
	b.table([]string{"Rule", "Signs found", "Deposits with candidates, the right one among them", "Candidates right", "Placebo: deposits"}, rows)
	b.text("A candidate's score counts the others that the rule could not tell from it, and its placebo is measured anew on the pools of the case: these rates do not replace it.")
	return nil
}

// rateTable lists what is printed with rules; a test holds cluster.ErrorRate
// against it.
func (b *bench) rateTable(context.Context) error {
	b.text("What `spoor` prints wherever a rule decided something, in every table and page. A rule that is not here was not measured, and the program says so, or it leaves nothing to chance, and it says why. Where a rate is estimated from the few draws of one case, one more draw is taken to be met: (met+1)/(n+1). Rules of mixers and of passages are measured anew on the ledgers at hand; their rates stand here to be compared.")
	rows := make([][]string, len(b.rates))
	for i, r := range b.rates {
		rows[i] = []string{"`" + r.rule + "`", r.text}
	}
	b.table([]string{"Rule", "Rate"}, rows)
	return nil
}
