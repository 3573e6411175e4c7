package report

import (
	"fmt"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// maxClaim is the number of characters of a stranger's text that is shown.
// Symbols can be as long as a block; the rest is counted in its place.
const maxClaim = 200

// claim is a text that somebody else chose (a token's symbol, a label, a file
// name) as it may be shown: in one line, with nothing in it that cannot be
// seen. Control, bidirectional, zero-width and other invisible characters and
// broken UTF-8 are written as escapes (\n, \u202e, \xff) and a backslash as
// \\, so that the text can be restored.
func claim(text string) string {
	var b strings.Builder
	shown := 0
	for i := 0; i < len(text); shown++ {
		if shown == maxClaim {
			fmt.Fprintf(&b, "…[+%d characters]", utf8.RuneCountInString(text[i:]))
			break
		}
		r, size := utf8.DecodeRuneInString(text[i:])
		b.WriteString(visible(r, text[i:i+size]))
		i += size
	}
	return b.String()
}

// Visible is a text that a stranger chose as every report shows it: see claim.
func Visible(text string) string { return claim(text) }

// VisibleWhole is Visible for a text of any length, which is not cut.
func VisibleWhole(text string) string { return prose(text) }

// VisibleLines is a text of several lines with nothing in it that cannot be
// seen, whole; its line ends stay.
func VisibleLines(text string) string {
	lines := strings.Split(text, "\n")
	for i := range lines {
		lines[i] = prose(lines[i])
	}
	return strings.Join(lines, "\n")
}

// Inert is a CSV cell as every report writes it: see inert.
func Inert(cell string) string { return inert(cell) }

// prose is a sentence of ours that quotes strangers: like claim, of any length.
func prose(text string) string {
	var b strings.Builder
	for i := 0; i < len(text); {
		r, size := utf8.DecodeRuneInString(text[i:])
		if r == '\\' {
			b.WriteByte('\\')
		} else {
			b.WriteString(visible(r, text[i:i+size]))
		}
		i += size
	}
	return b.String()
}

func visible(r rune, raw string) string {
	switch {
	case r == utf8.RuneError && len(raw) == 1:
		return fmt.Sprintf(`\x%02x`, raw[0])
	case r == '\\':
		return `\\`
	case unicode.IsPrint(r) && !blank(r):
		return raw
	}
	quoted := strconv.QuoteRuneToASCII(r) // '\u202e'
	return quoted[1 : len(quoted)-1]
}

// blank reports whether a character counts as a letter and shows nothing: the
// Hangul fillers, the Braille blank and marks that only vary what is before them.
func blank(r rune) bool {
	switch r {
	case 0x115F, 0x1160, 0x3164, 0xFFA0, 0x2800, 0x034F, 0x17B4, 0x17B5:
		return true
	}
	return unicode.Is(unicode.Variation_Selector, r)
}

// inert is a CSV cell that no spreadsheet takes for a formula: an apostrophe is
// put before a text that begins with = + - @, a tab or a line break, or with
// one of their full-width forms, also after blanks or quotation marks. A text
// that begins with an apostrophe gets one more, so that taking one away always
// restores the text. Source: OWASP, CSV Injection.
func inert(cell string) string {
	if cell == "" {
		return ""
	}
	switch cell[0] {
	case '\'', '\t', '\r', '\n':
		return "'" + cell
	}
	start := strings.TrimLeftFunc(cell, func(r rune) bool { return r == '"' || unicode.IsSpace(r) || !unicode.IsPrint(r) })
	if r, _ := utf8.DecodeRuneInString(start); start != "" && strings.ContainsRune("=+-@＝＋－＠﹢﹣﹦﹫−", r) {
		return "'" + cell
	}
	return cell
}

// instant is block time: RFC 3339, UTC.
func instant(seconds int64) string { return time.Unix(seconds, 0).UTC().Format(time.RFC3339) }
