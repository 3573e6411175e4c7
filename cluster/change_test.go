package cluster_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"spoor/cluster"
	"spoor/graph"
)

// claims are the names that rules take for change, "rule:name", in the order of
// the evidence.
func claims(t *testing.T, b *book, p *cluster.Payment, want func(cluster.Rule) bool, service func(graph.ID) bool) string {
	t.Helper()
	f, err := cluster.Recognise(p)
	if err != nil {
		t.Fatal(err)
	}
	found, err := p.Evidence(nil, f, want, service)
	if err != nil {
		t.Fatal(err)
	}
	var list []string
	for _, e := range found {
		if e.At != p.At || e.A != p.Inputs[0].ID || e.Confidence == 0 || e.Confidence > 100 || e.C != 0 {
			t.Errorf("evidence %+v of %+v", e, p)
		}
		for name, id := range b.ids {
			if id == e.B {
				list = append(list, fmt.Sprintf("%d:%s", e.Rule, name))
			}
		}
	}
	return strings.Join(list, " ")
}

func only(r cluster.Rule) func(cluster.Rule) bool {
	return func(q cluster.Rule) bool { return q == r }
}

func all(cluster.Rule) bool { return true }

func TestChangeRules(t *testing.T) {
	for name, c := range map[string]struct {
		rule   cluster.Rule
		before []string
		tx     string
		want   string // the change, "" if the rule names none
	}{
		"type: one output has the inputs' form":      {cluster.ChangeType, nil, "a 900 b 800 > c/sh 1000 d 600", "d"},
		"type: both have it":                         {cluster.ChangeType, nil, "a 900 b 800 > c 1000 d 600", ""},
		"type: none has it":                          {cluster.ChangeType, nil, "a 900 b 800 > c/sh 1000 d/pkh 600", ""},
		"type: inputs differ":                        {cluster.ChangeType, nil, "a 900 b/sh 800 > c/sh 1000 d 600", ""},
		"one time: the payee was seen":               {cluster.ChangeOneTime, []string{"x 9 > c 9"}, "a 900 > c 200 d 600", "d"},
		"one time: both are new":                     {cluster.ChangeOneTime, nil, "a 900 > c 200 d 600", ""},
		"one time: a later transaction is not known": {cluster.ChangeOneTime, []string{"x 9 > y 9"}, "a 900 > c 200 d 600", ""},
		"reuse: the payee was seen":                  {cluster.ChangeReuse, []string{"x 9 > c 9"}, "a 900 > c 200 d 600", "d"},
		"reuse: both were seen":                      {cluster.ChangeReuse, []string{"x 9 > c 4 d 5"}, "a 900 > c 200 d 600", ""},
		"optimal: below the smallest input":          {cluster.ChangeOptimal, nil, "a 900 b 800 > c 1000 d 600", "d"},
		"optimal: both below":                        {cluster.ChangeOptimal, nil, "a 900 b 800 > c 700 d 600", ""},
		"optimal: equal to the smallest input":       {cluster.ChangeOptimal, nil, "a 900 b 600 > c 700 d 600", ""},
		"optimal: one input says nothing":            {cluster.ChangeOptimal, nil, "a 900 > c 900 d 0", ""},
		"round: the payment is round":                {cluster.ChangeRound, nil, "a 9000000 > c 2000000 d 6999000", "d"},
		"round: both are":                            {cluster.ChangeRound, nil, "a 9001000 > c 2000000 d 7000000", ""},
		"round: none is":                             {cluster.ChangeRound, nil, "a 9000000 > c 2100000 d 6800001", ""},
		"thousand":                                   {cluster.ChangeThousand, nil, "a 9000000 > c 2100000 d 6800001", "d"},
		"peel: the third of a chain": {cluster.ChangePeel,
			[]string{"a 100000 > p 3000 b 96000", "b 96000 > c 90000 q 5000"}, "c 90000 > r 4000 d 85000", "d"},
		"peel: the second of a chain": {cluster.ChangePeel, []string{"b 96000 > c 90000 q 5000"}, "c 90000 > r 4000 d 85000", ""},
		"peel: it goes on from the small output": {cluster.ChangePeel,
			[]string{"a 100000 > p 3000 b 96000", "b 96000 > q 90000 c 5000"}, "c 5000 > r 1400 d 3000", ""},
		"peel: a step is dust": {cluster.ChangePeel,
			[]string{"a 100000 > p 546 b 96000", "b 96000 > c 90000 q 5000"}, "c 90000 > r 4000 d 85000", ""},
		"legacy: fresh and below the inputs": {cluster.ChangeLegacy, []string{"x 9 > c 9"}, "a 900 b 800 > c 1000 d 600", "d"},
		"legacy: fresh, not below":           {cluster.ChangeLegacy, []string{"x 9 > c 9"}, "a 900 b 600 > c 700 d 700", ""},
		"graphsense: all signs":              {cluster.ChangeGraphSense, nil, "a 9000 b 8000 > c/sh 10001 d 6001", "d"},
		"graphsense: two are left":           {cluster.ChangeGraphSense, nil, "a 9000 b 8000 > c 7001 d 6001", ""},
		"graphsense: seen before":            {cluster.ChangeGraphSense, []string{"x 9 > d 9"}, "a 9000 b 8000 > c/sh 10001 d 6001", ""},
		"direct":                             {cluster.ChangeDirect, nil, "a 900 b 800 > c 1000 b 600", "b"},
		"direct: to the first input's address nothing is to be joined": {cluster.ChangeDirect, nil, "a 900 b 800 > c 1000 a 600", ""},
		"agreed: form and size":                       {cluster.ChangeAgreed, nil, "a 900001 b 800003 > c/sh 1000007 d 600009", "d"},
		"agreed: one sign by two rules":               {cluster.ChangeAgreed, []string{"x 9 > c/sh 9"}, "a 9000001 > c/sh 2000003 d/sh 6000009", ""},
		"agreed: history and roundness":               {cluster.ChangeAgreed, []string{"x 9 > c/sh 9"}, "a 9000001 > c/sh 2000000 d/sh 6000009", "d/sh"},
		"agreed: form against roundness":              {cluster.ChangeAgreed, nil, "a 9000001 b 9000002 > c/sh 12000001 d 5000000", ""},
		"data is not change":                          {cluster.ChangeThousand, nil, "a 9000000 > c 2100000 data 0", ""},
		"paid twice is not change":                    {cluster.ChangeType, nil, "a 900 b 800 > c/sh 1000 d 300 d 300", ""},
		"ten outputs":                                 {cluster.ChangeType, nil, "a 9000 > d 600 c1/sh 101 c2/sh 102 c3/sh 103 c4/sh 104 c5/sh 105 c6/sh 106 c7/sh 107 c8/sh 108 c9/sh 109", "d"},
		"a batch of eleven":                           {cluster.ChangeType, nil, "a 9000 > d 600 c1/sh 101 c2/sh 102 c3/sh 103 c4/sh 104 c5/sh 105 c6/sh 106 c7/sh 107 c8/sh 108 c9/sh 109 c10/sh 110", ""},
		"a sweep":                                     {cluster.ChangeType, nil, "a 900 b 800 > d 1600", ""},
		"a coinbase":                                  {cluster.ChangeThousand, nil, "> c 1000 d 600", ""},
		"inputs are missing":                          {cluster.ChangeType, nil, "a 900 > c/sh 1000 d 600", ""},
		"CoinJoin":                                    {cluster.ChangeThousand, nil, "a 900000 b 900000 c 900000 > o1 500000 o2 500000 o3 500000 c1 750001 c2 300000", ""},
		"other rules keep silent where one is direct": {cluster.ChangeType, nil, "a 900 b 800 > a 1000 d/sh 600", ""},
	} {
		t.Run(name, func(t *testing.T) {
			b := newBook(t, jan2024)
			for _, text := range c.before {
				b.tx(text)
			}
			want := ""
			if c.want != "" {
				want = fmt.Sprintf("%d:%s", c.rule, c.want)
			}
			if got := claims(t, b, b.tx(c.tx), only(c.rule), nil); got != want {
				t.Errorf("%q, want %q", got, want)
			}
		})
	}
}

func TestEvidence(t *testing.T) {
	for name, c := range map[string]struct{ tx, want string }{
		"all inputs with the first":         {"a 900 b 800 a 700 c 600 b 500 > d 3000", "1:b 1:c"},
		"Tx0 joins its inputs, not outputs": {"a 5000000 b 9000 > data 0 fee 50000 p1 1005445 p2 1005445 p3 1005445 c 1900001", "1:b"},
		"CoinJoin proves nothing":           {"a 900000 b 900000 c 900000 > o1 500000 o2 500000 o3 500000 c1 750001 c2 300000", ""},
		"Stonewall proves nothing":          {"a 1000000 b 700000 > o1 500000 o2 500000 c1 490001 c2 190000", ""},
	} {
		b := newBook(t, jan2024)
		if got := claims(t, b, b.tx(c.tx), all, nil); got != c.want {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
	}
}

// TestServicePaysAsItLikes: the change of a service is not looked for, its
// inputs are still its own.
func TestServicePaysAsItLikes(t *testing.T) {
	b := newBook(t, jan2024)
	p := b.tx("a 900 hot 800 > c/sh 1000 d 600")
	service := func(id graph.ID) bool { return id == b.ids["hot"] }
	if got, want := claims(t, b, p, all, service), "1:hot"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
	if got := claims(t, b, p, all, nil); !strings.Contains(got, "3:d") {
		t.Errorf("%q without labels; want the change d", got)
	}
}

// TestRulesStandAlone: a rule says the same whatever others are asked.
func TestRulesStandAlone(t *testing.T) {
	b := newBook(t, jan2024)
	b.tx("x 9 > c/sh 9")
	p := b.tx("a 9000001 b 8000003 > c/sh 10000000 d 6000009")
	var one []string
	for r := cluster.CoSpend; r <= cluster.ChangeAgreed; r++ {
		if s := claims(t, b, p, only(r), nil); s != "" {
			one = append(one, s)
		}
	}
	got := strings.Fields(claims(t, b, p, all, nil))
	slices.Sort(got)
	slices.Sort(one)
	if !slices.Equal(got, one) || len(got) < 8 {
		t.Errorf("together %v, alone %v", got, one)
	}
}

// TestCandidatesCompose: what two rules leave together names the change that
// neither names alone.
func TestCandidatesCompose(t *testing.T) {
	b := newBook(t, jan2024)
	p := b.tx("a 9000001 b 8000003 > c/sh 1000000 d 14000009 e 2000000")
	left := map[cluster.Rule]cluster.Candidates{}
	for i := range cluster.ChangeRules {
		r := &cluster.ChangeRules[i]
		c, err := p.Candidates(r)
		if err != nil {
			t.Fatal(err)
		}
		left[r.Rule] = c
	}
	form, size, round := left[cluster.ChangeType], left[cluster.ChangeOptimal], left[cluster.ChangeRound]
	if form != 0b110 || size != 0b101 || round != 0b010 {
		t.Fatalf("form leaves %03b, size %03b, roundness %03b", form, size, round)
	}
	if output, ok := (form & size).Only(); !ok || output != 2 {
		t.Errorf("form and size leave %d, %v; want output 2", output, ok)
	}
	if _, ok := (form & size & round).Only(); ok {
		t.Error("signs that contradict leave an output")
	}
	if _, ok := (size | round).Only(); ok {
		t.Error("a union of three outputs names one")
	}
}
