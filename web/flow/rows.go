package flow

import (
	"bytes"
	"compress/flate"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/url"
	"slices"
	"strconv"
)

// ErrArrow is returned for an arrow that no picture of the trace has.
var ErrArrow = errors.New("no such arrow")

// ErrView is returned for a view that no picture has given.
var ErrView = errors.New("no view of a picture")

// view is what says which addresses are in a pill: an ask without places.
type view struct {
	Time     bool     `json:"t,omitempty"`
	Asset    string   `json:"a,omitempty"`
	Since    int64    `json:"s,omitempty"`
	Until    int64    `json:"u,omitempty"`
	Open     []string `json:"o,omitempty"`
	Collapse []string `json:"c,omitempty"`
	Hide     []string `json:"h,omitempty"`
	Keep     []string `json:"k,omitempty"`
}

// maxView bounds a view as text, so that addresses of pages stay below what
// servers take, and maxViewBytes what it may unpack to.
const (
	maxView      = 6 << 10
	maxViewBytes = 256 << 10
)

func (v view) text() string {
	raw, err := json.Marshal(v)
	if err != nil {
		panic(err) // strings and numbers only
	}
	if string(raw) == "{}" {
		return ""
	}
	var b bytes.Buffer
	w, _ := flate.NewWriter(&b, flate.BestCompression) // the level is valid
	_, _ = w.Write(raw)                                // a buffer takes everything
	_ = w.Close()
	return base64.RawURLEncoding.EncodeToString(b.Bytes())
}

func parseView(text string) (v view, err error) {
	if text == "" {
		return v, nil
	}
	if len(text) > maxView {
		return v, fmt.Errorf("%w: longer than %d characters", ErrView, maxView)
	}
	packed, err := base64.RawURLEncoding.DecodeString(text)
	if err != nil {
		return v, fmt.Errorf("%w: %.20q", ErrView, text)
	}
	raw, err := io.ReadAll(io.LimitReader(flate.NewReader(bytes.NewReader(packed)), maxViewBytes+1))
	if err != nil || len(raw) > maxViewBytes || json.Unmarshal(raw, &v) != nil {
		return view{}, fmt.Errorf("%w: %.20q", ErrView, text)
	}
	return v, nil
}

// view is what pills are made of in this picture.
func (d *drawing) view() string {
	v := view{Time: d.a.Time, Asset: d.a.Asset, Since: d.a.Since, Until: d.a.Until, Open: d.a.Open, Collapse: d.a.Collapse, Hide: d.a.Hide, Keep: d.kept}
	text := v.text()
	if len(text) > maxView {
		d.note("So much is opened, hidden or collapsed that arrows at pills have no list of their rows; the tables have them.")
	}
	return text
}

// rowsURL is where the rows of an arrow are.
func (d *drawing) rowsURL(l *link, pills string) string {
	q := url.Values{"from": {l.from.Key}, "to": {l.to.Key}, "kind": {l.kind}}
	if l.row != 0 {
		q.Set("row", strconv.Itoa(int(l.row)))
	}
	text := pills
	if l.from.Kind != FoldBox && l.to.Kind != FoldBox {
		v := view{Asset: d.a.Asset, Since: d.a.Since, Until: d.a.Until}
		for _, b := range []*Box{l.from, l.to} {
			if b.Kind == EntityBox {
				v.Collapse = append(v.Collapse, b.Key)
			}
		}
		text = v.text()
	}
	if len(text) > maxView {
		return ""
	}
	if text != "" {
		q.Set("view", text)
	}
	return d.a.Trace + "/arrow?" + q.Encode()
}

// Rows are the rows of trace.csv behind an arrow, from 1, ascending: those of
// one kind from a box to another, in a view that the picture has given with the
// arrow, or one movement if row is not 0.
func (m *Model) Rows(from, to, kind string, row int, viewText string) ([]int, error) {
	v, err := parseView(viewText)
	if err != nil {
		return nil, err
	}
	d := newDrawing(m, Ask{Time: v.Time, Asset: v.Asset, Since: v.Since, Until: v.Until, Open: v.Open, Collapse: v.Collapse, Hide: v.Hide,
		Keep: v.Keep, Single: row != 0})
	d.admit()
	d.unite()
	d.pin()
	for _, key := range []string{from, to} {
		d.pins[key] = true
	}
	d.choose()
	var rows []int
	for _, l := range d.weave(true).list {
		if l.from.Key == from && l.to.Key == to && (kind == "" || l.kind == kind) && int(l.row) == row {
			for _, at := range l.rows {
				rows = append(rows, int(at)+1)
			}
		}
	}
	if rows == nil {
		return nil, fmt.Errorf("%w from %.100q to %.100q", ErrArrow, from, to)
	}
	slices.Sort(rows)
	return slices.Compact(rows), nil
}
