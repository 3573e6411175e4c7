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
	links, why, err := r.keyed(d)
	if err == nil && len(links) == 0 {
		var link *passage.Link
		var broken string
		link, broken, err = r.accepted(d)
		why = cmp.Or(broken, why)
		if link != nil {
			links = append(links, *link)
		}
	}
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

// keyed looks for the arrivals that carry the departure's key.
func (r *run) keyed(d *passage.Side) (links []passage.Link, why string, err error) {
	if d.Key == "" {
		return nil, "it carries no key; \"spoor bridges\" lists candidates, and a link in the case goes on along one", nil
	}
	if _, proven := d.Proven(); !proven {
		return nil, "the contract that states it is not known to be a bridge's", nil
	}
	var sides []passage.Side
	for _, l := range r.ledgers {
		stated, err := l.view.Passages(d.Protocol, d.Key)
		if err != nil {
			return nil, "", fmt.Errorf("%s passages: %w", l.chain.Alias, err)
		}
		for _, s := range stated {
			sides = append(sides, passage.Side{Chain: l.chain.ID, Stated: s})
		}
	}
	found := passage.ByKey(sides, nil)
	for i := range found.Links {
		if from := &found.Links[i].Departure; from.Chain == d.Chain && from.At == d.At {
			links = append(links, found.Links[i])
		}
	}
	if len(links) > 0 {
		return links, "", nil
	}
	for i := range found.Anomalies {
		if a := &found.Anomalies[i]; a.Of != nil && a.Of.Chain == d.Chain && a.Of.At == d.At {
			return nil, fmt.Sprintf("an arrival with its key, %s, does not agree with it: %s, %s", a.Arrival.String(), a.Kind, a.Detail), nil
		}
	}
	chain, err := graph.ParseChain(d.Far.Chain)
	if err != nil {
		return nil, "no arrival with its key in the store", nil
	}
	far := r.ledgers[chain.ID]
	if far == nil {
		return nil, chain.Alias + " is not in the store", nil
	}
	tip, err := far.view.Tip()
	if err != nil {
		return nil, "", err
	}
	return nil, fmt.Sprintf("no arrival with its key among what was read of %s, up to block %d", chain.Alias, tip.Height), nil
}

// told is what a departure tells about where it goes.
func (r *run) told(d *passage.Side) string {
	text := d.Protocol
	chain, err := graph.ParseChain(d.Far.Chain)
	switch {
	case err == nil:
		text += " to " + chain.Alias
	case d.Far.Chain != "":
		text += " to " + d.Far.Chain
	}
	if d.Far.Recipient != "" {
		text += " for " + recipientText(chain, d.Far.Recipient)
	}
	if d.Key != "" {
		text += ", key " + keyText(d.Key)
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
