package report_test

import (
	"encoding/csv"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"spoor/report"
	"spoor/trace"
)

// Sections hold every word of the summary, in its order.
func TestSectionsAreTheSummary(t *testing.T) {
	for _, method := range []string{"fifo", "poison"} {
		tr := run(t, method)
		sections, err := report.Sections(tr, report.SummaryOptions{})
		if err != nil {
			t.Fatal(err)
		}
		var all []string
		for _, s := range sections {
			all = append(all, s.Title)
			if s.Table != nil {
				all = append(all, s.Table.Columns...)
				for _, row := range s.Table.Rows {
					if len(row) != len(s.Table.Columns) || len(s.Table.Numbers) != len(row) {
						t.Errorf("%s: a row of %d cells under %d columns", s.Title, len(row), len(s.Table.Columns))
					}
					all = append(all, row...)
				}
			}
			all = append(all, s.Text...)
		}
		got := strings.Join(strings.Fields(strings.Join(all, " ")), " ")
		want := strings.Join(strings.Fields(strings.ReplaceAll(summary(t, tr, report.SummaryOptions{}), "  - ", " ")), " ")
		if got != want {
			t.Errorf("%s:\n%s\nwant\n%s", method, got, want)
		}
	}
}

// What ended is advised about, and nothing that did not.
func TestNextSteps(t *testing.T) {
	steps, err := report.NextSteps(run(t, "fifo"))
	if err != nil {
		t.Fatal(err)
	}
	text := ""
	for _, s := range steps {
		text += string(s.Statement) + ": " + s.Text + "\n"
	}
	for _, want := range []string{
		"derived: 1.9999 BTC (100.0 % of what ended in it) still lies at 2 addresses: 12c6DSiU4Rq3P4ZxziKxzrL5LmMBrzjrJX, 1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa. Nobody is known who could freeze it there",
		"attributed: 2 ETH (57.1 % of what ended in it) reached An Exchange at 1 address: " + account(6).String() + ". Ask An Exchange to freeze it",
		`went into +Mixer\u202e|1 at 1 address: ` + account(5).String(),
	} {
		if !strings.Contains(text, want) {
			t.Errorf("no %q in\n%s", want, text)
		}
	}
	for _, line := range strings.Split(strings.TrimSpace(text), "\n") {
		if strings.Contains(line, "Mixer") && !strings.HasPrefix(line, "attributed: ") {
			t.Errorf("what a label says is told as %s", line)
		}
	}
	if steps, err := report.NextSteps(run(t, "poison")); err != nil || len(steps) != 0 {
		t.Errorf("a measure of reach advises: %v %v", steps, err)
	}
	broken := run(t, "fifo")
	broken.Balances[0].Stopped.AddUint64(&broken.Balances[0].Stopped, 1)
	if _, err := report.NextSteps(broken); err == nil {
		t.Error("books that do not balance advise")
	}
}

// Advice is by kind: what can be frozen first, and no kind without end.
func TestNextStepsAreFew(t *testing.T) {
	tr := run(t, "fifo")
	kinds := map[trace.Reason]bool{}
	for i := range tr.Stops {
		kinds[tr.Stops[i].Reason] = true
	}
	steps, err := report.NextSteps(tr)
	if err != nil || len(steps) == 0 || len(steps) > 6*len(kinds) {
		t.Errorf("%d steps for %d kinds of ends, %v", len(steps), len(kinds), err)
	}
}

// A table read from its file is what was written, without the apostrophes.
func TestReadTable(t *testing.T) {
	tr := run(t, "fifo")
	dir := filepath.Join(t.TempDir(), "evidence")
	if err := report.Write(dir, tr, report.Manifest{}); err != nil {
		t.Fatal(err)
	}
	made, err := report.ReadManifest(dir)
	if err != nil {
		t.Fatal(err)
	}
	rows := map[string]int{}
	for _, f := range made.Files {
		if f.Rows != nil {
			rows[f.Name] = *f.Rows
		}
	}
	marked := 0
	for _, table := range report.Tables() {
		data, err := os.ReadFile(filepath.Join(dir, table.File))
		if err != nil {
			t.Fatal(err)
		}
		raw, err := csv.NewReader(strings.NewReader(string(data))).ReadAll()
		if err != nil {
			t.Fatal(err)
		}
		got, err := report.ReadTable(strings.NewReader(string(data)), 0, 1<<20)
		if err != nil || len(got) != len(raw)-1 || len(got) != rows[table.File] {
			t.Fatalf("%s: %d rows of %d, the manifest says %d: %v", table.File, len(got), len(raw)-1, rows[table.File], err)
		}
		for i, row := range got {
			for j, cell := range row {
				if report.Inert(cell) != raw[i+1][j] {
					t.Errorf("%s: %q was read from %q", table.File, cell, raw[i+1][j])
				}
				if cell != raw[i+1][j] {
					marked++
				}
			}
		}
		if len(got) > 2 {
			part, err := report.ReadTable(strings.NewReader(string(data)), 1, 1)
			if err != nil || len(part) != 1 || strings.Join(part[0], ",") != strings.Join(got[1], ",") {
				t.Errorf("%s: the second row is %q, %v", table.File, part, err)
			}
		}
		for i, c := range table.Columns {
			if c.Name != raw[0][i] || c.Meaning == "" {
				t.Errorf("%s: column %d is %+v, the file says %s", table.File, i, c, raw[0][i])
			}
		}
	}
	if marked == 0 {
		t.Error("no cell needed an apostrophe: the test shows nothing")
	}
}
