package graph_test

import (
	"errors"
	"math/big"
	"strings"
	"testing"

	"github.com/holiman/uint256"

	"spoor/graph"
)

const (
	max256 = "115792089237316195423570985008687907853269984665640564039457584007913129639935" // 2^256 - 1
	two256 = "115792089237316195423570985008687907853269984665640564039457584007913129639936"
)

func amount(t testing.TB, text string) graph.Amount {
	t.Helper()
	a, err := graph.ParseAmount(text)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func TestParseAmount(t *testing.T) {
	for _, tt := range []struct{ text, want string }{
		{"0", "0"}, {"00", "0"}, {"1", "1"}, {"007", "7"}, {"18446744073709551616", "18446744073709551616"}, // 2^64
		{max256, max256}, {strings.Repeat("0", 100) + max256, max256},
	} {
		if a, err := graph.ParseAmount(tt.text); err != nil || a.Dec() != tt.want {
			t.Errorf("%s is read as %s, %v", tt.text, a.Dec(), err)
		}
	}
	for _, tt := range []struct{ text, say string }{
		{"", "empty"}, {"-1", "negative"}, {"-0", "negative"}, {"+1", "digits only"}, {"1.0", "digits only"}, {"1e18", "digits only"},
		{" 1", "digits only"}, {"1 ", "digits only"}, {"0x10", "digits only"}, {"1_000", "digits only"}, {"1,000", "digits only"},
		{"٣", "digits only"}, {"NaN", "digits only"}, {two256, "2^256 or more"}, {max256 + "0", "2^256 or more"}, {strings.Repeat("9", 500), "2^256 or more"},
	} {
		a, err := graph.ParseAmount(tt.text)
		if !errors.Is(err, graph.ErrAmount) || !strings.Contains(err.Error(), tt.say) || !a.IsZero() {
			t.Errorf("%q is read as %s, %v; want an error with %q", tt.text, a.Dec(), err, tt.say)
		}
		if err != nil && len(err.Error()) > 300 {
			t.Errorf("the error repeats all of a long text")
		}
	}
}

func TestFormatUnits(t *testing.T) {
	for _, tt := range []struct {
		amount   string
		decimals uint8
		want     string
	}{
		{"0", 18, "0"}, {"1500", 3, "1.5"}, {"1000", 3, "1"}, {"1", 18, "0.000000000000000001"}, {"10", 0, "10"}, {"100", 2, "1"}, {"5", 1, "0.5"},
		{"180922688226764912", 18, "0.180922688226764912"}, {max256, 77, "1.15792089237316195423570985008687907853269984665640564039457584007913129639935"},
		{max256, 255, "0." + strings.Repeat("0", 177) + max256},
	} {
		if got := graph.FormatUnits(amount(t, tt.amount), tt.decimals); got != tt.want {
			t.Errorf("%s with %d decimals is %s, want %s", tt.amount, tt.decimals, got, tt.want)
		}
	}
}

func FuzzAmount(f *testing.F) {
	for _, text := range []string{"0", "1500", max256, two256, "-1", "1e3", ""} {
		f.Add(text, uint8(18))
	}
	f.Fuzz(func(t *testing.T, text string, decimals uint8) {
		a, err := graph.ParseAmount(text)
		big, ok := new(big.Int).SetString(text, 10)
		plain := strings.Trim(text, "0123456789") == "" && text != ""
		if fits := ok && plain && big.BitLen() <= 256; fits != (err == nil) {
			t.Fatalf("%q: %v", text, err)
		}
		if err != nil {
			return
		}
		if a.Dec() != big.String() {
			t.Errorf("%q is read as %s", text, a.Dec())
		}
		units := graph.FormatUnits(a, decimals)
		whole, fraction, _ := strings.Cut(units, ".")
		back, err := uint256.FromDecimal(trimZeros(whole + fraction + strings.Repeat("0", int(decimals)-len(fraction))))
		if err != nil || !back.Eq(&a) {
			t.Errorf("%s with %d decimals is %s", a.Dec(), decimals, units)
		}
	})
}

func trimZeros(s string) string {
	if s = strings.TrimLeft(s, "0"); s == "" {
		return "0"
	}
	return s
}
