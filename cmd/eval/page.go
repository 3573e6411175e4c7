package main

import (
	"fmt"
	"strings"

	"spoor/cluster/eval"
)

// preamble is how the page begins.
const preamble = `# Accuracy

What the rules, traces and matchers of this version get right and wrong. ` + "`make eval`" + ` writes
this page; the same data gives the same bytes. Of every measurement it says what the data is,
what is counted, what chance would have found by the same count (the placebo), and what the
figure cannot show. Real data is of others and not part of this repository; what is absent is
skipped, and said so. Generated data is of our own making: it shows that rules do what they say,
and how they differ, and not how often people behave as it does.`

// page is a document being written.
type page struct{ b strings.Builder }

// bytes is the page, with one empty line where several were written.
func (p *page) bytes() []byte {
	text := p.b.String()
	for strings.Contains(text, "\n\n\n") {
		text = strings.ReplaceAll(text, "\n\n\n", "\n\n")
	}
	return []byte(strings.TrimRight(text, "\n") + "\n")
}

func (p *page) heading(title string) { fmt.Fprintf(&p.b, "\n## %s\n\n", title) }

func (p *page) sub(title string) { fmt.Fprintf(&p.b, "\n### %s\n\n", title) }

func (p *page) text(format string, args ...any) {
	p.b.WriteString(strings.TrimRight(fmt.Sprintf(format, args...), "\n") + "\n")
}

// about says what a measurement rests on.
func (p *page) about(data, counted, placebo, blind string) {
	for _, line := range [][2]string{{"Data", data}, {"Counted", counted}, {"Placebo", placebo}, {"Cannot show", blind}} {
		fmt.Fprintf(&p.b, "- *%s:* %s\n", line[0], line[1])
	}
}

// table writes rows of cells.
func (p *page) table(head []string, rows [][]string) {
	line := func(cells []string) { fmt.Fprintf(&p.b, "| %s |\n", strings.Join(cells, " | ")) }
	p.b.WriteString("\n")
	line(head)
	p.b.WriteString(strings.Repeat("|---", len(head)) + "|\n")
	for _, r := range rows {
		line(r)
	}
	p.b.WriteString("\n")
}

// reasons lists counts with their examples.
func (p *page) reasons(counts []eval.Count) {
	for _, c := range counts {
		fmt.Fprintf(&p.b, "- %d: %s (`%s`)\n", c.N, strings.ReplaceAll(c.What, "|", "\\|"), c.Example)
	}
}

// of is "n of m (p %)".
func of[T int | uint64](n, m T) string {
	return fmt.Sprintf("%d of %d (%s)", n, m, share(n, m))
}

// share is what n is of m, in percent; "none" of none. What is not nothing and
// not all is never rounded to either.
func share[T int | uint64](n, m T) string {
	if m == 0 {
		return "none"
	}
	percent := 100 * float64(n) / float64(m)
	switch {
	case n == 0 || n == m || percent >= 1 && percent <= 99:
		return fmt.Sprintf("%.1f %%", percent)
	case percent < 0.01:
		return "below 0.01 %"
	case percent > 99.99:
		return "over 99.99 %"
	}
	return fmt.Sprintf("%.2f %%", percent)
}
