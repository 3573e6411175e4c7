package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"spoor/cluster"
	"spoor/cluster/eval"
	"spoor/graph"
	"spoor/graph/badger"
)

// bench is what measurements need: the data, ledgers to fill, and the page.
type bench struct {
	page
	data     string // "" if there is none
	messages io.Writer
	folder   string // of the stores
	stores   []*badger.Store
	skipped  []string
	rates    []rate

	inTraffic eval.ServicesResult // of all generated weeks
}

// rate is what is printed wherever a rule is used.
type rate struct{ rule, text string }

// section is a part of the page.
type section struct {
	title   string
	data    [][]string // of the real data, what it cannot do without
	measure func(*bench, context.Context) error
}

// sections are the page, in order.
var sections = []section{
	{"CoinJoins on Bitcoin", [][]string{{"btc-coinjoins", "other_coinjoin.jsonl.gz"}}, (*bench).coinJoins},
	{"Who shares an owner on Bitcoin: an emulated chain", [][]string{{"btc-emulated-wasabi2", "blocks.jsonl.gz"}}, (*bench).emulated},
	{"Who shares an owner on Bitcoin: made-up towns", nil, (*bench).towns},
	{"Deposit addresses of exchanges: the history of a token", [][]string{{"etherclust-bionic", "bionic.csv.gz"}}, (*bench).deposits},
	{"Deposit addresses of exchanges: generated incidents", nil, (*bench).incidentDeposits},
	{"Recipients of airdrops: generated ledgers", nil, (*bench).airdrops},
	{"Services told by what they do: generated traffic", nil, (*bench).services},
	{"Signs that nobody gave: the history of a token", [][]string{{"etherclust-bionic", "bionic.csv.gz"}}, (*bench).tokenSigns},
	{"Peel chains in benign traffic", nil, (*bench).peels},
	{"Exits of mixers: generated pools", nil, (*bench).mixers},
	{"Passages over a bridge", [][]string{{"nomad-bridge", "pairs_deposit.csv.gz"}}, (*bench).bridges},
	{"Traces of laundering that experts verified", [][]string{{"mftracer", "lifi"}, {"mftracer", "xscam"}}, (*bench).laundering},
	{"Traces of generated incidents, by typology", nil, (*bench).typologies},
	{"Rates that are printed with the rules", nil, (*bench).rateTable},
}

func newBench(data string, messages io.Writer) (*bench, error) {
	folder, err := os.MkdirTemp("", "spoor-eval-")
	if err != nil {
		return nil, err
	}
	return &bench{data: data, messages: messages, folder: folder}, nil
}

func (b *bench) close() error {
	var errs []error
	for _, s := range b.stores {
		errs = append(errs, s.Close())
	}
	return errors.Join(append(errs, os.RemoveAll(b.folder))...)
}

// open gives an empty ledger of a new store.
func (b *bench) open(ctx context.Context, chain graph.Chain) (graph.Ledger, error) {
	store, err := badger.Open(filepath.Join(b.folder, fmt.Sprint(len(b.stores))), badger.Options{Memory: 32 << 20})
	if err != nil {
		return nil, err
	}
	b.stores = append(b.stores, store)
	return store.Ledger(ctx, chain)
}

// path is where a file or folder of the real data is.
func (b *bench) path(parts ...string) string {
	return filepath.Join(append([]string{b.data}, parts...)...)
}

// absent is what of the data is not there, "" if all is.
func (b *bench) absent(data [][]string) (string, error) {
	for _, parts := range data {
		if b.data == "" {
			return filepath.ToSlash(filepath.Join(parts...)), nil
		}
		_, err := os.Stat(b.path(parts...))
		if errors.Is(err, fs.ErrNotExist) {
			return filepath.ToSlash(filepath.Join(parts...)), nil
		}
		if err != nil {
			return "", err
		}
	}
	return "", nil
}

// measure makes the page.
func (b *bench) measure(ctx context.Context) ([]byte, error) {
	b.text(preamble)
	for _, s := range sections {
		b.heading(s.title)
		missing, err := b.absent(s.data)
		if err != nil {
			return nil, err
		}
		if missing != "" {
			b.skipped = append(b.skipped, missing)
			b.text("Not measured: `%s` is not among the data.", missing)
			b.say("%s: skipped, %s is absent", s.title, missing)
			continue
		}
		start := time.Now()
		if err := s.measure(b, ctx); err != nil {
			return nil, fmt.Errorf("%s: %w", s.title, err)
		}
		b.say("%s: %s", s.title, time.Since(start).Round(100*time.Millisecond))
	}
	return b.bytes(), nil
}

func (b *bench) say(format string, args ...any) {
	_, _ = fmt.Fprintf(b.messages, format+"\n", args...) // messages are a courtesy
}

// rate notes what is to be printed with a rule.
func (b *bench) rate(rule, format string, args ...any) {
	b.rates = append(b.rates, rate{rule, fmt.Sprintf(format, args...)})
}

// errOutdated is returned if the program prints other rates than were measured.
var errOutdated = errors.New("cluster/rates.go prints other rates than were measured")

// outdated compares what was measured with what the program prints.
func (b *bench) outdated() error {
	var errs []error
	for _, r := range b.rates {
		if printed := cluster.ErrorRate(r.rule); printed != r.text {
			errs = append(errs, fmt.Errorf("%w: %s: %q, not %q", errOutdated, r.rule, r.text, printed))
		}
	}
	return errors.Join(errs...)
}
