package cluster_test

import (
	"crypto/sha256"
	"errors"
	"strconv"
	"strings"
	"testing"

	"spoor/cluster"
	"spoor/graph"
)

// book is a little ledger in which addresses have names. A name may end in the
// form of its script: alice/sh, alice/pkh, alice/wsh, alice/tr; without, it is
// P2WPKH. "data" is a data output; a name that begins with bc1 is the address.
type book struct {
	t     *testing.T
	time  int64
	ids   map[string]graph.ID
	addrs []graph.Address
	seen  map[graph.ID]bool
	txs   map[graph.Position]graph.TxMoves
	last  map[string]graph.Position // where each name was paid last
	next  uint32
	know  graph.Extent // of the transactions that follow
	form  graph.Form   // of the next
}

func newBook(t *testing.T, at int64) *book {
	return &book{t: t, time: at, ids: map[string]graph.ID{}, addrs: make([]graph.Address, 1),
		seen: map[graph.ID]bool{}, txs: map[graph.Position]graph.TxMoves{}, last: map[string]graph.Position{}, know: graph.Full}
}

func (b *book) id(name string) graph.ID {
	if b.ids[name] != 0 {
		return b.ids[name]
	}
	sum := sha256.Sum256([]byte(name))
	_, form, _ := strings.Cut(name, "/")
	script := map[string][]byte{
		"":    append([]byte{0x00, 0x14}, sum[:20]...),
		"sh":  append(append([]byte{0xa9, 0x14}, sum[:20]...), 0x87),
		"pkh": append(append([]byte{0x76, 0xa9, 0x14}, sum[:20]...), 0x88, 0xac),
		"wsh": append([]byte{0x00, 0x20}, sum[:]...),
		"tr":  append([]byte{0x51, 0x20}, sum[:]...),
	}[form]
	if name == "data" {
		script = []byte{0x6a, 0x01, 0x07}
	}
	address := graph.ScriptAddress(graph.Bitcoin, script)
	if strings.HasPrefix(name, "bc1") {
		chain, err := graph.ParseChain(string(graph.Bitcoin))
		if err == nil {
			address, err = graph.ParseAddress(chain, name)
		}
		if err != nil {
			b.t.Fatal(err)
		}
	}
	b.ids[name] = graph.ID(len(b.addrs))
	b.addrs = append(b.addrs, address)
	return b.ids[name]
}

// tx reads "alice 5 bob 6 > carol 3 alice 7": what inputs spend, what outputs
// pay, in satoshi.
func (b *book) tx(text string) *cluster.Payment {
	b.t.Helper()
	b.next++
	tx := graph.TxMoves{At: graph.Position{Block: b.next}, Time: b.time, Know: graph.Knowledge{Transfers: b.know}, Form: b.form}
	b.form = graph.Form{}
	sides := strings.Split(text, ">")
	if len(sides) != 2 {
		b.t.Fatalf("%q has no two sides", text)
	}
	for side, list := range sides {
		words := strings.Fields(list)
		for i := 0; i+1 < len(words); i += 2 {
			value, err := strconv.ParseUint(words[i+1], 10, 64)
			if err != nil {
				b.t.Fatal(err)
			}
			m := graph.Move{Kind: graph.KindInput, Asset: graph.NativeID}
			m.Amount.SetUint64(value)
			if side == 0 {
				m.From, m.Spends = b.id(words[i]), b.last[words[i]]
				m.Seq, err = graph.InputSeq(i / 2)
			} else {
				m.Kind, m.To = graph.KindOutput, b.id(words[i])
				m.Seq, err = graph.OutputSeq(i / 2)
				b.last[words[i]] = graph.Position{Block: b.next, Seq: m.Seq}
			}
			if err != nil {
				b.t.Fatal(err)
			}
			tx.Moves = append(tx.Moves, m)
		}
	}
	seen := map[graph.ID]bool{}
	for id := range b.seen {
		seen[id] = true
	}
	p := new(cluster.Payment)
	if err := p.Read(&tx, cluster.Lookup{
		Address: func(id graph.ID) (graph.Address, error) { return b.addrs[id], nil },
		Seen:    func(id graph.ID) bool { return seen[id] },
		Tx:      func(at graph.Position) (graph.TxMoves, error) { return b.txs[at.StartOf()], nil },
		Spender: func(output graph.Position, to graph.ID) (graph.Position, error) {
			return b.spender(output, to, tx.At), nil
		},
	}); err != nil {
		b.t.Fatal(err)
	}
	b.txs[tx.At] = tx
	for i := range tx.Moves {
		b.seen[tx.Moves[i].From], b.seen[tx.Moves[i].To] = true, true
	}
	return p
}

// spender is the transaction before a position that spends an output.
func (b *book) spender(output graph.Position, to graph.ID, before graph.Position) graph.Position {
	for at, tx := range b.txs {
		for _, m := range tx.Moves {
			if at.Compare(before) < 0 && m.Kind == graph.KindInput && m.Spends == output && m.From == to {
				return at
			}
		}
	}
	return graph.Position{}
}

func TestReadRefuses(t *testing.T) {
	for name, move := range map[string]graph.Move{
		"another asset":           {Kind: graph.KindOutput, To: 1, Asset: 2},
		"more than there will be": {Kind: graph.KindOutput, To: 1, Asset: graph.NativeID, Amount: graph.Amount{21_000_000*100_000_000 + 1}},
		"more than 64 bits":       {Kind: graph.KindInput, From: 1, Asset: graph.NativeID, Amount: graph.Amount{1, 1}},
	} {
		var p cluster.Payment
		if err := p.Read(&graph.TxMoves{Moves: []graph.Move{move}}, cluster.Lookup{}); !errors.Is(err, cluster.ErrPayment) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestScriptOf(t *testing.T) {
	b := newBook(t, 0)
	for name, want := range map[string]cluster.Script{"a": cluster.P2WPKH, "a/sh": cluster.P2SH, "a/pkh": cluster.P2PKH,
		"a/wsh": cluster.P2WSH, "a/tr": cluster.P2TR, "data": cluster.ScriptOther} {
		if got := cluster.ScriptOf(b.addrs[b.id(name)]); got != want {
			t.Errorf("%s: %s, want %s", name, got, want)
		}
	}
}

func TestCoSpend(t *testing.T) {
	for name, c := range map[string]struct {
		tx   string
		want uint8
	}{
		"payment":            {"a 50 b 60 > c 70 d 30", 90},
		"one output":         {"a 50 b 60 > c 100", 90},
		"both inputs needed": {"a 100000 b 60000 > c 120000 d 39000", 90},
		"PayJoin: a pays 20000 to b, who adds 30000": {"a 100000 b 30000 > b2 50000 a2 79000", 50},
		"one address pays":                           {"a 100000 a 30000 > b2 50000 a2 79000", 90},
		"equal pair":                                 {"a 100000 b 60000 > c 40000 d 40000 e 50000 f 20000", 0},
		"inputs are missing":                         {"a 10 b 20 > c 500 d 600", 0},
		"coinbase":                                   {"> a 500", 0},
	} {
		p := newBook(t, jan2024).tx(c.tx)
		f, err := cluster.Recognise(p)
		if err != nil {
			t.Fatal(err)
		}
		if got, why := p.CoSpend(f); got != c.want {
			t.Errorf("%s: confidence %d (%s), want %d", name, got, why, c.want)
		}
	}
}

func TestPayout(t *testing.T) {
	many := " c1 101 c2/sh 102 c3 103 c4/pkh 104 c5 105 c6 106 c7/tr 107 c8 108 c9 109 c10 110 c11 111"
	for name, c := range map[string]struct {
		tx   string
		want bool
	}{
		"batch":              {"hot 9000 >" + many + " hot 7000", true},
		"few payees":         {"hot 9000 > c1 101 c2/sh 102 c3 103 hot 7000", false},
		"one form of script": {"hot 9000 >" + strings.NewReplacer("/sh", "", "/pkh", "", "/tr", "").Replace(many), false},
		"many payers":        {"a 500 b 500 c 500 d 500 >" + many, false},
	} {
		p := newBook(t, jan2024).tx(c.tx)
		out, ok, err := cluster.RecognisePayout(p, cluster.Finding{})
		if err != nil || ok != c.want {
			t.Errorf("%s: %+v %v %v, want %v", name, out, ok, err, c.want)
		}
		if ok && (out.Payees != 11 || out.Forms != 4) {
			t.Errorf("%s: %+v, want 11 payees of 4 forms", name, out)
		}
	}
}
