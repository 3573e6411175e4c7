package report_test

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"strconv"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"spoor/report"
	"spoor/trace"
)

// cells writes a trace with a token of the given symbol, and returns how the
// symbol looks in CSV and in JSON.
func cells(t testing.TB, symbol string) (asCSV, asJSON string) {
	t.Helper()
	tr := many(1)
	info := tr.Balances[0].Asset
	info.Symbol = symbol
	tr.Steps = []trace.Step{{Chain: info.Asset.Chain, From: account(1), To: account(2), Asset: info}}
	var out bytes.Buffer
	if err := report.CSV(&out, tr); err != nil {
		t.Fatal(err)
	}
	records, err := csv.NewReader(&out).ReadAll()
	if err != nil || len(records) != 2 {
		t.Fatal(records, err)
	}
	out.Reset()
	if err := report.NDJSON(&out, tr); err != nil {
		t.Fatal(err)
	}
	var row struct{ Symbol string }
	if err := json.Unmarshal(out.Bytes(), &row); err != nil {
		t.Fatal(err)
	}
	for i, name := range records[0] {
		if name == "symbol" {
			return records[1][i], row.Symbol
		}
	}
	t.Fatal("no column symbol")
	return "", ""
}

// The vectors of CSV injection: OWASP's, and variants by blanks, quotation
// marks and width.
func TestFormulas(t *testing.T) {
	for symbol, want := range map[string]string{
		"=1+1":                   "'=1+1",
		"+1":                     "'+1",
		"-1":                     "'-1",
		"@SUM(A1)":               "'@SUM(A1)",
		"\t=1":                   `\t=1`,
		"\r=1":                   `\r=1`,
		"\n=1":                   `\n=1`,
		"＝1":                     "'＝1",
		`"=1"`:                   `'"=1"`,
		" =1":                    "' =1",
		"\u00a0=1":               `\u00a0=1`,
		"\u3000＠x":               `\u3000＠x`,
		"US\u202eDT":             `US\u202eDT`,
		"\ufeff=1":               `\ufeff=1`,
		"USD\u200bT":             `USD\u200bT`,
		"\u3164":                 `\u3164`,
		"\x1b[31m":               `\x1b[31m`,
		"\xff":                   `\xff`,
		`\u202e`:                 `\\u202e`,
		"'=1":                    "''=1",
		"it's":                   "it's",
		"日本円":                    "日本円",
		"USDT":                   "USDT",
		"":                       "",
		strings.Repeat("x", 200): strings.Repeat("x", 200),
		strings.Repeat("é", 203): strings.Repeat("é", 200) + "…[+3 characters]",
	} {
		asCSV, asJSON := cells(t, symbol)
		if asCSV != want {
			t.Errorf("%q is written %q, want %q", symbol, asCSV, want)
		}
		if asJSON != strings.TrimPrefix(want, "'") {
			t.Errorf("%q is %q in JSON", symbol, asJSON)
		}
	}
}

// Whatever a symbol holds, its cell shows everything, runs nowhere, and gives
// the symbol back.
func FuzzClaims(f *testing.F) {
	for _, seed := range []string{"USDT", hostile, "=1", "'", "\\", "\x00\x7f\u0085\u2028\ufffd\U000e0041", "\xed\xa0\x80"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, symbol string) {
		if utf8.RuneCountInString(symbol) > 200 {
			t.Skip("counted, not shown")
		}
		asCSV, asJSON := cells(t, symbol)
		bare := strings.TrimLeft(asCSV, " \"")
		if bare != "" && strings.ContainsAny(bare[:1], "=+-@") || !utf8.ValidString(asCSV) {
			t.Errorf("%q is written %q", symbol, asCSV)
		}
		for _, r := range asCSV {
			if !unicode.IsPrint(r) {
				t.Errorf("%q is written %q, with something invisible", symbol, asCSV)
			}
		}
		for _, shown := range []string{strings.TrimPrefix(asCSV, "'"), asJSON} {
			back, err := strconv.Unquote(`"` + strings.ReplaceAll(shown, `"`, `\"`) + `"`)
			if err != nil || back != symbol {
				t.Errorf("%q is written %q and restored as %q (%v)", symbol, shown, back, err)
			}
		}
	})
}
