package label

import (
	"cmp"
	"slices"
	"strings"

	"github.com/goccy/go-yaml/ast"

	"spoor/graph"
)

// A tag is the fields of one tag, or the defaults that the header of its
// TagPack gives: nil where nothing is said.
type tag map[string]ast.Node

// The fields of GraphSense's TagPack schema. Those of tags may stand in the
// header, for all tags that say nothing else. Owner and is_public say who
// administers a pack inside GraphSense, and are not kept.
var (
	packFields = []string{"title", "creator", "description", "owner", "is_public", "tags"}
	tagFields  = []string{"label", "source", "currency", "network", "confidence", "address", "tx_hash", "context", "is_cluster_definer",
		"lastmod", "category", "abuse", "actor", "concepts", "tag_type"}
)

// readTagPack reads a TagPack.
// Source: graphsense-lib, tagpack schema.
func readTagPack(r *reading, text []byte) error {
	rest, pieces := cutList(text, "tags")
	fields, err := parseYAML(rest, 0)
	if err != nil {
		return err
	}
	defaults := tag{}
	var tags pair
	p := &r.list.Pack
	for _, f := range fields {
		var err error
		switch {
		case f.key == "title":
			p.Title, err = scalar(f.value)
		case f.key == "creator":
			p.Creator, err = scalar(f.value)
		case f.key == "description":
			p.Description, err = scalar(f.value)
		case f.key == "tags":
			tags = f
		case slices.Contains(tagFields, f.key):
			defaults[f.key] = f.value
		case !slices.Contains(packFields, f.key):
			err = at(f.line, "unknown field %.40q; a TagPack has %s, and fields of tags as defaults: %s", f.key, strings.Join(packFields, ", "), strings.Join(tagFields, ", "))
		}
		if err != nil {
			return err
		}
	}
	if p.Title == "" || p.Creator == "" || tags.key == "" {
		return at(1, "a TagPack needs a title, a creator and tags")
	}
	for node, err := range entries(tags, pieces) {
		if err != nil {
			return err
		}
		t, what, err := defaults.with(node)
		var l graph.Label
		if err == nil {
			l, err = t.label(r)
		}
		if err := r.row(lineOf(node), what, []graph.Label{l}, inRow("malformed tag", err)); err != nil {
			return err
		}
	}
	for i := range r.list.Labels {
		p.Date = max(p.Date, r.list.Labels[i].Date)
	}
	return nil
}

// with is a tag, what it does not say filled in from the header.
func (t tag) with(node ast.Node) (full tag, what string, err error) {
	fields, err := fieldsOf(node)
	if err != nil {
		return nil, "", err
	}
	full = make(tag, len(fields)+len(t))
	for key, value := range t {
		full[key] = value
	}
	for _, f := range fields {
		if !slices.Contains(tagFields, f.key) {
			return nil, what, refuse("unknown field", "unknown field %.40q in line %d; a tag has %s", f.key, f.line, strings.Join(tagFields, ", "))
		}
		full[f.key] = f.value
		if f.key == "address" || f.key == "tx_hash" {
			what, _ = scalar(f.value) // that it is none is told with the rest
		}
	}
	return full, what, nil
}

// label reads a tag.
func (t tag) label(r *reading) (l graph.Label, err error) {
	texts := map[string]string{}
	for _, field := range tagFields {
		if field == "concepts" || t[field] == nil {
			continue
		}
		if texts[field], err = text(t[field]); err != nil {
			return l, err
		}
	}
	named, err := list(t["concepts"])
	if err != nil {
		return l, err
	}
	if slices.ContainsFunc(named, func(c string) bool { return c == "" || strings.Contains(c, "|") }) {
		return l, refuse("not a concept", "concepts %.80q: want ids such as exchange", named)
	}
	l = graph.Label{Name: texts["label"], Category: texts["category"], Abuse: texts["abuse"], Actor: texts["actor"], Kind: texts["tag_type"],
		Concepts: strings.Join(named, "|"), Source: cmp.Or(r.options.Source, r.list.Pack.Creator), URI: texts["source"], Note: texts["context"]}
	switch {
	case l.Name == "":
		return l, refuse("no name", "a tag needs a label")
	case l.URI == "" && r.options.Source == "":
		return l, refuse("no source", "a tag needs a source")
	case texts["address"] == "" && texts["tx_hash"] != "":
		return l, refuse("labels a transaction", "the tag is about transaction %.80q; only addresses have labels", texts["tx_hash"])
	}
	if l.Confidence, l.Grade, err = r.confidence(texts["confidence"], ""); err != nil {
		return l, err
	}
	if l.Definer, err = parseBool(strings.ToLower(texts["is_cluster_definer"])); err != nil {
		return l, err
	}
	if l.Date, err = ParseDate(texts["lastmod"]); err != nil {
		return l, err
	}
	if l.Address, l.Currency, err = listed(cmp.Or(texts["currency"], r.options.Chain), texts["network"], texts["address"]); err != nil {
		return l, err
	}
	return l, readBeyond(&l)
}
