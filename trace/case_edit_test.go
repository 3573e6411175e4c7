package trace_test

import (
	"reflect"
	"strings"
	"testing"

	"spoor/trace"
)

const (
	depositEnd    = "ethereum:0x000000000000000000000000000000000000000000000000000000000000000e:call:1"
	withdrawalEnd = "ethereum:0x0000000000000000000000000000000000000000000000000000000000000017:call:0"
	aSeed         = "bitcoin:000000000000000000000000000000000000000000000000000000000000000a"
)

var acceptance = trace.CaseLink{From: depositEnd, To: withdrawalEnd, Rule: "same: address # seen", Confidence: 40}

// TestAddLinkKeepsTheFile adds a link to files of many layouts.
func TestAddLinkKeepsTheFile(t *testing.T) {
	item := "- from: " + depositEnd + "\n    to: " + withdrawalEnd + "\n    rule: \"same: address # seen\"\n    confidence: 40\n"
	old := "from: " + depositEnd + "\n    to: " + depositEnd + "\n    rule: r\n"
	for name, c := range map[string]struct{ file, want string }{
		"no links":              {"seeds: [\"" + aSeed + "\"] # s\n", "seeds: [\"" + aSeed + "\"] # s\nlinks:\n  " + item},
		"no newline at the end": {"# a\nseeds:\n- " + aSeed, "# a\nseeds:\n- " + aSeed + "\nlinks:\n  " + item},
		"empty list":            {"links: []\nseeds: [\"" + aSeed + "\"]\n", "links:\n  " + item + "seeds: [\"" + aSeed + "\"]\n"},
		"links in the middle": {"links: # mine\n  - " + old + "\n# the theft\nseeds:\n  - " + aSeed + "\n",
			"links: # mine\n  - " + old + "  " + item + "\n# the theft\nseeds:\n  - " + aSeed + "\n"},
		"links without indentation": {"links:\n- " + strings.ReplaceAll(old, "\n    ", "\n  ") + "seeds:\n  - " + aSeed + "\n",
			"links:\n- " + strings.ReplaceAll(old, "\n    ", "\n  ") + strings.ReplaceAll(item, "\n    ", "\n  ") + "seeds:\n  - " + aSeed + "\n"},
		"a note that looks like links": {"note: |\n  links:\n    - from: nowhere\nseeds: [\"" + aSeed + "\"]\n",
			"note: |\n  links:\n    - from: nowhere\nseeds: [\"" + aSeed + "\"]\nlinks:\n  " + item},
	} {
		t.Run(name, func(t *testing.T) {
			got, kept, err := trace.AddLink([]byte(c.file), acceptance)
			if err != nil {
				t.Fatal(err)
			}
			if !kept || string(got) != c.want {
				t.Errorf("kept %t\n%s\nwant\n%s", kept, got, c.want)
			}
		})
	}
}

// TestEditWritesAnew where text cannot be added in place: the case is the same,
// and the loss is told.
func TestEditWritesAnew(t *testing.T) {
	for _, file := range []string{
		`{seeds: ["` + aSeed + `"]}`,
		"seeds: [\"" + aSeed + "\"]\nlinks: [{from: \"" + depositEnd + "\", to: \"" + depositEnd + "\", rule: r}]\n",
		"seeds: [\"" + aSeed + "\"]\n...\n",
	} {
		got, kept, err := trace.AddLink([]byte(file), acceptance)
		if err != nil || kept {
			t.Fatalf("%q: kept %t, %v", file, kept, err)
		}
		c, err := trace.ParseCase(got)
		if err != nil || c.Links[len(c.Links)-1] != acceptance || c.Seeds[0] != aSeed {
			t.Errorf("%q became\n%s%v", file, got, err)
		}
	}
}

func TestAddLinkRefuses(t *testing.T) {
	for _, l := range []trace.CaseLink{{From: depositEnd, To: withdrawalEnd}, {From: aSeed, To: withdrawalEnd, Rule: "r"}, {From: depositEnd, To: withdrawalEnd, Rule: "r", Confidence: -1}} {
		if _, _, err := trace.AddLink([]byte("seeds: [\""+aSeed+"\"]\n"), l); err == nil {
			t.Errorf("%+v is accepted", l)
		}
	}
	if _, _, err := trace.AddLink([]byte("seeds: [a"), acceptance); err == nil {
		t.Error("what is no YAML is accepted")
	}
}

// FuzzEditCase holds that whatever a file looks like, it says afterwards what it
// said, and what was added.
func FuzzEditCase(f *testing.F) {
	for _, seed := range []string{"seeds: [\"" + aSeed + "\"]\n", "name: a\nnote: >\n  b\n\n  c\n# d\nseeds:\n- " + aSeed + "\nlinks:\n", "{seeds: [\"" + aSeed + "\"], note: 'x\n\n y'}", "note: |+\n  a\n\nseeds: [\"" + aSeed + "\"]\r\n"} {
		f.Add([]byte(seed), "the relayer: answered")
	}
	f.Fuzz(func(t *testing.T, file []byte, text string) {
		before, err := trace.ParseCase(file)
		if err != nil {
			return
		}
		linked, _, err := trace.AddLink(file, acceptance)
		if err != nil {
			t.Skip(err)
		}
		after, err := trace.ParseCase(linked)
		if err != nil || len(after.Links) != len(before.Links)+1 || after.Links[len(before.Links)] != acceptance {
			t.Fatalf("%q became %q: %v", file, linked, err)
		}
		noted, kept, err := trace.AddNote(file, text)
		if err != nil {
			return
		}
		after, err = trace.ParseCase(noted)
		if err != nil {
			t.Fatalf("%q became %q: %v", file, noted, err)
		}
		if !kept {
			return
		}
		after.Note = before.Note
		if !reflect.DeepEqual(after, before) {
			t.Fatalf("%q became %q", file, noted)
		}
	})
}
