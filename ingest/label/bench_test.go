package label_test

import (
	"fmt"
	"strings"
	"testing"

	"spoor/ingest/label"
)

// BenchmarkTagPack reads a pack of 30,000 tags with all fields.
func BenchmarkTagPack(b *testing.B) {
	var text strings.Builder
	text.WriteString("title: bench\ncreator: me\nsource: https://example.org\ncurrency: ETH\nnetwork: ETH\nconfidence: service_data\ntags:\n")
	const n = 30_000
	for i := range n {
		fmt.Fprintf(&text, "- address: \"0x%040x\"\n  label: exchange number %d\n  category: exchange\n  lastmod: 2024-01-02\n", i, i)
	}
	b.SetBytes(int64(text.Len()))
	for range b.N {
		l, err := label.Read([]byte(text.String()), label.Options{Name: "bench.yaml"})
		if err != nil || l.Pack.Labels != n {
			b.Fatal(err, l.Pack)
		}
	}
	b.ReportMetric(n*float64(b.N)/b.Elapsed().Seconds(), "labels/s")
}
