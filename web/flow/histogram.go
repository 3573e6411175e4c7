package flow

import (
	"cmp"
	"math/big"
)

// Histogram is tainted value that moved in one asset, by time.
type Histogram struct {
	Asset  string `json:"asset" doc:"CAIP-19"`
	Symbol string `json:"symbol"`
	Bins   []Bin  `json:"bins" doc:"Of equal length, from the first movement of the trace to the last"`
}

// Bin is a stretch of time, both ends included.
type Bin struct {
	Since string `json:"since"`
	Until string `json:"until"`
	Raw   string `json:"raw" doc:"Base units"`
	Text  string `json:"text" doc:"Whole units; empty where nobody has said how many decimals there are"`
	Steps int    `json:"steps"`
}

// Histogram sums the tainted value of the steps of an asset, fees left out, by
// the times of all steps. Without an asset it takes the one with most steps. It
// is false for an asset that the trace does not have.
func (m *Model) Histogram(asset string, bins int) (Histogram, bool) {
	steps := make([]int, len(m.assets))
	for i := range m.steps {
		if m.steps[i].rule != fee {
			steps[m.steps[i].asset]++
		}
	}
	at := -1
	for i := range m.assets {
		name := m.assets[i].info.Asset.String()
		switch {
		case asset == name:
			at = i
		case asset == "" && (at < 0 || cmp.Or(cmp.Compare(steps[i], steps[at]), cmp.Compare(m.assets[at].info.Asset.String(), name)) > 0):
			at = i
		}
	}
	if at < 0 {
		return Histogram{Bins: []Bin{}}, asset == ""
	}
	// A bin lasts a second or longer.
	length := m.last - m.first + 1
	n := int(min(int64(bins), length))
	sums, counts := make([]big.Int, n), make([]int, n)
	for i := range m.steps {
		s := &m.steps[i]
		if int(s.asset) != at || s.rule == fee {
			continue
		}
		bin := binOf(s.time-m.first, length, n)
		sums[bin].Add(&sums[bin], s.tainted.ToBig())
		counts[bin]++
	}
	info := m.assets[at].info
	h := Histogram{Asset: info.Asset.String(), Symbol: NewAmount(info, &sums[0]).Symbol, Bins: make([]Bin, n)}
	for i := range h.Bins {
		a := NewAmount(info, &sums[i])
		h.Bins[i] = Bin{instant(m.first + startOf(i, length, n)), instant(m.first + startOf(i+1, length, n) - 1), a.Raw, a.Text, counts[i]}
	}
	return h, true
}

// startOf is the first second of a bin, counted from the first of all.
func startOf(bin int, length int64, n int) int64 {
	whole, rest := length/int64(n), length%int64(n)
	return whole*int64(bin) + rest*int64(bin)/int64(n)
}

// binOf is the bin that a second lies in.
func binOf(second, length int64, n int) int {
	bin := int(second / max(1, length/int64(n)+1))
	for bin+1 < n && startOf(bin+1, length, n) <= second {
		bin++
	}
	return bin
}
