package label

import (
	"cmp"
	"encoding/csv"
	"io"
	"strconv"

	"spoor/graph"
)

// ownShape is our own list: chain, address, name and category (which may be
// empty), and optionally everything else a label has. Addresses of mixed case must keep their EIP-55
// checksum.
var ownShape = shape{format: formatCSV, parse: parseOwn, address: "address", required: 4,
	columns: []string{"chain", "address", "name", "category", "behaviour", "source", "confidence", "note",
		"abuse", "concepts", "actor", "kind", "currency", "definer", "uri", "licence", "date", "from", "until"}}

// everyEVM in the chain column stands for every EVM chain of the chain table:
// contracts that are at one address wherever they are.
const everyEVM = "evm"

func parseOwn(r *reading, field func(string) string) ([]graph.Label, error) {
	l := graph.Label{Name: field("name"), Category: field("category"), Behaviour: field("behaviour"), Source: field("source"), Abuse: field("abuse"),
		Concepts: field("concepts"), Actor: field("actor"), Kind: field("kind"), Currency: field("currency"), Note: field("note"), URI: field("uri"), Licence: field("licence")}
	if l.Name == "" {
		return nil, refuse("no name", "a label needs a name")
	}
	var err error
	if l.Confidence, l.Grade, err = r.confidence(field("confidence"), ""); err != nil {
		return nil, err
	}
	if l.Definer, err = parseBool(field("definer")); err != nil {
		return nil, err
	}
	for _, d := range []struct {
		text string
		to   *int64
	}{{field("date"), &l.Date}, {field("from"), &l.From}, {field("until"), &l.Until}} {
		if *d.to, err = ParseDate(d.text); err != nil {
			return nil, err
		}
	}
	chains, err := chainsOf(cmp.Or(field("chain"), r.options.Chain))
	if err != nil {
		return nil, err
	}
	labels := make([]graph.Label, len(chains))
	for i, chain := range chains {
		labels[i] = l
		if labels[i].Address, err = parseAddress(chain, field("address")); err != nil {
			return nil, err
		}
	}
	return labels, nil
}

func parseBool(text string) (bool, error) {
	if text == "" {
		return false, nil
	}
	b, err := strconv.ParseBool(text)
	if err != nil {
		return false, refuse("neither true nor false", "%.40q is neither true nor false", text)
	}
	return b, nil
}

func chainsOf(text string) ([]graph.Chain, error) {
	if text != everyEVM {
		chain, err := graph.ParseChain(text)
		if err != nil {
			if chain, ok := networkNamed(text); ok {
				return []graph.Chain{chain}, nil
			}
			return nil, refuse(noChain(text), "%w, or %s for every EVM chain of them", err, everyEVM)
		}
		return []graph.Chain{chain}, nil
	}
	var chains []graph.Chain
	for _, chain := range graph.Chains() {
		if chain.Family == graph.AccountFamily {
			chains = append(chains, chain)
		}
	}
	return chains, nil
}

// WriteCSV writes labels as our own list, from which Read gives them again (but
// for their pack, and carriage returns before a line break).
func WriteCSV(w io.Writer, labels []graph.Label) error {
	out := csv.NewWriter(w)
	if err := out.Write(ownShape.columns); err != nil {
		return err
	}
	for i := range labels {
		l := &labels[i]
		definer := ""
		if l.Definer {
			definer = "true"
		}
		err := out.Write([]string{string(l.Address.Chain), l.Address.String(), l.Name, l.Category, l.Behaviour, l.Source,
			cmp.Or(l.Grade, strconv.Itoa(l.Confidence)), l.Note, l.Abuse, l.Concepts, l.Actor, l.Kind, l.Currency, definer, l.URI, l.Licence,
			dateText(l.Date), dateText(l.From), dateText(l.Until)})
		if err != nil {
			return err
		}
	}
	out.Flush()
	return out.Error()
}
