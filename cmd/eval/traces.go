package main

import (
	"context"
	"fmt"
	"math/big"
	"strings"

	"spoor/ingest/synthetic"
	"spoor/trace"
	"spoor/trace/eval"
)

func (b *bench) laundering(ctx context.Context) error {
	b.about("two cases of MFTracer (LaunderNetEvm41): LI.FI, 135 flows from 1 source to 33 terminals, and a scam on X and Discord, 1,307 flows from 7 sources to 465 terminals, of which 452 are in the flows and 449 can be reached in the order of time. Each flow was checked by at least two of seven experts. Values are dollars, swaps are collapsed",
		"addresses, terminals and dollars of the case among what a method returns (recall), and what of that is the case's (precision). For the methods with amounts an address is returned if it carries taint, and an end is an address at which value rests or stops; for rank it is returned if it is kept",
		"benign transfers, ten for each of the case. Who pays whom and in which order is the generator's traffic (power-law degrees, four hubs); token, blocks and sizes are the case's, so that neither tells them apart. *Beside*: among addresses of their own. *Touching terminals*: one in ten starts at a terminal and one in ten ends at one. *Touching all*: the same with any address of the case. Without labels an exchange with few transfers is followed; *labels* are those of services that the data itself carries (deposit addresses, exchanges, mixers, bridges), without the experts' own marks",
		"what experts did not list: the flows are illicit ones only, so intermediaries that also hold other stolen money pay out more than they took, and fifo serves that first. Precision alone and beside is 100 % by construction (but for payments that a transaction nets); only the touching settings test it")
	var rows [][]string
	var services, ranked []string
	for _, name := range []string{"lifi", "xscam"} {
		l, err := eval.ReadLaundering(b.path("mftracer", name))
		if err != nil {
			return err
		}
		services = append(services, fmt.Sprintf("%s %d", name, len(l.Services)))
		for _, s := range eval.Settings() {
			list, err := l.Measure(ctx, b.open, s)
			if err != nil {
				return err
			}
			for _, f := range list {
				ends, right := "–", "–"
				if f.EndsRight.Of > 0 {
					ends, right = ratio(f.Ends), ratio(f.EndsRight)
				}
				if f.Method == "rank" && f.Setting == "touching all" {
					ranked = append(ranked, fmt.Sprintf("%s of a case's addresses kept, and %s of those kept are the case's (%s)", ratio(f.Addresses), ratio(f.Returned), f.Case))
				}
				rows = append(rows, []string{f.Case + ", " + f.Setting, f.Method, ratio(f.Addresses), ratio(f.Returned), ratio(f.Terminals), ends, right,
					share(f.Flows.N, f.Flows.Of), share(f.FlowsTrue.N, f.FlowsTrue.Of)})
			}
		}
	}
	b.table([]string{"Case and traffic", "Method", "Addresses found", "Returned, of the case", "Terminals among them", "Terminals found as ends", "Ends that are terminals", "Dollars found", "Dollars of the case"}, rows)
	b.text("What a terminal pays to an address that is paid once looks like one more hop: with amounts and times alike, no rule of movement can tell it from a terminal, and a label of the terminal can. That is why the touching settings return so many. Services known by label: %s.\n", strings.Join(services, ", "))
	b.rate(trace.RankRule, "%s; ten benign transfers for each of the case's touch any of its addresses", strings.Join(ranked, "; "))
	b.text("A dollar is found if taint (for rank: a movement between two kept addresses) runs over the case's flow; the last column is what of all dollars followed that is.")
	return nil
}

func ratio(p eval.Part) string { return of(p.N, p.Of) }

func (b *bench) typologies(ctx context.Context) error {
	script := synthetic.Script{Seed: 1, Background: 3_000}
	list, err := eval.Outcomes(ctx, b.open, script)
	if err != nil {
		return err
	}
	b.about(fmt.Sprintf("generated incidents, a typology each, in %d benign transfers; the script books the truth while it writes, and never follows the ledger", script.Background),
		"ends (address and asset) at which the method's amount is right to the base unit; of the value stolen, what the method does not put where it is (missed), and what it puts where none is (beyond). Value is counted in ether at the script's own price, on Bitcoin in bitcoin",
		"none: the truth is exact. A method that conserves misses as much as it puts beyond, but for what swaps round away and bridges charge",
		"which method is just. The truth is booked oldest money first, so fifo is right by construction if it keeps the books through swaps, wraps, loans, bridges and fees, which is what is tested; the others show how far their convention is from that one where clean money is mixed in")
	var rows [][]string
	for i, o := range list {
		if i == 0 || list[i-1].Typology != o.Typology {
			b.text("- **%s**: %s.", o.Typology, o.Sentence)
		}
		rows = append(rows, []string{o.Typology, o.Method, of(o.Exact, o.Ends), part(o.Missed, o.Seeded), part(o.Beyond, o.Seeded)})
	}
	b.table([]string{"Typology", "Method", "Ends exact", "Missed", "Beyond"}, rows)
	return nil
}

// part is what n is of all, in percent, never rounded to nothing.
func part(n, all *big.Int) string {
	if n.Sign() == 0 {
		return "0"
	}
	percent := new(big.Rat).SetFrac(new(big.Int).Mul(n, big.NewInt(100)), all)
	text := percent.FloatString(2)
	if text == "0.00" {
		return "below 0.01 %"
	}
	return text + " %"
}
