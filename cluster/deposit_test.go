package cluster_test

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"testing"

	"spoor/cluster"
	"spoor/graph"
)

// small are parameters that scenarios can be written with.
var small = cluster.DepositParams{Alpha: amount(10), Tau: 100, Busy: 50}

// wallets of the scenarios: H1 and H2 are one exchange's, K is another's.
var wallets = []string{"H1", "H2", "K"}

func exchangeOf(w *world) func(graph.ID) string {
	return func(id graph.ID) string {
		switch w.name(id, wallets) {
		case "H1", "H2":
			return "Hutch"
		case "K":
			return "Kiosk"
		}
		return ""
	}
}

// deposits finds the evidence of a whole ledger.
func deposits(w *world, hot cluster.HotWallet, params cluster.DepositParams) (evidence []cluster.Evidence, f *cluster.DepositFinder) {
	w.t.Helper()
	f, err := cluster.NewDepositFinder(w, hot, params)
	if err != nil {
		w.t.Fatal(err)
	}
	for tx, err := range w.Txs(w.ctx, 0) {
		if err != nil {
			w.t.Fatal(err)
		}
		if evidence, err = f.Find(w.ctx, &tx, evidence); err != nil {
			w.t.Fatal(err)
		}
	}
	return evidence, f
}

func TestDepositEvidence(t *testing.T) {
	for _, test := range []struct {
		name  string
		lines string
		want  []string // BLOCK USER>DEPOSIT>WALLET CONFIDENCE
	}{
		{"coin, gas kept back", `
			10 U>D 1000
			12 D>H1 995`, []string{"12 U>D>H1 74"}},
		{"a token, exactly", `
			10 U>D 1000 T
			20 G>D 7
			60 D>H1 1000 T`, []string{"60 U>D>H1 75"}},
		{"more kept than gas costs", `
			10 U>D 1000
			12 D>H1 989`, nil},
		{"more forwarded than came", `
			10 U>D 1000
			11 V>D 40
			12 D>H1 1001`, nil},
		{"a token, not exactly", `
			10 U>D 1000 T
			12 D>H1 999 T`, nil},
		{"another token of the same amount", `
			10 U>D 1000 T
			12 D>H1 1000 S`, nil},
		{"as late as allowed", `
			10 U>D 1000
			110 D>H1 1000`, []string{"110 U>D>H1 50"}},
		{"too late", `
			10 U>D 1000
			111 D>H1 1000`, nil},
		{"the latest of several", `
			10 U>D 1000
			11 V>D 1000
			12 D>H1 1000`, []string{"12 V>D>H1 100"}},
		{"earlier in the same block", `
			12 U>D 1000
			12 D>H1 1000`, []string{"12 U>D>H1 100"}},
		{"later in the same block", `
			12 D>H1 1000
			12 U>D 1000`, nil},
		// An exchange pays the gas of a token sweep; the rest of it goes back later
		// and would make the payer of gas a customer of everybody's exchange.
		{"gas top-up, then a token sweep, then what is left", `
			10 U>D 1000 T
			20 G>D 9
			21 D>H1 1000 T
			22 D>H1 8`, []string{"21 U>D>H1 95"}},
		{"a withdrawal that comes back", `
			10 H1>D 1000
			12 D>H1 1000`, nil},
		{"a withdrawal from another of its wallets that comes back", `
			10 H2>D 1000
			12 D>H1 1000`, nil},
		{"between wallets of exchanges", `
			10 U>H2 1000
			12 H2>H1 1000`, nil},
		{"a miner who sells", `
			10 U>D 1000
			11 ->D 500 kind=reward
			12 D>H1 1000`, nil},
		{"a validator who sells", `
			10 U>D 1000
			11 ->D 500 kind=withdrawal
			12 D>H1 1000`, nil},
		{"a contract that forwards coin", `
			9 create F>D
			10 U>D 1000
			12 D>H1 1000 kind=internal by=U`, nil},
		{"a contract that forwards tokens", `
			9 create F>D
			10 U>D 1000 T
			12 D>H1 1000 T by=X`, nil},
		{"swept by another who may, of an account", `
			9 D>X 1
			10 U>D 1000 T
			12 D>H1 1000 T by=X`, []string{"12 U>D>H1 99"}},
		{"swept by another who may, of who knows what", `
			10 U>D 1000 T
			12 D>H1 1000 T by=X`, nil},
		{"the user is a contract that pays out", `
			10 R>D 1000 kind=internal by=U
			12 D>H1 1000`, nil},
		{"the user is a contract that pays out tokens", `
			9 create F>R
			10 R>D 1000 T by=U
			12 D>H1 1000 T`, nil},
		{"a ledger without fees", `
			10 U>D 1000 T nofee
			12 D>H1 1000 T nofee`, []string{"12 U>D>H1 99"}},
		{"a ledger of rows without kinds", `
			10 U>D 1000 nofee kind=transfer
			12 D>H1 1000 nofee kind=transfer`, []string{"12 U>D>H1 99"}},
		{"nothing, in the name of the victim", `
			10 U>D 0 T by=P
			12 D>H1 0 T by=P`, nil},
		{"dust between payment and sweep", `
			10 U>D 1000
			11 P>D 1
			11 P>D 0 T
			12 D>H1 1000`, []string{"12 U>D>H1 99"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			w := newWorld(t, test.lines)
			evidence, _ := deposits(w, w.named(wallets...), small)
			names := append([]string{"U", "V", "D", "G", "R", "P", "X"}, wallets...)
			var got []string
			for _, e := range evidence {
				if e.Rule != cluster.DepositReuse || e.At.Seq != 0 {
					t.Errorf("got %+v", e)
				}
				got = append(got, fmt.Sprintf("%d %s>%s>%s %d", e.At.Block, w.name(e.A, names), w.name(e.B, names), w.name(e.C, names), e.Confidence))
			}
			if !slices.Equal(got, test.want) {
				t.Errorf("got %q, want %q", got, test.want)
			}
		})
	}
}

// An address with very many movements forwards for others; that it was passed
// over is counted.
func TestDepositBusy(t *testing.T) {
	var lines strings.Builder
	for i := range 60 {
		fmt.Fprintf(&lines, "%d U%d>D 1000\n", 10+i, i)
	}
	w := newWorld(t, lines.String()+"80 D>H1 1000\n")
	evidence, f := deposits(w, w.named("H1"), small)
	if len(evidence) != 0 || f.Busy != 1 {
		t.Errorf("got %v, %d busy", evidence, f.Busy)
	}
	for _, bad := range []cluster.DepositParams{{Busy: 1}, {Tau: 1}} {
		if _, err := cluster.NewDepositFinder(w, w.named(), bad); err == nil {
			t.Errorf("%s was accepted", bad)
		}
	}
}

func TestDepositsJudged(t *testing.T) {
	many := func(user string, n int) string {
		var b strings.Builder
		for i := range n {
			fmt.Fprintf(&b, "%d %s>M%d 1000\n%d M%d>H1 1000\n", 500+2*i, user, i, 501+2*i, i)
		}
		return b.String()
	}
	for _, test := range []struct {
		name   string
		lines  string
		roles  cluster.DepositRoles
		want   []string // DEPOSIT EXCHANGE USERS
		pruned map[cluster.PruneReason]int
	}{
		{name: "two users of one address", lines: `
			10 U>D 1000
			12 D>H1 1000
			20 V>D 70
			22 D>H2 70`, want: []string{"D Hutch U,V"}},
		{name: "one user, two exchanges", lines: `
			10 U>D 1000
			12 D>H1 1000
			20 U>E 1000
			22 E>K 1000`, want: []string{"D Hutch U", "E Kiosk U"}},
		{name: "an address that pays several exchanges is a person", lines: `
			10 U>D 1000
			12 D>H1 1000
			20 V>D 1000
			22 D>K 1000`, pruned: map[cluster.PruneReason]int{cluster.PruneSeveral: 2}},
		{name: "a user is no deposit address", lines: `
			10 U>D 1000
			12 D>H1 1000
			20 D>E 500
			22 E>H1 500`, want: []string{"E Hutch D"}, pruned: map[cluster.PruneReason]int{cluster.PruneUser: 1}},
		{name: "a payment processor of many customers", lines: many("P", 4) + `
			600 U>M1 1000
			601 M1>H1 1000`, roles: cluster.DepositRoles{Many: 3}, want: []string{"M1 Hutch U"}, pruned: map[cluster.PruneReason]int{cluster.PruneMany: 4}},
		{name: "as many as a customer has", lines: many("P", 3), roles: cluster.DepositRoles{Many: 3},
			want: []string{"M0 Hutch P", "M1 Hutch P", "M2 Hutch P"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			w := newWorld(t, test.lines)
			evidence, _ := deposits(w, w.named(wallets...), small)
			names := []string{"U", "V", "P", "D", "E", "M0", "M1", "M2", "M3"}
			roles := test.roles
			roles.Exchange = exchangeOf(w)
			j := cluster.DepositsOf(evidence, roles)
			if got := judged(w, j, names); !slices.Equal(got, test.want) {
				t.Errorf("got %q, want %q", got, test.want)
			}
			checkPruned(t, j, evidence, test.pruned)
			neverExchange(w, j)
		})
	}
}

// Labels that are known only later change what evidence amounts to, and nothing
// is lost when they go.
func TestDepositsJudgedAgain(t *testing.T) {
	w := newWorld(t, `
		10 O>D 1000
		12 D>H1 1000
		20 U>D 1000
		22 D>H1 1000
		30 U>X 1000
		32 X>H1 1000`)
	evidence, _ := deposits(w, w.named("H1"), small)
	is := func(name string) func(graph.ID) bool { return func(id graph.ID) bool { return id == w.id(name) } }
	names := []string{"O", "U", "D", "X"}
	exchange := exchangeOf(w)
	for _, test := range []struct {
		name   string
		roles  cluster.DepositRoles
		want   []string
		pruned map[cluster.PruneReason]int
	}{
		{"nothing known", cluster.DepositRoles{}, []string{"D  O,U", "X  U"}, nil},
		{"an OTC desk is known", cluster.DepositRoles{Service: is("O")}, []string{"D  U", "X  U"}, map[cluster.PruneReason]int{cluster.PruneService: 1}},
		{"a contract is known", cluster.DepositRoles{Contract: is("X")}, []string{"D  O,U"}, map[cluster.PruneReason]int{cluster.PruneContract: 1}},
		{"the wallet is a contract: a decentralised exchange", cluster.DepositRoles{Contract: is("H1")}, nil, map[cluster.PruneReason]int{cluster.PruneWallet: 3}},
		{"a deposit address is an exchange's wallet", cluster.DepositRoles{Exchange: func(id graph.ID) string {
			if is("X")(id) {
				return "Hutch"
			}
			return exchange(id)
		}}, []string{"D Hutch O,U"}, map[cluster.PruneReason]int{cluster.PruneExchange: 1}},
		{"nothing known again", cluster.DepositRoles{}, []string{"D  O,U", "X  U"}, nil},
	} {
		t.Run(test.name, func(t *testing.T) {
			before := slices.Clone(evidence)
			j := cluster.DepositsOf(evidence, test.roles)
			if got := judged(w, j, names); !slices.Equal(got, test.want) {
				t.Errorf("got %q, want %q", got, test.want)
			}
			checkPruned(t, j, evidence, test.pruned)
			if !slices.Equal(before, evidence) {
				t.Error("the evidence was changed")
			}
		})
	}
	j := cluster.DepositsOf(evidence, cluster.DepositRoles{Exchange: exchange})
	label := j.Deposits[0].Label(w.account("D"), small)
	if label.Name != "Hutch deposit" || label.Category != "deposit_wallet" || label.Confidence != 99 || label.Source != "rule deposit_reuse (alpha=10 tau=100 busy=50)" {
		t.Errorf("label %+v", label)
	}
}

// Where a ledger has no fees, only what it comes to know tells contracts.
func TestContractsKnownLater(t *testing.T) {
	w := newWorld(t, `
		10 T>D 1000 S nofee
		12 D>H1 1000 S nofee
		20 U>E 1000 S nofee
		22 E>H1 1000 S nofee
		30 X>E 1 T nofee`)
	evidence, _ := deposits(w, w.named("H1"), small)
	contracts, err := cluster.Contracts(w.ctx, w, evidence)
	if err != nil || len(evidence) != 2 || len(contracts) != 1 || !contracts[w.id("T")] {
		t.Fatalf("%d pieces of evidence, contracts %v, %v", len(evidence), contracts, err)
	}
	j := cluster.DepositsOf(evidence, cluster.DepositRoles{Contract: func(id graph.ID) bool { return contracts[id] }})
	if got := judged(w, j, []string{"U", "D", "E"}); !slices.Equal(got, []string{"E  U"}) {
		t.Errorf("got %q", got)
	}
}

// judged writes deposits as "DEPOSIT EXCHANGE USER,USER".
func judged(w *world, j cluster.DepositJudgement, names []string) (got []string) {
	for _, d := range j.Deposits {
		var users []string
		for _, u := range d.Users {
			users = append(users, w.name(u, names))
		}
		slices.Sort(users)
		got = append(got, fmt.Sprintf("%s %s %s", w.name(d.Address, names), d.Exchange, strings.Join(users, ",")))
	}
	slices.SortFunc(got, cmp.Compare)
	return got
}

func checkPruned(t *testing.T, j cluster.DepositJudgement, evidence []cluster.Evidence, want map[cluster.PruneReason]int) {
	t.Helper()
	sum := len(j.Kept)
	for why, n := range j.Pruned {
		if want[why] != n {
			t.Errorf("%d pruned because %s, want %d", n, why, want[why])
		}
		sum += n
	}
	if len(j.Pruned) != len(want) {
		t.Errorf("pruned %v, want %v", j.Pruned, want)
	}
	if sum != len(evidence) {
		t.Errorf("%d kept or pruned of %d", sum, len(evidence))
	}
}

func neverExchange(w *world, j cluster.DepositJudgement) {
	w.t.Helper()
	exchange := exchangeOf(w)
	for _, d := range j.Deposits {
		if exchange(d.Address) != "" || slices.ContainsFunc(d.Users, func(u graph.ID) bool { return exchange(u) != "" }) {
			w.t.Errorf("an exchange is a deposit address or a user: %+v", d)
		}
	}
}

// Evidence found block by block, as a ledger grows, is that of the whole.
func TestDepositEvidenceGrows(t *testing.T) {
	lines := strings.Split(strings.TrimSpace(`
		10 U>D 1000
		12 D>H1 1000
		13 D>X 1
		14 U>C 500 T
		15 C>H1 500 T by=Z
		16 create F>C
		20 V>D 70
		21 H1>H2 3
		22 D>H2 70
		30 D>E 500
		32 E>K 500`), "\n")
	whole := newWorld(t, strings.Join(lines, "\n"))
	want, _ := deposits(whole, whole.named(wallets...), small)
	if len(want) != 3 {
		t.Fatalf("%d pieces of evidence", len(want))
	}
	grown := newWorld(t, lines[0])
	var got []cluster.Evidence
	for _, line := range lines[1:] {
		blocks := grown.blocks(line)
		if err := grown.ledger.Apply(grown.ctx, blocks...); err != nil {
			t.Fatal(err)
		}
		grown.look()
		f, err := cluster.NewDepositFinder(grown, grown.named(wallets...), small)
		if err != nil {
			t.Fatal(err)
		}
		for tx, err := range grown.Txs(grown.ctx, blocks[0].Height) {
			if err == nil {
				got, err = f.Find(grown.ctx, &tx, got)
			}
			if err != nil {
				t.Fatal(err)
			}
		}
	}
	if !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

// A wallet nobody labelled is known by how many pay it and are paid by it, from
// when on that is so.
func TestShapedWallet(t *testing.T) {
	var lines strings.Builder
	for i := range 5 {
		fmt.Fprintf(&lines, "%d P%d>W 10\n%d W>Q%d 5\n", 10+i, i, 10+i, i)
		fmt.Fprintf(&lines, "%d P%d>S 10\n%d S>Q0 5\n", 10+i, i, 10+i) // a shop pays one
	}
	lines.WriteString("30 create F>R\n")
	for i := range 5 {
		fmt.Fprintf(&lines, "%d P%d>R 10\n%d R>Q%d 5 kind=internal by=P0\n", 31+i, i, 31+i, i)
	}
	w := newWorld(t, lines.String())
	shaped := cluster.NewShapedWallets(w, cluster.WalletShape{Payers: 4, Payees: 4, Scan: 100})
	for _, test := range []struct {
		name   string
		before uint32
		want   bool
	}{{"W", 99, true}, {"W", 13, false}, {"W", 14, true}, {"W", 12, false}, {"S", 99, false}, {"R", 99, false}, {"P0", 99, false}} {
		got, err := shaped.Hot(w.ctx, w.id(test.name), graph.Position{Block: test.before})
		if err != nil || got != test.want {
			t.Errorf("%s before %d: %v, %v; want %v", test.name, test.before, got, err, test.want)
		}
	}
}

func TestNature(t *testing.T) {
	w := newWorld(t, `
		10 A>B 5
		11 create A>C
		12 event created X F F safe-factory
		13 A>X 1
		14 event delegated B A - eip-7702
		15 B>A 1 kind=internal by=A
		16 A>N 7 kind=create
		18 A>C 3
		20 B>A 1`)
	for _, test := range []struct {
		name   string
		before uint32
		want   cluster.Nature
	}{
		{"A", 99, cluster.NatureAccount}, {"A", 10, cluster.NatureUnknown}, {"C", 99, cluster.NatureContract}, {"C", 11, cluster.NatureUnknown},
		{"X", 99, cluster.NatureUnknown}, // what a factory says is no proof
		{"B", 20, cluster.NatureUnknown}, // runs code, and may be an account
		{"B", 21, cluster.NatureAccount}, {"N", 99, cluster.NatureContract},
	} {
		got, err := cluster.NatureOf(w.ctx, w, w.id(test.name), graph.Position{Block: test.before})
		if err != nil || got != test.want {
			t.Errorf("%s before %d: %s, %v; want %s", test.name, test.before, got, err, test.want)
		}
	}
}
