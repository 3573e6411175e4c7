package bridge_test

import (
	"bytes"
	"cmp"
	"compress/gzip"
	"encoding/binary"
	"encoding/csv"
	"encoding/json"
	"io"
	"math/big"
	"os"
	"slices"
	"testing"

	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/crypto"

	"spoor/graph"
	"spoor/graph/graphtest"
	"spoor/ingest/bridge"
)

// A deposit of connector-pairs: the set's own decoding of a source transaction.
type deposit struct {
	Tx   common.Hash `json:"txhash"`
	Time int64       `json:"timestamp"`
	Args struct {
		Sender   common.Address `json:"sender"`
		Receiver common.Address `json:"receiver"`
		Amount   json.Number    `json:"amount"`
		Source   common.Address `json:"asset_s"`
		Target   common.Address `json:"asset_d"`
	} `json:"args"`
}

func (d *deposit) amount(t *testing.T) graph.Amount {
	t.Helper()
	var a graph.Amount
	if err := a.SetFromDecimal(d.Args.Amount.String()); err != nil {
		t.Fatal(err)
	}
	return a
}

func unzipped(t *testing.T, path string) []byte {
	t.Helper()
	packed, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	z, err := gzip.NewReader(bytes.NewReader(packed))
	if err != nil {
		t.Fatal(err)
	}
	text, err := io.ReadAll(z)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// connector reads the deposits and destination call data of a bridge. The set
// has the call data only: who was called is ours to say, and logs are unknown.
func connector(t *testing.T, name string, to common.Address) (deposits []deposit, arrivals []graph.Event, unread int) {
	t.Helper()
	if err := json.Unmarshal(unzipped(t, graphtest.Data(t, "connector-pairs", "eth-polygon", name, "sample.json.gz")), &deposits); err != nil {
		t.Fatal(err)
	}
	rows, err := csv.NewReader(bytes.NewReader(unzipped(t, graphtest.Data(t, "connector-pairs", "eth-polygon", name, "input.csv.gz")))).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	for _, row := range rows[1:] {
		events, failed := bridge.Events(&bridge.Tx{Chain: "eip155:137", To: &to, Input: unhex(t, row[1]), NoLogs: true})
		if len(events) != 1 || len(failed) > 0 {
			t.Logf("%s: %d events, %v: %.80s", name, len(events), failed, row[1])
			unread++
			continue
		}
		arrivals = append(arrivals, events...)
	}
	return deposits, arrivals, unread
}

// Multichain: the key is the source transaction, and each of it is a deposit.
func TestConnectorMultichain(t *testing.T) {
	deposits, arrivals, unread := connector(t, "multi", common.Address{1})
	byTx := map[string]*deposit{}
	for i := range deposits {
		byTx[string(deposits[i].Tx[:])] = &deposits[i]
	}
	linked, receiver := 0, 0
	used := map[string]int{}
	for i := range arrivals {
		e := &arrivals[i]
		if e.Protocol != "multichain?" { // the router of Polygon is not listed
			t.Fatalf("protocol %s", e.Protocol)
		}
		used[e.Key]++
		if d := byTx[e.Key]; d != nil && used[e.Key] == 1 {
			linked++
			if e.Subject.String() == d.Args.Receiver.Hex() {
				receiver++
			}
		}
	}
	check(t, "deposits, arrivals, unread, linked, of these to the declared receiver", []int{len(deposits), len(arrivals), unread, linked, receiver}, []int{2144, 2138, 0, 2138, 2138})
}

func check(t *testing.T, what string, got, want []int) {
	t.Helper()
	if !slices.Equal(got, want) {
		t.Errorf("%s: %v, want %v", what, got, want)
	}
}

// Poly: token there, receiver and amount of the deposit are those that the
// proof says; where several deposits are alike, each arrival takes the next.
// That the links are right shows in what was not used for them: the index of
// the transaction at the source, which is in the key, rises with the deposits'
// times.
func TestConnectorPoly(t *testing.T) {
	deposits, arrivals, unread := connector(t, "poly", common.Address{1})
	slices.SortStableFunc(deposits, func(a, b deposit) int { return cmp.Compare(a.Time, b.Time) })
	slices.SortFunc(arrivals, func(a, b graph.Event) int { return cmp.Compare(a.Key, b.Key) })
	type fields struct {
		token, to common.Address
		amount    graph.Amount
	}
	open := map[fields][]deposit{}
	for _, d := range deposits {
		k := fields{d.Args.Target, d.Args.Receiver, d.amount(t)}
		open[k] = append(open[k], d)
	}
	linked, backwards, last := 0, 0, int64(0)
	keys := map[string]bool{}
	for i := range arrivals {
		e := &arrivals[i]
		keys[e.Key] = true
		k := fields{common.Address(e.Asset.Contract.Bytes()), common.Address(e.Subject.Bytes()), e.Amount}
		if len(open[k]) == 0 || e.Far.Chain != "eip155:1" || e.Protocol != "poly?" {
			t.Logf("not linked: %s", describe(e))
			continue
		}
		if open[k][0].Time < last {
			backwards++
		}
		last = open[k][0].Time
		open[k] = open[k][1:]
		linked++
	}
	check(t, "deposits, arrivals, unread, keys, linked, out of order", []int{len(deposits), len(arrivals), unread, len(keys), linked, backwards}, []int{545, 545, 0, 545, 545, 0})
}

// link is a deposit and an arrival that may belong together, and by how much
// their amounts differ.
type link struct {
	deposit, arrival int
	missing          *big.Int // parts of 1e18 of the deposit
}

// Celer: the key is an id that the set's deposits do not have. They are linked
// by receiver, token and amount: first who has just one of each teaches which
// token there is which here, then the least difference
// decides.
func TestConnectorCeler(t *testing.T) {
	deposits, arrivals, unread := connector(t, "celer", common.HexToAddress("0x88DCDC47D2f83a99CF0000FDF667A468bB958a78"))
	pairs := celerPairs(t, deposits, arrivals)
	proven := 0
	for i := range arrivals {
		if arrivals[i].Protocol == "celer" {
			proven++
		}
	}
	// The one that is not read is executeDelayedTransfer(id): its call data have
	// nothing but an id of the destination.
	check(t, "deposits, arrivals, of these by the listed pool, unread, linked", []int{len(deposits), len(arrivals), proven, unread, len(pairs)}, []int{598, 597, 497, 1, 597})
	if os.Getenv("SPOOR_LONG") == "" {
		return
	}
	proof(t, deposits, arrivals, pairs)
}

func celerPairs(t *testing.T, deposits []deposit, arrivals []graph.Event) []link {
	t.Helper()
	type receiver = string
	to, from := map[receiver][]int{}, map[receiver][]int{}
	for i := range deposits {
		to[deposits[i].Args.Receiver.Hex()] = append(to[deposits[i].Args.Receiver.Hex()], i)
	}
	for i := range arrivals {
		from[arrivals[i].Subject.String()] = append(from[arrivals[i].Subject.String()], i)
	}
	type tokens struct{ there, here string }
	known, taught := map[tokens]bool{}, map[string]bool{}
	for who, a := range from {
		if d := to[who]; len(a) == 1 && len(d) == 1 {
			pair := tokens{deposits[d[0]].Args.Source.Hex(), arrivals[a[0]].Asset.Text()}
			known[pair], taught[pair.there], taught[pair.here] = true, true, true
		}
	}
	var all []link
	for who, as := range from {
		for _, a := range as {
			for _, d := range to[who] {
				sent, got := deposits[d].amount(t), arrivals[a].Amount
				pair := tokens{deposits[d].Args.Source.Hex(), arrivals[a].Asset.Text()}
				if !known[pair] && (taught[pair.here] || taught[pair.there]) {
					continue
				}
				missing := new(big.Int).Sub(sent.ToBig(), got.ToBig())
				missing.Abs(missing) // a pool out of balance pays more than it took
				missing.Mul(missing, big.NewInt(1e18)).Div(missing, sent.ToBig())
				if missing.Cmp(big.NewInt(2e17)) <= 0 { // a fifth: the fee of small amounts
					all = append(all, link{d, a, missing})
				}
			}
		}
	}
	slices.SortFunc(all, func(a, b link) int {
		return cmp.Or(a.missing.Cmp(b.missing), cmp.Compare(a.deposit, b.deposit), cmp.Compare(a.arrival, b.arrival))
	})
	usedD, usedA := map[int]bool{}, map[int]bool{}
	var out []link
	for _, l := range all {
		if !usedD[l.deposit] && !usedA[l.arrival] {
			usedD[l.deposit], usedA[l.arrival] = true, true
			out = append(out, l)
		}
	}
	return out
}

// proof looks for the deposits' ids: keccak256 of sender, receiver, token,
// amount, destination, nonce and source, where the nonce is what the clock of
// the user's browser says in milliseconds, in the quarter of an hour before the
// block. It takes minutes.
func proof(t *testing.T, deposits []deposit, arrivals []graph.Event, pairs []link) {
	t.Helper()
	ids := map[common.Hash]int{}
	for i := range arrivals {
		ids[common.BytesToHash([]byte(arrivals[i].Key))] = i
	}
	linked := map[int]int{}
	for _, l := range pairs {
		linked[l.deposit] = l.arrival
	}
	right, wrong := 0, 0
	for i := range deposits {
		d := &deposits[i]
		sum := d.amount(t)
		word := sum.Bytes32()
		b := slices.Concat(d.Args.Sender[:], d.Args.Receiver[:], d.Args.Source[:], word[:], binary.BigEndian.AppendUint64(nil, 137))
		at := len(b)
		b = binary.BigEndian.AppendUint64(append(b, make([]byte, 8)...), 1)
		for back := range int64(900_000) {
			binary.BigEndian.PutUint64(b[at:], uint64((d.Time+5)*1000-back))
			if a, ok := ids[crypto.Keccak256Hash(b)]; ok {
				if linked[i] == a {
					right++
				} else {
					wrong++
					t.Logf("deposit %s belongs to %s", d.Tx, describe(&arrivals[a]))
				}
				break
			}
		}
	}
	t.Logf("ids found for %d deposits: %d linked rightly, %d wrongly", right+wrong, right, wrong)
	if wrong > 0 {
		t.Errorf("%d links are wrong", wrong)
	}
}
