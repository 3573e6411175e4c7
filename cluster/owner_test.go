package cluster_test

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"

	"spoor/cluster"
	"spoor/graph"
)

// TestDepositsByLabels computes entities of a ledger on which a customer pays
// into a deposit address twice, under different labels.
func TestDepositsByLabels(t *testing.T) {
	for _, test := range []struct {
		name   string
		labels [][4]string // NAME CATEGORY TEXT CONCEPTS
		want   string      // the exchange of the deposit address and how many customers it has, "" if it is none
	}{
		{"nobody else is labelled", nil, "hutch, 2"},
		{"a customer with a name stays one", [][4]string{{"U", "donation", "The Thief"}}, "hutch, 2"},
		{"a miner too", [][4]string{{"U", "miner", "Pool"}}, "hutch, 2"},
		{"the deposit address is labelled as what it is", [][4]string{{"D", "deposit_wallet", "Hutch deposit"}}, "hutch, 2"},
		{"who is labelled with what he did stays a customer", [][4]string{{"U", "perpetrator", "The Thief"}}, "hutch, 2"},
		{"a payment processor pays for others", [][4]string{{"U", "payment_processor", "Payer"}}, "hutch, 1"},
		{"so does a custodial wallet", [][4]string{{"U", "wallet_service", "Custody"}}, "hutch, 1"},
		{"so does an OTC desk, which a concept tells", [][4]string{{"U", "", "Desk", "otc|desk"}}, "hutch, 1"},
		{"an exchange is no customer", [][4]string{{"U", "exchange", "Kiosk"}}, "hutch, 1"},
		{"nor is its cold wallet", [][4]string{{"U", "cold_wallet", "Kiosk cold"}}, "hutch, 1"},
		{"nor is a deposit address an exchange's wallet", [][4]string{{"D", "exchange", "Hutch 2"}}, ""},
		{"an exchange that is called a service elsewhere is one", [][4]string{{"H", "payment_processor", "Hutch Pay"}}, "hutch, 2"},
	} {
		t.Run(test.name, func(t *testing.T) {
			w := newWorld(t, `
				10 U>D 1000 T
				11 D>H 1000 T
				20 V>D 500 T
				21 D>H 500 T`)
			labels := []graph.Label{{Address: w.account("H"), Name: "Hutch", Category: "exchange", Source: "test", Confidence: 50}}
			for _, l := range test.labels {
				labels = append(labels, graph.Label{Address: w.account(l[0]), Category: l[1], Name: l[2], Concepts: l[3], Source: "test", Confidence: 90})
			}
			e := reckon(w, labels)
			d, ok := e.Deposit(w.id("D"))
			got := ""
			if ok {
				got = fmt.Sprintf("%s, %d", d.Exchange, len(d.Users))
			}
			if got != test.want {
				t.Errorf("deposit address of %q, want %q", got, test.want)
			}
			if same := e.Same(w.id("U"), w.id("V")); same != (len(d.Users) == 2) {
				t.Errorf("customers %d and %d, one owner: %t", w.id("U"), w.id("V"), same)
			}
		})
	}
}

// reckon finds the evidence of a world by the default rules and computes the entities.
func reckon(w *world, labels []graph.Label) *cluster.Entities {
	w.t.Helper()
	search := cluster.Search{Chain: w.chain, Labels: labels}
	log, _, err := cluster.EditLog(w.t.TempDir(), w.chain, search.Basis())
	if err != nil {
		w.t.Fatal(err)
	}
	w.t.Cleanup(func() { _ = log.Close() })
	if _, err := log.Update(w.ctx, w, search.Finder(w.ctx, w)); err != nil {
		w.t.Fatal(err)
	}
	e, err := cluster.Compute(w.ctx, log, w, cluster.Choice{Labels: labels})
	if err != nil {
		w.t.Fatal(err)
	}
	return e
}

// TestActors joins two labelled addresses by a co-spend: labels of one actor are
// one owner's, labels of two actors two owners'.
func TestActors(t *testing.T) {
	exchange := func(n int, name, actor string) graph.Label {
		return graph.Label{Address: place(n), Name: name, Actor: actor, Category: "exchange", Source: "test", Confidence: 90}
	}
	for _, test := range []struct {
		name   string
		labels []graph.Label
		same   bool
	}{
		{"two names", []graph.Label{exchange(1, "Alpha", ""), exchange(2, "Beta", "")}, false},
		{"two names of one actor", []graph.Label{exchange(1, "Alpha", "ab"), exchange(2, "Beta", "ab")}, true},
		{"one name of two actors", []graph.Label{exchange(1, "Alpha", "a"), exchange(2, "Alpha", "b")}, false},
		{"one name, of an actor and of none", []graph.Label{exchange(1, "Alpha", "a"), exchange(2, "Alpha 2", "")}, true},
		{"a name that another label tells the actor of", []graph.Label{exchange(1, "Alpha", ""), exchange(2, "Beta", "ab"), exchange(30, "Alpha", "ab")}, true},
		{"a name of two actors is neither's", []graph.Label{exchange(1, "Alpha", "a"), exchange(2, "Alpha", ""), exchange(30, "Alpha", "b")}, false},
		{"actors of labels that name no owner", []graph.Label{{Address: place(1), Name: "Coin", Actor: "a", Category: "defi_token", Source: "test"}, exchange(2, "Alpha", "b")}, true},
	} {
		t.Run(test.name, func(t *testing.T) {
			for range 2 {
				d := newDesk(t, graph.ChainOf(graph.Bitcoin))
				d.apply(block(t, 10, "main", spend{[]int{1, 2}, 5}))
				d.update()
				e := d.entities(cluster.Choice{Labels: test.labels})
				if same := e.Same(d.id(place(1)), d.id(place(2))); same != test.same {
					t.Errorf("one owner: %t, want %t", same, test.same)
				}
				held, err := e.Held(t.Context())
				if err != nil || (len(held) == 0) != test.same || len(held) > 0 && held[0].Reason != cluster.ObstacleOwners {
					t.Errorf("held back %+v, %v", held, err)
				}
				slices.Reverse(test.labels) // the order does not matter
			}
		})
	}
}

// huge is a ledger that says it has more addresses than it has.
type huge struct {
	graph.View
	addresses uint64
}

func (h huge) Size() (graph.Size, error) {
	size, err := h.View.Size()
	size.Addresses = h.addresses
	return size, err
}

// TestTooManyAddresses refuses what the numbers of a union-find do not suffice for.
func TestTooManyAddresses(t *testing.T) {
	d := newDesk(t, graph.ChainOf(graph.Bitcoin))
	d.apply(block(t, 10, "main", spend{[]int{1, 2}, 5}))
	d.update()
	log, err := cluster.OpenLog(d.dir, d.ledger.Chain())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = log.Close() })
	for _, n := range []uint64{math.MaxInt32, math.MaxInt32 + 1, math.MaxUint32, math.MaxUint64} {
		_, err := cluster.Compute(t.Context(), log, huge{d.view(), n}, cluster.Choice{})
		if err == nil || !strings.Contains(err.Error(), fmt.Sprintf("more than 2^31-2 addresses cannot be clustered in one piece: the ledger has %d", n)) {
			t.Errorf("%d addresses: %v", n, err)
		}
	}
}

// TestPoisonFundsNobody asks who funded a victim, and whom it is linked to.
func TestPoisonFundsNobody(t *testing.T) {
	const (
		genuine = "0xabc4567890123456789012345678901234561234"
		alike   = "0xabc9999999999999999999999999999999991234"
	)
	w := newWorld(t, `
		10 `+genuine+`>V 0
		11 `+alike+`>V 0
		12 `+alike+`>V 1000
		13 `+alike+`>V 100000000000000 T
		14 `+genuine+`>V 100000000000000
		15 `+alike+`>V 1000000000000`)
	links, err := cluster.Links(w.ctx, w, w.account("V"))
	if err != nil || len(links) != 1 || links[0].Object != w.account(genuine) || links[0].At.Block != 14 {
		t.Errorf("got %+v, %v", links, err)
	}
}

// TestPoisonIsNoCustomer has an exchange sweep the dust of a look-alike.
func TestPoisonIsNoCustomer(t *testing.T) {
	const (
		user  = "0xabc4567890123456789012345678901234561234"
		alike = "0xabc9999999999999999999999999999999991234"
	)
	for lines, users := range map[string]int{
		"10 " + user + ">D 1000 T\n11 D>H 1000 T\n12 " + alike + ">D 10 T\n13 D>H 10 T": 1, // dust
		"10 " + user + ">D 1000 T\n11 D>H 1000 T\n12 " + alike + ">D 11 T\n13 D>H 11 T": 2, // a payment
	} {
		w := newWorld(t, lines)
		e := reckon(w, []graph.Label{{Address: w.account("H"), Name: "Hutch", Category: "exchange", Source: "test", Confidence: 50}})
		if d, ok := e.Deposit(w.id("D")); !ok || len(d.Users) != users || e.Same(w.id(user), w.id(alike)) != (users == 2) {
			t.Errorf("%q: got %+v, %t, want %d customers", lines, d, ok, users)
		}
	}
}
