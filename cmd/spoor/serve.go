package main

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"spoor/graph"
	"spoor/ingest/label"
	"spoor/trace"
	"spoor/web"
)

type serveOptions struct {
	listen, metrics string
	hosts           []string
	tokenFile       string
	cases           string
	labels          []string
}

func (p *program) serveCommand() *cobra.Command {
	var o serveOptions
	cmd := &cobra.Command{
		Use:   "serve",
		Short: "Show the store to a browser, and to programs over HTTP",
		Long: `Show the store to a browser, and to programs over HTTP: search, addresses with
their relations and owners, transactions, blocks, paths, bridges, coverage,
cases with their logs, and traces with their evidence. Each page is also answered
as JSON and, where it has rows, as CSV: add .json or .csv to its address. /openapi.json
describes the API. Nothing is loaded from elsewhere.

It listens on this machine only. To listen elsewhere, name the address with
--listen and give an access token of 16 characters or more in SPOOR_TOKEN or in
the file of --token-file; browsers ask for it as a password (any user name),
programs send it as "Authorization: Bearer TOKEN". Traffic is not encrypted: put a
proxy with TLS before it, and name the host it is called by with --host.

The store is opened for reading when somebody asks, and given free two seconds
later, so that ingests can run in between; while one writes, pages say so. An
ingest or follow with --serve shows the store while it writes it.
Cases are saved as YAML files in the folder cases of the store, or of --cases.`,
		Example: "  spoor serve\n  SPOOR_TOKEN=$(openssl rand -hex 24) spoor serve --listen 10.0.0.5:8477",
		Args:    cobra.NoArgs,
		RunE:    func(cmd *cobra.Command, _ []string) error { return o.run(cmd.Context(), p) },
	}
	o.addFlags(cmd)
	cmd.Flags().StringArrayVar(&o.labels, "labels", nil, "CSV file of labels: chain,address,name,category[,behaviour,source,confidence]; may be repeated")
	return cmd
}

// addFlags adds the flags that say where a store is shown.
func (o *serveOptions) addFlags(cmd *cobra.Command) {
	flags := cmd.Flags()
	flags.StringVar(&o.listen, "listen", "127.0.0.1:8477", "address and port to listen on; anything but a loopback address needs an access token")
	flags.StringVar(&o.metrics, "metrics", "", "loopback address and port for Prometheus, such as 127.0.0.1:9477")
	flags.StringArrayVar(&o.hosts, "host", nil, "name by which the server is called besides its address; may be repeated")
	flags.StringVar(&o.tokenFile, "token-file", "", "file with the access token, instead of SPOOR_TOKEN")
	flags.StringVar(&o.cases, "cases", "", "folder of saved cases (default the folder cases of the store)")
}

// run serves until the context ends.
func (o *serveOptions) run(ctx context.Context, p *program) (err error) {
	config, err := o.config(p)
	if err != nil {
		return err
	}
	lists, err := openLabelBook(o.labels)
	if err != nil {
		return err
	}
	store := &sharedStore{p: p}
	defer func() { err = errors.Join(err, store.close()) }()
	life, end := context.WithCancel(ctx)
	defer end()
	config.Open = func(ctx context.Context) (*web.Reading, error) { return o.reading(ctx, life, store, lists) }
	// A store that cannot be opened is told now, not to the first who asks.
	if _, _, release, err := store.open(); err == nil {
		err = release()
		if err != nil {
			return err
		}
	} else if !errors.Is(err, graph.ErrInUse) {
		return err
	}
	server, err := web.New(config)
	if err != nil {
		return usagef("serve: %w", err)
	}
	defer server.Close()
	pages, err := net.Listen("tcp", o.listen)
	if err != nil {
		return fmt.Errorf("serve: %w", err)
	}
	var figures net.Listener
	if o.metrics != "" {
		if figures, err = net.Listen("tcp", o.metrics); err != nil {
			return errors.Join(fmt.Errorf("serve: metrics: %w", err), pages.Close())
		}
	}
	p.warn("serving %s at http://%s/ until interrupted", p.db, pages.Addr())
	return serveAll(ctx, server, pages, figures)
}

// serveAll serves pages, and figures if there is a listener for them, until the
// context ends or either fails.
func serveAll(ctx context.Context, server *web.Server, pages, figures net.Listener) error {
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	ended := make(chan error, 2)
	listeners := 1
	go func() { ended <- server.Serve(ctx, pages) }()
	if figures != nil {
		listeners++
		metrics := &http.Server{Handler: server.Metrics(), ReadHeaderTimeout: 5 * time.Second, ReadTimeout: 5 * time.Second, WriteTimeout: 30 * time.Second}
		context.AfterFunc(ctx, func() { _ = metrics.Close() }) // scrapes can be cut
		go func() { ended <- metrics.Serve(figures) }()
	}
	var errs []error
	for range listeners {
		if err := <-ended; err != nil && !errors.Is(err, http.ErrServerClosed) {
			errs = append(errs, err)
		}
		stop()
	}
	return errors.Join(errs...)
}

// config is what the flags say.
func (o *serveOptions) config(p *program) (web.Config, error) {
	token, err := o.token(p)
	if err != nil {
		return web.Config{}, err
	}
	host, err := o.checkListen(token)
	if err != nil {
		return web.Config{}, err
	}
	c := web.Config{
		Version: currentVersion().Version, Cases: o.cases, Access: web.Access{Token: token, Hosts: append(o.hosts[:len(o.hosts):len(o.hosts)], host)},
	}
	if c.Cases == "" {
		c.Cases = filepath.Join(p.db, "cases")
	}
	if !p.quiet {
		c.Log = slog.New(slog.NewTextHandler(p.err, nil))
	}
	return c, nil
}

// reading opens the store with all that a trace of the command line knows: its
// labels and those of the lists, and its entities.
func (o *serveOptions) reading(ctx, life context.Context, shared *sharedStore, lists *labelBook) (*web.Reading, error) {
	store, shelf, release, err := shared.open()
	if err != nil {
		return nil, err
	}
	labels := &labelBook{lists: lists.lists, sources: slices.Clone(lists.sources)}
	known, err := labels.known(ctx, store)
	if err != nil {
		return nil, errors.Join(err, release())
	}
	return &web.Reading{
		Store: store, Labels: known.Labels, Manifest: (&traceOptions{}).manifest(labels.sources),
		Release: func() error { return errors.Join(labels.failed, release()) },
		Owners: func(ctx context.Context, chain graph.Chain, use func(web.Owners) error) error {
			return shelf.use(ctx, life, shared, chain, labels, use)
		},
		Find: func(ctx context.Context, text string, limit int) ([]graph.Label, error) {
			return findLabels(ctx, store, labels.lists, text, limit)
		},
		Trace: func(ctx context.Context, views map[graph.ChainID]graph.View, c trace.Case, watch *trace.Watch) (t *trace.Trace, err error) {
			entities, err := openEntityBook(ctx, store, labels)
			if err != nil {
				return nil, err
			}
			owners, done, err := entities.open(ctx)
			defer func() { err = errors.Join(err, done()) }()
			if err != nil {
				return nil, err
			}
			known := known
			known.Entities, known.Watch = owners, watch
			t, err = trace.Run(ctx, views, c, known)
			return t, cmp.Or(labels.failed, err)
		},
	}, nil
}

// findLabels lists claims with a text in their names, of the lists and of the
// packs of the store.
func findLabels(ctx context.Context, store graph.Store, lists *label.Set, text string, limit int) (found []graph.Label, err error) {
	text = strings.ToLower(text)
	keep := func(l graph.Label) {
		if len(found) < limit && strings.Contains(strings.ToLower(l.Name), text) {
			found = append(found, l)
		}
	}
	for _, l := range lists.All() {
		keep(l)
	}
	kept, err := store.Labels(ctx)
	if err != nil {
		return nil, err
	}
	for l, err := range kept.All(ctx, graph.LabelFilter{}) {
		if err != nil {
			return nil, err
		}
		if keep(l); len(found) == limit {
			break
		}
	}
	return found, nil
}

// token is the access token, "" if there is none.
func (o *serveOptions) token(p *program) (string, error) {
	if o.tokenFile == "" {
		return p.env("SPOOR_TOKEN"), nil
	}
	f, err := os.Open(o.tokenFile)
	if err != nil {
		return "", fmt.Errorf("access token: %w", err)
	}
	data, err := io.ReadAll(io.LimitReader(f, 4097))
	if err = errors.Join(err, f.Close()); err != nil {
		return "", fmt.Errorf("access token: %w", err)
	}
	token := string(bytes.TrimSpace(data))
	if token == "" || len(data) > 4096 {
		return "", usagef("access token: %s is empty or longer than 4096 bytes", o.tokenFile)
	}
	return token, nil
}

// checkListen refuses to listen where others reach it without a token, and
// tells the address by which it may be called.
func (o *serveOptions) checkListen(token string) (host string, err error) {
	if o.metrics != "" {
		if host, err := loopback(o.metrics); err != nil || host != "" {
			return "", usagef("--metrics %s: want a loopback address and a port, such as 127.0.0.1:9477: figures are for this machine only", o.metrics)
		}
	}
	host, err = loopback(o.listen)
	if err != nil {
		return "", usagef("--listen: %w", err)
	}
	if host != "" && token == "" {
		return "", advice{usagef("--listen %s: others could read the store", o.listen), "give an access token in SPOOR_TOKEN, such as openssl rand -hex 24 writes, or listen on 127.0.0.1"}
	}
	return host, nil
}

// loopback is "" for an address that only this machine reaches, else its host.
func loopback(address string) (host string, err error) {
	host, _, err = net.SplitHostPort(address)
	if err != nil {
		return "", err
	}
	if ip := net.ParseIP(host); ip != nil && ip.IsLoopback() || host == "localhost" {
		return "", nil
	}
	if host == "" {
		host = "0.0.0.0"
	}
	return host, nil
}
