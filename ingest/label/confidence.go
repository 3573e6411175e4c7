package label

import (
	"fmt"
	"strconv"
	"strings"
)

// confidences is GraphSense's vocabulary of how sure a source is, from 0 to
// 100, the surest first.
var confidences = []struct {
	name  string
	level int
}{
	{"override", 100},
	{"ownership", 100},
	{"ledger_immanent", 100},
	{"manual_transaction", 90},
	{"service_api", 70},
	{"forensic_investigation", 70},
	{"authority_data", 60},
	{"trusted_provider", 50},
	{"service_data", 50},
	{"forensic", 50},
	{"untrusted_transaction", 40},
	{"web_crawl", 20},
	{"heuristic", 10},
	{unknownConfidence, 5},
}

const unknownConfidence = "unknown"

// ParseConfidence reads a word of GraphSense's vocabulary, such as
// "service_data", or a number from 0 to 100. Empty text is "unknown".
func ParseConfidence(text string) (int, error) {
	if text == "" {
		text = unknownConfidence
	}
	var names []string
	for _, c := range confidences {
		if c.name == text {
			return c.level, nil
		}
		names = append(names, c.name)
	}
	level, err := strconv.ParseUint(text, 10, 8)
	if err != nil || level > 100 {
		return 0, fmt.Errorf("confidence %.40q: want a number from 0 to 100 or one of %s", text, strings.Join(names, ", "))
	}
	return int(level), nil
}

// confidenceWord is the first word of the vocabulary that claims no more than a
// level does.
func confidenceWord(level int) string {
	for _, c := range confidences {
		if c.name != "override" && c.level <= level {
			return c.name
		}
	}
	return unknownConfidence
}
