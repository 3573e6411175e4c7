package web

import (
	"net/http"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// metrics are numbers about a server; none names what was looked into.
type metrics struct {
	registry *prometheus.Registry
	requests *prometheus.CounterVec
	seconds  *prometheus.HistogramVec
	running  prometheus.Gauge
	streams  prometheus.Gauge
	traces   *prometheus.CounterVec
}

func newMetrics() *metrics {
	m := &metrics{
		registry: prometheus.NewRegistry(),
		requests: prometheus.NewCounterVec(prometheus.CounterOpts{Name: "spoor_http_requests_total", Help: "Requests answered."}, []string{"route", "method", "status"}),
		seconds:  prometheus.NewHistogramVec(prometheus.HistogramOpts{Name: "spoor_http_request_seconds", Help: "Time to answer."}, []string{"route"}),
		running:  prometheus.NewGauge(prometheus.GaugeOpts{Name: "spoor_traces_running", Help: "Traces that run."}),
		streams:  prometheus.NewGauge(prometheus.GaugeOpts{Name: "spoor_trace_listeners", Help: "Listeners to the progress of traces."}),
		traces:   prometheus.NewCounterVec(prometheus.CounterOpts{Name: "spoor_traces_total", Help: "Traces that have ended."}, []string{"state"}),
	}
	m.registry.MustRegister(m.requests, m.seconds, m.running, m.streams, m.traces, collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	return m
}

// Metrics serves what Prometheus reads. It belongs on a listener of its own,
// which only the machine itself reaches.
func (s *Server) Metrics() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !(Access{}).called(r.Host) {
			http.Error(w, "metrics are for the machine itself", http.StatusMisdirectedRequest)
			return
		}
		promhttp.HandlerFor(s.metrics.registry, promhttp.HandlerOpts{}).ServeHTTP(w, r)
	})
}
