package label

import (
	"bufio"
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"unicode"
	"unicode/utf16"

	"spoor/graph"
)

// beyond is what our labels have and tags do not: it stands in the context of
// an exported tag, so that nothing is lost on the way.
type beyond struct {
	Behaviour  string `json:"behaviour,omitempty"`
	Source     string `json:"source,omitempty"` // if it is not the pack's creator
	NoURI      bool   `json:"no_uri,omitempty"` // tags must have a source: it repeats ours
	Confidence *int   `json:"confidence,omitempty"`
	Licence    string `json:"licence,omitempty"`
	From       int64  `json:"from,omitempty"`
	Until      int64  `json:"until,omitempty"`
}

// exportContext is the context of an exported tag that needs more.
type exportContext struct {
	Context string  `json:"context,omitempty"`
	Spoor   *beyond `json:"spoor"`
}

// readBeyond takes the context of a tag that we exported apart again.
func readBeyond(l *graph.Label) error {
	if !strings.HasPrefix(l.Note, "{") || !strings.Contains(l.Note, `"spoor"`) {
		return nil
	}
	var c exportContext
	d := json.NewDecoder(strings.NewReader(l.Note))
	d.DisallowUnknownFields()
	if err := d.Decode(&c); err != nil || c.Spoor == nil {
		return nil //nolint:nilerr // somebody else's context
	}
	l.Note, l.Behaviour, l.Licence, l.From, l.Until = c.Context, c.Spoor.Behaviour, c.Spoor.Licence, c.Spoor.From, c.Spoor.Until
	if c.Spoor.NoURI {
		l.URI = ""
	}
	if c.Spoor.Source != "" {
		l.Source = c.Spoor.Source
	}
	if c.Spoor.Confidence != nil {
		l.Confidence, l.Grade = *c.Spoor.Confidence, ""
	}
	return nil
}

// WriteTagPack writes labels as a TagPack, from which Read gives them again but
// for their pack. Its title and creator are the pack's.
func WriteTagPack(w io.Writer, p graph.Pack, labels []graph.Label) error {
	out := bufio.NewWriter(w)
	var b bytes.Buffer
	writeField(&b, "", "title", p.Title)
	writeField(&b, "", "creator", p.Creator)
	if p.Description != "" {
		writeField(&b, "", "description", p.Description)
	}
	b.WriteString("tags:")
	if len(labels) == 0 {
		b.WriteString(" []")
	}
	b.WriteByte('\n')
	for i := range labels {
		if err := writeTag(&b, p, &labels[i]); err != nil {
			return err
		}
		if _, err := b.WriteTo(out); err != nil {
			return err
		}
	}
	if _, err := b.WriteTo(out); err != nil {
		return err
	}
	return out.Flush()
}

func writeField(b *bytes.Buffer, start, name, value string) {
	b.WriteString(start + name + ": " + quote(value) + "\n")
}

func writeTag(b *bytes.Buffer, p graph.Pack, l *graph.Label) error {
	context, word, err := contextOf(p, l)
	if err != nil {
		return err
	}
	network := networkOf(l.Address.Chain)
	start := "- "
	for _, f := range []struct{ name, value string }{
		{"address", l.Address.String()}, {"label", l.Name}, {"source", cmp.Or(l.URI, l.Source)}, {"currency", cmp.Or(l.Currency, network)}, {"network", network},
		{"confidence", word}, {"category", l.Category}, {"abuse", l.Abuse}, {"actor", l.Actor}, {"tag_type", l.Kind}, {"lastmod", dateText(l.Date)}, {"context", context},
	} {
		if f.value != "" {
			writeField(b, start, f.name, f.value)
			start = "  "
		}
	}
	if l.Definer {
		b.WriteString("  is_cluster_definer: true\n")
	}
	if l.Concepts != "" {
		b.WriteString("  concepts:\n")
		for _, c := range strings.Split(l.Concepts, "|") {
			b.WriteString("  - " + quote(c) + "\n")
		}
	}
	return nil
}

// contextOf is the context of an exported tag, and the word for its confidence:
// the source's own, or the surest that claims no more than the number does.
func contextOf(p graph.Pack, l *graph.Label) (context, word string, err error) {
	more := beyond{Behaviour: l.Behaviour, Licence: l.Licence, From: l.From, Until: l.Until, NoURI: l.URI == ""}
	if l.Source != p.Creator {
		more.Source = l.Source
	}
	if word = l.Grade; word == "" {
		word = confidenceWord(l.Confidence)
		more.Confidence = &l.Confidence
	}
	if more == (beyond{}) && !strings.Contains(l.Note, `"spoor"`) {
		return l.Note, word, nil
	}
	written, err := json.Marshal(exportContext{l.Note, &more})
	return string(written), word, err
}

// networkOf is how TagPacks call a chain: by its ticker where GraphSense has
// one, else by our alias.
func networkOf(id graph.ChainID) string {
	switch id {
	case graph.Bitcoin:
		return "BTC"
	case graph.Ethereum:
		return "ETH"
	}
	return graph.ChainOf(id).Alias
}

// quote is a text as a double-quoted scalar of YAML, with nothing in it that
// cannot be seen.
func quote(text string) string {
	var b strings.Builder
	b.WriteByte('"')
	for _, r := range text {
		switch {
		case r == '"' || r == '\\':
			b.WriteByte('\\')
			b.WriteRune(r)
		case r == '\n':
			b.WriteString(`\n`)
		case unicode.IsPrint(r):
			b.WriteRune(r)
		case r > 0xffff:
			high, low := utf16.EncodeRune(r)
			fmt.Fprintf(&b, `\u%04x\u%04x`, high, low)
		default:
			fmt.Fprintf(&b, `\u%04x`, r)
		}
	}
	b.WriteByte('"')
	return b.String()
}
