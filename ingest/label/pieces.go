package label

import (
	"bytes"
	"strings"
)

// A piece is some entries of a long list in a YAML file, as a file of its own:
// taken apart whole, a large pack would need a hundred times its size.
type piece struct {
	below int // lines of the file above the text
	text  []byte
}

// pieceSize is how many bytes of entries make a piece.
const pieceSize = 256 << 10

// cutList takes the entries of a list out of a YAML file. The list is a field
// at the margin with its entries below it, one at least on a line of its own:
//
//	tags:
//	- address: …
//	  label: …
//	- address: …
//
// The rest has empty lines in place of them. What is written in another way
// (tags: [{…}]) stays in the rest. An entry is never split: inside of one, a
// line cannot begin at the margin of the list with a hyphen and a blank.
func cutList(text []byte, field string) (rest []byte, pieces []piece) {
	lines := bytes.SplitAfter(text, []byte("\n"))
	start := 0
	for start < len(lines) && !opens(lines[start], field) {
		start++
	}
	first := start + 1
	for first < len(lines) && idle(lines[first]) {
		first++
	}
	if first >= len(lines) || !isEntry(lines[first], marginOf(lines[first])) {
		return text, nil
	}
	margin, end := marginOf(lines[first]), first
	for end < len(lines) && (idle(lines[end]) || marginOf(lines[end]) > margin || isEntry(lines[end], margin)) {
		end++
	}
	var part piece
	for i := first; i < end; i++ {
		if len(part.text) == 0 || len(part.text) > pieceSize && isEntry(lines[i], margin) {
			if len(part.text) > 0 {
				pieces = append(pieces, part)
			}
			part = piece{below: i - 1, text: []byte("entries:\n")} // a line more in the piece
		}
		part.text = append(part.text, lines[i]...)
	}
	rest = bytes.Join(lines[:first], nil)
	rest = append(rest, bytes.Repeat([]byte("\n"), end-first)...)
	return append(rest, bytes.Join(lines[end:], nil)...), append(pieces, part)
}

// opens reports whether a line is the field and nothing else but a comment.
func opens(line []byte, field string) bool {
	value, ok := strings.CutPrefix(string(line), field+":")
	value, _, _ = strings.Cut(value, " #")
	return ok && strings.TrimSpace(value) == ""
}

// idle reports whether a line says nothing: blank, or a comment.
func idle(line []byte) bool {
	line = bytes.TrimSpace(line)
	return len(line) == 0 || line[0] == '#'
}

func marginOf(line []byte) int { return len(line) - len(bytes.TrimLeft(line, " ")) }

// isEntry reports whether a line begins an entry of a list at a margin.
func isEntry(line []byte, margin int) bool {
	return marginOf(line) == margin && (bytes.HasPrefix(line[margin:], []byte("- ")) || string(bytes.TrimSpace(line[margin:])) == "-")
}
