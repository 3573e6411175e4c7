package cluster_test

import (
	"fmt"
	"strings"
	"testing"

	"spoor/cluster"
)

const (
	jan2014 = 1388534400
	sep2018 = 1535760000
	jan2024 = 1704067200
	jul2024 = 1719792000
	jul2025 = 1751328000
)

// list is n coins named prefix1, prefix2 … of a value that may change by a step.
func list(prefix string, n int, value, step int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, " %s%d %d", prefix, i+1, value+i*step)
	}
	return b.String()
}

func TestRecognise(t *testing.T) {
	denominations := " o1 1000000 o2 1000000 o3 500000 o4 500000 o5 262144 o6 262144 o7 100000 o8 100000 o9 54321"
	for name, c := range map[string]struct {
		at     int64
		before string // an earlier transaction
		tx     string
		want   string // protocol/anonymity set/confidence
	}{
		"Whirlpool mix":                        {jan2024, "", "a 1000000 b 1000000 c 1000000 d 1005000 e 1006000 >" + list("o", 5, 1000000, 0), "whirlpool-mix/5/60"},
		"mix into multisig":                    {jan2024, "", "a 1000000 b 1000000 c 1000000 d 1005000 e 1006000 > o1 1000000 o2 1000000 o3/wsh 1000000 o4 1000000 o5/tr 1000000", "whirlpool-mix/5/60"},
		"mix of coins known to be of the pool": {jan2024, "m1 1000000 m2 1000000 m3 1000000 m4 1004000 m5 1003000 > a 1000000 b 1000000 n3 1000000 n4 1000000 n5 1000000", "a 1000000 c 1000000 d 1000000 e 1005000 f 1006000 >" + list("o", 5, 1000000, 0), "whirlpool-mix/5/90"},
		"mix before Whirlpool":                 {sep2018, "", "a 1000000 b 1000000 c 1000000 d 1005000 e 1006000 >" + list("o", 5, 1000000, 0), "equal-output/5/49"},
		"mix of Ashigaru's pool":               {jul2025, "", "a 2500000 b 2500000 c 2500000 d 2505000 e 2506000 >" + list("o", 5, 2500000, 0), "whirlpool-mix/5/60"},
		"its size before the pool":             {jan2024, "", "a 2500000 b 2500000 c 2500000 d 2505000 e 2506000 >" + list("o", 5, 2500000, 0), "equal-output/5/49"},
		"no input was mixed before":            {jan2024, "", "a 1001000 b 1001000 c 1001000 d 1005000 e 1006000 >" + list("o", 5, 1000000, 0), "equal-output/5/49"},
		"Tx0":                                  {jan2024, "", "a 5000000 b 9000 > data 0 fee 50000 p1 1005445 p2 1005445 p3 1005445 c 1900000", "whirlpool-tx0/0/90"},
		"Tx0 with a discount":                  {jan2024, "", "a 5000000 > data 0 fee 40000 p1 1005445 p2 1005445 c 2900000", "whirlpool-tx0/0/60"},
		"Tx0 without data":                     {jan2024, "", "a 5000000 > fee 50000 p1 1005445 p2 1005445 c 2900000", "none/0/0"},
		"Tx0 of too many changes":              {jan2024, "", "a 9000000 > data 0 fee 50000 p1 1005445 p2 1005445 c 2900000 d 300000 e 20000", "none/0/0"},
		"Wasabi 1 pays its coordinator":        {sep2018, "", "a 6000000 b 6000000 c 6000000 > o1 5004000 o2 5004000 o3 5004000 bc1qs604c7jv6amk4cxqlnvuxv26hv3e48cds4m0ew 90000 c1 900000", "wasabi-1.0/3/95"},
		"Wasabi 1 of 0.1 BTC":                  {jan2024, "", strings.TrimSpace(list("i", 12, 11000000, 1000)) + " >" + list("o", 12, 10000000, 0) + list("c", 9, 900000, 1000), "wasabi-1.0/12/70"},
		"Wasabi 1.1 has levels":                {jan2024, "", strings.TrimSpace(list("i", 12, 21000000, 1000)) + " >" + list("o", 12, 10000000, 0) + list("l", 3, 20000000, 0) + list("c", 9, 900000, 1000), "wasabi-1.1/12/70"},
		"WabiSabi":                             {jul2024, "", strings.TrimSpace(list("i", 20, 400000, -100)) + " >" + denominations, "wabisabi/2/60"},
		"WabiSabi of few inputs":               {jul2024, "", strings.TrimSpace(list("i", 12, 400000, -100)) + " >" + denominations, "wabisabi/2/50"},
		"WabiSabi out of order":                {jul2024, "", strings.TrimSpace(list("i", 20, 400000, 100)) + " >" + denominations, "none/0/0"},
		"WabiSabi before its time":             {sep2018, "", strings.TrimSpace(list("i", 20, 400000, -100)) + " >" + denominations, "none/0/0"},
		"JoinMarket whose changes fit":         {jan2024, "", "a 900000 b 700000 c 600000 > o1 500000 o2 500000 o3 500000 c1 398000 c2 200100 c3 100050", "joinmarket/3/80"},
		"three equal outputs and changes":      {jan2024, "", "a 900000 b 900000 c 900000 > o1 500000 o2 500000 o3 500000 c1 750000 c2 300000", "joinmarket/3/49"},
		"before JoinMarket":                    {jan2014, "", "a 900000 b 900000 c 900000 > o1 500000 o2 500000 o3 500000 c1 750000 c2 300000", "equal-output/3/49"},
		"an input nobody gets back":            {jan2024, "", "a 9000000 b 900000 c 900000 > o1 500000 o2 500000 o3 500000 c1 750000 c2 300000", "none/0/0"},
		"data output":                          {jan2024, "", "a 900000 b 900000 c 900000 > o1 500000 o2 500000 o3 500000 c1 750000 data 0", "equal-output-shape/3/20"},
		"one payer's equal payments":           {jan2024, "", "a 900000 a 900000 a 900000 > o1 500000 o2 500000 o3 500000 c1 750000", "none/0/0"},
		"an address is paid twice":             {jan2024, "", "a 900000 b 900000 c 900000 > o1 500000 o1 500000 o3 500000 c1 750000", "none/0/0"},
		"trade of two inscriptions":            {jan2024, "", "buyer/tr 54400 seller/tr 546 seller/tr 546 buyer/tr 47000 > buyer/tr 546 seller/tr 40000 seller/tr 40000 x/tr 20000", "none/0/0"},
		"two people":                           {jan2024, "", "a 400000 b 500000 c 700000 > o1 500000 o2 500000 c1 390000 c2 190000", "equal-output-shape/2/20"},
		"two people, one large coin":           {jan2024, "", "a 990000 b 700000 > o1 500000 o2 500000 c1 480000 c2 190000", "stonewall/2/20"},
		"Stonewall after a mix":                {jan2024, "", "a 1000000 b 700000 > o1 500000 o2 500000 c1 490000 c2 190000", "stonewall/2/40"},
		"payment with change":                  {jan2024, "", "a 900000 b 700000 > o1 500000 c1 390000", "none/0/0"},
		"batch of distinct payments":           {jan2024, "", "a 900000 b 700000 > o1 500000 o2 400000 c1 390000 c2 190000", "none/0/0"},
		"coinbase":                             {jan2024, "", "> o1 500000 o2 500000 o3 500000 c1 1", "none/0/0"},
		"inputs are missing":                   {jan2024, "", "a 1 b 2 c 3 > o1 500000 o2 500000 o3 500000 c1 750000", "none/0/0"},
	} {
		t.Run(name, func(t *testing.T) {
			b := newBook(t, c.at)
			if c.before != "" {
				b.tx(c.before)
			}
			p := b.tx(c.tx)
			f, err := cluster.Recognise(p)
			if err != nil {
				t.Fatal(err)
			}
			why, err := cluster.Explain(p)
			if err != nil {
				t.Fatal(err)
			}
			if got := fmt.Sprintf("%s/%d/%d", f.Protocol, f.AnonymitySet, f.Confidence); got != c.want {
				t.Errorf("%s, want %s; %s; %v", got, c.want, f, why)
			}
			if (f.Protocol == cluster.NoProtocol) != (f.Detector == "") {
				t.Errorf("finding %q of detector %q", f, f.Detector)
			}
			for _, r := range why {
				if r.Condition == "" || r.Detector == f.Detector {
					t.Errorf("rejection %+v of %s", r, f)
				}
			}
		})
	}
}

// TestFinding: what a finding means for the rest.
func TestFinding(t *testing.T) {
	for p, want := range map[cluster.Protocol]struct{ mixes, shared bool }{
		cluster.NoProtocol:       {false, false},
		cluster.Wasabi10:         {true, true},
		cluster.Wasabi11:         {true, true},
		cluster.WabiSabi:         {true, true},
		cluster.WhirlpoolMix:     {true, true},
		cluster.WhirlpoolTx0:     {false, false},
		cluster.JoinMarket:       {true, true},
		cluster.EqualOutput:      {true, true},
		cluster.EqualOutputShape: {false, true},
		cluster.Stonewall:        {false, true},
	} {
		f := cluster.Finding{Protocol: p}
		if f.Mixes() != want.mixes || f.Shared() != want.shared {
			t.Errorf("%s: mixes %v, shared %v", p, f.Mixes(), f.Shared())
		}
	}
}
