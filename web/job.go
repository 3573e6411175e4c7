package web

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"spoor/graph"
	"spoor/report"
	"spoor/trace"
	"spoor/web/flow"
)

// jobs are the traces that run and those kept. Their evidence lies in temporary
// folders: the same case on the same ledgers gives it again.
type jobs struct {
	s      *Server
	dir    string // of the folders
	ctx    context.Context
	cancel context.CancelFunc
	ended  sync.WaitGroup

	mu      sync.Mutex // guards what follows
	kept    []*job     // and those that run, oldest first
	running int
	closed  bool
}

// errBusy is returned while as many traces run as may.
var errBusy = errors.New("as many traces run as this server allows; wait for one, or cancel one")

// state says how far a job is.
type state string

const (
	running   state = "running"
	finished  state = "finished"
	failed    state = "failed"
	cancelled state = "cancelled"
)

// job is one trace.
type job struct {
	id     string
	asked  trace.Case // with every default written out
	yaml   []byte     // of it
	cancel context.CancelCauseFunc
	done   chan struct{}

	read   atomic.Int64  // transactions looked at
	height atomic.Uint32 // of the block looked at last
	watch  trace.Watch   // what it has found so far
	began  time.Time

	// Written before done is closed, not after.
	state    state
	err      error
	dir      string         // of the evidence
	rows     map[string]int // of its tables, by file
	sections []report.Section
	advice   []report.Advice
	model    *flow.Model // what pictures are drawn from
	took     time.Duration
}

func newJobs(s *Server) (*jobs, error) {
	dir, err := os.MkdirTemp("", "spoor-traces-")
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithCancel(context.Background())
	return &jobs{s: s, dir: dir, ctx: ctx, cancel: cancel}, nil
}

func (j *jobs) close() {
	j.mu.Lock()
	j.closed = true
	j.mu.Unlock()
	j.cancel()
	j.ended.Wait()
	if err := os.RemoveAll(j.dir); err != nil {
		j.s.c.Log.Error("trace", "remove", err)
	}
}

// forget drops a job that has ended; j.mu is held.
func (j *jobs) forget(at int) {
	if dir := j.kept[at].dir; dir != "" {
		if err := os.RemoveAll(dir); err != nil {
			j.s.c.Log.Error("trace", "remove", err)
		}
	}
	j.kept = slices.Delete(j.kept, at, at+1)
}

var errCancelled = errors.New("cancelled")

// start traces a case, or finds the trace of the same case on the same ledgers
// that runs or is kept already.
func (j *jobs) start(ctx context.Context, c trace.Case) (*job, error) {
	if m, err := trace.ParseMethod(c.Method); err == nil && m.Ranks {
		return nil, asked("method rank scores addresses and follows no amounts; run spoor trace --method rank")
	}
	yaml, err := c.YAML()
	if err != nil {
		return nil, err
	}
	// The store lasts as long as the trace, not as the request.
	reading, err := j.s.c.Open(j.ctx)
	if err != nil {
		return nil, err
	}
	views, state, err := snapshots(ctx, reading.Store)
	closeAll := func() error {
		errs := []error{}
		for _, v := range views {
			errs = append(errs, v.Close())
		}
		return errors.Join(append(errs, reading.Release())...)
	}
	if err != nil {
		return nil, errors.Join(err, closeAll())
	}
	work, cancel := context.WithCancelCause(j.ctx)
	job := &job{id: nameOf(yaml, state), asked: c, yaml: yaml, cancel: cancel, done: make(chan struct{}), began: time.Now(), state: running}
	known, err := j.admit(job)
	if err != nil || known != job {
		cancel(nil)
		return known, errors.Join(err, closeAll())
	}
	go func() {
		defer j.ended.Done()
		work, done := context.WithTimeout(work, j.s.c.Limits.TraceTime)
		defer done()
		job.run(work, reading, views, filepath.Join(j.dir, job.id))
		if err := closeAll(); err != nil {
			j.s.c.Log.Error("trace", "close", err)
		}
		cancel(nil)
		j.end(job)
	}()
	return job, nil
}

// snapshots opens every ledger of the store, and writes down the state they are
// in.
func snapshots(ctx context.Context, store graph.Store) (map[graph.ChainID]graph.View, []byte, error) {
	views := map[graph.ChainID]graph.View{}
	chains, err := store.Chains(ctx)
	if err != nil {
		return views, nil, err
	}
	var state []byte
	for _, chain := range chains {
		l, err := store.Ledger(ctx, chain)
		if err != nil {
			return views, nil, err
		}
		v, err := l.View(ctx)
		if err != nil {
			return views, nil, err
		}
		views[chain.ID] = v
		tip, err := v.Tip()
		if err != nil && !errors.Is(err, graph.ErrNotFound) {
			return views, nil, err
		}
		size, err := v.Size()
		if err != nil {
			return views, nil, err
		}
		state = fmt.Appendln(state, chain.ID, tip, size)
	}
	return views, state, nil
}

// nameOf names what a case gives on ledgers in a state.
func nameOf(yaml, state []byte) string {
	h := sha256.New()
	h.Write(yaml)
	h.Write(state)
	return hex.EncodeToString(h.Sum(nil)[:8])
}

// names are the names that traces of cases have on the ledgers as they are.
func (j *jobs) names(ctx context.Context, cases ...trace.Case) (names []string, err error) {
	err = j.s.reading(ctx, func(r *Reading) error {
		views, state, err := snapshots(ctx, r.Store)
		for _, v := range views {
			err = errors.Join(err, v.Close())
		}
		if err != nil {
			return err
		}
		for _, c := range cases {
			yaml, err := c.YAML()
			if err != nil {
				return err
			}
			names = append(names, nameOf(yaml, state))
		}
		return nil
	})
	return names, err
}

// traceNames are what traces can be called.
var traceNames = regexp.MustCompile(`^[0-9a-f]{16}$`)

// forgotten adds to an error about a trace that is not kept which saved case
// gives it again.
func (j *jobs) forgotten(ctx context.Context, id string, err error) error {
	if !errors.Is(err, graph.ErrNotFound) || !traceNames.MatchString(id) {
		return err
	}
	saved, failed := j.s.cases.list()
	if failed != nil {
		return err
	}
	var slugs []string
	var cases []trace.Case
	for _, row := range saved {
		data, failed := j.s.cases.read(row.Slug)
		if failed != nil {
			continue
		}
		if c, failed := trace.ParseCase(data); failed == nil {
			slugs, cases = append(slugs, row.Slug), append(cases, c)
		}
	}
	names, failed := j.names(ctx, cases...)
	if at := slices.Index(names, id); failed == nil && at >= 0 {
		return huma.NewError(http.StatusNotFound, err.Error(), &huma.ErrorDetail{Message: "this saved case gives the same trace again", Location: "/cases/" + slugs[at]})
	}
	return err
}

// admit takes a job in, or returns the one that is there already.
func (j *jobs) admit(fresh *job) (*job, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	if at := slices.IndexFunc(j.kept, fresh.same); at >= 0 {
		if old := j.kept[at]; old.outcome() == running || old.outcome() == finished {
			return old, nil
		}
		j.forget(at)
	}
	if j.closed || j.running >= j.s.c.Limits.Traces {
		return nil, errBusy
	}
	for len(j.kept)-j.running >= j.s.c.Limits.Kept {
		at := slices.IndexFunc(j.kept, func(old *job) bool { return old.outcome() != running })
		j.forget(at)
	}
	j.kept = append(j.kept, fresh)
	j.running++
	j.ended.Add(1)
	j.s.metrics.running.Inc()
	return fresh, nil
}

func (j *jobs) end(job *job) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.running--
	j.s.metrics.running.Dec()
	j.s.metrics.traces.WithLabelValues(string(job.state)).Inc()
	close(job.done)
}

// find is a job by its name.
func (j *jobs) find(id string) (*job, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	for _, job := range j.kept {
		if job.id == id {
			return job, nil
		}
	}
	return nil, fmt.Errorf("trace %.40q: %w: it is not kept any more, or the server was started anew; trace the case again", id, graph.ErrNotFound)
}

func (j *jobs) all() []*job {
	j.mu.Lock()
	defer j.mu.Unlock()
	return slices.Clone(j.kept)
}

// list are all jobs, the newest first.
func (j *jobs) list() []traceRow {
	rows := []traceRow{}
	for _, job := range slices.Backward(j.all()) {
		rows = append(rows, job.row())
	}
	return rows
}

// of are the jobs of a case, the newest first.
func (j *jobs) of(c trace.Case) []traceRow {
	rows := []traceRow{}
	yaml, err := c.YAML()
	if err != nil {
		return rows
	}
	for _, job := range slices.Backward(j.all()) {
		if string(job.yaml) == string(yaml) {
			rows = append(rows, job.row())
		}
	}
	return rows
}

func (b *job) same(other *job) bool { return b.id == other.id }

// outcome is the state of a job that may still run.
func (b *job) outcome() state {
	select {
	case <-b.done:
		return b.state
	default:
		return running
	}
}

// run traces, and makes what pages show of it once and for all.
func (b *job) run(ctx context.Context, r *Reading, views map[graph.ChainID]graph.View, dir string) {
	watched := make(map[graph.ChainID]graph.View, len(views))
	for id, v := range views {
		watched[id] = &watchedView{v, b}
	}
	t, err := r.trace(ctx, watched, b.asked, &b.watch)
	if err == nil {
		err = b.show(t, dir, r.Manifest)
	}
	b.took = time.Since(b.began)
	switch {
	case err == nil:
		b.state, b.dir = finished, dir
	case errors.Is(context.Cause(ctx), errCancelled):
		b.state, b.err = cancelled, errCancelled
	case errors.Is(err, context.DeadlineExceeded):
		b.state, b.err = failed, errors.New("it took longer than a trace may; bound it by share, max_hops, until or max_transactions")
	default:
		b.state, b.err = failed, err
	}
}

// show writes the evidence, as the command line does, and what its page says.
func (b *job) show(t *trace.Trace, dir string, made report.Manifest) (err error) {
	if b.sections, err = report.Sections(t, report.SummaryOptions{}); err != nil {
		return err
	}
	if b.advice, err = report.NextSteps(t); err != nil {
		return err
	}
	b.model = flow.NewModel(t)
	if err = report.Write(dir, t, made); err != nil {
		return err
	}
	written, err := report.ReadManifest(dir)
	b.rows = make(map[string]int)
	for _, f := range written.Files {
		if f.Rows != nil {
			b.rows[f.Name] = *f.Rows
		}
	}
	return err
}

// watchedView counts what a trace looks at.
type watchedView struct {
	graph.View
	job *job
}

// Tx is a transaction; see graph.View.
func (w *watchedView) Tx(p graph.Position) (graph.TxMoves, error) {
	w.job.read.Add(1)
	w.job.height.Store(p.Block)
	return w.View.Tx(p)
}
