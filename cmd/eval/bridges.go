package main

import (
	"context"
	"fmt"

	"spoor/cluster/eval"
	"spoor/cluster/passage"
)

func (b *bench) bridges(context.Context) error {
	n, err := eval.NomadBridge(b.path("nomad-bridge"))
	if err != nil {
		return err
	}
	b.about(fmt.Sprintf("all passages of the Nomad bridge between Ethereum and Moonbeam, January to its theft in August 2022 (XChainWatcher): %d departures and %d arrivals read, %d true pairs", n.Departures, n.Arrivals, n.Pairs),
		"true pairs linked by the number that both sides carry, and links against the truth; with the numbers hidden, true pairs that recipient, token, amount, delay and uniqueness link (the bridge's habits are learned from the other half of the time)",
		"the same departures against arrivals that are for another's recipient, or lie a week earlier. A decoy a week earlier can be an equal passage of the same person, so that placebo errs on the high side",
		"other bridges without a key, which have other fees and delays; and the rate on a bridge where many send round amounts to themselves")
	b.table([]string{"By key", "Passages"}, [][]string{
		{"true pairs linked", of(n.Right, n.Pairs)},
		{"linked against the truth", fmt.Sprint(n.Wrong)},
		{"linked, and not in the truth, which lists only what was locked", fmt.Sprintf("%d, %d of them tokens burnt to go home; both sides agree in all they tell", n.Beyond, n.Burnt)},
		{"releases of the theft flagged as without a lock", of(n.ExploitFlagged, n.Exploit)},
		{"flagged in all", fmt.Sprint(n.Flagged)},
	})
	var rows [][]string
	for _, h := range []struct {
		name string
		eval.Hidden
	}{{"Ethereum to Moonbeam", n.Deposits}, {"Moonbeam to Ethereum, with the theft's releases", n.Withdrawals}} {
		rows = append(rows, []string{h.name, of(h.Right, h.Pairs), of(h.Wrong, h.Pairs), of(h.Missed, h.Pairs), of(h.StrongX, h.Strong),
			of(h.Placebo.Recipients, h.Placebo.Departures), of(h.Placebo.Earlier, h.Placebo.Departures)})
	}
	b.table([]string{"Keys hidden", "Right", "Wrong", "Not linked", "Wrong of the strong links", "Placebo: other recipients", "Placebo: a week earlier"}, rows)
	b.text("A match without a key is for people to accept; no trace follows one by itself. That call data of Celer, Multichain and Poly are read and linked (CONNECTOR, 3,287 pairs) is held by the tests of `ingest/bridge`; the set has no pairs of both sides to count against here.")
	d := n.Deposits
	b.rate(passage.RuleKey, "%s of links wrong on one bridge", of(n.Wrong, n.Right+n.Wrong))
	b.rate(passage.RuleMatch, "%s of links wrong on one bridge with its keys hidden; decoys linked to %s of departures (other recipients)", of(d.Wrong, d.Right+d.Wrong), share(d.Placebo.Recipients, d.Placebo.Departures))
	return nil
}
