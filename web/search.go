package web

import (
	"context"
	"errors"
	"iter"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"spoor/graph"
)

// SearchInput asks for things by their names.
type SearchInput struct {
	Asked
	Q string `query:"q" maxLength:"8192" doc:"Addresses, transaction hashes, block heights, or a part of a label or case; several on lines of their own, or separated by blanks or commas. A chain may stand before one: ethereum:0x…"`
}

// searchBody is what was found, in the order asked.
type searchBody struct {
	Query   string      `json:"query"`
	Hits    []searchHit `json:"hits"`
	Missing []Claim     `json:"missing" doc:"What names nothing in the store"`
	Cut     int         `json:"cut" doc:"Names beyond the 50 that one search takes"`

	CSVURL  string `json:"-"`
	JSONURL string `json:"-"`
}

// searchHit is one thing that was found.
type searchHit struct {
	Asked  Claim      `json:"asked"`
	Kind   string     `json:"kind" enum:"address,transaction,block,label,case"`
	Chain  string     `json:"chain"`
	Name   Claim      `json:"name"`
	URL    string     `json:"url"`
	Labels []labelRow `json:"labels"`
}

// Bounds of one search.
const (
	maxNames  = 50
	maxLabels = 100
)

func (*searchBody) template() string { return "search" }

func (b *searchBody) rows() ([]string, iter.Seq[[]string]) {
	return []string{"asked", "kind", "chain", "name", "url"}, func(yield func([]string) bool) {
		for _, h := range b.Hits {
			if !yield([]string{h.Asked.String(), h.Kind, h.Chain, h.Name.String(), h.URL}) {
				return
			}
		}
	}
}

func (s *Server) search(ctx context.Context, in *SearchInput) (*output[*searchBody], error) {
	b := &searchBody{Query: in.Q, Hits: []searchHit{}, Missing: []Claim{}, CSVURL: in.with("format", "csv"), JSONURL: in.with("format", "json")}
	names, whole := splitNames(in.Q)
	if more := len(names) - maxNames; more > 0 {
		names, b.Cut = names[:maxNames], more
	}
	err := s.reading(ctx, func(r *Reading) error { return s.findAll(ctx, r, b, names, whole) })
	if err != nil {
		return nil, err
	}
	out := &output[*searchBody]{Body: b}
	if in.kind == asHTML && len(b.Hits) == 1 && len(b.Missing) == 0 {
		out.Status, out.Location = http.StatusSeeOther, b.Hits[0].URL
	}
	return out, nil
}

// findAll looks for names on every ledger, and for those on none in texts.
func (s *Server) findAll(ctx context.Context, r *Reading, b *searchBody, names []string, whole bool) error {
	finds := make([][]searchHit, len(names))
	err := r.eachLedger(ctx, func(l *ledger) error {
		for i, name := range names {
			hit, err := s.find(ctx, l, name)
			if err != nil {
				return err
			}
			finds[i] = append(finds[i], hit...)
		}
		return nil
	})
	if err != nil {
		return err
	}
	texts := 0
	for i, name := range names {
		if len(finds[i]) == 0 {
			if finds[i], err = s.findText(ctx, r, name); err != nil {
				return err
			}
			texts++
		}
		if len(finds[i]) == 0 {
			b.Missing = append(b.Missing, Claim(name))
		}
		b.Hits = append(b.Hits, finds[i]...)
	}
	// Labels have names of several words.
	if texts == len(names) && len(names) > 1 && whole {
		found, err := s.findText(ctx, r, strings.TrimSpace(b.Query))
		if err != nil {
			return err
		}
		if len(found) > 0 {
			b.Hits, b.Missing = found, []Claim{}
		}
	}
	return nil
}

// splitNames parts a query; whole tells that it is one line, which may be one
// name of several words.
func splitNames(q string) (names []string, whole bool) {
	names = strings.FieldsFunc(q, func(r rune) bool { return r == ',' || r == ';' || r == '\n' || r == '\r' || r == '\t' || r == ' ' })
	return names, !strings.ContainsAny(strings.TrimSpace(q), ",;\n\r")
}

// find is what a name means on a ledger.
func (s *Server) find(ctx context.Context, l *ledger, name string) (hits []searchHit, err error) {
	text := name
	for i := range name {
		if name[i] != ':' {
			continue
		}
		if chain, err := graph.ParseChain(name[:i]); err == nil {
			if chain.ID != l.chain.ID {
				return nil, nil
			}
			text = name[i+1:]
		}
	}
	hit := searchHit{Asked: Claim(name), Chain: string(l.chain.ID), Labels: []labelRow{}}
	prefix := func(kind string) string { return "/" + kind + "/" + l.chain.Alias + "/" }
	if hash, err := graph.ParseHash(text); err == nil {
		hit.Kind, hit.Name, hit.URL = "transaction", Claim(hash.Text(l.chain.Family)), prefix("tx")+hash.Text(l.chain.Family)
		_, err := l.view.FindTx(hash)
		return found(hit, err)
	}
	if height, err := strconv.ParseUint(text, 10, 32); err == nil {
		hit.Kind, hit.Name, hit.URL = "block", Claim(text), prefix("block")+strconv.FormatUint(height, 10)
		_, err := l.view.Header(uint32(height))
		return found(hit, err)
	}
	a, err := graph.ParseAddress(l.chain, text)
	if err != nil {
		return nil, nil
	}
	hit.Kind, hit.Name, hit.URL, hit.Labels = "address", Claim(a.String()), prefix("address")+url.PathEscape(a.String()), labelRows(l.labels(a))
	if len(hit.Labels) > 0 {
		return []searchHit{hit}, nil
	}
	if _, err = l.view.ID(a); errors.Is(err, graph.ErrNotFound) {
		for _, err := range l.view.Events(ctx, a, graph.Position{}) { // it may be in events only
			return found(hit, err)
		}
	}
	return found(hit, err)
}

// found is a hit, or none if the store does not have it.
func found(hit searchHit, err error) ([]searchHit, error) {
	if errors.Is(err, graph.ErrNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	return []searchHit{hit}, nil
}

// findText looks for a text in labels and in the names of cases.
func (s *Server) findText(ctx context.Context, r *Reading, text string) (hits []searchHit, err error) {
	var labels []graph.Label
	if r.Find != nil {
		if labels, err = r.Find(ctx, text, maxLabels); err != nil {
			return nil, err
		}
	}
	for _, l := range labels {
		chain := graph.ChainOf(l.Address.Chain)
		hits = append(hits, searchHit{Asked: Claim(text), Kind: "label", Chain: string(chain.ID), Name: Claim(l.Address.String()),
			URL: "/address/" + chain.Alias + "/" + url.PathEscape(l.Address.String()), Labels: labelRows([]graph.Label{l})})
	}
	saved, err := s.cases.list()
	if err != nil {
		return nil, err
	}
	for _, c := range saved {
		if strings.Contains(strings.ToLower(c.Slug+" "+string(c.Name)), strings.ToLower(text)) {
			hits = append(hits, searchHit{Asked: Claim(text), Kind: "case", Name: c.Name, URL: "/cases/" + c.Slug, Labels: []labelRow{}})
		}
	}
	return hits, nil
}

// homeBody is where to begin.
type homeBody struct {
	Chains []*chainRow `json:"chains"`
	Cases  []caseRow   `json:"cases"`
	Traces []traceRow  `json:"traces"`
}

func (*homeBody) template() string { return "home" }

func (s *Server) getHome(ctx context.Context, in *ListInput) (*output[*homeBody], error) {
	held, err := s.getCoverage(ctx, in)
	if err != nil {
		return nil, err
	}
	saved, err := s.cases.list()
	if err != nil {
		return nil, err
	}
	return &output[*homeBody]{Body: &homeBody{held.Body.Chains, saved, s.jobs.list()}}, nil
}
