package label

import (
	"bytes"
	"cmp"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"path"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"spoor/graph"
)

// ErrList is returned for a file that is no list of labels.
var ErrList = errors.New("not a list of labels")

// Options say about a file what it does not say itself. They fill in what a
// row leaves open and never change what it says.
type Options struct {
	Name   string // of the file, without its folder
	Format string // one of Formats; "" to recognise it from the content
	Strict bool   // one row that is no label refuses the file

	Chain      string // chain or currency of rows that name none
	Source     string // who says so; default what the format tells, else Name
	Licence    string
	Date       int64  // of the last change, in unix seconds
	Confidence string // see ParseConfidence; default by format
}

// text is what of the options changes labels, as a pack keeps it.
func (o *Options) text() string {
	var said []string
	for _, s := range []struct{ name, value string }{{"chain", o.Chain}, {"source", o.Source}, {"licence", o.Licence}, {"confidence", o.Confidence}} {
		if s.value != "" {
			said = append(said, s.name+"="+s.value)
		}
	}
	if o.Date != 0 {
		said = append(said, "date="+time.Unix(o.Date, 0).UTC().Format(time.RFC3339))
	}
	return strings.Join(said, "; ")
}

// List is what a file says. Every row of it is a label (or several, where it
// speaks for several chains), an actor, or refused.
type List struct {
	Pack    graph.Pack
	Labels  []graph.Label // in the order of the file
	Actors  []graph.Actor
	Refused []Refusal
	Foreign []string // concepts that GraphSense's taxonomy does not have, in order
}

// Refusal is a row that is no label, and why.
type Refusal struct {
	Line   int    // of the file, from 1
	What   string // the address, or else what the row begins with
	Reason string // in few words, the same for all rows refused alike
	Err    error
}

// Reason is how many rows were refused alike.
type Reason struct {
	Reason string
	Rows   int
	First  Refusal
}

// Reasons sums up the refusals, the most frequent first.
func (l *List) Reasons() []Reason {
	var sums []Reason
	at := map[string]int{}
	for _, r := range l.Refused {
		i, ok := at[r.Reason]
		if !ok {
			i = len(sums)
			at[r.Reason] = i
			sums = append(sums, Reason{Reason: r.Reason, First: r})
		}
		sums[i].Rows++
	}
	slices.SortFunc(sums, func(a, b Reason) int { return cmp.Or(cmp.Compare(b.Rows, a.Rows), cmp.Compare(a.Reason, b.Reason)) })
	return sums
}

// Read reads a list of labels in any of the formats, compressed with gzip or
// not. It fails with ErrList, naming file and line, for a file it cannot take
// apart and, if Options.Strict, for one row that is no label; else such rows
// are in List.Refused.
func Read(file []byte, o Options) (*List, error) {
	o.Name = cmp.Or(path.Base(o.Name), "labels")
	r := &reading{options: o, list: &List{Pack: graph.Pack{Digest: graph.DigestOf(file), Name: o.Name, Options: o.text(), Licence: o.Licence, Date: o.Date, Size: int64(len(file))}}}
	if o.Confidence != "" {
		if _, err := ParseConfidence(o.Confidence); err != nil {
			return nil, err
		}
	}
	text, err := plain(file)
	if err != nil {
		return nil, fmt.Errorf("%w: %s: %w", ErrList, o.Name, err)
	}
	f, err := formatOf(text, o)
	if err != nil {
		return nil, fmt.Errorf("%w: %s: %w", ErrList, o.Name, err)
	}
	r.list.Pack.Format = f.name
	if err := f.read(r, text); err != nil {
		if errors.Is(err, ErrList) {
			return nil, err
		}
		return nil, fmt.Errorf("%w: %s%w", ErrList, o.Name, err) // err begins with ":line: " or ": "
	}
	r.finish()
	return r.list, nil
}

// plain is a file without its compression and its byte order mark.
func plain(file []byte) ([]byte, error) {
	if bytes.HasPrefix(file, []byte{0x1f, 0x8b}) {
		z, err := gzip.NewReader(bytes.NewReader(file))
		if err != nil {
			return nil, err
		}
		if file, err = io.ReadAll(z); err != nil {
			return nil, fmt.Errorf("the compressed file is damaged: %w", err)
		}
	}
	return bytes.TrimPrefix(file, []byte("\xef\xbb\xbf")), nil // as spreadsheets write it
}

// reading is a file being read.
type reading struct {
	options Options
	list    *List
}

// at is an error about a line of the file.
func at(line int, format string, args ...any) error {
	return fmt.Errorf(":%d: %w", line, fmt.Errorf(format, args...))
}

// A rowError is why a row is no label.
type rowError struct {
	reason string
	err    error
}

func (e *rowError) Error() string { return e.err.Error() }
func (e *rowError) Unwrap() error { return e.err }

func refuse(reason, format string, args ...any) error {
	return &rowError{reason, fmt.Errorf(format, args...)}
}

// row books one row: the labels it is, or the reason why it is none. what is
// its address.
func (r *reading) row(line int, what string, labels []graph.Label, err error) error {
	r.list.Pack.Rows++
	for i := range labels {
		if err == nil {
			err = r.complete(&labels[i])
		}
	}
	if err == nil {
		r.list.Labels = append(r.list.Labels, labels...)
		return nil
	}
	if r.options.Strict {
		return at(line, "%w", err)
	}
	reason := "not a label"
	if because := (*rowError)(nil); errors.As(err, &because) {
		reason = because.reason
	}
	r.list.Refused = append(r.list.Refused, Refusal{line, what, reason, err})
	return nil
}

// complete fills in what the row left open and checks the label.
func (r *reading) complete(l *graph.Label) error {
	l.Source = cmp.Or(l.Source, r.options.Source, r.options.Name)
	l.Licence = cmp.Or(l.Licence, r.options.Licence)
	l.Date = cmp.Or(l.Date, r.options.Date)
	l.Pack = r.list.Pack.Digest
	for _, text := range []string{l.Name, l.Category, l.Behaviour, l.Source, l.Grade, l.Abuse, l.Concepts, l.Actor, l.Kind, l.Currency, l.Note, l.URI, l.Licence} {
		if !utf8.ValidString(text) {
			return refuse("not UTF-8", "%.80q is not UTF-8", text)
		}
	}
	if l.From != 0 && l.Until != 0 && l.From >= l.Until {
		return refuse("never valid", "it holds until %s and only from %s on", dateText(l.Until), dateText(l.From))
	}
	if err := l.Check(); err != nil {
		return &rowError{"not a label", err}
	}
	return nil
}

// confidence reads a row's confidence, or the one that stands for it.
func (r *reading) confidence(text, byFormat string) (level int, grade string, err error) {
	text = cmp.Or(text, r.options.Confidence, byFormat)
	if level, err = ParseConfidence(text); err != nil {
		return 0, "", &rowError{"confidence", err}
	}
	if text != "" && (text[0] < '0' || text[0] > '9') {
		grade = text
	}
	return level, grade, nil
}

// finish counts, and notes concepts that are not GraphSense's.
func (r *reading) finish() {
	l := r.list
	l.Pack.Labels, l.Pack.Refused, l.Pack.Actors = len(l.Labels), len(l.Refused), len(l.Actors)
	if l.Pack.Format != formatTagPack && l.Pack.Format != formatGraphSense {
		return
	}
	foreign := map[string]bool{}
	for i := range l.Labels {
		for _, c := range append(strings.Split(l.Labels[i].Concepts, "|"), l.Labels[i].Category, l.Labels[i].Abuse) {
			if c != "" && !IsConcept(c) && !foreign[c] {
				foreign[c] = true
				l.Foreign = append(l.Foreign, c)
			}
		}
	}
	slices.Sort(l.Foreign)
}

// parseAddress reads an address of a chain, blanks around it aside.
func parseAddress(chain graph.Chain, text string) (graph.Address, error) {
	text = strings.TrimSpace(text)
	if text == "" {
		return graph.Address{}, refuse("no address", "the row names no address")
	}
	a, err := graph.ParseAddress(chain, text)
	if err != nil {
		return a, &rowError{"not an address of " + chain.Alias, err}
	}
	return a, nil
}

// dateForms are how lists write dates.
var dateForms = []string{time.RFC3339, time.DateOnly, time.DateTime, "2006-01-02T15:04:05", "01/02/2006"}

// ParseDate reads a day (its first second, UTC), an RFC 3339 time or unix
// seconds. Empty text is 0: not known.
func ParseDate(text string) (int64, error) {
	if text == "" {
		return 0, nil
	}
	for _, form := range dateForms {
		if t, err := time.Parse(form, text); err == nil {
			return t.Unix(), nil
		}
	}
	var seconds int64
	if n, err := fmt.Sscanf(text, "%d", &seconds); err == nil && n == 1 && fmt.Sprint(seconds) == text {
		return seconds, nil
	}
	return 0, refuse("date", "date %.40q: want a day such as 2022-08-08, an RFC 3339 time or unix seconds", text)
}

// dateText writes a time so that ParseDate reads it: a day if it is the first
// second of one.
func dateText(seconds int64) string {
	if seconds == 0 {
		return ""
	}
	t := time.Unix(seconds, 0).UTC()
	if y := t.Year(); y < 0 || y > 9999 {
		return fmt.Sprint(seconds)
	}
	if seconds%86400 == 0 {
		return t.Format(time.DateOnly)
	}
	return t.Format(time.RFC3339)
}
