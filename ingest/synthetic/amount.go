package synthetic

import "spoor/graph"

// units is a small amount of base units.
func units(n uint64) graph.Amount {
	var amount graph.Amount
	amount.SetUint64(n)
	return amount
}

func times(a graph.Amount, n uint64) graph.Amount {
	by := units(n)
	a.Mul(&a, &by)
	return a
}

func minus(a, b graph.Amount) graph.Amount {
	if a.Lt(&b) {
		panic("the script takes more than there is")
	}
	a.Sub(&a, &b)
	return a
}

func plus(a, b graph.Amount) graph.Amount {
	a.Add(&a, &b)
	return a
}

// milliether and dollars are amounts in the units the script tells of.
func milliether(n uint64) graph.Amount {
	return times(units(1e15), n)
}

func ether(n uint64) graph.Amount   { return milliether(1000 * n) }
func dollars(n uint64) graph.Amount { return units(1e6 * n) } // a token of six decimals

// over is a/n, rounded down.
func over(a graph.Amount, n uint64) graph.Amount {
	by := units(n)
	a.Div(&a, &by)
	return a
}
