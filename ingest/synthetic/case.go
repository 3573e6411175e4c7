package synthetic

import (
	"fmt"

	"github.com/goccy/go-yaml"
)

type caseFile struct {
	Name   string      `yaml:"name"`
	Method string      `yaml:"method"`
	Seeds  []string    `yaml:"seeds"`
	Labels []caseLabel `yaml:"labels"`
}

type caseLabel struct {
	Chain      string `yaml:"chain"`
	Address    string `yaml:"address"`
	Name       string `yaml:"name"`
	Category   string `yaml:"category"`
	Behaviour  string `yaml:"behaviour"`
	Source     string `yaml:"source"`
	Confidence int    `yaml:"confidence"`
}

// Case is the case of incidents as YAML: the transactions by which value was
// stolen, and what is known about services. Nothing of the truth is in it.
func Case(name string, incidents ...*Incident) ([]byte, error) {
	file := caseFile{Name: name, Method: "fifo"}
	for _, n := range incidents {
		chain := n.Chain()
		var last string
		for _, s := range n.Truth.Seeds {
			if ref := chain.Alias + ":" + s.Tx.Text(chain.Family); ref != last {
				file.Seeds = append(file.Seeds, ref)
				last = ref
			}
		}
		for _, l := range n.Truth.Labels {
			file.Labels = append(file.Labels, caseLabel{chain.Alias, l.Address.String(), l.Name, l.Category, l.Behaviour, l.Source, l.Confidence})
		}
	}
	text, err := yaml.MarshalWithOptions(file, yaml.Indent(2))
	if err != nil {
		return nil, fmt.Errorf("write case %q: %w", name, err)
	}
	return text, nil
}
