package web

import (
	"context"
	"errors"
	"fmt"
	"html/template"
	"log/slog"
	"net"
	"net/http"
	"sync"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humachi"
	"github.com/go-chi/chi/v5"

	"spoor/cluster"
	"spoor/graph"
	"spoor/report"
	"spoor/trace"
)

// Config says what a server shows and to whom.
type Config struct {
	// Open gives the store for one piece of work, which it lasts as long as the
	// context. It fails with graph.ErrInUse while another process writes to it.
	Open func(context.Context) (*Reading, error)
	// Version is that of the program.
	Version string
	// Cases is the folder of saved cases. It is made when the first is saved.
	Cases string
	// Access says who may ask.
	Access Access
	// Limits bound what a request may cost. The zero value works.
	Limits Limits
	// Now is the clock by which logs of cases are written. Default: time.Now.
	Now func() time.Time
	// Log gets a line for each request and each error of ours. Default: nothing.
	Log *slog.Logger
}

// Reading is a store that was opened for one piece of work, and what is known
// beside its ledgers.
type Reading struct {
	Store graph.Store
	// Labels are the claims about an address, asked by one goroutine; nil for none.
	Labels func(graph.Address) []graph.Label
	// Find lists up to limit claims whose name has a text in it, upper and
	// lower case alike; nil for none.
	Find func(ctx context.Context, text string, limit int) ([]graph.Label, error)
	// Trace traces a case with these labels and whatever else the program
	// knows, and lets itself be watched; nil for the labels alone.
	Trace func(context.Context, map[graph.ChainID]graph.View, trace.Case, *trace.Watch) (*trace.Trace, error)
	// Owners gives the entities of a chain to a function, one at a time. It fails
	// with ErrNoEntities where there are none, and waits for them no longer than
	// the context; nil if the program knows none.
	Owners func(ctx context.Context, chain graph.Chain, use func(Owners) error) error
	// Manifest is what only the program knows of how evidence is made.
	Manifest report.Manifest
	// Release gives the store back, and tells what of the labels could not be read.
	Release func() error
}

// Owners are the entities of a ledger, and the snapshot they were computed from.
type Owners struct {
	*cluster.Entities
	View   graph.View
	Behind uint32 // blocks that the ledger has above the evidence
}

// ErrNoEntities is returned where it is not known who shares an owner: no
// evidence was looked for, or it is of other blocks, rules or labels than there
// are now.
var ErrNoEntities = errors.New("entities are not known")

func (r *Reading) owners(ctx context.Context, chain graph.Chain, use func(Owners) error) error {
	if r.Owners == nil {
		return ErrNoEntities
	}
	return r.Owners(ctx, chain, use)
}

func (r *Reading) labels(a graph.Address) []graph.Label {
	if r.Labels == nil {
		return nil
	}
	return r.Labels(a)
}

func (r *Reading) trace(ctx context.Context, views map[graph.ChainID]graph.View, c trace.Case, watch *trace.Watch) (*trace.Trace, error) {
	if r.Trace == nil {
		return trace.Run(ctx, views, c, trace.Known{Labels: r.Labels, Watch: watch})
	}
	return r.Trace(ctx, views, c, watch)
}

// Limits bound what requests may cost, each by itself and all together.
type Limits struct {
	RequestTime time.Duration // of anything but a trace; default 10 s
	TraceTime   time.Duration // of a trace; default 10 min
	BodyTime    time.Duration // until the body of a request has come; default 5 s
	Requests    int           // answered at the same time; default 64
	Traces      int           // running at the same time; default 2
	Searches    int           // for paths and over bridges, at the same time; default 2
	Kept        int           // finished traces kept in memory; default 8
	Streams     int           // listeners to the progress of traces; default 32
	Body        int64         // bytes of a request's body; default 256 KiB
	Scan        int           // entries of histories read for one request; default 50,000
}

func (l Limits) withDefaults() Limits {
	set := func(field *int, value int) {
		if *field == 0 {
			*field = value
		}
	}
	if l.RequestTime == 0 {
		l.RequestTime = 10 * time.Second
	}
	if l.TraceTime == 0 {
		l.TraceTime = 10 * time.Minute
	}
	if l.BodyTime == 0 {
		l.BodyTime = 5 * time.Second
	}
	if l.Body == 0 {
		l.Body = 256 << 10
	}
	set(&l.Requests, 64)
	set(&l.Traces, 2)
	set(&l.Searches, 2)
	set(&l.Kept, 8)
	set(&l.Streams, 32)
	set(&l.Scan, 50_000)
	return l
}

// Server answers requests about a store. Close it.
type Server struct {
	c        Config
	handler  http.Handler
	metrics  *metrics
	pages    *template.Template
	cases    *caseFolder
	jobs     *jobs
	streams  chan struct{}
	searches chan struct{}
	leaving  chan struct{} // closed when listeners to progress must go
	leave    sync.Once
	spec     [2][]byte // OpenAPI as JSON and as YAML
}

// New is a server; it listens to nobody until Serve.
func New(c Config) (*Server, error) {
	if c.Open == nil {
		return nil, errors.New("a server needs a store")
	}
	c.Limits = c.Limits.withDefaults()
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	if err := c.Access.check(); err != nil {
		return nil, err
	}
	pages, err := parsePages()
	if err != nil {
		return nil, err
	}
	s := &Server{c: c, metrics: newMetrics(), pages: pages, cases: &caseFolder{dir: c.Cases, now: c.Now, tails: map[string]logTail{}}, streams: make(chan struct{}, c.Limits.Streams), searches: make(chan struct{}, c.Limits.Searches), leaving: make(chan struct{})}
	if s.jobs, err = newJobs(s); err != nil {
		return nil, err
	}
	if err := s.route(); err != nil {
		s.jobs.close()
		return nil, err
	}
	return s, nil
}

// route puts the handler together: what is asked of every request, then what
// each answers.
func (s *Server) route() error {
	mux := chi.NewMux()
	config := huma.DefaultConfig("spoor", s.c.Version)
	config.Info.Description = "What a store of ledgers holds and what traces find in it. Amounts are integers of base units as text; nothing is rounded."
	config.CreateHooks, config.DocsPath, config.SchemasPath, config.OpenAPIPath = nil, "", "", ""
	config.Formats = s.formats()
	config.RejectUnknownQueryParameters = true
	api := humachi.New(mux, config)
	s.routeLedger(api)
	s.routeCases(api)
	s.routeTraces(api)
	var err error
	if s.spec[0], err = api.OpenAPI().MarshalJSON(); err == nil {
		s.spec[1], err = api.OpenAPI().YAML()
	}
	if err != nil {
		return fmt.Errorf("openapi: %w", err)
	}
	mux.Get("/openapi", s.openAPI)
	mux.Get("/openapi.yaml", s.openAPI)
	mux.Get("/assets/{file}", serveAsset)
	mux.NotFound(func(w http.ResponseWriter, r *http.Request) {
		s.refuse(w, r, http.StatusNotFound, "there is no such page")
	})
	mux.MethodNotAllowed(func(w http.ResponseWriter, r *http.Request) {
		s.refuse(w, r, http.StatusMethodNotAllowed, "this page does not take that method")
	})
	s.handler = s.guard(mux)
	return nil
}

// openAPI serves the description of the API; the suffix .json of its address
// has become a format.
func (s *Server) openAPI(w http.ResponseWriter, r *http.Request) {
	data, kind := s.spec[0], "application/openapi+json"
	if r.URL.Path == "/openapi.yaml" {
		data, kind = s.spec[1], "application/openapi+yaml"
	}
	w.Header().Set("Content-Type", kind)
	_, _ = w.Write(data) // who asked is gone
}

// ServeHTTP answers a request.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) { s.handler.ServeHTTP(w, r) }

// Timeouts of a connection: a client that is slower is cut off.
const (
	headerTime = 5 * time.Second
	readTime   = 15 * time.Second
	writeTime  = 2 * time.Minute
	idleTime   = 60 * time.Second
	stopTime   = 10 * time.Second // for requests under way when the server stops
	headerSize = 16 << 10
)

// Serve answers requests of a listener until the context ends, then lets those
// under way finish, but for listeners to the progress of traces, which are sent
// away for good. It closes the listener.
func (s *Server) Serve(ctx context.Context, l net.Listener) error {
	return s.serve(ctx, l, headerTime)
}

func (s *Server) serve(ctx context.Context, l net.Listener, headers time.Duration) error {
	requests, hangUp := context.WithCancel(context.WithoutCancel(ctx))
	defer hangUp()
	server := &http.Server{
		Handler: s, ReadHeaderTimeout: headers, ReadTimeout: readTime, WriteTimeout: writeTime, IdleTimeout: idleTime, MaxHeaderBytes: headerSize,
		BaseContext: func(net.Listener) context.Context { return requests },
		ErrorLog:    slog.NewLogLogger(s.c.Log.Handler(), slog.LevelDebug),
	}
	server.RegisterOnShutdown(func() { s.leave.Do(func() { close(s.leaving) }) })
	stopped := make(chan error, 1)
	stop := context.AfterFunc(ctx, func() {
		shut, done := context.WithTimeout(context.WithoutCancel(ctx), stopTime)
		defer done()
		err := server.Shutdown(shut)
		if errors.Is(err, context.DeadlineExceeded) {
			err = server.Close()
		}
		stopped <- err
	})
	err := server.Serve(l)
	if !stop() {
		return <-stopped
	}
	return err
}

// Close ends the traces that run and waits for them.
func (s *Server) Close() { s.jobs.close() }
