package eval

import (
	"encoding/binary"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"spoor/cluster/passage"
	"spoor/graph"
)

// Nomad is what linking finds on all passages of the Nomad bridge between
// Ethereum and Moonbeam, January 2022 to its theft on 1 August and the exits
// after it. Truth: the pairs of XChainWatcher (AndreAugusto11/XChainWatcher),
// joined by the bridge's own message numbers.
type Nomad struct {
	Departures, Arrivals int // facts read, both directions

	// By key.
	Pairs  int // true pairs, both directions
	Right  int // of them found
	Beyond int // links of departures the truth does not list, whose sides agree in all they tell
	Burnt  int // of those, a token of Moonbeam going home: burnt, where the truth has only locks
	Sole   int // of those beyond, with a number that no other departure or arrival has, the whole amount, and tokens that the folder maps to each other
	Wrong  int // links against the truth

	Exploit        int // releases of the theft
	ExploitFlagged int // of them anomalies
	Flagged        int // anomalies in all
	FlaggedOn      map[passage.AnomalyKind]int

	Deposits    Hidden // with the keys hidden, Ethereum to Moonbeam
	Withdrawals Hidden // and back; among the releases are those of the theft
}

// Hidden is what matching without keys finds. Each half of the departures, by
// time, is matched with what was learned from keyed pairs of the other half and
// from pairs that cannot be mistaken.
type Hidden struct {
	Pairs   int // true pairs
	Right   int // of them linked
	Wrong   int // links of a true pair's departure to another arrival
	Missed  int // the others
	Strong  int // links without rivals and of high score
	StrongX int // of them wrong
	Placebo passage.Placebo
}

// Share is the part of all true pairs, 0 to 1.
func (h Hidden) Share(n int) float64 { return float64(n) / float64(max(h.Pairs, 1)) }

const (
	nomadEthereum = graph.Ethereum
	nomadMoonbeam = graph.ChainID("eip155:1284")
	nomadProtocol = "nomad"
)

// pairID names a true pair: direction and message number, and the two
// transactions.
type pairID struct{ key, out, in string }

// NomadBridge measures on the folder nomad-bridge.
func NomadBridge(dir string) (Nomad, error) {
	n := Nomad{FlaggedOn: make(map[passage.AnomalyKind]int)}
	r := nomadReader{dir: dir}
	deposits := r.sides("src_deposits.csv.gz", graph.Departure, nomadEthereum, nomadMoonbeam, "deposit_id", "origin_token", "from")
	mints := r.sides("dst_mints.csv.gz", graph.Arrival, nomadMoonbeam, nomadEthereum, "deposit_id", "dst_token", "beneficiary")
	burns := r.sides("dst_burns.csv.gz", graph.Departure, nomadMoonbeam, nomadEthereum, "withdrawal_id", "origin_token", "from")
	releases := r.sides("src_releases.csv.gz", graph.Arrival, nomadEthereum, nomadMoonbeam, "withdrawal_id", "token", "beneficiary")
	trueDeposits := r.pairs("pairs_deposit.csv.gz", nomadEthereum)
	trueWithdrawals := r.pairs("pairs_withdrawal.csv.gz", nomadMoonbeam)
	exploit := r.exploit("hack_withdrawals.csv")
	returned, mapped := r.burntDeposits(), r.mapped()
	if r.err != nil {
		return n, r.err
	}
	truth := make(map[pairID]bool)
	listed := make(map[string]bool)
	for _, pairs := range []map[pairID]bool{trueDeposits, trueWithdrawals} {
		for p := range pairs {
			truth[p], listed[p.key] = true, true
		}
	}
	all := slices.Concat(deposits, mints, burns, releases)
	n.Departures, n.Arrivals, n.Pairs = len(deposits)+len(burns), len(mints)+len(releases), len(truth)
	numbers := make(map[string]int)
	for i := range all {
		numbers[all[i].Key]++
	}
	found := passage.ByKey(all, spans(all))
	for i := range found.Links {
		l := &found.Links[i]
		switch {
		case truth[idOf(l)]:
			n.Right++
		case listed[l.Departure.Key]:
			n.Wrong++
		default:
			n.Beyond++
			if returned[l.Departure.Tx.String()] {
				n.Burnt++
			}
			d, a := &l.Departure, &l.Arrival
			if numbers[d.Key] == 2 && d.Amount == a.Amount && d.Far.Recipient == string(a.Subject.Bytes()) && mapped[[2]graph.Address{d.Asset.Contract, a.Asset.Contract}] {
				n.Sole++
			}
		}
	}
	n.Exploit = len(exploit)
	for i := range found.Anomalies {
		a := &found.Anomalies[i]
		n.Flagged++
		n.FlaggedOn[a.Kind]++
		if exploit[exploitID(&a.Arrival)] {
			n.ExploitFlagged++
		}
	}
	n.Deposits = hidden(deposits, mints, trueDeposits, found.Links)
	n.Withdrawals = hidden(burns, releases, trueWithdrawals, found.Links)
	return n, nil
}

// hidden matches without keys, each half of the time with what the other half
// teaches.
func hidden(departures, arrivals []passage.Side, truth map[pairID]bool, keyed []passage.Link) Hidden {
	h := Hidden{Pairs: len(truth)}
	partner := make(map[string]string)
	for p := range truth {
		partner[p.key] = p.in
	}
	ds, as := slices.Clone(departures), slices.Clone(arrivals)
	slices.SortStableFunc(ds, func(a, b passage.Side) int { return int(a.Time - b.Time) })
	keys := make(map[graph.Hash]string) // of departures, to look up the truth afterwards
	hide(ds, keys)
	hide(as, nil)
	middle := ds[len(ds)/2].Time
	for fold := range 2 {
		learned := func(d *passage.Side) bool { return (d.Time < middle) == (fold == 0) }
		var lessons []passage.Link
		for i := range keyed {
			if d := &keyed[i].Departure; d.Chain == ds[0].Chain && learned(d) {
				lessons = append(lessons, keyed[i])
			}
		}
		m := passage.Learn(append(lessons, passage.Lone(ds, as)...))
		links := m.Match(ds, as)
		for i := range links {
			l := &links[i]
			in, listed := partner[keys[l.Departure.Tx]]
			if learned(&l.Departure) || !listed {
				continue
			}
			right := l.Arrival.Tx.String() == in
			if right {
				h.Right++
			} else {
				h.Wrong++
			}
			if l.Strong() {
				h.Strong++
				if !right {
					h.StrongX++
				}
			}
		}
		if fold == 0 {
			h.Placebo = m.Placebo(ds, as)
		}
	}
	h.Missed = h.Pairs - h.Right - h.Wrong
	return h
}

// hide takes the keys away and keeps them by transaction.
func hide(sides []passage.Side, keys map[graph.Hash]string) {
	for i := range sides {
		if keys != nil {
			keys[sides[i].Tx] = sides[i].Key
		}
		sides[i].Key = ""
	}
}

func idOf(l *passage.Link) pairID {
	return pairID{l.Departure.Key, l.Departure.Tx.String(), l.Arrival.Tx.String()}
}

func exploitID(a *passage.Side) string {
	return a.Tx.String() + a.Key + strings.ToLower(a.Subject.String())
}

// spans are the times of which each ledger was read: the bridge's whole life.
func spans(sides []passage.Side) map[graph.ChainID]passage.Span {
	life := passage.Span{From: 0}
	for i := range sides {
		life.To = max(life.To, sides[i].Time)
	}
	return map[graph.ChainID]passage.Span{nomadEthereum: life, nomadMoonbeam: life}
}

// nomadReader reads the folder and keeps the first error.
type nomadReader struct {
	dir string
	err error
}

// nomadKey is what both sides of a message share: the domain it leaves and its
// number there. Nomad's own key, the hash of the message, covers recipient,
// token and amount as well; here they are compared.
func nomadKey(from graph.ChainID, number string) string { return string(from) + "/" + number }

func (r *nomadReader) sides(file string, kind graph.EventKind, here, there graph.ChainID, number, token, subject string) []passage.Side {
	var sides []passage.Side
	leaves := here
	if kind == graph.Arrival {
		leaves = there
	}
	r.rows(file, func(row map[string]string) error {
		s := passage.Side{Chain: here}
		s.Kind, s.Protocol, s.Key = kind, nomadProtocol, nomadKey(leaves, row[number])
		s.Far.Chain = string(there)
		var err error
		if s.Tx, err = graph.ParseHash(row["tx_hash"]); err != nil {
			return err
		}
		// The folder has no positions. What happens in one second is put in an
		// order that says nothing.
		s.At = graph.Position{Block: binary.BigEndian.Uint32(s.Tx[:4])}
		if s.Time, err = strconv.ParseInt(row["timestamp"], 10, 64); err != nil {
			return err
		}
		if s.Amount, err = graph.ParseAmount(row["amount"]); err != nil {
			return err
		}
		chain := graph.ChainOf(here)
		if s.Asset, err = graph.ParseAsset(chain, row[token]); err != nil {
			return err
		}
		if s.Subject, err = graph.ParseAddress(chain, row[subject]); err != nil {
			return err
		}
		if kind == graph.Departure {
			to, err := graph.ParseAddress(graph.ChainOf(there), row["beneficiary"])
			if err != nil {
				return err
			}
			s.Far.Recipient, s.Far.Amount = string(to.Bytes()), s.Amount // delivered whole: the message says how much
		}
		sides = append(sides, s)
		return nil
	})
	return sides
}

func (r *nomadReader) pairs(file string, from graph.ChainID) map[pairID]bool {
	pairs := make(map[pairID]bool)
	r.rows(file, func(row map[string]string) error {
		pairs[pairID{nomadKey(from, row["id"]), strings.TrimPrefix(row["origin_tx_hash"], "0x"), strings.TrimPrefix(row["dst_tx_hash"], "0x")}] = true
		return nil
	})
	return pairs
}

func (r *nomadReader) exploit(file string) map[string]bool {
	releases := make(map[string]bool)
	r.rows(file, func(row map[string]string) error {
		releases[strings.TrimPrefix(row["dst_transaction_hash"], "0x")+nomadKey(nomadMoonbeam, row["withdrawal_id"])+row["beneficiary"]] = true
		return nil
	})
	return releases
}

// burntDeposits are the transactions that left Ethereum by destroying a token.
func (r *nomadReader) burntDeposits() map[string]bool {
	burnt := make(map[string]bool)
	r.rows("src_deposits.csv.gz", func(row map[string]string) error {
		if strings.Trim(row["to"], "0x") == "" {
			burnt[strings.TrimPrefix(row["tx_hash"], "0x")] = true
		}
		return nil
	})
	return burnt
}

// mapped are the tokens of Ethereum and those of Moonbeam that the bridge takes
// for the same.
func (r *nomadReader) mapped() map[[2]graph.Address]bool {
	pairs := make(map[[2]graph.Address]bool)
	r.rows("token_mapping.csv", func(row map[string]string) error {
		near, err := graph.ParseAddress(graph.ChainOf(nomadEthereum), row["src_token"])
		if err != nil {
			return err
		}
		far, err := graph.ParseAddress(graph.ChainOf(nomadMoonbeam), row["dst_token"])
		pairs[[2]graph.Address{near, far}] = true
		return err
	})
	return pairs
}

// rows calls do with every row of a CSV file, by column name.
func (r *nomadReader) rows(file string, do func(map[string]string) error) {
	if r.err != nil {
		return
	}
	r.err = eachRow(filepath.Join(r.dir, file), do)
}
