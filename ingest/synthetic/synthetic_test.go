package synthetic_test

import (
	"context"
	"errors"
	"reflect"
	"strings"
	"testing"

	"spoor/graph"
	"spoor/ingest"
	"spoor/ingest/synthetic"
)

func bitcoin() graph.Chain { return graph.ChainOf(graph.Bitcoin) }

func TestTrafficIsSound(t *testing.T) {
	for name, traffic := range map[string]synthetic.Traffic{
		"accounts":              {Seed: 1, Transfers: 30_000},
		"accounts of one asset": {Seed: 2, Transfers: 10_000, Assets: 1},
		"accounts without fees": {Seed: 3, Transfers: 20_000, NoFees: true, Assets: 50},
		"few wallets":           {Seed: 4, Transfers: 20_000, Wallets: 16},
		"another chain":         {Seed: 5, Transfers: 5_000, Ledger: graph.ChainOf("eip155:56"), Start: 77},
		"coins":                 {Seed: 6, Transfers: 40_000, Ledger: bitcoin()},
		"few owners":            {Seed: 7, Transfers: 30_000, Ledger: bitcoin(), Wallets: 16, PerBlock: 50},
		"tiny":                  {Seed: 8, Transfers: 1},
	} {
		t.Run(name, func(t *testing.T) {
			l := replay(t, traffic)
			l.checkSupply(t)
			if l.transfers < traffic.Transfers {
				t.Errorf("%d transfers, want at least %d", l.transfers, traffic.Transfers)
			}
			if l.transfers > traffic.Transfers+1000 {
				t.Errorf("%d transfers, want about %d", l.transfers, traffic.Transfers)
			}
		})
	}
}

func TestTrafficFollowsAPowerLaw(t *testing.T) {
	const transfers = 100_000
	traffic := synthetic.Traffic{Seed: 1, Transfers: transfers, NoFees: true}
	degree := map[graph.Address]int{}
	for _, b := range collect(t, traffic.Blocks(context.Background())) {
		for _, tx := range b.Txs {
			for _, x := range tx.Transfers {
				degree[x.From]++
				degree[x.To]++
			}
		}
	}
	delete(degree, graph.Address{})
	byHubs := 0
	for i := range synthetic.Hubs {
		byHubs += degree[traffic.Hub(i)]
		delete(degree, traffic.Hub(i))
	}
	if share := byHubs * 100 / transfers; share < 15 || share > 45 {
		t.Errorf("hubs take part in %d %% of transfers", share)
	}
	if share := len(degree) * 100 / transfers; share < 22 || share > 38 {
		t.Errorf("%d addresses for %d transfers", len(degree), transfers)
	}
	few, many, most := 0, 0, 0
	for _, d := range degree {
		if d <= 10 {
			few++
		}
		if d >= 100 {
			many++
		}
		most = max(most, d)
	}
	t.Logf("%d addresses, %d of degree up to 10, %d of 100 and more, highest %d, hubs %d", len(degree), few, many, most, byHubs)
	if few*100 < 80*len(degree) || many == 0 {
		t.Errorf("degrees do not follow a power law: %d of %d up to 10, %d of 100 and more", few, len(degree), many)
	}
}

func sources(t testing.TB, seed uint64) map[string]ingest.Source {
	t.Helper()
	script := synthetic.Script{Seed: seed, Incidents: 2, Background: 3_000}
	ethereum, err := script.Ethereum()
	if err != nil {
		t.Fatal(err)
	}
	bitcoinLeg, err := script.Bitcoin()
	if err != nil {
		t.Fatal(err)
	}
	return map[string]ingest.Source{
		"accounts": synthetic.Traffic{Seed: seed, Transfers: 3_000},
		"coins":    synthetic.Traffic{Seed: seed, Transfers: 3_000, Ledger: bitcoin()},
		"heist":    ethereum,
		"theft":    bitcoinLeg,
	}
}

func TestSeedsDecide(t *testing.T) {
	one, same, other := sources(t, 1), sources(t, 1), sources(t, 2)
	for name := range one {
		blocks := collect(t, one[name].Blocks(context.Background()))
		if again := collect(t, one[name].Blocks(context.Background())); !reflect.DeepEqual(blocks, again) {
			t.Errorf("%s: a second reading differs", name)
		}
		if twin := collect(t, same[name].Blocks(context.Background())); !reflect.DeepEqual(blocks, twin) {
			t.Errorf("%s: the same seed gave another ledger", name)
		}
		if foreign := collect(t, other[name].Blocks(context.Background())); foreign[len(foreign)-1].Hash == blocks[len(blocks)-1].Hash {
			t.Errorf("%s: another seed gave the same ledger", name)
		}
	}
}

// The ledger of a seed is part of documents and of other tests: it must not
// change by accident, nor with a Go version.
func TestLedgersAreFixed(t *testing.T) {
	want := map[string]string{
		"accounts": "163342048299afcf",
		"coins":    "e331dbab09565219",
		"heist":    "8011dd27f59b831e",
		"theft":    "e8b0dcbb9f2d4b44",
	}
	for name, source := range sources(t, 1) {
		blocks := collect(t, source.Blocks(context.Background()))
		if got := blocks[len(blocks)-1].Hash.String()[:16]; got != want[name] {
			t.Errorf("%s: last block %s, was %s", name, got, want[name])
		}
	}
}

func TestTrafficEndsWithItsContext(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	read := 0
	for _, err := range (synthetic.Traffic{Transfers: 100_000}).Blocks(ctx) {
		if err != nil {
			if !errors.Is(err, context.Canceled) {
				t.Fatal(err)
			}
			if read != 3 {
				t.Fatalf("%d blocks read, want 3", read)
			}
			return
		}
		if read++; read == 3 {
			cancel()
		}
	}
	t.Fatal("the traffic went on")
}

func TestBadOptions(t *testing.T) {
	for want, traffic := range map[string]synthetic.Traffic{
		"transfers:":             {Transfers: -1},
		"transfers a block":      {Transfers: 1, PerBlock: -1},
		"assets":                 {Transfers: 1, Assets: 1 << 20},
		"wallets":                {Transfers: 1, Wallets: 2},
		"seconds between blocks": {Transfers: 1, Interval: -1},
	} {
		for _, err := range traffic.Blocks(context.Background()) {
			if err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("%+v: got %v, want an error about %s", traffic, err, want)
			}
			break
		}
	}
	for want, script := range map[string]synthetic.Script{
		"incidents": {Incidents: -1}, "hops": {Hops: 1 << 30}, "background": {Background: -1},
	} {
		if _, err := script.Ethereum(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%+v: got %v, want an error about %s", script, err, want)
		}
		if _, err := script.Bitcoin(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%+v: got %v, want an error about %s", script, err, want)
		}
	}
}

func BenchmarkTraffic(b *testing.B) {
	for name, traffic := range map[string]synthetic.Traffic{
		"accounts": {Seed: 1, Transfers: 1_000_000},
		"payments": {Seed: 1, Transfers: 1_000_000, NoFees: true},
		"coins":    {Seed: 1, Transfers: 1_000_000, Ledger: bitcoin()},
	} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			transfers := 0
			for b.Loop() {
				for block, err := range traffic.Blocks(context.Background()) {
					if err != nil {
						b.Fatal(err)
					}
					transfers += block.Transfers()
				}
			}
			b.ReportMetric(float64(transfers)/b.Elapsed().Seconds(), "transfers/s")
		})
	}
}
