package cluster

import (
	"cmp"
	"fmt"
	"maps"
	"slices"

	"spoor/graph"
)

// DepositRoles is what is known of addresses when evidence of deposit-address
// reuse is judged: labels and the ledger as they are now. Every field may be
// nil or zero.
type DepositRoles struct {
	// Exchange names the owner of a wallet, "" if it belongs to none. Wallets of
	// one name are one exchange. A wallet of no name, found by its behaviour, is
	// an exchange by itself.
	Exchange func(graph.ID) string
	// Contract reports whether code is known to own an address. As a wallet it
	// is a decentralised exchange, whose users pay it from their own accounts.
	Contract func(graph.ID) bool
	// Service reports whether an address pays for others: an OTC desk, a payment
	// processor, a custodian.
	Service func(graph.ID) bool
	// Many is how many deposit addresses a user may pay into; who pays into more
	// pays for others. Default 25: a person has one or two at each exchange.
	Many int
}

const manyDeposits = 25

// Deposit is an address that an exchange gave to a customer.
type Deposit struct {
	Address    graph.ID
	Wallet     graph.ID       // of the exchange, that it forwards to; of several the first
	Exchange   string         // "" if only behaviour tells
	Users      []graph.ID     // who paid into it, ascending; of one owner
	Confidence uint8          // the highest of its evidence, 0 to 100
	Forwards   int            // how often it was seen forwarding
	First      graph.Position // first forward
	Last       graph.Position
}

// Label is what the rule claims of the address, with the parameters that the
// evidence was found with.
func (d *Deposit) Label(a graph.Address, params DepositParams) graph.Label {
	name := d.Exchange
	if name == "" {
		name = "unnamed exchange"
	}
	return graph.Label{Address: a, Name: name + " deposit", Category: "deposit_wallet",
		Source: fmt.Sprintf("rule deposit_reuse (%s)", params), Confidence: int(d.Confidence)}
}

// DepositJudgement is what evidence of deposit-address reuse amounts to.
type DepositJudgement struct {
	Deposits []Deposit  // by address
	Kept     []Evidence // what they rest on, in the order given
	// Pruned counts the evidence left out, by reason.
	Pruned map[PruneReason]int
	// Many are users that pay into too many deposit addresses, ascending.
	Many []graph.ID
}

// PruneReason says why evidence of a deposit does not count.
type PruneReason string

// The reasons, in the order in which they are looked for.
const (
	PruneExchange PruneReason = "an exchange is neither user nor deposit address"
	PruneContract PruneReason = "a contract is neither user nor deposit address"
	PruneWallet   PruneReason = "a contract gives nobody a deposit address"
	PruneService  PruneReason = "a service pays for others"
	PruneMany     PruneReason = "a user of too many deposit addresses pays for others"
	PruneUser     PruneReason = "a user is no deposit address"
	PruneSeveral  PruneReason = "a deposit address belongs to one exchange"
)

// DepositsOf judges the evidence collected so far; evidence of other rules is
// passed over. It is a pure function, so that it can be asked again whenever a
// label changes or evidence is added. Users of one deposit address share an
// owner; the deposit address is the exchange's and joins neither.
func DepositsOf(evidence []Evidence, roles DepositRoles) DepositJudgement {
	j := DepositJudgement{Pruned: map[PruneReason]int{}}
	wallets := map[graph.ID]bool{}
	for i := range evidence {
		if evidence[i].Rule == DepositReuse {
			j.Kept = append(j.Kept, evidence[i])
			wallets[evidence[i].C] = true
		}
	}
	exchange := func(id graph.ID) bool { return wallets[id] || roles.exchange(id) != "" }
	contract := func(id graph.ID) bool { return roles.Contract != nil && roles.Contract(id) }
	service := func(id graph.ID) bool { return roles.Service != nil && roles.Service(id) }
	j.prune(PruneExchange, func(e *Evidence) bool { return exchange(e.A) || exchange(e.B) })
	j.prune(PruneContract, func(e *Evidence) bool { return contract(e.A) || contract(e.B) })
	j.prune(PruneWallet, func(e *Evidence) bool { return contract(e.C) })
	j.prune(PruneService, func(e *Evidence) bool { return service(e.A) || service(e.B) })

	many := j.many(cmp.Or(roles.Many, manyDeposits))
	j.prune(PruneMany, func(e *Evidence) bool { return many[e.A] })
	j.Many = slices.Sorted(maps.Keys(many))

	// Whoever pays too many is no customer, but it is no deposit address either.
	users := many
	for i := range j.Kept {
		users[j.Kept[i].A] = true
	}
	j.prune(PruneUser, func(e *Evidence) bool { return users[e.B] })

	several := j.several(&roles)
	j.prune(PruneSeveral, func(e *Evidence) bool { return several[e.B] })
	j.gather(&roles)
	return j
}

func (r *DepositRoles) exchange(id graph.ID) string {
	if r.Exchange == nil {
		return ""
	}
	return r.Exchange(id)
}

// prune leaves evidence out.
func (j *DepositJudgement) prune(why PruneReason, out func(*Evidence) bool) {
	kept := j.Kept[:0]
	for i := range j.Kept {
		if e := j.Kept[i]; !out(&e) {
			kept = append(kept, e)
		}
	}
	if n := len(j.Kept) - len(kept); n > 0 {
		j.Pruned[why] = n
	}
	j.Kept = kept
}

// many are the users of more deposit addresses than a customer has.
func (j *DepositJudgement) many(limit int) map[graph.ID]bool {
	of := map[graph.ID]map[graph.ID]struct{}{}
	many := map[graph.ID]bool{}
	for i := range j.Kept {
		e := &j.Kept[i]
		if of[e.A] == nil {
			of[e.A] = map[graph.ID]struct{}{}
		}
		of[e.A][e.B] = struct{}{}
		if len(of[e.A]) > limit {
			many[e.A] = true
		}
	}
	return many
}

// several are the deposit addresses that forward to more than one exchange.
func (j *DepositJudgement) several(roles *DepositRoles) map[graph.ID]bool {
	type owner struct {
		name   string
		wallet graph.ID // where there is no name
	}
	first, several := map[graph.ID]owner{}, map[graph.ID]bool{}
	for i := range j.Kept {
		e := &j.Kept[i]
		o := owner{name: roles.exchange(e.C)}
		if o.name == "" {
			o.wallet = e.C
		}
		if before, seen := first[e.B]; !seen {
			first[e.B] = o
		} else if before != o {
			several[e.B] = true
		}
	}
	return several
}

func (j *DepositJudgement) gather(roles *DepositRoles) {
	at := map[graph.ID]int{}
	for i := range j.Kept {
		e := &j.Kept[i]
		k, seen := at[e.B]
		if !seen {
			k = len(j.Deposits)
			at[e.B] = k
			j.Deposits = append(j.Deposits, Deposit{Address: e.B, Wallet: e.C, Exchange: roles.exchange(e.C), First: e.At})
		}
		d := &j.Deposits[k]
		d.Confidence = max(d.Confidence, e.Confidence)
		d.Last = e.At
		if i == 0 || j.Kept[i-1].At != e.At || j.Kept[i-1].B != e.B {
			d.Forwards++
		}
		if u, known := slices.BinarySearch(d.Users, e.A); !known {
			d.Users = slices.Insert(d.Users, u, e.A)
		}
	}
	slices.SortFunc(j.Deposits, func(a, b Deposit) int { return cmp.Compare(a.Address, b.Address) })
}
