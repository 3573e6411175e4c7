package main

import (
	"strconv"

	"github.com/spf13/cobra"

	"spoor/cluster"
	"spoor/graph"
)

func (p *program) clusterRulesCommand() *cobra.Command {
	var output format
	cmd := &cobra.Command{
		Use:   "rules",
		Short: "List the rules, with source, confidence and error rate",
		Args:  cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			var rows []ruleRow
			for _, info := range cluster.Rules() {
				family := "account"
				if info.Family == graph.UTXOFamily {
					family = "utxo"
				}
				rows = append(rows, ruleRow{info.Name, family, info.Default, info.Confidence, info.ErrorRate, info.Sentence, info.Source})
			}
			return printRows(p.out, output, ruleColumns, each(rows))
		},
	}
	output.addFlag(cmd)
	return cmd
}

// A ruleRow is a rule of the table.
type ruleRow struct {
	Name       string `json:"name"`
	Family     string `json:"family"` // of ledgers
	Default    bool   `json:"default"`
	Confidence int    `json:"confidence"`
	ErrorRate  string `json:"error_rate"`
	Sentence   string `json:"sentence"`
	Source     string `json:"source"`
}

var ruleColumns = []column[ruleRow]{
	{"name", false, func(r *ruleRow) string { return r.Name }},
	{"family", false, func(r *ruleRow) string { return r.Family }},
	{"default", false, func(r *ruleRow) string { return strconv.FormatBool(r.Default) }},
	{"confidence", true, func(r *ruleRow) string { return strconv.Itoa(r.Confidence) }},
	{"error_rate", false, func(r *ruleRow) string { return r.ErrorRate }},
	{"sentence", false, func(r *ruleRow) string { return r.Sentence }},
	{"source", false, func(r *ruleRow) string { return r.Source }},
}
