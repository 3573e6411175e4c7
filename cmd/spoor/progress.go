package main

import (
	"fmt"
	"time"

	"spoor/ingest"
)

// progress rewrites one line of the terminal while an ingest runs.
type progress struct {
	p     *program
	name  string
	drawn bool
}

// newProgress is nil where nobody watches: no terminal, or --quiet.
func (p *program) newProgress(name string) *progress {
	if p.quiet || !terminal(p.err) || p.env("TERM") == "dumb" {
		return nil
	}
	return &progress{p: p, name: name}
}

func (l *progress) show(at ingest.Progress) {
	if l == nil {
		return
	}
	line := fmt.Sprintf("%s  block %d  %d transfers  %.0f/s", l.name, at.Height, at.Transfers, at.Rate)
	if at.Known > 0 {
		line += fmt.Sprintf("  %d blocks known", at.Known)
	}
	if at.Total > 0 {
		line += fmt.Sprintf("  %d%%", min(100, at.Done*100/at.Total))
	}
	if at.Left >= 0 {
		line += "  " + at.Left.Round(time.Second).String() + " left"
	}
	_, _ = fmt.Fprintf(l.p.err, "\r\x1b[K%s", line) // a lost line of progress is no loss
	l.drawn = true
}

// clear leaves the line empty for what comes next.
func (l *progress) clear() {
	if l != nil && l.drawn {
		_, _ = fmt.Fprint(l.p.err, "\r\x1b[K")
	}
}
