package label

import (
	"bytes"
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// The formats that lists come in.
const (
	formatCSV        = "csv"
	formatTagPack    = "tagpack"
	formatActorPack  = "actorpack"
	formatOFACXML    = "ofac-xml"
	formatOFACCSV    = "ofac-csv"
	formatOFACList   = "ofac-list"
	formatEtherscan  = "etherscan"
	formatGraphSense = "graphsense-csv"
	formatSpellbook  = "spellbook"
	formatPools      = "spellbook-pools"
)

type format struct {
	name string
	read func(*reading, []byte) error
}

// formats lists the formats; of those in CSV the shape of the header decides.
var formats = []format{
	{formatTagPack, readTagPack},
	{formatActorPack, readActorPack},
	{formatOFACXML, readOFACXML},
	{formatOFACList, readOFACList},
	{formatCSV, readShape(&ownShape)},
	{formatEtherscan, readShape(&etherscanShape)},
	{formatGraphSense, readShape(&graphSenseShape)},
	{formatSpellbook, readShape(&spellbookShape)},
	{formatPools, readShape(&poolShape)},
	{formatOFACCSV, readShape(&ofacShape)},
}

// Formats are the names of the formats.
func Formats() []string {
	var names []string
	for _, f := range formats {
		names = append(names, f.name)
	}
	return names
}

func formatNamed(name string) (format, bool) {
	i := slices.IndexFunc(formats, func(f format) bool { return f.name == name })
	if i < 0 {
		return format{}, false
	}
	return formats[i], true
}

// These keys at the margin tell a YAML list from any other.
var (
	tagsKey   = regexp.MustCompile(`(?m)^["']?tags["']?[ \t]*:`)
	actorsKey = regexp.MustCompile(`(?m)^["']?actors["']?[ \t]*:`)
)

// formatOf recognises the format of a list from its content.
func formatOf(text []byte, o Options) (format, error) {
	if o.Format != "" {
		f, ok := formatNamed(o.Format)
		if !ok {
			return f, fmt.Errorf("format %.40q: want one of %s", o.Format, strings.Join(Formats(), ", "))
		}
		return f, nil
	}
	name := formatCSV
	first, _, _ := bytes.Cut(bytes.TrimSpace(text), []byte("\n"))
	shape, isShape := shapeOf(first)
	switch {
	case isShape: // before all else: a field may hold lines of any kind
		name = shape
	case bytes.HasPrefix(first, []byte("<")):
		name = formatOFACXML
	case tagsKey.Match(text):
		name = formatTagPack
	case actorsKey.Match(text):
		name = formatActorPack
	case len(first) > 0 && !bytes.ContainsRune(first, ',') && (o.Chain != "" || currencyOfFile(o.Name) != ""):
		name = formatOFACList
	}
	f, _ := formatNamed(name)
	return f, nil
}
