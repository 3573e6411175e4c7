package trace

import (
	"cmp"
	"encoding/hex"
	"fmt"

	"spoor/cluster/passage"
	"spoor/graph"
)

// ways are the links by which a departure goes on: one, or one for each part in
// which it is delivered; none, and why, if it does not.
func (r *run) ways(d *passage.Side) ([]passage.Link, string, error) {
	if d.Kind == graph.Mixed {
		return r.back(d)
	}
	links, why, err := r.linksFrom(d)
	if err != nil || len(links) == 0 {
		return nil, why, err
	}
	for i := range links {
		a := &links[i].Arrival
		if l := r.ledgers[a.Chain]; l.done > 0 && a.At.StartOf().Compare(l.last) <= 0 {
			return nil, fmt.Sprintf("its arrival at %s lies before what was followed there already, %d seconds before it left by the clocks of the ledgers",
				a.String(), d.Time-a.Time), nil
		}
	}
	return links, "", nil
}

// linksFrom are the links of a departure: by its key, or else of the case.
func (r *run) linksFrom(d *passage.Side) ([]passage.Link, string, error) {
	links, why, err := r.keyed(d)
	if err != nil || len(links) > 0 {
		return links, "", err
	}
	link, broken, err := r.accepted(d)
	if err != nil || link == nil {
		return nil, cmp.Or(broken, why), err
	}
	return []passage.Link{*link}, "", nil
}

// Why a side is followed no further.
const (
	whyNoKey    = "it carries no key; \"spoor bridges\" lists candidates, and a link in the case goes on along one"
	whyUnproven = "the contract that states it is not known to be a bridge's"
)

// keyed looks for the arrivals that carry the departure's key.
func (r *run) keyed(d *passage.Side) (links []passage.Link, why string, err error) {
	if d.Key == "" {
		return nil, whyNoKey, nil
	}
	if _, proven := d.Proven(); !proven {
		return nil, whyUnproven, nil
	}
	found, err := r.sharing(d)
	if err != nil {
		return nil, "", err
	}
	for i := range found.Links {
		if same(&found.Links[i].Departure, d) {
			links = append(links, found.Links[i])
		}
	}
	if len(links) > 0 {
		return links, "", nil
	}
	for i := range found.Anomalies {
		if a := &found.Anomalies[i]; a.Of != nil && same(a.Of, d) {
			return nil, fmt.Sprintf("an arrival with its key, %s, does not agree with it: %s, %s", a.Arrival.String(), a.Kind, a.Detail), nil
		}
	}
	why, err = r.unread(d, "arrival")
	return nil, why, err
}

// sharing is what all sides that carry a side's key say of each other.
func (r *run) sharing(s *passage.Side) (found passage.Found, err error) {
	var sides []passage.Side
	for _, l := range r.ledgers {
		stated, err := l.view.Passages(s.Protocol, s.Key)
		if err != nil {
			return found, fmt.Errorf("%s passages: %w", l.chain.Alias, err)
		}
		for _, t := range stated {
			sides = append(sides, passage.Side{Chain: l.chain.ID, Stated: t})
		}
	}
	return passage.ByKey(sides, nil), nil
}

func same(a, b *passage.Side) bool { return a.Chain == b.Chain && a.At == b.At }

// unread says what of the other ledger was looked through for the other side.
func (r *run) unread(s *passage.Side, other string) (string, error) {
	chain, err := graph.ParseChain(s.Far.Chain)
	if err != nil {
		return "no " + other + " with its key in the store", nil
	}
	far := r.ledgers[chain.ID]
	if far == nil {
		return chain.Alias + " is not in the store", nil
	}
	tip, err := far.view.Tip()
	if err != nil {
		return "", err
	}
	return fmt.Sprintf("no %s with its key among what was read of %s, up to block %d", other, chain.Alias, tip.Height), nil
}

// linkTo is the link by which value came to an arrival, nil and why if none is
// known: by its key, or else of the case, unless its departure goes elsewhere.
func (r *run) linkTo(a *passage.Side) (link *passage.Link, why string, err error) {
	if a.Kind == graph.TakenBack {
		return r.putIn(a)
	}
	if _, proven := a.Proven(); !proven {
		why = whyUnproven
	} else if a.Key == "" {
		why = whyNoKey
	} else {
		found, err := r.sharing(a)
		if err != nil {
			return nil, "", err
		}
		for i := range found.Links {
			if same(&found.Links[i].Arrival, a) {
				return &found.Links[i], "", nil
			}
		}
		for i := range found.Anomalies {
			if wrong := &found.Anomalies[i]; wrong.Of != nil && same(&wrong.Arrival, a) {
				why = fmt.Sprintf("the departure with its key, %s, does not agree with it: %s, %s", wrong.Of.String(), wrong.Kind, wrong.Detail)
			}
		}
		if why == "" {
			if why, err = r.unread(a, "departure"); err != nil {
				return nil, "", err
			}
		}
	}
	link, broken, err := r.acceptedTo(a)
	return link, cmp.Or(broken, why), err
}

// told is what a side tells about the other one.
func (r *run) told(s *passage.Side) string {
	text, way := s.Protocol, " to "
	if s.Kind == graph.Arrival {
		way = " from "
	}
	chain, err := graph.ParseChain(s.Far.Chain)
	switch {
	case err == nil:
		text += way + chain.Alias
	case s.Far.Chain != "":
		text += way + s.Far.Chain
	}
	if s.Far.Recipient != "" {
		text += " for " + recipientText(chain, s.Far.Recipient)
	}
	if s.Key != "" {
		text += ", key " + keyText(s.Key)
	}
	return text
}

func recipientText(chain graph.Chain, raw string) string {
	if chain.ID != "" {
		if a, err := graph.AddressFromBytes(chain.ID, []byte(raw)); err == nil {
			return a.String()
		}
	}
	return "0x" + hex.EncodeToString([]byte(raw))
}

func keyText(key string) string { return "0x" + hex.EncodeToString([]byte(key)) }
