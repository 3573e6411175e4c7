package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"spoor/graph"
	"spoor/ingest"
	"spoor/trace"
)

// metrics are what follow tells Prometheus: the state of the last notice, what
// the meter counted, and what extending a case took. The values are made when
// they are asked for; nothing is counted twice.
type metrics struct {
	meter *ingest.Meter
	all   []metric
	fault *prometheus.Desc

	mu    sync.Mutex // guards what follows
	state ingest.Followed
	lost  float64 // when the node was lost last, unix seconds; 0: never
	watch caseMetrics
}

// caseMetrics are about the case that is watched.
type caseMetrics struct {
	looks, anew, transactions uint64
	took                      time.Duration // the last time
	height                    uint32        // the trace is at
}

// metric is one family of values.
type metric struct {
	desc *prometheus.Desc
	kind prometheus.ValueType
	read func(*metrics) float64
}

const metricPrefix = "spoor_follow_"

func newMetrics(chain graph.Chain, meter *ingest.Meter, watched bool) *metrics {
	labels := prometheus.Labels{"chain": chain.Alias}
	m := &metrics{meter: meter,
		fault: prometheus.NewDesc(metricPrefix+"rpc_faults_total", "Answers of nodes that could not be used, by kind.", []string{"kind"}, labels)}
	add := func(kind prometheus.ValueType, name, help string, read func(*metrics) float64) {
		m.all = append(m.all, metric{prometheus.NewDesc(metricPrefix+name, help, nil, labels), kind, read})
	}
	gauge := func(name, help string, read func(*metrics) float64) { add(prometheus.GaugeValue, name, help, read) }
	counter := func(name, help string, read func(*metrics) float64) {
		add(prometheus.CounterValue, name+"_total", help, read)
	}
	gauge("height", "Last block stored.", func(m *metrics) float64 { return float64(m.state.Tip.Height) })
	gauge("tip_time_seconds", "Time of the last block stored, unix seconds.", func(m *metrics) float64 { return float64(m.state.Tip.Time) })
	gauge("node_height", "Newest block of the node, as sure as asked for.", func(m *metrics) float64 { return float64(m.state.Head.Height) })
	gauge("final_height", "Blocks above this one are provisional.", func(m *metrics) float64 { return float64(m.state.Final) })
	gauge("lag_blocks", "Blocks that the node has and the store has not.", func(m *metrics) float64 { return float64(m.state.Lag()) })
	gauge("lag_seconds", "Time between the last block stored and the newest of the node.", func(m *metrics) float64 {
		return float64(max(0, m.state.Head.Time-m.state.Tip.Time))
	})
	counter("blocks", "Blocks stored, also those rolled back later.", func(m *metrics) float64 { return float64(m.state.Blocks) })
	counter("transfers", "Transfers in the blocks stored.", func(m *metrics) float64 { return float64(m.state.Transfers) })
	counter("reorganisations", "Branches that were replaced.", func(m *metrics) float64 { return float64(m.state.Reorgs) })
	counter("reverted_blocks", "Blocks rolled back.", func(m *metrics) float64 { return float64(m.state.Reverted) })
	gauge("reorganisation_depth_max", "Blocks replaced by one reorganisation, at most.", func(m *metrics) float64 { return float64(m.state.Deepest) })
	counter("node_lost", "Times the node stopped answering.", func(m *metrics) float64 { return float64(m.state.Lost) })
	gauge("last_error_time_seconds", "When the node stopped answering last, unix seconds; 0 if it never did.", func(m *metrics) float64 { return m.lost })
	counter("rpc_requests", "Requests sent to nodes.", func(m *metrics) float64 { return float64(m.meter.Traffic().Requests) })
	counter("rpc_calls", "Calls in the requests sent to nodes.", func(m *metrics) float64 { return float64(m.meter.Traffic().Calls) })
	counter("rpc_retries", "Things asked for again.", func(m *metrics) float64 { return float64(m.meter.Traffic().Retries) })
	if watched {
		gauge("case_height", "Block that the trace of the case is at.", func(m *metrics) float64 { return float64(m.watch.height) })
		gauge("case_last_seconds", "Time the last extension of the trace took.", func(m *metrics) float64 { return m.watch.took.Seconds() })
		counter("case_extensions", "Times the trace was brought to new blocks.", func(m *metrics) float64 { return float64(m.watch.looks) })
		counter("case_anew", "Times the case had to be traced from its beginning.", func(m *metrics) float64 { return float64(m.watch.anew) })
		counter("case_transactions", "Transactions evaluated.", func(m *metrics) float64 { return float64(m.watch.transactions) })
	}
	return m
}

// Describe sends nothing: the values are checked when they are collected.
func (m *metrics) Describe(chan<- *prometheus.Desc) {}

// Collect makes the values.
func (m *metrics) Collect(out chan<- prometheus.Metric) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for i := range m.all {
		out <- prometheus.MustNewConstMetric(m.all[i].desc, m.all[i].kind, m.all[i].read(m))
	}
	for kind, n := range m.meter.Traffic().Faults { // they are sorted by who collects them
		out <- prometheus.MustNewConstMetric(m.fault, prometheus.CounterValue, float64(n), kind)
	}
}

// notice takes the state after something happened.
func (m *metrics) notice(n ingest.Notice, now time.Time) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.state = n.State
	if n.What == ingest.NodeLost {
		m.lost = float64(now.UnixMilli()) / 1000
	}
}

// extended takes what bringing the case to a block took.
func (m *metrics) extended(x trace.Extension, took time.Duration) {
	m.mu.Lock()
	defer m.mu.Unlock()
	w := &m.watch
	w.looks, w.transactions, w.took, w.height = w.looks+1, w.transactions+uint64(x.Transactions), took, m.state.Tip.Height
	if x.Anew != "" {
		w.anew++
	}
}

// metricsFlags are where metrics are served.
type metricsFlags struct {
	address string
	public  bool
}

// listen opens the address of --metrics, which must be of this machine only:
// what is followed, and which case, is nobody else's business.
func (f *metricsFlags) listen(ctx context.Context) (net.Listener, error) {
	host, _, err := net.SplitHostPort(f.address)
	if err != nil {
		return nil, usagef("--metrics %q: want an address such as 127.0.0.1:9477", f.address)
	}
	if !f.public {
		ips, err := net.DefaultResolver.LookupIPAddr(ctx, host)
		if host == "" || err == nil && len(ips) == 0 {
			return nil, usagef("--metrics %s: every address of this machine; want 127.0.0.1, or say --metrics-public", f.address)
		} else if err != nil {
			return nil, usagef("--metrics: %w", err)
		}
		for _, ip := range ips {
			if !ip.IP.IsLoopback() {
				return nil, usagef("--metrics %s: others can reach that address; want 127.0.0.1, or say --metrics-public", f.address)
			}
		}
	}
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", f.address)
	if err != nil {
		return nil, fmt.Errorf("--metrics: %w", err)
	}
	return listener, nil
}

// serve answers at /metrics until done is called.
func (m *metrics) serve(listener net.Listener) (done func() error, err error) {
	registry := prometheus.NewRegistry()
	if err := registry.Register(m); err != nil {
		return nil, errors.Join(err, listener.Close())
	}
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", promhttp.HandlerFor(registry, promhttp.HandlerOpts{}))
	server := &http.Server{Handler: mux, ReadHeaderTimeout: 5 * time.Second, WriteTimeout: 10 * time.Second}
	ended := make(chan error, 1)
	go func() { ended <- server.Serve(listener) }()
	return func() error {
		err := server.Close()
		if served := <-ended; !errors.Is(served, http.ErrServerClosed) {
			err = errors.Join(err, served)
		}
		return err
	}, nil
}
