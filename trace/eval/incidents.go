package eval

import (
	"context"
	"errors"
	"fmt"
	"math/big"

	"spoor/graph"
	"spoor/ingest/synthetic"
	"spoor/trace"
)

// Outcome is how far a method's amounts are from what truly became of the loot
// of a generated incident. Values are wei on Ethereum (dollars at the script's
// price) and satoshi on Bitcoin.
type Outcome struct {
	Typology, Sentence string
	Method             string
	Ends               int      // addresses and assets where loot truly ended
	Exact              int      // of them, those where the method puts it to the base unit
	Seeded             *big.Int // value stolen
	Missed             *big.Int // of it, what the method does not put where it is
	Beyond             *big.Int // value that the method puts where none is, or too much
}

// coins is the story on Bitcoin, which has several typologies in one.
const coins = "peel chain, consolidation and CoinJoin on Bitcoin"

// OutcomeMethods are the methods that give amounts.
func OutcomeMethods() []string { return []string{"fifo", "lifo", "haircut", "tiho", "poison"} }

// Outcomes plays every typology alone in so much benign traffic and traces it by
// every method. The truth is booked oldest money first: where clean money is
// mixed in, which coin is the stolen one is a convention, and fifo's is the
// truth's. So the figures say how far the others are from that convention, and
// whether fifo keeps it exactly through everything that the ledger does.
func Outcomes(ctx context.Context, open Opener, script synthetic.Script) ([]Outcome, error) {
	var list []Outcome
	play := func(typology, sentence string, legs ...*synthetic.Incident) error {
		some, err := outcomes(ctx, open, typology, sentence, legs)
		list = append(list, some...)
		if err != nil {
			return fmt.Errorf("%s: %w", typology, err)
		}
		return nil
	}
	for _, name := range synthetic.Typologies() {
		incident, sentence, err := script.Typology(name)
		if err == nil {
			err = play(name, sentence, incident)
		}
		if err != nil {
			return nil, err
		}
	}
	legs, err := script.Journey()
	if err == nil {
		err = play("bridge hops", "dollars are swapped, taken over a bridge, swapped, taken over another and paid to an exchange, with clean money along the way", legs...)
	}
	if err != nil {
		return nil, err
	}
	incident, err := script.Bitcoin()
	if err == nil {
		err = play(coins, "coins are peeled off to an exchange, swept together with clean ones, and joined with five others' (followed through)", incident)
	}
	return list, err
}

// load plays the legs of an incident, each into a ledger of its own.
func load(ctx context.Context, open Opener, legs []*synthetic.Incident) (map[graph.ChainID]graph.View, error) {
	views := map[graph.ChainID]graph.View{}
	for _, leg := range legs {
		ledger, err := open(ctx, leg.Chain())
		if err == nil {
			err = ledger.Load(ctx, leg.Blocks(ctx))
		}
		if err == nil {
			err = ledger.Describe(ctx, leg.Infos()...)
		}
		if err != nil {
			return views, err
		}
		if views[leg.Chain().ID], err = ledger.View(ctx); err != nil {
			return views, err
		}
	}
	return views, nil
}

func outcomes(ctx context.Context, open Opener, typology, sentence string, legs []*synthetic.Incident) (_ []Outcome, err error) {
	views, err := load(ctx, open, legs)
	defer func() {
		for _, v := range views {
			if v != nil {
				err = errors.Join(err, v.Close())
			}
		}
	}()
	if err != nil {
		return nil, err
	}
	text, err := synthetic.Case(typology, legs...)
	if err != nil {
		return nil, err
	}
	c, err := trace.ParseCase(text)
	if err != nil {
		return nil, err
	}
	c.CoinJoin = "follow"
	value := valuer(legs)
	want, seeded, err := tally(legs, value)
	if err != nil {
		return nil, err
	}
	var list []Outcome
	for _, method := range OutcomeMethods() {
		c.Method = method
		t, err := trace.Run(ctx, views, c, trace.Known{})
		if err != nil {
			return nil, fmt.Errorf("%s: %w", method, err)
		}
		got := map[spot]*big.Int{}
		for i := range t.Stops {
			s := &t.Stops[i]
			at := spot{s.Address, s.Asset.Asset}
			if s.Reason == trace.StopFee {
				at.address = graph.Address{} // whose they are is a convention
			}
			if err := add(got, at, &s.Tainted, value); err != nil {
				return nil, fmt.Errorf("%s: %w", method, err)
			}
		}
		list = append(list, compare(Outcome{Typology: typology, Sentence: sentence, Method: method, Seeded: seeded}, want, got))
	}
	return list, nil
}

// spot is where value ended: an address and an asset; fees and what is
// destroyed are nowhere.
type spot struct {
	address graph.Address
	asset   graph.Asset
}

// valuer is what a base unit of an asset is worth, nil of what has no price.
func valuer(legs []*synthetic.Incident) func(graph.Asset) *big.Int {
	worth := map[graph.Asset]int64{}
	for _, leg := range legs {
		if leg.Chain().ID != "eip155:137" { // whose coin is neither ether nor ever stolen
			worth[leg.Chain().Native()] = 1
		}
		for _, info := range leg.Infos() {
			switch info.Symbol {
			case "WETH", "bETH":
				worth[info.Asset] = 1
			case "DUSD", "PUSD", "AUSD":
				worth[info.Asset] = synthetic.WeiPerUnit
			}
		}
		// A counterfeit has the symbol too.
		delete(worth, graph.Asset{Chain: leg.Chain().ID, Standard: graph.ERC20, Contract: leg.Truth.Address("counterfeit dollar")})
	}
	return func(a graph.Asset) *big.Int {
		if n, known := worth[a]; known {
			return big.NewInt(n)
		}
		return nil
	}
}

func add(sums map[spot]*big.Int, at spot, amount *graph.Amount, value func(graph.Asset) *big.Int) error {
	unit := value(at.asset)
	if unit == nil {
		return fmt.Errorf("%s of %s at %s has no price", amount.Dec(), at.asset.Text(), at.address)
	}
	if sums[at] == nil {
		sums[at] = new(big.Int)
	}
	sums[at].Add(sums[at], unit.Mul(unit, amount.ToBig()))
	return nil
}

// tally is what truly ended where, and what was stolen in all.
func tally(legs []*synthetic.Incident, value func(graph.Asset) *big.Int) (map[spot]*big.Int, *big.Int, error) {
	ends, stolen := map[spot]*big.Int{}, map[spot]*big.Int{}
	seeded := new(big.Int)
	for _, leg := range legs {
		for i := range leg.Truth.Ends {
			e := &leg.Truth.Ends[i]
			at := spot{e.Address, e.Asset}
			if e.Reason == synthetic.Fee {
				at.address = graph.Address{}
			}
			if err := add(ends, at, &e.Amount, value); err != nil {
				return nil, nil, err
			}
		}
		for i := range leg.Truth.Seeds {
			s := &leg.Truth.Seeds[i]
			if err := add(stolen, spot{s.To, s.Asset}, &s.Amount, value); err != nil {
				return nil, nil, err
			}
		}
	}
	for _, n := range stolen {
		seeded.Add(seeded, n)
	}
	return ends, seeded, nil
}

// compare fills in how far what was found is from the truth.
func compare(o Outcome, want, got map[spot]*big.Int) Outcome {
	o.Ends, o.Missed, o.Beyond = len(want), new(big.Int), new(big.Int)
	for at, truth := range want {
		found := got[at]
		if found == nil {
			found = new(big.Int)
		}
		switch diff := new(big.Int).Sub(truth, found); diff.Sign() {
		case 0:
			o.Exact++
		case 1:
			o.Missed.Add(o.Missed, diff)
		default:
			o.Beyond.Sub(o.Beyond, diff)
		}
	}
	for at, found := range got {
		if want[at] == nil {
			o.Beyond.Add(o.Beyond, found)
		}
	}
	return o
}
