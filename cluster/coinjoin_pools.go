package cluster

import "spoor/graph"

// What is known of those who run CoinJoins: facts that change, as data. Times
// are unix seconds. A detector's time gates are those of its sources, which give
// heights of Bitcoin's main chain; times also hold for test networks.

// whirlpoolPool is a pool of a Whirlpool coordinator.
type whirlpoolPool struct {
	size     uint64 // satoshi of an output
	fee      uint64 // what entering costs in a Tx0, whatever the amount; 0 if not known
	feeLow   uint64 // discounts down to
	feeHigh  uint64 // and what older versions took
	from, to int64  // when it ran; to is 0 if it is not known to have ended
	operator string
}

// whirlpoolPools: sizes and fees as in graphsense-lib (2026), whose range is
// half to three times the fee; Ashigaru's sizes and dates as in
// crocs-muni/coinjoin-analysis cj_consts, whose fees are not published: the
// range is what the same share of the size would be.
var whirlpoolPools = []whirlpoolPool{
	{100_000, 5_000, 2_500, 15_000, whirlpoolStart, samouraiEnd, "Samourai"},
	{1_000_000, 50_000, 25_000, 150_000, whirlpoolStart, samouraiEnd, "Samourai"},
	{5_000_000, 175_000, 87_500, 525_000, whirlpoolStart, samouraiEnd, "Samourai"},
	{50_000_000, 1_750_000, 875_000, 5_250_000, whirlpoolStart, samouraiEnd, "Samourai"},
	{2_500_000, 0, 43_750, 375_000, 1748649600, 0, "Ashigaru"},     // 2025-05-31
	{25_000_000, 0, 437_500, 3_750_000, 1749168000, 0, "Ashigaru"}, // 2025-06-06
}

// Starts of the protocols, the first day of the month of the block that
// Dumplings (nopara73) begins with, and ends as announced.
const (
	joinMarketStart = 1451606400 // 2016-01: block 392,300
	wasabi1Start    = 1530403200 // 2018-07: block 530,500
	whirlpoolStart  = 1554076800 // 2019-04: block 570,000
	wabisabiStart   = 1654041600 // 2022-06: block 741,213
	samouraiEnd     = 1713916800 // 2024-04-24: its servers were seized
	zkSNACKsEnd     = 1717200000 // 2024-06-01
)

// coordinator is one who runs WabiSabi rounds.
type coordinator struct {
	name     string
	from, to int64 // to is 0 if it is not known to have ended
}

// wabisabiCoordinators as in crocs-muni/coinjoin-analysis cj_consts, which
// gives months.
var wabisabiCoordinators = []coordinator{
	{"zkSNACKs", wabisabiStart, zkSNACKsEnd},
	{"kruw.io", 1714521600, 0},         // 2024-05
	{"Ginger", 1717200000, 0},          // 2024-06
	{"OpenCoordinator", 1746057600, 0}, // 2025-05
}

// onlyCoordinator is the coordinator's name if just one ran at a time.
func onlyCoordinator(at int64) (name string) {
	for _, c := range wabisabiCoordinators {
		if at < c.from || c.to != 0 && at >= c.to {
			continue
		}
		if name != "" {
			return ""
		}
		name = c.name
	}
	return name
}

// wasabi1Values are the denominations of Wasabi 1. The first is Dumplings'; the
// second that of the rounds of 2018 that paid the fixed address.
var wasabi1Values = []struct {
	low, high uint64 // satoshi
	from, to  int64
}{
	{8_000_000, 12_000_000, wasabi1Start, 0},
	{4_900_000, 5_100_000, wasabi1Start, 1541030400}, // until 2018-11
}

// isWasabi1Value reports whether rounds were of a denomination at a time.
func isWasabi1Value(v uint64, at int64) bool {
	for _, d := range wasabi1Values {
		if v >= d.low && v <= d.high && at >= d.from && (d.to == 0 || at < d.to) {
			return true
		}
	}
	return false
}

// wasabi1Coordinators are the addresses that Wasabi 1 paid its coordinator at
// before its fee address changed with every round (Dumplings), as hashes of
// their keys: bc1qs604c7jv6amk4cxqlnvuxv26hv3e48cds4m0ew and
// bc1qa24tsgchvuxsaccp8vrnkfd85hrcpafg20kmjw.
var wasabi1Coordinators = [...]string{
	"\x86\x9f\x5c\x7a\x4c\xd7\x77\x6a\xe0\xc0\xfc\xd9\xc3\x31\x5a\xbb\x23\x9a\x9f\x0d",
	"\xea\xaa\xb8\x23\x17\x67\x0d\x0e\xe3\x01\x3b\x07\x3b\x25\xa7\xa5\xc7\x80\xf5\x28",
}

// isWasabi1Coordinator reports whether an address is one of the coordinator's.
func isWasabi1Coordinator(a graph.Address) bool {
	raw := a.Bytes()
	if len(raw) != 22 || raw[0] != 3 || raw[1] != 0 {
		return false
	}
	for _, hash := range wasabi1Coordinators {
		if string(raw[2:]) == hash {
			return true
		}
	}
	return false
}
