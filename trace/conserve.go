package trace

import (
	"errors"
	"fmt"
	"math/big"
)

// ErrConservation is returned when value was made or lost in a trace. It is a
// defect of spoor, never of the ledger, and nothing is reported then.
var ErrConservation = errors.New("the trace does not conserve value")

// Difference is what the conservation law of the asset leaves over: inflows
// minus outflows in base units, zero in every trace by a conserving method.
func (b Balance) Difference() *big.Int {
	d := new(big.Int).Add(b.Seeded.ToBig(), b.ConvertedIn.ToBig())
	d.Add(d, b.BridgedIn.ToBig())
	d.Sub(d, b.AtRest.ToBig())
	d.Sub(d, b.Stopped.ToBig())
	d.Sub(d, b.Fees.ToBig())
	d.Sub(d, b.ConvertedOut.ToBig())
	return d.Sub(d, b.BridgedOut.ToBig())
}

// conserved checks the law for every asset.
func conserved(balances []Balance) error {
	for _, b := range balances {
		if d := b.Difference(); d.Sign() != 0 {
			return fmt.Errorf("%w: %s is off by %s base units; please report this case", ErrConservation, b.Asset.Asset, d)
		}
	}
	return nil
}
