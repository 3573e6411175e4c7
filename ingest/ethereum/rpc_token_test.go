package ethereum_test

import (
	"bytes"
	"testing"
	"unicode"
	"unicode/utf8"

	"spoor/ingest/ethereum"
)

// FuzzTokenAnswers: whatever a contract answers, a symbol is short printable
// text and decimals are a number that amounts have.
func FuzzTokenAnswers(f *testing.F) {
	f.Add(bytes.Join([][]byte{word(32), word(4), []byte("USDX"), make([]byte, 28)}, nil), word(6))
	f.Add(append([]byte("MKR"), make([]byte, 29)...), word(18))
	f.Add(append(word(32), word(255)...), word(78))
	f.Add([]byte{}, bytes.Repeat([]byte{255}, 32))
	f.Fuzz(func(t *testing.T, symbol, decimals []byte) {
		s, d := ethereum.TokenAnswers(symbol, decimals)
		if len(s) > 64 || !utf8.ValidString(s) {
			t.Fatalf("%q", s)
		}
		for _, r := range s {
			if !unicode.IsPrint(r) {
				t.Fatalf("%q", s)
			}
		}
		if d < -1 || d > 77 {
			t.Fatal(d)
		}
	})
}
