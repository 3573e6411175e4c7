package cluster

// errorRates are what docs/accuracy.md measured of rules, to be printed wherever
// a rule is used. make eval fails when it measures anything else.
var errorRates = []struct{ rule, rate string }{
	{"wasabi-1.0", "2 of 1971 (0.10 %) of labelled transactions that are no CoinJoin taken for it; of labelled rounds 82 recognised as it"},
	{"wasabi-1.1", "0 of 1971 (0.0 %) of labelled transactions that are no CoinJoin taken for it; of labelled rounds 99 recognised as it"},
	{"wabisabi", "1 of 1971 (0.05 %) of labelled transactions that are no CoinJoin taken for it; of labelled rounds 16 recognised as it"},
	{"whirlpool-mix", "0 of 1971 (0.0 %) of labelled transactions that are no CoinJoin taken for it; of labelled rounds 788 recognised as it"},
	{"joinmarket", "6 of 1971 (0.30 %) of labelled transactions that are no CoinJoin taken for it; of labelled rounds 24 recognised as it"},
	{"equal-output", "0 of 1971 (0.0 %) of labelled transactions that are no CoinJoin taken for it; of labelled rounds 0 recognised as it"},
	{"cospend", "26 of 3181 (0.82 %) of claims wrong in made-up towns, of its placebo 99.53 %"},
	{"change_type", "10 of 2236 (0.45 %) of claims wrong in made-up towns, of its placebo 51.2 %"},
	{"change_one_time", "50 of 1859 (2.7 %) of claims wrong in made-up towns, of its placebo 49.4 %"},
	{"change_reuse", "50 of 1859 (2.7 %) of claims wrong in made-up towns, of its placebo 49.4 %"},
	{"change_optimal", "8 of 129 (6.2 %) of claims wrong in made-up towns, of its placebo 55.0 %"},
	{"change_round", "168 of 1210 (13.9 %) of claims wrong in made-up towns, of its placebo 50.3 %"},
	{"change_thousand", "168 of 2522 (6.7 %) of claims wrong in made-up towns, of its placebo 49.7 %"},
	{"change_peel", "52 of 540 (9.6 %) of claims wrong in made-up towns, of its placebo 51.1 %"},
	{"change_legacy", "49 of 1722 (2.8 %) of claims wrong in made-up towns, of its placebo 49.8 %"},
	{"change_graphsense", "65 of 3363 (1.9 %) of claims wrong in made-up towns, of its placebo 51.4 %"},
	{"change_agreed", "1 of 2246 (0.04 %) of claims wrong in made-up towns, of its placebo 49.8 %"},
	{"change_locktime", "13 of 710 (1.8 %) of claims wrong in made-up towns, of its placebo 51.8 %"},
	{"change_fixed_fee", "74 of 462 (16.0 %) of claims wrong in made-up towns, of its placebo 52.6 %"},
	{"change_fingerprint", "54 of 836 (6.5 %) of claims wrong in made-up towns, of its placebo 52.0 %"},
	{"deposit_reuse", "agrees with the plain rule in 281 of 294 (95.6 %); of payments to decoys 0.34 % are taken for deposits, of those to exchanges 26.4 % (one token's history)"},
	{"airdrop", "179 of 618 (29.0 %) of joined recipients wrong in generated airdrops; its placebo joins 0"},
	{"service_behaviour", "1 of 11303 (below 0.01 %) of other addresses taken for a service in one token's history, and 3 of 17487 (0.02 %) in generated traffic, where 12 of 12 (100.0 %) exchanges are found"},
	{"address_poisoning", "0 of 41823 (0.0 %) of movements taken for it in one token's history from before it was practised; by chance one address of 268435456 looks like another"},
	{"peel_outputs", "told 85 times in 299 traces of benign generated traffic, in 15.1 % of the traces"},
	{"peel_accounts", "told 0 times in 289 traces of benign generated traffic, in 0.0 % of the traces"},
	{"address_match", "0 of 200 (0.0 %) of candidates wrong in generated pools; met by chance at 7.2 % of deposits"},
	{"shared_owner", "0 of 100 (0.0 %) of candidates wrong in generated pools; met by chance at 0.0 % of deposits"},
	{"denomination_counts", "6153 of 7317 (84.1 %) of candidates wrong in generated pools; met by chance at 36.8 % of deposits"},
	{"linked_address", "92 of 192 (47.9 %) of candidates wrong in generated pools; met by chance at 2.7 % of deposits"},
	{"key", "0 of 15736 (0.0 %) of links wrong on one bridge"},
	{"recipient, asset, amount and delay", "19 of 11251 (0.17 %) of links wrong on one bridge with its keys hidden; decoys linked to 1.1 % of departures (other recipients)"},
	{"rank", "90 of 93 (96.8 %) of a case's addresses kept, and 90 of 373 (24.1 %) of those kept are the case's (lifi); 803 of 837 (95.9 %) of a case's addresses kept, and 803 of 2858 (28.1 %) of those kept are the case's (xscam); ten benign transfers for each of the case's touch any of its addresses"},
}

// certain are rules that judge what the ledger itself settles, and why.
var certain = []struct{ rule, why string }{
	{"change_direct", "the output pays an address of the inputs"},
	{"taken_back", "the mixer itself states that the depositor took his deposit back"},
	{SameKey, "an address without code is one key on every EVM chain"},
}

// Of rules that could not be measured.
const notMeasured = "not measured"

// ErrorRate is what is printed with a rule wherever it is used: how often it was
// measured to be wrong, with the data it was measured on; that it leaves nothing
// to chance, and why; or that it was not measured.
func ErrorRate(rule string) string {
	for _, r := range errorRates {
		if r.rule == rule {
			return r.rate
		}
	}
	for _, c := range certain {
		if c.rule == rule {
			return "nothing is left to chance: " + c.why
		}
	}
	return notMeasured
}

// Rated reports whether a rule was measured, or leaves nothing to chance.
func Rated(rule string) bool { return ErrorRate(rule) != notMeasured }
