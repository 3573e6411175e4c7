package cluster_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"spoor/cluster"
	"spoor/graph"
)

const factory13 = "0xa6B71E26C5e0845f74c812102Ca7114b6a896AB2"

func TestLinks(t *testing.T) {
	const coin = "100000000000000000"
	names := []string{"A", "B", "C", "F", "S", "U", "W", "X", "Z", factory13}
	for _, test := range []struct {
		name  string
		of    string
		lines string
		want  []string // BLOCK ROLE SUBJECT OBJECT CONFIDENCE [until BLOCK]
	}{
		{"who made a contract", "C", "10 create A>C\n", []string{"10 creator C A 100"}},
		{"what an account made", "A", "10 create A>C\n", []string{"10 creator C A 100"}},
		{"a factory's child is its user's", "C", `
			9 U>X 1
			10 create F>C`, []string{"10 creator C F 100"}},
		{"owners of a Safe come and go", "S", `
			10 event owner_added S A S safe
			10 event owner_added S B S safe
			20 event owner_removed S A S safe
			30 event owner_added S A S safe`,
			[]string{"10 owner S A 30 until 20", "10 owner S B 30", "30 owner S A 30"}},
		{"of a Safe that a known factory made", "S", `
			10 event created S ` + factory13 + ` ` + factory13 + ` safe-factory
			10 event owner_added S A S safe`, []string{"10 creator S " + factory13 + " 95", "10 owner S A 95"}},
		{"a Safe that only claims its factory", "S", `
			10 event created S ` + factory13 + ` Z safe-factory
			10 event owner_added S A S safe`, []string{"10 creator S " + factory13 + " 30", "10 owner S A 30"}},
		{"the Safes of an owner", "A", "10 event owner_added S A S safe\n", []string{"10 owner S A 30"}},
		{"delegations follow each other", "A", `
			10 event delegated A X - eip-7702
			20 event delegated A Z - eip-7702-signed
			30 event delegated A W - eip-7702`,
			[]string{"10 delegate A X 100 until 30", "20 delegate A Z 60 until 30", "30 delegate A W 100"}},
		{"the first coin", "A", `
			10 F>A ` + coin + `
			11 B>A ` + coin, []string{"10 funder A F 15"}},
		{"the first coin, in a history known from its start", "A", `
			0 X>Z 1
			1 F>A ` + coin, []string{"1 funder A F 30"}},
		{"dust, nothing and tokens are no funding", "A", `
			8 Z>A 1000 T
			9 X>A 1
			9 A>X 0 by=X
			9 A>X 500 T by=X
			10 F>A ` + coin, []string{"10 funder A F 15"}},
		{"it had coin before", "A", `
			10 A>B 5
			11 F>A ` + coin, nil},
		{"a contract's payment names nobody", "A", "10 F>A " + coin + " kind=internal by=B\n", nil},
		{"a reward names nobody", "A", "9 ->A " + coin + " kind=reward\n10 F>A " + coin, nil},
		{"nothing is known", "A", "10 B>C 5\n", nil},
	} {
		t.Run(test.name, func(t *testing.T) {
			w := newWorld(t, test.lines)
			links, err := cluster.Links(w.ctx, w, w.account(test.of))
			if err != nil {
				t.Fatal(err)
			}
			name := func(a graph.Address) string {
				i := slices.IndexFunc(names, func(n string) bool { return w.account(n) == a })
				if i < 0 {
					return a.String()
				}
				return names[i]
			}
			var got []string
			for _, l := range links {
				line := fmt.Sprintf("%d %s %s %s %d", l.At.Block, l.Role, name(l.Subject), name(l.Object), l.Confidence)
				if l.Until != (graph.Position{}) {
					line += fmt.Sprintf(" until %d", l.Until.Block)
				}
				got = append(got, line)
				if l.Rule == "" || l.Tx.IsZero() {
					t.Errorf("no rule or transaction: %+v", l)
				}
			}
			if !slices.Equal(got, test.want) {
				t.Errorf("got\n\t%s\nwant\n\t%s", strings.Join(got, "\n\t"), strings.Join(test.want, "\n\t"))
			}
		})
	}
}

// A contract that a factory made belongs to whoever paid for that, not to the
// factory's owner.
func TestLinkDeployer(t *testing.T) {
	w := newWorld(t, "9 U>X 1\n")
	block := w.blocks("10 U>F 5\n")[0]
	call, _ := graph.CallSeq(1)
	block.Txs[0].Events = []graph.Event{{Seq: call, Kind: graph.Created, Protocol: "evm-create", Subject: w.account("C"), Object: w.account("F")}}
	if err := w.ledger.Apply(w.ctx, block); err != nil {
		t.Fatal(err)
	}
	w.look()
	links, err := cluster.Links(w.ctx, w, w.account("C"))
	if err != nil || len(links) != 2 || links[0].Role != cluster.LinkCreator || links[0].Object != w.account("F") ||
		links[1].Role != cluster.LinkDeployer || links[1].Object != w.account("U") || links[1].Confidence != 100 {
		t.Errorf("got %+v, %v", links, err)
	}
}

func TestTwins(t *testing.T) {
	ethereum := newWorld(t, `
		10 A>B 1
		11 create A>C
		11 U>C 3
		12 X>T 4
		13 X>U 5 T`)
	polygon := newWorldOn(t, "polygon", `
		20 A>B 1
		21 B>C 2
		22 X>T 4 nofee`)
	bnb := newWorldOn(t, "bnb", `
		30 create A>B
		30 A>B 5
		31 T>U 7`)
	views := map[graph.ChainID]graph.View{ethereum.chain.ID: ethereum, polygon.chain.ID: polygon, bnb.chain.ID: bnb}
	for _, test := range []struct {
		of   string
		want []string
	}{
		{"A", []string{"eip155:137 account 98", "eip155:56 account 98"}},
		{"B", []string{"eip155:137 account 90"}}, // on BNB it is a contract
		{"C", nil},                               // a contract
		{"T", nil},                               // a token
		{"U", []string{"eip155:56 unknown 90"}},
		{"X", []string{"eip155:137 unknown 90"}},
	} {
		twins, err := cluster.Twins(ethereum.ctx, ethereum.account(test.of), views)
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, w := range twins {
			if string(w.Bytes()) != string(ethereum.account(test.of).Bytes()) {
				t.Errorf("%s is no twin of %s", w.Address, test.of)
			}
			got = append(got, fmt.Sprintf("%s %s %d", w.Chain, w.Nature, w.Confidence))
		}
		if !slices.Equal(got, test.want) {
			t.Errorf("%s: got %q, want %q", test.of, got, test.want)
		}
	}
}
