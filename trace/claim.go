package trace

import (
	"fmt"
	"slices"

	"spoor/graph"
)

// Value that went on along a link that is only attributed is followed like any
// other, but everything said of it rests on that link. Its lots therefore have
// origins of their own, numbered after the seeds.

// claim is an origin: a seed, reached over links that are not proved.
type claim struct {
	seed       int32  // of the case
	rule       string // of the link crossed last
	confidence int    // smallest of the links
}

// claimed renames the origins of lots that cross a passage which is only
// attributed.
func (r *run) claimed(lots []Lot, p *Passage) []Lot {
	if p.Statement != graph.Attributed {
		return lots
	}
	lots = slices.Clone(lots)
	for i := range lots {
		if !lots[i].tainted() {
			continue
		}
		c := claim{lots[i].Seed, p.Rule, p.Confidence}
		if before := r.claimOf(lots[i].Seed); before != nil {
			c.seed, c.confidence = before.seed, min(c.confidence, before.confidence)
		}
		at := slices.Index(r.hearsay, c)
		if at < 0 {
			at = len(r.hearsay)
			r.hearsay = append(r.hearsay, c)
		}
		lots[i].Seed = int32(len(r.plan.seeds) + 1 + at)
	}
	return lots
}

// claimOf is the claim behind an origin, nil for a seed.
func (r *run) claimOf(seed int32) *claim {
	if at := int(seed) - len(r.plan.seeds) - 1; at >= 0 {
		return &r.hearsay[at]
	}
	return nil
}

// weakest is the claim of least confidence among lots, nil if all come from
// seeds without one.
func (r *run) weakest(lots []Lot) (weakest *claim) {
	for i := range lots {
		if c := r.claimOf(lots[i].Seed); c != nil && (weakest == nil || c.confidence < weakest.confidence) {
			weakest = c
		}
	}
	return weakest
}

// stop books the taint of lots that end at an address; what is there by a claim
// is booked as such.
func (r *run) stop(l *ledger, id graph.ID, asset graph.AssetID, e ending, lots []Lot, hop int, time int64) error {
	if len(r.hearsay) == 0 {
		return r.book.stop(l, id, asset, e, tainted(lots), hop, time)
	}
	var plain graph.Amount
	byClaim := make([]graph.Amount, len(r.hearsay))
	for i := range lots {
		sum := &plain
		if at := int(lots[i].Seed) - len(r.plan.seeds) - 1; at >= 0 {
			sum = &byClaim[at]
		} else if !lots[i].tainted() {
			continue
		}
		sum.Add(sum, &lots[i].Amount)
	}
	if err := r.book.stop(l, id, asset, e, plain, hop, time); err != nil {
		return err
	}
	for at := range byClaim {
		c, said := &r.hearsay[at], e
		said.statement, said.confidence = graph.Attributed, min(e.confidence, c.confidence)
		said.rule = fmt.Sprintf("%s; reached over a link of the case: %s", e.rule, c.rule)
		if err := r.book.stop(l, id, asset, said, byClaim[at], hop, time); err != nil {
			return err
		}
	}
	return nil
}
