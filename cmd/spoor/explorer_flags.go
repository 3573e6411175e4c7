package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"spoor/graph"
	"spoor/ingest"
	"spoor/ingest/explorer"
	"spoor/report"
	"spoor/trace"
)

// keyVariable is where a key of an API is looked for.
const keyVariable = "SPOOR_API_KEY"

// explorerFlags say which explorer is asked, and how.
type explorerFlags struct {
	url, chain, keyFile    string
	rate                   float64
	window, rows, confirms int
	maxAge                 time.Duration
}

func (f *explorerFlags) add(cmd *cobra.Command) {
	flags := cmd.Flags()
	flags.StringVar(&f.url, "url", "", "the API, such as https://api.etherscan.io/v2/api or https://eth.blockscout.com")
	flags.StringVar(&f.chain, "chain", "ethereum", "chain of the API: a CAIP-2 id or an alias")
	flags.StringVar(&f.keyFile, "api-key-file", "", "file with the key of the API; "+keyVariable+" may hold it too")
	flags.Float64Var(&f.rate, "rate", 3, "calls a second that the API allows")
	flags.IntVar(&f.window, "window", 1000, "rows that the API shows of one request")
	flags.IntVar(&f.rows, "max-rows", 50_000, "rows of one kind to read of an address")
	flags.IntVar(&f.confirms, "confirmations", 12, "blocks below the head to leave out, as they may be replaced")
	flags.DurationVar(&f.maxAge, "max-age", time.Hour, "how old a kept answer about the head of the chain may be")
}

// client makes the client of an API. Answers are kept in the store's folder.
func (f *explorerFlags) client(p *program, api string, meter *ingest.Meter) (*explorer.Client, error) {
	chain, err := chainFlag(f.chain, graph.AccountFamily, "address")
	switch {
	case err != nil:
		return nil, err
	case api != "etherscan" && api != "blockscout":
		return nil, usagef("%.40q is no API we know; want etherscan or blockscout", api)
	case f.url == "":
		return nil, advice{usagef("where is the API? name it with --url"), "for example --url https://api.etherscan.io/v2/api or --url https://eth.blockscout.com"}
	case f.rate <= 0 || f.window < 1 || f.rows < 1 || f.confirms < 0 || f.maxAge <= 0:
		return nil, usagef("--rate, --window, --max-rows and --max-age must be above 0, --confirmations 0 or more")
	}
	key, err := f.key(p)
	if err != nil {
		return nil, err
	}
	confirmations := f.confirms
	if confirmations == 0 {
		confirmations = -1
	}
	o := explorer.Options{URL: f.url, Chain: chain, Key: key, Rate: f.rate, Window: f.window, MaxRows: f.rows, Confirmations: confirmations, MaxAge: f.maxAge, Meter: meter}
	if _, err := explorer.New(api, o); err != nil { // before anything is written
		return nil, usagef("%w", err)
	}
	if o.Archive, err = explorer.OpenArchive(p.archive()); err != nil {
		return nil, err
	}
	return explorer.New(api, o)
}

// archive is the folder of the answers of explorers.
func (p *program) archive() string { return filepath.Join(p.db, "raw") }

// cited are the kept answers about the addresses and transactions of a trace,
// for its manifest. They do not depend on which command asked for them.
func (p *program) cited(ctx context.Context, t *trace.Trace) (list []report.Answer, err error) {
	if _, err := os.Stat(p.archive()); errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	archive, err := explorer.OpenArchive(p.archive())
	if err != nil {
		return nil, err
	}
	addresses, txs := map[graph.Address]bool{}, map[graph.Hash]bool{}
	for i := range t.Holders {
		addresses[t.Holders[i].Address] = true
	}
	for i := range t.Steps {
		s := &t.Steps[i]
		addresses[s.From], addresses[s.To], txs[s.Tx] = true, true, true
	}
	for i := range t.Stops {
		addresses[t.Stops[i].Address] = true
	}
	answers, err := archive.About(ctx, addresses, txs)
	for _, a := range answers {
		list = append(list, report.Answer(a))
	}
	return list, err
}

// key reads the key of the API; there may be none. It is never shown.
func (f *explorerFlags) key(p *program) (string, error) {
	key, from := p.env(keyVariable), keyVariable
	if f.keyFile != "" {
		data, err := os.ReadFile(f.keyFile)
		if err != nil {
			return "", fmt.Errorf("--api-key-file: %w", err)
		}
		key, from = strings.TrimSpace(string(data)), f.keyFile
		if key == "" {
			return "", usagef("--api-key-file: %s is empty", f.keyFile)
		}
	}
	if len(key) > 512 || strings.ContainsFunc(key, func(r rune) bool { return r <= ' ' || r > '~' }) {
		return "", usagef("the key in %s is not one word of plain characters", from)
	}
	return key, nil
}

// explorerAdvice adds to errors of an API what can be done.
func explorerAdvice(err error) error {
	for _, known := range []struct {
		err  error
		hint string
	}{
		{explorer.ErrKey, "put the key of the API into " + keyVariable + ", or name a file with --api-key-file; some chains and lists need a paid plan"},
		{explorer.ErrAlien, "does --url name the API, and --api or --fetch its kind? If so, run the same command again later: what was read is kept"},
		{explorer.ErrUnavailable, "what was read is kept; run the same command again later, or lower --rate"},
	} {
		if errors.Is(err, known.err) {
			return advice{err, known.hint}
		}
	}
	return err
}
