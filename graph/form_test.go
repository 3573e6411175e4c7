package graph_test

import (
	"testing"

	"spoor/graph"
)

func TestFormJoin(t *testing.T) {
	known := graph.Form{Known: true, Version: 2, LockTime: 812_344}
	full := known
	full.Size, full.Replaceable, full.LowR = 141, graph.Yes, graph.No
	sorted := known
	sorted.OutputsSorted = graph.Yes
	all := full
	all.OutputsSorted = graph.Yes
	with := func(change func(*graph.Form)) graph.Form { f := all; change(&f); return f }
	for name, c := range map[string]struct {
		a, b, want graph.Form
		ok         bool
	}{
		"nothing":            {graph.Form{}, graph.Form{}, graph.Form{}, true},
		"with nothing":       {full, graph.Form{}, full, true},
		"with itself":        {full, full, full, true},
		"each tells more":    {full, sorted, all, true},
		"another version":    {all, with(func(f *graph.Form) { f.Version = 1 }), all, false},
		"another lock time":  {all, with(func(f *graph.Form) { f.LockTime = 0 }), all, false},
		"another size":       {all, with(func(f *graph.Form) { f.Size = 140 }), all, false},
		"the other answer":   {all, with(func(f *graph.Form) { f.LowR = graph.Yes }), all, false},
		"an answer not told": {all, with(func(f *graph.Form) { f.LowR = graph.NotTold }), all, true},
	} {
		if got, ok := c.a.Join(c.b); got != c.want || ok != c.ok {
			t.Errorf("%s: %s, %v; want %s, %v", name, got, ok, c.want, c.ok)
		}
		if got, ok := c.b.Join(c.a); ok != c.ok || ok && got != c.want {
			t.Errorf("%s, the other way: %s, %v; want %s, %v", name, got, ok, c.want, c.ok)
		}
	}
}

func TestFormText(t *testing.T) {
	for want, f := range map[string]graph.Form{
		"unknown":                  {},
		"version -1, no lock time": {Known: true, Version: ^uint32(0)},
		"version 2, locked until 2001-09-09T01:46:40Z": {Known: true, Version: 2, LockTime: 1_000_000_000},
		"version 2, locked up to block 812344, 141 virtual bytes, replaceable: yes, outputs sorted: no": {
			Known: true, Version: 2, LockTime: 812_344, Size: 141, Replaceable: graph.Yes, OutputsSorted: graph.No},
	} {
		if got := f.String(); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}

func TestFormAnswers(t *testing.T) {
	n := 0
	for packed := range 256 {
		f := graph.Form{Known: true}
		if f.SetAnswers(byte(packed)) != nil {
			continue
		}
		n++
		if err := f.Validate(); err != nil || int(f.Answers()) != packed {
			t.Errorf("%08b became %+v and %08b, %v", packed, f, f.Answers(), err)
		}
	}
	if n != 81 {
		t.Errorf("%d answers, want 81", n)
	}
	if (graph.Form{Size: 1}).Validate() == nil || (graph.Form{Known: true, LowR: 3}).Validate() == nil {
		t.Error("a form that says what it does not know is valid")
	}
}
