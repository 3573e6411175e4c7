package trace_test

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"spoor/trace"
)

const anyTx = "0xac9e668f48cb934de459ee4adc9bf8ec2ce2829ace6ffb8cf761746a6a8628f5"

func TestParseCase(t *testing.T) {
	for name, c := range map[string]struct{ yaml, want string }{
		"no seeds":                    {"name: x\n", "no seeds"},
		"unknown method":              {"method: magic\nseeds: [ethereum:" + anyTx + "]\n", "unknown method"},
		"unknown chain":               {"seeds: [atlantis:" + anyTx + "]\n", "unknown chain"},
		"unknown field":               {"name: x\nsedes: [a]\n", "[2:1]"},
		"not YAML":                    {"name: [\n", "[1:"},
		"bad share":                   {"share: \"1.5\"\nseeds: [ethereum:" + anyTx + "]\n", "share"},
		"bad until":                   {"until: yesterday\nseeds: [ethereum:" + anyTx + "]\n", "until"},
		"bad minimum":                 {"min_amount: -1\nseeds: [ethereum:" + anyTx + "]\n", "min_amount"},
		"bad label":                   {"seeds: [ethereum:" + anyTx + "]\nlabels: [{chain: ethereum, address: \"0x12\", name: a, category: exchange}]\n", "label 1"},
		"link of a whole transaction": {"seeds: [ethereum:" + anyTx + "]\nlinks: [{from: \"ethereum:" + anyTx + "\", to: \"polygon:" + anyTx + ":log:1\", rule: a}]\n", "link 1"},
		"link without a rule":         {"seeds: [ethereum:" + anyTx + "]\nlinks: [{from: \"ethereum:" + anyTx + ":log:1\", to: \"polygon:" + anyTx + ":log:1\"}]\n", "no rule"},
		"link too sure":               {"seeds: [ethereum:" + anyTx + "]\nlinks: [{from: \"ethereum:" + anyTx + ":log:1\", to: \"polygon:" + anyTx + ":log:1\", rule: a, confidence: 101}]\n", "101"},
		"bad coinjoin":                {"coinjoin: maybe\nseeds: [ethereum:" + anyTx + "]\n", "coinjoin"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := trace.ParseCase([]byte(c.yaml))
			if !errors.Is(err, trace.ErrCase) || !strings.Contains(err.Error(), c.want) {
				t.Fatalf("got %v, want an ErrCase with %q", err, c.want)
			}
		})
	}
}

// TestCaseYAML: what is written out is read back, with the defaults in it.
func TestCaseYAML(t *testing.T) {
	c := trace.Case{Name: "theft", Note: "=1+1: {tricky}", Seeds: []string{"ethereum:" + anyTx}, Share: "0.95",
		Links:  []trace.CaseLink{{From: "ethereum:" + anyTx + ":log:391", To: "bitcoin:" + anyTx[2:] + ":out:1", Rule: "=same: {minute}", Confidence: 60}},
		Labels: []trace.CaseLabel{{Chain: "ethereum", Address: "0x12D66f87A04A9E220743712cE6d9bB1B5616B8Fc", Name: "pool", Category: "mixing_service", Confidence: 90}}}
	text, err := c.YAML()
	if err != nil {
		t.Fatal(err)
	}
	back, err := trace.ParseCase(text)
	if err != nil {
		t.Fatalf("%v\n%s", err, text)
	}
	again, err := back.YAML()
	if err != nil || string(again) != string(text) {
		t.Fatalf("%v: wrote\n%s\nand then\n%s", err, text, again)
	}
	if back.Method != "fifo" || back.ServiceTransfers != trace.DefaultServiceTransfers || back.Note != c.Note || !slices.Equal(back.Links, c.Links) {
		t.Fatalf("read back %+v", back)
	}
}

var seedTexts = []string{
	"ethereum:" + anyTx,
	"eip155:1:" + anyTx,
	"eip155:1:" + anyTx + ":log:391",
	"ethereum:" + anyTx + ":17",
	"1:" + anyTx,
	"bitcoin:" + anyTx[2:] + ":out:1",
	"ethereum:0x12D66f87A04A9E220743712cE6d9bB1B5616B8Fc",
	"ethereum:0x12D66f87A04A9E220743712cE6d9bB1B5616B8Fc/native@13721616=1000",
	"ethereum:0x12D66f87A04A9E220743712cE6d9bB1B5616B8Fc/0xdAC17F958D2ee523a2206206994597C13D831ec7@2024-07-16T12:00:00Z",
	"bitcoin:1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa",
	"bip122:000000000019d6689c085ae165831e93:bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4@800000",
}

func TestParseSeed(t *testing.T) {
	for _, text := range seedTexts {
		s, err := trace.ParseSeed(text)
		if err != nil || s.String() != text {
			t.Errorf("%s: %v", text, err)
		}
	}
	for text, want := range map[string]string{
		"":                             "no chain",
		"ethereum":                     "no chain",
		"eip155:1":                     "nothing after",
		"atlantis:" + anyTx:            "unknown chain",
		"ethereum:0x1234":              "not an address",
		"ethereum:" + anyTx + "0":      "not an address",
		"ethereum:" + anyTx + ":log:x": "not a place",
		"ethereum:0x12D66f87A04A9E220743712cE6d9bB1B5616B8fC":                   "checksum",
		"ethereum:0x12D66f87A04A9E220743712cE6d9bB1B5616B8Fc@noon":              "@noon",
		"ethereum:0x12D66f87A04A9E220743712cE6d9bB1B5616B8Fc/native=-1":         "negative",
		"ethereum:0x12D66f87A04A9E220743712cE6d9bB1B5616B8Fc=5":                 "needs its asset",
		"bitcoin:1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNb":                            "not an address",
		"bitcoin:bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4/0x12D66f87A04A9E22": "no asset",
	} {
		if _, err := trace.ParseSeed(text); !errors.Is(err, trace.ErrSeed) || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: got %v, want an ErrSeed with %q", text, err, want)
		}
	}
}

// FuzzParseSeed: no text panics, and what is accepted names something.
func FuzzParseSeed(f *testing.F) {
	for _, text := range seedTexts {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		s, err := trace.ParseSeed(text)
		if err == nil && s.Tx.IsZero() && s.Address.IsZero() && !strings.Contains(text, strings.Repeat("0", 64)) {
			t.Fatalf("%q names nothing", text)
		}
	})
}

// FuzzParseCase: no text panics, and what is accepted survives being written.
func FuzzParseCase(f *testing.F) {
	f.Add("name: x\nseeds: [\"ethereum:" + anyTx + "\"]\n")
	f.Add("seeds: [\"ethereum:" + anyTx + "\"]\nlinks: [{from: \"ethereum:" + anyTx + ":log:1\", to: \"bitcoin:" + anyTx[2:] + ":out:1\", rule: a, confidence: 7}]\n")
	f.Add("name: A\nseeds: !tag ")
	f.Add("method: haircut\nseeds:\n  - ref\n")
	f.Fuzz(func(t *testing.T, text string) {
		c, err := trace.ParseCase([]byte(text))
		if err != nil {
			return
		}
		out, err := c.YAML()
		if err != nil {
			t.Fatal(err)
		}
		if _, err := trace.ParseCase(out); err != nil {
			t.Fatalf("%v\n%s", err, out)
		}
	})
}

// A file of brackets is refused before it costs anything.
func TestCaseNesting(t *testing.T) {
	for _, nest := range []string{"[", "{", "- ", "? ", "a: [", "[{a: "} {
		began := time.Now()
		_, err := trace.ParseCase([]byte(strings.Repeat(nest, (256<<10)/len(nest))))
		if !errors.Is(err, trace.ErrCase) || time.Since(began) > 5*time.Second {
			t.Errorf("%q: %v after %s", nest, err, time.Since(began))
		}
	}
	deep := "name: \"" + strings.Repeat("[", 1000) + "\" # " + strings.Repeat("- ", 1000) + "\nseeds: [\"ethereum:0x1111111111111111111111111111111111111111\"]\n"
	if _, err := trace.ParseCase([]byte(deep)); err != nil {
		t.Errorf("brackets in a name and a comment: %v", err)
	}
}
