package eval_test

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"spoor/graph"
	"spoor/graph/badger"
	"spoor/graph/graphtest"
	"spoor/trace/eval"
)

// opener gives ledgers of stores that are closed when the test ends.
func opener(t *testing.T) eval.Opener {
	return func(ctx context.Context, chain graph.Chain) (graph.Ledger, error) {
		store, err := badger.Open(t.TempDir(), badger.Options{Memory: 32 << 20})
		if err != nil {
			return nil, err
		}
		t.Cleanup(func() { _ = store.Close() })
		return store.Ledger(ctx, chain)
	}
}

// TestLaundering holds the floors of what traces find of laundering that
// experts verified, with and without benign traffic around it, and that traffic
// beside a case changes nothing.
func TestLaundering(t *testing.T) {
	type floor struct{ terminals, addresses, dollars float64 } // percent
	floors := map[string]floor{
		"lifi alone fifo": {100, 85, 95}, "lifi alone haircut": {100, 95, 95}, "lifi alone poison": {100, 95, 99}, "lifi alone rank": {92, 95, 99},
		"xscam alone fifo": {65, 70, 55}, "xscam alone haircut": {74, 80, 55}, "xscam alone poison": {96, 97, 99}, "xscam alone rank": {92, 95, 99},
		"lifi touching terminals rank": {92, 95, 99}, "xscam touching terminals rank": {92, 95, 99},
		"lifi touching all rank": {92, 95, 99}, "xscam touching all rank": {92, 95, 99},
		"xscam touching terminals, labels rank": {92, 95, 99}, "xscam touching all, labels rank": {92, 95, 99},
	}
	const most = 870 // addresses a ranking may return, where fewer are terminals
	for _, name := range []string{"lifi", "xscam"} {
		l, err := eval.ReadLaundering(graphtest.Data(t, "mftracer", name))
		if err != nil {
			t.Fatal(err)
		}
		if name == "xscam" && (len(l.Services) < 400 || len(l.Services) > len(l.Terminals)) {
			t.Errorf("%d services are labelled", len(l.Services))
		}
		var alone []eval.Found
		returned := map[string]uint64{} // by rank
		for _, s := range eval.Settings() {
			if name == "xscam" && s.Touch != eval.Beside && os.Getenv("SPOOR_LONG") == "" {
				continue // poison goes far in it: half a minute with the race detector
			}
			list, err := l.Measure(context.Background(), opener(t), s)
			if err != nil {
				t.Fatal(err)
			}
			for i, f := range list {
				t.Logf("%-6s %-18s %-8s addresses %v returned right %v terminals %v ends %v right %v flows %.1f %% true %.1f %%",
					f.Case, f.Setting, f.Method, f.Addresses, f.Returned, f.Terminals, f.Ends, f.EndsRight, f.Flows.Percent(), f.FlowsTrue.Percent())
				want, known := floors[f.Case+" "+f.Setting+" "+f.Method]
				if known && (f.Terminals.Percent() < want.terminals || f.Addresses.Percent() < want.addresses || f.Flows.Percent() < want.dollars) {
					t.Errorf("%s %s %s: want at least %+v", f.Case, f.Setting, f.Method, want)
				}
				if s.Touch == eval.Beside && f.Method == "rank" && f.Returned.Of > most {
					t.Errorf("%s %s: %d addresses returned, want %d at most", f.Case, f.Setting, f.Returned.Of, most)
				}
				if s.Touch == eval.Beside && s.Times > 0 {
					g := alone[i]
					if g.Setting = f.Setting; g != f {
						t.Errorf("benign traffic beside the case changes %+v to %+v", g, f)
					}
				}
			}
			if s.Times == 0 {
				alone = list
			}
			returned[s.Name] = list[len(list)-1].Returned.Of
		}
		if without, with := returned["touching terminals"], returned["touching terminals, labels"]; with > 0 && with >= without {
			t.Errorf("%s: a ranking returns %d addresses with labels of the terminals and %d without", name, with, without)
		}
	}
}

func TestUnreadableLaundering(t *testing.T) {
	const head = "Timestamp,Block,Tx_hash,From,From_label,To,To_label,Value_in_USD\n"
	row := "2024-07-16 12:04:47,20318954,0x" + strings.Repeat("ab", 32) + ",0x" + strings.Repeat("11", 20) + ",,0x" + strings.Repeat("22", 20) + ",,335.65\n"
	for name, c := range map[string]struct{ flows, want string }{
		"columns":         {"a,b\n", "columns"},
		"time":            {head + strings.Replace(row, "2024-07-16 ", "16 July ", 1), "flows.csv:2"},
		"block":           {head + row + strings.Replace(row, "20318954", "-1", 1), "flows.csv:3"},
		"hash":            {head + strings.Replace(row, "abab", "xx", 1), "flows.csv:2"},
		"address":         {head + strings.Replace(row, "1111", "", 1), "flows.csv:2"},
		"parts of a cent": {head + strings.Replace(row, "335.65", "335.651", 1), "fractions of a cent"},
		"negative":        {head + strings.Replace(row, "335.65", "-1", 1), "flows.csv:2"},
	} {
		dir := t.TempDir()
		for file, text := range map[string]string{"flows.csv": c.flows, "sources.csv": "address\n", "terminals.csv": "address\n"} {
			if err := os.WriteFile(filepath.Join(dir, file), []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		if _, err := eval.ReadLaundering(dir); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want an error with %q", name, err, c.want)
		}
	}
}

// FuzzReadLaundering: whatever the flows are, they are read or refused, and
// what is read has both ends.
func FuzzReadLaundering(f *testing.F) {
	const head = "Timestamp,Block,Tx_hash,From,From_label,To,To_label,Value_in_USD\n"
	f.Add(head + "2024-07-16 12:04:47,20318954,0x" + strings.Repeat("ab", 32) + ",0x" + strings.Repeat("11", 20) + ",,0x" + strings.Repeat("22", 20) + ",Coinbase 5,335.65\n")
	f.Add(head + "2024-07-16 12:04:47,1,0x,0x,,0x,,.\n")
	f.Add("\"")
	f.Fuzz(func(t *testing.T, flows string) {
		dir := t.TempDir()
		for file, text := range map[string]string{"flows.csv": flows, "sources.csv": "address\n", "terminals.csv": "address\n"} {
			if err := os.WriteFile(filepath.Join(dir, file), []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		l, err := eval.ReadLaundering(dir)
		if err != nil {
			return
		}
		for _, flow := range l.Flows {
			if flow.From.IsZero() || flow.To.IsZero() || !l.Addresses[flow.From] || !l.Addresses[flow.To] {
				t.Errorf("%+v", flow)
			}
		}
	})
}
