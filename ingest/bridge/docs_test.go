package bridge_test

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"spoor/ingest/bridge"
)

var update = flag.Bool("update", false, "rewrite the page of bridges from the table")

// docs/bridges.md has a part that people write and one that the table writes.
const written = "<!-- From here on written from ingest/bridge/bridges.yaml: go test ./ingest/bridge -run Page -update -->\n"

func TestPageOfBridges(t *testing.T) {
	path := filepath.Join("..", "..", "docs", "bridges.md")
	page, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	head, tail, ok := strings.Cut(string(page), written)
	if !ok {
		t.Fatalf("%s has no line %q", path, written)
	}
	if tail == protocols() {
		return
	}
	if !*update {
		t.Fatalf("%s is not what the table says; go test ./ingest/bridge -run Page -update", path)
	}
	if err := os.WriteFile(path, []byte(head+written+protocols()), 0o644); err != nil {
		t.Fatal(err)
	}
}

func protocols() string {
	var b strings.Builder
	b.WriteString("\n## In short\n\n| Protocol | Bridge | Key is | What both sides share |\n|---|---|---|---|\n")
	for _, p := range bridge.Table() {
		fmt.Fprintf(&b, "| `%s` | %s | %s | %s |\n", p.Name, p.About, p.Certainty, p.Keyed)
	}
	b.WriteString("\n## One by one\n")
	for _, p := range bridge.Table() {
		fmt.Fprintf(&b, "\n### %s\n\n%s. Source: %s.\n\n", p.Name, p.About, p.Source)
		if p.Unverified != "" {
			fmt.Fprintf(&b, "- **Unverified:** %s\n", p.Unverified)
		}
		for _, n := range p.Notes {
			fmt.Fprintf(&b, "- %s\n", n)
		}
		for _, side := range []string{"departure", "arrival", "both", "witness"} {
			var events []string
			for _, r := range p.Events {
				name, _, _ := strings.Cut(r.Event, "(")
				if r.Side == side {
					events = append(events, fmt.Sprintf("`%s` by %s", name, emitter(&p, &r)))
				}
			}
			if len(events) > 0 {
				fmt.Fprintf(&b, "- %s: %s\n", map[string]string{"departure": "Departures", "arrival": "Arrivals", "both": "Hand-over", "witness": "Read beside them"}[side],
					strings.Join(slices.Compact(events), ", "))
			}
		}
	}
	return b.String()
}

// emitter is who proves an event, and where somebody is listed.
func emitter(p *bridge.Protocol, r *bridge.Row) string {
	if r.From == "" {
		return "anybody"
	}
	var chains []string
	for chain, addresses := range p.Emitters[r.From] {
		switch {
		case len(addresses) == 0:
			chain = "not on " + chain
		case chain == "*":
			chain = "all chains"
		}
		chains = append(chains, chain)
	}
	slices.SortFunc(chains, func(a, b string) int {
		if len(a) != len(b) {
			return len(a) - len(b)
		}
		return strings.Compare(a, b)
	})
	text := fmt.Sprintf("%s on %s", strings.ReplaceAll(r.From, "_", " "), strings.Join(chains, ", "))
	if r.Strangers == "ignored" || r.Side == "witness" {
		text += " only"
	}
	return text
}
