package trace_test

import (
	"context"
	"strings"
	"testing"

	"spoor/graph"
	"spoor/trace"
)

// TestMixNamesItsFinding: the stop in a CoinJoin says which protocol, by which
// detector, among how many, and how sure; a shape that only may be one stops
// nothing.
func TestMixNamesItsFinding(t *testing.T) {
	for name, c := range map[string]struct {
		mix        string // outputs "name amount"
		rule       string // "" if no branch ends in a mixer
		confidence int
	}{
		"equal outputs": {"m1 4 m2 4 m3 4 m4 4 change 0.9", "coinjoin equal-output (detector equal-output/2): 4 equal outputs", 49},
		"changes fit":   {"m1 3 m2 3 m3 3 m4 3 c1 1.9999 c2 1 c3 0.9999 c4 0.9999", "coinjoin equal-output (detector equal-output/2): 4 equal outputs, 4 changes fit an input", 80},
		"two people":    {"m1 6 m2 6 c1 2.5 c2 2.3", "", 0},
		"a payment":     {"shop 12 change 4.9", "", 0},
	} {
		t.Run(name, func(t *testing.T) {
			s := newScenario(t)
			s.where = name
			lines := "chain bitcoin\ntx theft\nout thief 5\ntx others\nout p1 4\nout p2 4\nout p3 4\n" +
				"tx mix\nin thief 5 theft:0\nin p1 4 others:0\nin p2 4 others:1\nin p3 4 others:2\n"
			words := strings.Fields(c.mix)
			for i := 0; i < len(words); i += 2 {
				lines += "out " + words[i] + " " + words[i+1] + "\n"
			}
			for _, line := range strings.Split(strings.TrimSpace(lines), "\n") {
				s.read(strings.Fields(line))
			}
			result, err := trace.Run(context.Background(), s.views(), trace.Case{Seeds: []string{s.seed("tx:theft")}}, trace.Known{})
			if err != nil {
				t.Fatal(err)
			}
			found := false
			for _, stop := range result.Stops {
				if stop.Reason != trace.StopMixer {
					continue
				}
				found = true
				if stop.Rule != c.rule || stop.Confidence != c.confidence || stop.Statement != graph.Attributed {
					t.Errorf("%q, confidence %d, %s; want %q, %d", stop.Rule, stop.Confidence, stop.Statement, c.rule, c.confidence)
				}
			}
			if found != (c.rule != "") {
				t.Errorf("ends in a mixer: %v, want %v", found, c.rule != "")
			}
		})
	}
}
