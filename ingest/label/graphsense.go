package label

import (
	"cmp"

	"spoor/graph"
)

// graphSenseShape is GraphSense's public packs as one table: a row a tag.
var graphSenseShape = shape{format: formatGraphSense, parse: parseGraphSense, address: "address", required: 3,
	columns: []string{"address", "currency", "label", "network", "category", "abuse", "actor", "confidence", "cluster_definer", "pack", "source"}}

func parseGraphSense(r *reading, field func(string) string) ([]graph.Label, error) {
	l := graph.Label{Name: field("label"), Category: field("category"), Abuse: field("abuse"), Actor: field("actor"), URI: field("source")}
	if l.Name == "" {
		return nil, refuse("no name", "a tag needs a label")
	}
	if pack := field("pack"); pack != "" {
		l.Source = "GraphSense TagPack " + pack
	}
	var err error
	if l.Confidence, l.Grade, err = r.confidence(field("confidence"), ""); err != nil {
		return nil, err
	}
	if l.Definer, err = parseBool(field("cluster_definer")); err != nil {
		return nil, err
	}
	l.Address, l.Currency, err = listed(cmp.Or(field("currency"), r.options.Chain), field("network"), field("address"))
	return []graph.Label{l}, err
}
