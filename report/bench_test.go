package report_test

import (
	"io"
	"testing"

	"spoor/graph"
	"spoor/report"
	"spoor/trace"
)

// BenchmarkEvidence writes a trace of 100,000 movements between as many
// addresses.
func BenchmarkEvidence(b *testing.B) {
	tr := many(1)
	asset := tr.Balances[0].Asset
	for i := range 100_000 {
		from := graph.EVMAddress(graph.Ethereum, [20]byte{byte(i), byte(i >> 8), byte(i >> 16)})
		to := graph.EVMAddress(graph.Ethereum, [20]byte{byte(i + 1), byte((i + 1) >> 8), byte((i + 1) >> 16)})
		tr.Steps = append(tr.Steps, trace.Step{Chain: graph.Ethereum, From: from, To: to, Asset: asset, Amount: amount(1e18), Tainted: amount(1e18), Legs: []graph.Seq{1}})
	}
	dir := b.TempDir() + "/evidence"
	for name, write := range map[string]func() error{
		"folder":  func() error { return report.Write(dir, tr, manifest) },
		"ndjson":  func() error { return report.NDJSON(io.Discard, tr) },
		"summary": func() error { return report.Summary(io.Discard, tr, report.SummaryOptions{}) },
	} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if err := write(); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
