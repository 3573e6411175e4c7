package trace_test

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"spoor/graph"
	"spoor/graph/graphtest"
	"spoor/ingest"
	"spoor/ingest/synthetic"
	"spoor/trace"
)

// peelScore counts what is said of peel chains against the truth of a script.
type peelScore struct {
	chains, found   int // chains played, and those found from end to end
	hops, right     int
	wrong, spurious int // hops that are none, chains that hold no true hop
}

// TestPeelChainsOfScripts measures what is found of the peel chains of generated
// incidents, whose truth is known, among benign traffic: of dollars and of ether
// on Ethereum, of outputs on Bitcoin.
func TestPeelChainsOfScripts(t *testing.T) {
	for name, script := range map[string]synthetic.Script{
		"bare":   {Seed: 1, Hops: 14},
		"crowd":  {Seed: 2, Incidents: 5, Hops: 8, Background: 20_000},
		"longer": {Seed: 3, Incidents: 2, Hops: 60, Background: 5_000},
	} {
		t.Run(name, func(t *testing.T) {
			ethereum, err := script.Ethereum()
			if err != nil {
				t.Fatal(err)
			}
			bitcoin, err := script.Bitcoin()
			if err != nil {
				t.Fatal(err)
			}
			for _, n := range []*synthetic.Incident{ethereum, bitcoin} {
				for _, method := range []string{"fifo", "haircut"} {
					score := scorePeels(n, script, traceIncident(t, n, method).PeelChains())
					t.Logf("%s by %s: %+v", n.Chain().Alias, method, score)
					if score.found != score.chains || score.right != score.hops {
						t.Errorf("%s by %s: %+v: want all found", n.Chain().Alias, method, score)
					}
					if score.wrong != 0 || score.spurious != 0 {
						t.Errorf("%s by %s: %+v: want nothing else", n.Chain().Alias, method, score)
					}
				}
			}
		})
	}
}

func traceIncident(t *testing.T, n *synthetic.Incident, method string) *trace.Trace {
	t.Helper()
	c := trace.Case{Method: method}
	for _, s := range n.Truth.Seeds {
		c.Seeds = append(c.Seeds, n.Chain().Alias+":"+s.Tx.Text(n.Chain().Family))
	}
	labels := make(map[graph.Address][]graph.Label)
	for _, l := range n.Truth.Labels {
		labels[l.Address] = append(labels[l.Address], l)
	}
	done, err := trace.Run(context.Background(), sourceViews(t, n), c, trace.Known{Labels: func(a graph.Address) []graph.Label { return labels[a] }})
	if err != nil {
		t.Fatal(err)
	}
	return done
}

func sourceViews(t *testing.T, source ingest.Source) map[graph.ChainID]graph.View {
	t.Helper()
	l, err := graphtest.NewModel().Ledger(context.Background(), source.Chain())
	if err != nil {
		t.Fatal(err)
	}
	for b, err := range source.Blocks(context.Background()) {
		if err == nil {
			err = l.Apply(context.Background(), b)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	v, err := l.View(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	return map[graph.ChainID]graph.View{source.Chain().ID: v}
}

// scorePeels compares by the roles of those who get what is passed on: "0: peel
// 7" and "0: walker 3".
func scorePeels(n *synthetic.Incident, script synthetic.Script, chains []trace.PeelChain) (s peelScore) {
	roles := make(map[graph.Address]string)
	for _, r := range n.Truth.Roles {
		roles[r.Address] = r.Name
	}
	long := map[string]int{"peel": script.Hops}
	if n.Chain().Family == graph.AccountFamily {
		long["walker"] = max(2, script.Hops/2)
	}
	for _, hops := range long {
		s.chains += max(1, script.Incidents)
		s.hops += hops * max(1, script.Incidents)
	}
	for _, c := range chains {
		head := roles[c.Head]
		var incident, last int
		kind := ""
		for name := range long {
			if _, after, ok := strings.Cut(head, ": "); ok {
				if _, err := fmt.Sscanf(after, name+" %d", &last); err == nil {
					_, _ = fmt.Sscanf(head, "%d:", &incident)
					kind = name
				}
			}
		}
		switch {
		case kind == "":
			s.spurious++
			s.wrong += len(c.Hops)
		case last-1 >= len(c.Hops):
			s.right += len(c.Hops)
			if last-1 == long[kind] && len(c.Hops) == long[kind] {
				s.found++
			}
		default:
			s.right += last - 1
			s.wrong += len(c.Hops) - (last - 1)
		}
	}
	return s
}
