package label

import (
	"cmp"
	"strings"

	"spoor/graph"
)

// etherscanShape is a dump of Etherscan's name tags: a name, and what the
// explorer files the address under.
var etherscanShape = shape{format: formatEtherscan, parse: parseEtherscan, address: "address", required: 4, columns: []string{"chain", "address", "name", "labels"}}

// slugs maps what Etherscan files addresses under to GraphSense concepts, the
// first that an address has deciding. It is short on purpose: most slugs name a
// brand or a topic, and the contract of an exchange's token is no exchange.
var slugs = []struct{ slug, category, abuse string }{
	{"token-contract", "defi_token", ""},
	{"burn", "burn", ""},
	{"exchange", "exchange", ""},
	{"dex", "defi_dex", ""},
	{"bridge", "defi_bridge", ""},
	{"gambling", "gambling", ""},
	{"mining", "mining_service", ""},
	{"phish-hack", "", "phishing"},
	{"heist", "", "service_hack"},
	{"exploit", "", "exploit"},
	{"ofac-sanctions-lists", "", "sanction"},
}

func parseEtherscan(r *reading, field func(string) string) ([]graph.Label, error) {
	filed := strings.Split(field("labels"), "|")
	l := graph.Label{Concepts: field("labels"), Name: cmp.Or(field("name"), field("labels"))}
	if l.Name == "" {
		return nil, refuse("no name", "the row has neither a name nor labels")
	}
	for _, s := range slugs {
		for _, f := range filed {
			if f == s.slug {
				l.Category, l.Abuse = cmp.Or(l.Category, s.category), cmp.Or(l.Abuse, s.abuse)
			}
		}
	}
	var err error
	if l.Confidence, l.Grade, err = r.confidence("", "web_crawl"); err != nil {
		return nil, err
	}
	l.Address, l.Currency, err = listed("", cmp.Or(field("chain"), r.options.Chain), field("address"))
	return []graph.Label{l}, err
}
