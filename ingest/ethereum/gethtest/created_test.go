package gethtest_test

import (
	"context"
	"testing"

	"github.com/ethereum/go-ethereum/common"

	"spoor/graph"
	"spoor/graph/graphtest"
	"spoor/ingest/ethereum"
	"spoor/ingest/ethereum/gethtest"
)

// Contracts that a real node created, by accounts and by contracts, are told
// with who made them; without traces only those of accounts.
func TestCreated(t *testing.T) {
	i := incident(t)
	deployer, user := gethtest.Account("deployer"), gethtest.Account("user")
	deployed := map[common.Address]common.Address{}
	for _, c := range []gethtest.Contract{i.Token, i.Wrapped, i.Pool, i.Router, i.Mixer, i.Bridge, i.Factory, i.Forwarder, i.Library, i.Vault} {
		deployed[c.Address] = deployer
	}
	for _, test := range []struct {
		name   string
		traces ethereum.TraceMode
		inner  int
	}{{"traced", ethereum.TracesOn, 3}, {"untraced", ethereum.TracesOff, 0}} {
		t.Run(test.name, func(t *testing.T) {
			o := options(t, i.Node)
			o.Traces = test.traces
			store := graphtest.NewModel()
			if _, err := ingestInto(t, store, o, i.URL); err != nil {
				t.Fatal(err)
			}
			got := map[common.Address]common.Address{}
			inner := 0
			for s, err := range view(t, store).EventsOf(context.Background(), graph.Created, graph.Position{}) {
				if err != nil {
					t.Fatal(err)
				}
				contract, creator := common.BytesToAddress(s.Subject.Bytes()), common.BytesToAddress(s.Object.Bytes())
				if creator == i.Factory.Address {
					inner++
				}
				got[contract] = creator
			}
			for contract, creator := range deployed {
				if got[contract] != creator {
					t.Errorf("%s was made by %s, want %s", contract, got[contract], creator)
				}
			}
			for _, child := range i.Dead {
				if creator, told := got[child]; told != (test.inner > 0) || told && creator != i.Factory.Address {
					t.Errorf("the factory's child %s was made by %s", child, creator)
				}
			}
			if inner != test.inner || len(got) != len(deployed)+test.inner {
				t.Errorf("%d contracts, %d of the factory; want %d and %d", len(got), inner, len(deployed)+test.inner, test.inner)
			}
			if _, wrong := got[user]; wrong {
				t.Error("an account was created")
			}
		})
	}
}
