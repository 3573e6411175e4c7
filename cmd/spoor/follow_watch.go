package main

import (
	"fmt"
	"time"

	"spoor/graph"
	"spoor/ingest"
)

// A watch tells people what happens while a chain is followed: on a terminal as
// one line that is rewritten, else as lines of a log. What needs somebody's
// attention is a line of its own in either.
type watch struct {
	p        *program
	chain    graph.Chain
	live     bool // rewrite one line
	log      bool // a line for every advance
	drawn    bool
	began    time.Time
	state    ingest.Followed
	anything bool
	lined    time.Time // of the last line of progress
	tainted  int       // movements of taint in the trace of the case; -1 without one
}

// logPause lies between lines of progress in a log.
const logPause = 10 * time.Second

func (p *program) newWatch(chain graph.Chain, watched bool) *watch {
	live := !p.quiet && terminal(p.err) && p.env("TERM") != "dumb"
	return &watch{p: p, chain: chain, live: live, log: watched && !live, began: time.Now(), lined: time.Now(), tainted: -1}
}

func (w *watch) notice(n ingest.Notice) {
	before := w.state
	w.state = n.State
	switch n.What {
	case ingest.Reorganise:
		w.line("%s: reorganisation: %d blocks from %d on were replaced; now at block %d", w.chain.Alias, n.Count, n.From, n.State.Tip.Height)
	case ingest.NodeLost:
		w.line("%s: %s; trying again", w.chain.Alias, oneLine(n.Err.Error()))
	case ingest.NodeBack:
		w.line("%s: the node answers again", w.chain.Alias)
	case ingest.NodeBehind:
		w.line("%s: the node is at block %d, %d blocks behind the store; waiting for it", w.chain.Alias, n.State.Head.Height, n.Count)
	case ingest.Advanced, ingest.Reached:
		if w.log && (n.What == ingest.Advanced || !w.anything || before.Lag() > 0) {
			w.line("%s", w.text())
		}
	}
	w.anything = true
	w.draw(w.text())
}

// progress shows how a long way to the head goes.
func (w *watch) progress(at ingest.Progress) {
	if at.Blocks == 0 {
		return
	}
	text := fmt.Sprintf("%s  block %d  %d transfers  %.0f/s", w.chain.Alias, at.Height, at.Transfers, at.Rate)
	w.draw(text)
	if now := time.Now(); w.log && now.Sub(w.lined) >= logPause {
		w.lined = now
		w.line("%s", text)
	}
}

func (w *watch) text() string {
	s := &w.state
	rate := 0.0
	if seconds := time.Since(w.began).Seconds(); seconds > 0 {
		rate = float64(s.Blocks) / seconds
	}
	text := fmt.Sprintf("%s  block %d  lag %d", w.chain.Alias, s.Tip.Height, s.Lag())
	if s.Lag() == 0 && s.Tip.Time > 0 {
		text += fmt.Sprintf("  made %s ago", max(0, time.Since(time.Unix(s.Tip.Time, 0)).Round(time.Second)))
	}
	text += fmt.Sprintf("  %d blocks stored, %.1f/s  %d reorganisations", s.Blocks, rate, s.Reorgs)
	if s.Deepest > 0 {
		text += fmt.Sprintf(" (deepest %d)", s.Deepest)
	}
	if s.Tip.Height > s.Final {
		text += fmt.Sprintf("  provisional above %d", s.Final)
	}
	if w.tainted >= 0 {
		text += fmt.Sprintf("  taint moved %d times", w.tainted)
	}
	return text
}

// moved tells how often taint has moved, up to the head.
func (w *watch) moved(times int) {
	if w.tainted = times; w.anything {
		w.draw(w.text())
	}
}

func (w *watch) draw(text string) {
	if w.live {
		_, _ = fmt.Fprintf(w.p.err, "\r\x1b[K%s", text) // a lost line of progress is no loss
		w.drawn = true
	}
}

// line writes a line that stays.
func (w *watch) line(format string, args ...any) {
	w.end()
	w.p.say(format, args...)
}

// end leaves the line empty for what comes next.
func (w *watch) end() {
	if w.drawn {
		_, _ = fmt.Fprint(w.p.err, "\r\x1b[K")
		w.drawn = false
	}
}
