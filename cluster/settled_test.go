package cluster_test

import (
	"strconv"
	"strings"
	"testing"

	"spoor/cluster"
	"spoor/graph"
)

// formed adds a transaction that is written as the words before the bar say:
// version, lock time, size, and yes (+) or no (-) to replaceable, sorted and low R.
//
//	"v2 l8 s141 r+ o- g+ | a 900 > b 500 c 300"
func (b *book) formed(text string) *cluster.Payment {
	b.t.Helper()
	form, tx, found := strings.Cut(text, "|")
	if !found {
		return b.tx(text)
	}
	b.form.Known = true
	for _, word := range strings.Fields(form) {
		answer := map[string]graph.Answer{"+": graph.Yes, "-": graph.No}[word[1:]]
		n, err := strconv.ParseUint(word[1:], 10, 32)
		if err != nil && answer == graph.NotTold {
			b.t.Fatalf("%q: %v", text, err)
		}
		switch word[0] {
		case 'v':
			b.form.Version = uint32(n)
		case 'l':
			b.form.LockTime = uint32(n)
		case 's':
			b.form.Size = uint32(n)
		case 'r':
			b.form.Replaceable = answer
		case 'o':
			b.form.InputsSorted, b.form.OutputsSorted = answer, answer
		case 'g':
			b.form.LowR = answer
		}
	}
	return b.tx(tx)
}

// late are the names that a rule takes for change once they are spent, "payer>
// change", in the order of the evidence.
func late(t *testing.T, b *book, p *cluster.Payment, want func(cluster.Rule) bool) string {
	t.Helper()
	names := map[graph.ID]string{}
	for name, id := range b.ids {
		names[id] = name
	}
	var list []string
	for q, err := range p.Settled() {
		if err != nil {
			t.Fatal(err)
		}
		f, err := cluster.Recognise(q)
		if err != nil {
			t.Fatal(err)
		}
		found, err := q.Evidence(nil, f, want, nil)
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range found {
			if e.At != p.At || e.A != q.Inputs[0].ID || e.Confidence == 0 || e.Confidence > 100 || e.C != 0 || e.Rule < cluster.ChangeLockTime {
				t.Errorf("evidence %+v of %+v", e, q)
			}
			list = append(list, names[e.A]+">"+names[e.B])
		}
	}
	return strings.Join(list, " ")
}

func TestSettledRules(t *testing.T) {
	lock, fee, print := cluster.ChangeLockTime, cluster.ChangeFixedFee, cluster.ChangeFingerprint
	const six = "q1 1 q2 2 q3 3 q4 4 q5 5 q6 6" // outputs in an order that is no accident
	for name, c := range map[string]struct {
		rule cluster.Rule
		txs  []string
		want string // what the last of them shows
	}{
		"locked, the payee is not":    {lock, []string{"l1 | a 900 > c 200 d 600", "l0 | c 200 > x 100", "l2 | d 600 > y 500"}, "a>d"},
		"not locked, the payee is":    {lock, []string{"l0 | a 900 > c 200 d 600", "l0 | d 600 > y 500", "l2 | c 200 > x 100"}, "a>d"},
		"a height or a time":          {lock, []string{"l1 | a 900 > c 200 d 600", "l0 | c 200 > x 100", "l1600000000 | d 600 > y 500"}, "a>d"},
		"both are locked":             {lock, []string{"l1 | a 900 > c 200 d 600", "l1 | c 200 > x 100", "l2 | d 600 > y 500"}, ""},
		"none is locked":              {lock, []string{"l1 | a 900 > c 200 d 600", "l0 | c 200 > x 100", "l0 | d 600 > y 500"}, ""},
		"one is not spent":            {lock, []string{"l1 | a 900 > c 200 d 600", "l0 | c 200 > x 100"}, ""},
		"one spends both":             {lock, []string{"l1 | a 900 > c 200 d 600", "l1 | c 200 d 600 > x 700"}, ""},
		"three outputs":               {lock, []string{"l1 | a 900 > c 200 d 400 e 200", "l0 | c 200 e 200 > x 300", "l2 | d 400 > y 300"}, "a>d"},
		"data is never spent":         {lock, []string{"l1 | a 900 > c 200 data 0 d 600", "l0 | c 200 > x 100", "l2 | d 600 > y 500"}, "a>d"},
		"two payments at once":        {lock, []string{"l1 | a 900 > c 200 d 600", "l1 | b 900 > e 200 f 600", "l0 | c 200 e 200 > x 300", "l2 | d 600 f 600 > y 900"}, "a>d b>f"},
		"its form is not known":       {lock, []string{"a 900 > c 200 d 600", "l0 | c 200 > x 100", "l2 | d 600 > y 500"}, ""},
		"a spender's is not known":    {lock, []string{"l1 | a 900 > c 200 d 600", "c 200 > x 100", "l2 | d 600 > y 500"}, ""},
		"the last one's is not known": {lock, []string{"l1 | a 900 > c 200 d 600", "l0 | c 200 > x 100", "d 600 > y 500"}, ""},
		"change is known already":     {lock, []string{"l1 | a 900 > c 200 a 600", "l0 | c 200 > x 100", "l2 | a 600 > y 500"}, ""},
		"a spender is a CoinJoin": {lock, []string{"l1 | a 900000 > c 300000 d 500000",
			"l0 | c 300000 m 300000 n 300000 > o1 200000 o2 200000 o3 200000 c1 99001 c2 99002 c3 99003", "l2 | d 500000 > y 400000"}, ""},
		"a coinbase":    {lock, []string{"l1 | > c 200 d 600", "l0 | c 200 > x 100", "l2 | d 600 > y 500"}, ""},
		"a batch":       {lock, []string{"l1 | a 900 > " + six + " q7 7 q8 8 q9 9 q10 10 q11 11", "l0 | q1 1 q2 2 q3 3 q4 4 q5 5 q6 6 q7 7 q8 8 q9 9 q10 10 > x 50", "l2 | q11 11 > y 10"}, ""},
		"one output":    {lock, []string{"l1 | a 900 > c 200", "l1 | c 200 > x 100"}, ""},
		"paid twice":    {lock, []string{"l1 | a 900 > c 100 c 100 d 300 e 300", "l0 | e 300 > x 200", "l1 | d 300 > y 200"}, "a>d"},
		"a later spend": {lock, []string{"l1 | a 900 > c 100 c 100 d 300 e 300", "l0 | e 300 > x 200", "l1 | d 300 > y 200", "l1 | c 100 > z 90"}, ""},

		"the same rate":                 {fee, []string{"s100 | a 1000 > c 200 d 600", "s100 | c 200 > x 100", "s200 | d 600 > y 200"}, "a>d"},
		"as good as the same":           {fee, []string{"s100 | a 1000 > c 200 d 600", "s100 | c 200 > x 100", "s202 | d 600 > y 200"}, "a>d"},
		"not the same":                  {fee, []string{"s100 | a 1000 > c 200 d 600", "s100 | c 200 > x 100", "s203 | d 600 > y 200"}, ""},
		"no fee":                        {fee, []string{"s100 | a 800 > c 200 d 600", "s100 | c 200 > x 100", "s203 | d 600 > y 600"}, "a>d"},
		"no size":                       {fee, []string{"s100 | a 1000 > c 200 d 600", "s100 | c 200 > x 100", "l1 | d 600 > y 200"}, ""},
		"an input's worth is missing":   {fee, []string{"s100 | a 1000 > c 200 d 600", "s100 | c 200 > x 100", "s200 | d 600 > y 700"}, ""},
		"the same version":              {print, []string{"v2 | a 900 > c 200 d 600", "v1 | c 200 > x 100", "v2 | d 600 > y 500"}, "a>d"},
		"replaceable":                   {print, []string{"v2 r+ | a 900 > c 200 d 600", "v2 r- | c 200 > x 100", "v2 r+ | d 600 > y 500"}, "a>d"},
		"it is not told":                {print, []string{"v2 r+ | a 900 > c 200 d 600", "v2 | c 200 > x 100", "v2 r+ | d 600 > y 500"}, ""},
		"lock times are another rule's": {print, []string{"v2 l1 | a 900 > c 200 d 600", "v2 l0 | c 200 > x 100", "v2 l1 | d 600 > y 500"}, ""},
		"in order, and not by chance":   {print, []string{"v2 o- | a 900 > c 200 d 600", "v2 o+ | c 200 > " + six, "v2 o- | d 600 > y 500"}, "a>d"},
		"in order, maybe by chance":     {print, []string{"v2 o- | a 900 > c 200 d 600", "v2 o+ | c 200 > q1 1 q2 2 q3 3", "v2 o- | d 600 > y 500"}, ""},
		"out of order is proof":         {print, []string{"v2 o+ | a 900 > " + six, "v2 o- | q1 1 > x 1", "v2 o- | q2 2 q3 3 q4 4 q5 5 > x 1", "v2 o+ | q6 6 > x 1"}, "a>q6"},
		"low R, maybe by chance":        {print, []string{"v2 g- | a 900 > c 200 d 600", "v2 g+ | c 200 e 1 f 1 g 1 > x 100", "v2 g- | d 600 > y 500"}, ""},
		"low R, and not by chance":      {print, []string{"v2 g- | a 900 > c 200 d 600", "v2 g+ | c 200 e 1 f 1 g 1 h 1 > x 100", "v2 g- | d 600 > y 500"}, "a>d"},
		"low R of many":                 {print, []string{"v2 g+ | a 900 b 1 e 1 f 1 g 1 h 1 i 1 j 1 k 1 > c 200 d 600", "v2 g- | c 200 > x 100", "v2 g+ | d 600 > y 500"}, "a>d"},
	} {
		t.Run(name, func(t *testing.T) {
			b := newBook(t, jan2024)
			for i, text := range c.txs {
				p := b.formed(text)
				got, want := late(t, b, p, only(c.rule)), ""
				if i == len(c.txs)-1 {
					want = c.want
				} else if name == "a later spend" && i == 2 {
					want = "a>d"
				}
				if got != want {
					t.Errorf("transaction %d shows %q, want %q", i, got, want)
				}
				if again := claims(t, b, p, func(r cluster.Rule) bool { return r >= cluster.ChangeLockTime }, nil); again != "" {
					t.Errorf("transaction %d shows %q before its outputs are spent", i, again)
				}
			}
		})
	}
}

// TestSettledInPart: where not all that moved is known, fees are not.
func TestSettledInPart(t *testing.T) {
	b := newBook(t, jan2024)
	b.formed("s100 | a 1000 > c 200 d 600")
	b.know = graph.Partial
	b.formed("s100 | c 200 > x 100")
	if got := late(t, b, b.formed("s200 | d 600 > y 200"), all); got != "" {
		t.Errorf("%q of what is known in part", got)
	}
}

// TestSettledCompose: what two rules leave together names the change that
// neither names alone, also with rules that look at the payment itself.
func TestSettledCompose(t *testing.T) {
	b := newBook(t, jan2024)
	b.formed("v2 l1 | a 900 > c 200 d/sh 400 e 200")
	b.formed("v1 l1 | c 200 > x 100")
	b.formed("v2 l1 | d/sh 400 > y 300")
	p := b.formed("v2 l0 | e 200 > z 100")
	for q, err := range p.Settled() {
		if err != nil {
			t.Fatal(err)
		}
		left := map[cluster.Rule]cluster.Candidates{}
		for i := range cluster.ChangeRules {
			r := &cluster.ChangeRules[i]
			if left[r.Rule], err = q.Candidates(r); err != nil {
				t.Fatal(err)
			}
		}
		lock, print := left[cluster.ChangeLockTime], left[cluster.ChangeFingerprint]
		if lock != 0b011 || print != 0b110 {
			t.Fatalf("lock times leave %03b, fingerprints %03b", lock, print)
		}
		if output, ok := (lock & print).Only(); !ok || output != 1 {
			t.Errorf("together they leave %d, %v; want output 1", output, ok)
		}
		if left[cluster.ChangeType]&lock&print != 0 || left[cluster.ChangeOneTime] != 0b111 {
			t.Errorf("forms of scripts leave %03b, histories %03b", left[cluster.ChangeType], left[cluster.ChangeOneTime])
		}
		return
	}
	t.Fatal("nothing is settled")
}
