package eval

import (
	"cmp"
	"context"
	"crypto/sha256"
	"fmt"
	"math/rand/v2"
	"slices"

	"spoor/cluster"
	"spoor/graph"
)

// Airdrops is how airdrop multi-participation does on a generated ledger whose
// owners are known.
type Airdrops struct {
	Params       cluster.AirdropParams
	Recipients   int // of the airdrops
	Farmed       int // of them, those of somebody with several, who pools what they got
	Joined       int // recipients that the rule joins to a pool
	Right        int // of them, those whose owner's pool it is
	Quick        int // of the farmed, those pooled without a pause
	QuickFound   int // of them, those that are joined
	Placebo      int // recipients joined when pools were dealt anew among what was seen
	PlaceboRight int
}

// Habits of the recipients of the generated airdrops.
const (
	farmers      = 80   // owners with several addresses; every second takes his time
	sellers      = 400  // people with one address who sell to an unlabelled buyer; to one of the four all within a hundred blocks
	keepers      = 1200 // people with one address who keep what they got
	buyers       = 4
	airdropStart = 10 // block
)

// MeasureAirdrops draws two distributions of a token each and what becomes of
// them. The same seed gives the same ledger.
func MeasureAirdrops(ctx context.Context, ledger graph.Ledger, seed uint64) (*Airdrops, error) {
	m := &Airdrops{Params: cluster.DefaultAirdropParams()}
	f := &fair{chain: ledger.Chain(), draw: rand.New(rand.NewPCG(seed, 4)), owner: map[graph.Address]string{}, quick: map[graph.Address]bool{}}
	for drop := range 2 {
		f.play(drop)
	}
	if err := f.fill(ctx, ledger); err != nil {
		return nil, err
	}
	view, err := ledger.View(ctx)
	if err != nil {
		return nil, err
	}
	defer func() { _ = view.Close() }()
	finder, err := cluster.NewAirdropFinder(view, m.Params)
	if err != nil {
		return nil, err
	}
	var evidence []cluster.Evidence
	for tx, err := range view.Txs(ctx, 0) {
		if err == nil {
			evidence, err = finder.Find(ctx, &tx, evidence)
		}
		if err != nil {
			return nil, err
		}
	}
	m.Recipients, m.Farmed = f.recipients, f.farmed
	m.Quick = len(f.quick)
	if m.Joined, m.Right, m.QuickFound, err = f.judge(view, evidence, m.Params); err != nil {
		return nil, err
	}
	pools := make([]graph.ID, len(evidence))
	for i, j := range f.draw.Perm(len(evidence)) {
		pools[i] = evidence[j].B
	}
	for i := range evidence {
		evidence[i].B = pools[i]
	}
	m.Placebo, m.PlaceboRight, _, err = f.judge(view, evidence, m.Params)
	return m, err
}

// fair is the ledger being written.
type fair struct {
	chain              graph.Chain
	draw               *rand.Rand
	owner              map[graph.Address]string
	quick              map[graph.Address]bool // of an owner who pools without a pause
	recipients, farmed int
	payments           []tokenPayment
}

type tokenPayment struct {
	block    uint32
	from, to graph.Address
	token    graph.Asset
}

func (f *fair) account(owner, name string) graph.Address {
	sum := sha256.Sum256([]byte("fair " + name))
	a := graph.EVMAddress(f.chain.ID, [20]byte(sum[:20]))
	f.owner[a] = owner
	return a
}

// play gives a token to everybody, in drawn order, and lets them do with it
// what they do, in the thousand blocks after that.
func (f *fair) play(drop int) {
	name := func(kind string, i int) string { return fmt.Sprintf("%s %d of drop %d", kind, i, drop) }
	distributor := f.account("distributor", name("distributor", 0))
	token := graph.Asset{Chain: f.chain.ID, Standard: graph.ERC20, Contract: f.account("token", name("token", 0))}
	var takers []graph.Address
	after := uint32(airdropStart + 3000*(drop+1))
	sends := func(at uint32, from, to graph.Address) {
		f.payments = append(f.payments, tokenPayment{at, from, to, token})
	}
	for i := range farmers {
		owner := name("farmer", i)
		pool := f.account(owner, owner+"'s pool")
		at := after + uint32(f.draw.IntN(1000))
		for j := range 3 + f.draw.IntN(6) {
			a := f.account(owner, fmt.Sprint(owner, "'s address ", j))
			takers = append(takers, a)
			f.farmed++
			sends(at, a, pool)
			if i%2 == 0 {
				f.quick[a] = true
				at += uint32(f.draw.IntN(3))
			} else {
				at += 3 + uint32(f.draw.IntN(60))
			}
		}
	}
	for i := range sellers + keepers {
		owner := name("person", i)
		a := f.account(owner, owner)
		takers = append(takers, a)
		if i < sellers {
			n := f.draw.IntN(buyers)
			buyer, wait := name("buyer", n), 1000
			if n == 0 { // the one who pays best, and soon enough
				wait = 100
			}
			sends(after+uint32(f.draw.IntN(wait)), a, f.account(buyer, buyer))
		}
	}
	f.recipients += len(takers)
	for n, i := range f.draw.Perm(len(takers)) {
		sends(uint32(airdropStart+3000*drop+n), distributor, takers[i])
	}
}

func (f *fair) fill(ctx context.Context, ledger graph.Ledger) error {
	slices.SortStableFunc(f.payments, func(a, b tokenPayment) int { return cmp.Compare(a.block, b.block) })
	var blocks []graph.Block
	for i, p := range f.payments {
		if n := len(blocks); n == 0 || blocks[n-1].Height != p.block {
			blocks = append(blocks, graph.Block{Header: graph.Header{Height: p.block, Time: 12 * int64(p.block)}, Source: "generated",
				Know: graph.Knowledge{Transfers: graph.Full, Logs: graph.Full, Traces: graph.Full}})
		}
		b := &blocks[len(blocks)-1]
		seq, err := graph.LogSeq(len(b.Txs), 0)
		if err != nil {
			return err
		}
		t := graph.Transfer{Seq: seq, Kind: graph.KindToken, From: p.from, To: p.to, Asset: p.token}
		t.Amount.SetUint64(1_000_000)
		b.Txs = append(b.Txs, graph.Tx{Index: uint32(len(b.Txs)), Hash: sha256.Sum256(fmt.Append(nil, "fair ", i)), Transfers: []graph.Transfer{t}})
	}
	return ledger.Apply(ctx, blocks...)
}

// judge counts the recipients that are joined to a pool, those of them whose
// owner's it is, and those of them whose owner pools without a pause.
func (f *fair) judge(view graph.View, evidence []cluster.Evidence, params cluster.AirdropParams) (joined, right, quick int, err error) {
	pools, _ := cluster.AirdropsOf(evidence, params, nil)
	for _, p := range pools {
		pool, err := view.Address(p.Pool)
		if err != nil {
			return 0, 0, 0, err
		}
		for _, id := range p.Recipients {
			a, err := view.Address(id)
			if err != nil {
				return 0, 0, 0, err
			}
			joined++
			if f.owner[a] == f.owner[pool] {
				right++
				if f.quick[a] {
					quick++
				}
			}
		}
	}
	return joined, right, quick, nil
}
