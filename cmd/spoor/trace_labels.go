package main

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"os"
	"path/filepath"

	"spoor/graph"
	"spoor/ingest/label"
	"spoor/report"
)

// builtinLabels names the table of services that comes with spoor.
const builtinLabels = "built-in services.csv"

// readLabels reads the built-in table and the files of --labels.
func (o *traceOptions) readLabels() (known func(graph.Address) []graph.Label, sources []report.LabelSource, err error) {
	builtin, err := label.Builtin()
	if err != nil {
		return nil, nil, err
	}
	lists := [][]graph.Label{builtin}
	sources = append(sources, labelSource(builtinLabels, label.BuiltinCSV(), builtin))
	for _, path := range o.labels {
		data, err := os.ReadFile(path)
		if err != nil {
			return nil, nil, fmt.Errorf("labels: %w", err)
		}
		name := filepath.Base(path)
		list, err := label.ReadCSV(bytes.NewReader(data), name)
		if err != nil {
			return nil, nil, advice{fmt.Errorf("labels: %w", err), "a list of labels is CSV with the columns chain,address,name,category and optionally behaviour,source,confidence,note"}
		}
		lists = append(lists, list)
		sources = append(sources, labelSource(name, data, list))
	}
	return label.NewSet(lists...).Of, sources, nil
}

func labelSource(name string, data []byte, labels []graph.Label) report.LabelSource {
	digest := sha256.Sum256(data)
	return report.LabelSource{Name: name, SHA256: hex.EncodeToString(digest[:]), Size: int64(len(data)), Labels: len(labels)}
}
