package gethtest_test

import (
	"bytes"
	"context"
	"errors"
	"math/big"
	"sync"
	"testing"
	"time"

	"github.com/ethereum/go-ethereum/common"

	"spoor/graph"
	"spoor/graph/badger"
	"spoor/graph/graphtest"
	"spoor/ingest"
	"spoor/ingest/ethereum"
	"spoor/ingest/ethereum/gethtest"
)

// played is one incident for all tests that only read it.
var played struct {
	once     sync.Once
	incident *gethtest.Incident
}

type lasting struct{ testing.TB }

var atEnd []func()

func (lasting) Cleanup(f func()) { atEnd = append(atEnd, f) }

func TestMain(m *testing.M) {
	m.Run()
	for _, f := range atEnd {
		f()
	}
}

func incident(t testing.TB) *gethtest.Incident {
	t.Helper()
	played.once.Do(func() { played.incident = gethtest.Play(lasting{t}) })
	if played.incident == nil {
		t.Skip("the incident could not be played; see the first test that failed")
	}
	return played.incident
}

func chain(t testing.TB) graph.Chain {
	t.Helper()
	c, err := graph.ParseChain("1337")
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// options are those of every test: everything there is, balances compared, and
// no long pauses.
func options(t testing.TB, n *gethtest.Node) ethereum.RPCOptions {
	t.Helper()
	genesis, err := ethereum.ReadGenesis(chain(t), bytes.NewReader(n.Genesis))
	if err != nil {
		t.Fatal(err)
	}
	return ethereum.RPCOptions{Tag: "latest", Genesis: &genesis, Balances: 3, Batch: 4, Workers: 3, Retries: 4, Backoff: time.Millisecond, Timeout: 5 * time.Second}
}

// ingestInto reads nodes into a store.
func ingestInto(t testing.TB, store graph.Store, o ethereum.RPCOptions, nodes ...string) (ingest.Reading, error) {
	t.Helper()
	ctx, meter := context.Background(), ingest.NewMeter(ingest.Stop)
	src, err := ethereum.NewRPC(chain(t), nodes, meter, o)
	if err != nil {
		t.Fatal(err)
	}
	ledger, err := store.Ledger(ctx, chain(t))
	if err != nil {
		t.Fatal(err)
	}
	_, err = ingest.Run(ctx, ledger, src, ingest.Options{Meter: meter})
	return meter.Reading(), err
}

func view(t testing.TB, store graph.Store) graph.View {
	t.Helper()
	ledger, err := store.Ledger(context.Background(), chain(t))
	if err != nil {
		t.Fatal(err)
	}
	v, err := ledger.View(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = v.Close() })
	return v
}

// dump is what a store knows, "" for nothing.
func dump(t testing.TB, store graph.Store) string {
	t.Helper()
	v := view(t, store)
	if _, err := v.Tip(); errors.Is(err, graph.ErrNotFound) {
		return ""
	}
	return graphtest.Dump(t, v)
}

// clean is what the incident's chain looks like when nothing goes wrong.
func clean(t testing.TB, o ethereum.RPCOptions, url string) string {
	t.Helper()
	store := graphtest.NewModel()
	if _, err := ingestInto(t, store, o, url); err != nil {
		t.Fatal(err)
	}
	return dump(t, store)
}

// sums are the balances that the transfers of a ledger add up to.
func sums(t testing.TB, v graph.View) map[graph.Asset]map[common.Address]*big.Int {
	t.Helper()
	all := map[graph.Asset]map[common.Address]*big.Int{}
	add := func(asset graph.Asset, a graph.Address, amount *big.Int) {
		if a.IsZero() {
			return
		}
		if all[asset] == nil {
			all[asset] = map[common.Address]*big.Int{}
		}
		account := common.BytesToAddress(a.Bytes())
		if all[asset][account] == nil {
			all[asset][account] = new(big.Int)
		}
		all[asset][account].Add(all[asset][account], amount)
	}
	tip, err := v.Tip()
	if err != nil {
		t.Fatal(err)
	}
	for height := range tip.Height + 1 {
		b, err := v.Block(height)
		if err != nil {
			t.Fatal(err)
		}
		for _, tx := range b.Txs {
			for _, m := range tx.Transfers {
				add(m.Asset, m.To, m.Amount.ToBig())
				add(m.Asset, m.From, new(big.Int).Neg(m.Amount.ToBig()))
			}
		}
	}
	return all
}

func TestIncidentAddsUp(t *testing.T) {
	i := incident(t)
	disk, err := badger.Open(t.TempDir(), badger.Options{Memory: 64 << 20})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = disk.Close() })
	model := graphtest.NewModel()
	for _, store := range []graph.Store{model, disk} {
		reading, err := ingestInto(t, store, options(t, i.Node), i.URL)
		if err != nil {
			t.Fatal(err)
		}
		if len(reading.First) > 0 {
			t.Errorf("problems: %v", reading.First)
		}
		if reading.Read["balances compared with the node's"] < 30 {
			t.Errorf("only %d balances compared", reading.Read["balances compared with the node's"])
		}
	}
	if a, b := dump(t, model), dump(t, disk); a != b {
		t.Errorf("the stores differ")
	}
	v := view(t, disk)
	tip, err := v.Tip()
	if err != nil {
		t.Fatal(err)
	}
	if head := i.Head(); tip.Height != uint32(head.Number.Uint64()) || tip.Hash != graph.Hash(head.Hash()) {
		t.Errorf("tip %d %s, want %d %s", tip.Height, tip.Hash, head.Number, head.Hash())
	}
	coverage, err := v.Coverage()
	if err != nil {
		t.Fatal(err)
	}
	whole := graph.Knowledge{Transfers: graph.Full, Logs: graph.Full, Traces: graph.Full}
	if len(coverage) != 1 || coverage[0].From != 0 || coverage[0].To != tip.Height || coverage[0].Know != whole {
		t.Errorf("coverage %+v", coverage)
	}
	books := sums(t, v)
	coin := books[chain(t).Native()]
	accounts := i.Accounts(t)
	if len(accounts) < 20 {
		t.Errorf("only %d accounts in the state", len(accounts))
	}
	for _, a := range accounts {
		want, got := i.Balance(t, a), coin[a]
		if got == nil {
			got = new(big.Int)
		}
		if got.Cmp(want) != 0 {
			t.Errorf("%s: movements add up to %s wei, eth_getBalance says %s", a, got, want)
		}
		delete(coin, a)
	}
	for a, got := range coin { // accounts that are empty, or were destroyed
		if want := i.Balance(t, a); got.Cmp(want) != 0 {
			t.Errorf("%s is not in the state: movements add up to %s wei, eth_getBalance says %s", a, got, want)
		}
	}
	for name, contract := range map[string]gethtest.Contract{"token": i.Token, "wrapped": i.Wrapped} {
		asset := graph.Asset{Chain: chain(t).ID, Standard: graph.ERC20, Contract: graph.EVMAddress(chain(t).ID, contract.Address)}
		if len(books[asset]) < 2 {
			t.Errorf("%s: %d holders", name, len(books[asset]))
		}
		for a, got := range books[asset] {
			if want := contract.Read(t, "balanceOf", a); got.Cmp(want) != 0 {
				t.Errorf("%s of %s: movements add up to %s, balanceOf says %s", name, a, got, want)
			}
		}
	}
	if got := coin[gethtest.Account("never")]; got != nil {
		t.Errorf("a payment that was taken back is stored: %s", got)
	}
}
