package eval

import (
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	clusters "spoor/cluster/eval"
	"spoor/graph"
)

// Laundering is a case whose flows experts verified on the ledger (MFTracer,
// "Shedding Light on Shadows", SIGMETRICS 2026). Swaps are collapsed: all values
// are cents of a dollar, of one token. Only what was laundered is in it.
type Laundering struct {
	Name      string
	Flows     []Flow // in ledger order
	Sources   []graph.Address
	Terminals map[graph.Address]bool   // where the money ends
	Addresses map[graph.Address]bool   // of the flows
	Services  map[graph.Address]string // of the case, by the public label that the flows carry
}

// Flow is a movement of a case, or of the traffic around it.
type Flow struct {
	Block    uint32
	Time     int64
	Tx       graph.Hash
	From, To graph.Address
	Cents    uint64
}

// dollars is the token that stands for every asset: USDT.
const dollars = "0xdac17f958d2ee523a2206206994597c13d831ec7"

// ReadLaundering reads a folder with flows.csv, sources.csv and terminals.csv.
// Any row that cannot be read is an error.
func ReadLaundering(dir string) (*Laundering, error) {
	chain := graph.ChainOf(graph.Ethereum)
	l := &Laundering{Name: filepath.Base(dir), Terminals: map[graph.Address]bool{}, Addresses: map[graph.Address]bool{}, Services: map[graph.Address]string{}}
	if err := clusters.ReadRows(filepath.Join(dir, "flows.csv"), []string{"Timestamp", "Block", "Tx_hash", "From", "From_label", "To", "To_label", "Value_in_USD"}, func(row []string) error {
		f, err := parseFlow(chain, row)
		if err != nil {
			return err
		}
		l.Flows = append(l.Flows, f)
		l.Addresses[f.From], l.Addresses[f.To] = true, true
		if isService(row[4]) {
			l.Services[f.From] = row[4]
		}
		if isService(row[6]) {
			l.Services[f.To] = row[6]
		}
		return nil
	}); err != nil {
		return nil, err
	}
	slices.SortStableFunc(l.Flows, func(a, b Flow) int { return int(int64(a.Block) - int64(b.Block)) })
	list := func(file string, take func(graph.Address)) error {
		return clusters.ReadRows(filepath.Join(dir, file), []string{"address"}, func(row []string) error {
			a, err := graph.ParseAddress(chain, row[0])
			if err == nil {
				take(a)
			}
			return err
		})
	}
	return l, errors.Join(
		list("sources.csv", func(a graph.Address) { l.Sources = append(l.Sources, a) }),
		list("terminals.csv", func(a graph.Address) { l.Terminals[a] = true }))
}

// notServices are marks of labels that name no service: of thieves, of people,
// and the experts' own for where money ends.
var notServices = []string{"Terminus", "THT", "(LT)", "Exploiter", "Hacker", "Phishing", ".eth", "Null Address", "heavy node", "Lockvert"}

func isService(label string) bool {
	return label != "" && !slices.ContainsFunc(notServices, func(mark string) bool { return strings.Contains(label, mark) })
}

func parseFlow(chain graph.Chain, row []string) (f Flow, err error) {
	at, err := time.Parse("2006-01-02 15:04:05", row[0])
	if err != nil {
		return f, err
	}
	block, err := strconv.ParseUint(row[1], 10, 32)
	if err != nil {
		return f, err
	}
	f.Block, f.Time = uint32(block), at.Unix()
	var e1, e2, e3, e4 error
	f.Tx, e1 = graph.ParseHash(row[2])
	f.From, e2 = graph.ParseAddress(chain, row[3])
	f.To, e3 = graph.ParseAddress(chain, row[5])
	f.Cents, e4 = parseCents(row[7])
	return f, errors.Join(e1, e2, e3, e4)
}

// parseCents reads dollars with up to two decimals.
func parseCents(text string) (uint64, error) {
	whole, fraction, _ := strings.Cut(text, ".")
	if len(fraction) > 2 {
		return 0, fmt.Errorf("value %q has fractions of a cent", text)
	}
	return strconv.ParseUint(whole+(fraction + "00")[:2], 10, 63)
}
