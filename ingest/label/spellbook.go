package label

import (
	"cmp"
	"fmt"

	"spoor/graph"
)

// spellbookShape is a table of labels from Dune's spellbook, poolShape its
// table of Tornado Cash pools. Only commits under the MIT licence may be used:
// see docs/labels.md.
var (
	spellbookShape = shape{format: formatSpellbook, parse: parseSpellbook, address: "address", required: 5, columns: []string{"chain", "address", "name", "category", "model"}}
	poolShape      = shape{format: formatPools, parse: parsePool, address: "pool", required: 5, columns: []string{"chain", "pool", "symbol", "currency_contract", "denomination"}}
)

// spellbookConcepts maps spellbook's categories to GraphSense concepts.
var spellbookConcepts = map[string]struct{ category, abuse string }{
	"institution":   {"exchange", ""},
	"bridge":        {"defi_bridge", ""},
	"hackers":       {"", "hacking"},
	"ofac_sanction": {"", "sanction"},
}

func parseSpellbook(r *reading, field func(string) string) ([]graph.Label, error) {
	l := graph.Label{Name: field("name"), Concepts: field("category")}
	if l.Name == "" {
		return nil, refuse("no name", "a label needs a name")
	}
	if model := field("model"); model != "" {
		l.Source = "spellbook " + model
	}
	if c, ok := spellbookConcepts[field("category")]; ok {
		l.Category, l.Abuse, l.Concepts = c.category, c.abuse, ""
	}
	var err error
	if l.Confidence, l.Grade, err = r.confidence("", "web_crawl"); err != nil {
		return nil, err
	}
	l.Address, l.Currency, err = listed("", cmp.Or(field("chain"), r.options.Chain), field("address"))
	return []graph.Label{l}, err
}

func parsePool(r *reading, field func(string) string) ([]graph.Label, error) {
	l := graph.Label{Category: "mixing_service", Behaviour: "mixer_pool", Source: "spellbook tornado_cash",
		Note: "asset=" + field("currency_contract") + ";denomination=" + field("denomination")}
	if field("denomination") == "" {
		return nil, refuse("no name", "a pool needs a denomination")
	}
	l.Name = fmt.Sprintf("Tornado Cash %s %s", field("denomination"), cmp.Or(field("symbol"), field("currency_contract")))
	var err error
	if l.Confidence, l.Grade, err = r.confidence("", "service_data"); err != nil {
		return nil, err
	}
	l.Address, l.Currency, err = listed("", cmp.Or(field("chain"), r.options.Chain), field("pool"))
	return []graph.Label{l}, err
}
