package cluster

import (
	"context"
	"errors"
	"fmt"

	"github.com/holiman/uint256"

	"spoor/graph"
)

// DepositParams are the parameters of deposit-address reuse. They belong into
// every report that uses its results.
type DepositParams struct {
	Alpha graph.Amount // native: what a deposit address may keep for gas, in wei; default 0.01 coin
	Tau   uint32       // blocks within which it forwards; default 3200 (Tutela; 10000 in etherclust)
	// Busy is how many movements of an address in the window are looked at. An
	// address with more forwards for others: no deposit address. Default 512.
	Busy int
}

// DefaultDepositParams are those of Tutela.
func DefaultDepositParams() DepositParams {
	return DepositParams{Alpha: *uint256.NewInt(1e16), Tau: 3200, Busy: 512}
}

// Check reports what no search can be made with.
func (p DepositParams) Check() error {
	switch {
	case p.Tau == 0:
		return errors.New("deposit_reuse: tau is 0; want a number of blocks")
	case p.Busy <= 0:
		return fmt.Errorf("deposit_reuse: busy is %d; want at least 1 movement", p.Busy)
	}
	return nil
}

// String is how a report names the parameters.
func (p DepositParams) String() string {
	return fmt.Sprintf("alpha=%s tau=%d busy=%d", p.Alpha.Dec(), p.Tau, p.Busy)
}

// HotWallet reports whether an address is a wallet in which an exchange gathers
// deposits, as known before a position. Evidence depends on it: if it answers
// otherwise (a label was added), evidence must be found again.
type HotWallet func(ctx context.Context, id graph.ID, before graph.Position) (bool, error)

// DepositFinder finds the evidence of deposit-address reuse (Victor, FC 2020): an
// exchange gives each customer an address and forwards what arrives there to
// its own wallet. Whoever pays into it is the customer.
//
//	user --amount--> deposit address --the same amount, soon--> exchange's wallet
//
// In coin the address may keep up to Alpha, which pays for the transfer; of a
// token it forwards the amount that came. A forward of coin that is not above
// Alpha is no evidence: it may be the rest of what was sent there to pay for
// gas, and the payer of gas is no customer.
//
// The deposit address must be an account. It is if it pays for the forward; if
// somebody else does, it must have paid before; where the ledger has no fees at
// all, unknown is taken for an account. The same holds of the user. Miners are
// neither. Zero amounts are no payments, so address poisoning does not enter.
//
// What the rule gets wrong: a user may be an OTC desk, a payment processor or a
// custodial wallet, who pays for many (see DepositsOf); and an exchange that
// sends tokens and coin through addresses of its own looks like a customer.
type DepositFinder struct {
	view   graph.View
	hot    HotWallet
	params DepositParams
	moves  []graph.Move // of the transaction at hand, for a view's are its own
	Busy   uint64       // forwards passed over because their sender is busy
}

// NewDepositFinder makes the finder for a view of an EVM ledger.
func NewDepositFinder(view graph.View, hot HotWallet, params DepositParams) (*DepositFinder, error) {
	if err := params.Check(); err != nil {
		return nil, err
	}
	return &DepositFinder{view: view, hot: hot, params: params}, nil
}

// Find appends the evidence that a transaction shows, in order of its
// movements, each pair of user and deposit address once. It asks only for what
// lies before the transaction.
func (f *DepositFinder) Find(ctx context.Context, tx *graph.TxMoves, evidence []Evidence) ([]Evidence, error) {
	at := tx.At.StartOf()
	f.moves = append(f.moves[:0], tx.Moves...)
	first := len(evidence)
	for i := range f.moves {
		m := &f.moves[i]
		if !forwards(m) || m.Asset == graph.NativeID && !m.Amount.Gt(&f.params.Alpha) {
			continue
		}
		hot, err := f.hot(ctx, m.To, at)
		if err != nil || !hot {
			if err != nil {
				return evidence, err
			}
			continue
		}
		e, found, err := f.forward(ctx, at, m)
		if err != nil {
			return evidence, err
		}
		if !found {
			continue
		}
		if k := indexPair(evidence[first:], e); k >= 0 {
			evidence[first+k].Confidence = max(evidence[first+k].Confidence, e.Confidence)
			continue
		}
		evidence = append(evidence, e)
	}
	return evidence, nil
}

// forwards reports whether a movement can be one of a deposit address: of its
// own coin by its own transaction, or of a token.
func forwards(m *graph.Move) bool {
	if m.From == 0 || m.To == 0 || m.From == m.To || m.Amount.IsZero() {
		return false
	}
	if m.Asset == graph.NativeID {
		return m.Kind == graph.KindNative || m.Kind == graph.KindTransfer
	}
	return m.Kind == graph.KindToken || m.Kind == graph.KindTransfer
}

func indexPair(list []Evidence, e Evidence) int {
	for i := range list {
		if list[i].Rule == e.Rule && list[i].A == e.A && list[i].B == e.B && list[i].C == e.C {
			return i
		}
	}
	return -1
}

// forward is the evidence of one movement from an address to an exchange.
func (f *DepositFinder) forward(ctx context.Context, at graph.Position, m *graph.Move) (Evidence, bool, error) {
	if hot, err := f.hot(ctx, m.From, at); err != nil || hot {
		return Evidence{}, false, err // an exchange is no deposit address
	}
	in, found, err := f.inflow(ctx, at, m) // first, as it is what most have not and is quickly told
	if err != nil || !found {
		return Evidence{}, false, err
	}
	account, err := f.account(ctx, m, f.moves, at)
	if err != nil || !account {
		return Evidence{}, false, err
	}
	if hot, err := f.hot(ctx, in.Peer, at); err != nil || hot {
		return Evidence{}, false, err // nor is it a user
	}
	if in.Asset != graph.NativeID || in.Kind == graph.KindTransfer {
		tx, err := f.view.Tx(in.At)
		if err != nil {
			return Evidence{}, false, err
		}
		paid := graph.Move{Seq: in.At.Seq, Kind: in.Kind, From: in.Peer, To: m.From, Asset: in.Asset, Amount: in.Amount}
		if account, err = f.account(ctx, &paid, append([]graph.Move(nil), tx.Moves...), at); err != nil || !account {
			return Evidence{}, false, err
		}
	}
	return Evidence{At: at, Rule: DepositReuse, Confidence: f.confidence(in, at, m), A: in.Peer, B: m.From, C: m.To}, true, nil
}

// account reports whether the sender of a movement is taken for an account.
func (f *DepositFinder) account(ctx context.Context, m *graph.Move, moves []graph.Move, at graph.Position) (bool, error) {
	fees := false
	for i := range moves {
		if moves[i].Kind.IsFee() {
			fees = true
			if moves[i].From == m.From {
				return true, nil
			}
		}
	}
	if m.Kind == graph.KindNative {
		return true, nil // only accounts send transactions
	}
	nature, err := NatureOf(ctx, f.view, m.From, at)
	return nature == NatureAccount || nature == NatureUnknown && !fees, err
}

// inflow is the latest payment before at that a movement may forward.
func (f *DepositFinder) inflow(ctx context.Context, at graph.Position, m *graph.Move) (in graph.Entry, found bool, err error) {
	from := graph.Position{}
	if at.Block > f.params.Tau {
		from.Block = at.Block - f.params.Tau
	}
	read := 0
	for e, err := range f.view.History(ctx, m.From, from) {
		if err != nil {
			return graph.Entry{}, false, err
		}
		if e.At.Compare(at) >= 0 {
			break
		}
		if read++; read > f.params.Busy {
			f.Busy++
			return graph.Entry{}, false, nil
		}
		if e.Out {
			continue
		}
		switch e.Kind {
		case graph.KindReward, graph.KindFee, graph.KindWithdrawal:
			return graph.Entry{}, false, nil // a miner or validator
		}
		if f.matches(&e, m) {
			in, found = e, true
		}
	}
	return in, found, nil
}

// matches reports whether e may be the payment that m forwards.
func (f *DepositFinder) matches(e *graph.Entry, m *graph.Move) bool {
	payment := graph.Move{Kind: e.Kind, From: e.Peer, To: m.From, Asset: e.Asset, Amount: e.Amount}
	if e.Asset != m.Asset || !forwards(&payment) {
		return false
	}
	if m.Asset != graph.NativeID {
		return e.Amount == m.Amount
	}
	var kept graph.Amount
	_, below := kept.SubOverflow(&e.Amount, &m.Amount)
	return !below && !kept.Gt(&f.params.Alpha)
}

// confidence is Tutela's, of 100: half of it is lost with what the address
// kept, as a share of Alpha, and half with the blocks it took, as a share of Tau.
func (f *DepositFinder) confidence(in graph.Entry, at graph.Position, m *graph.Move) uint8 {
	lost := 50 * uint64(at.Block-in.At.Block) / uint64(f.params.Tau)
	if kept := new(uint256.Int).Sub(&in.Amount, &m.Amount); !kept.IsZero() {
		share, _ := kept.MulDivOverflow(kept, uint256.NewInt(50), &f.params.Alpha) // kept is at most Alpha
		lost += share.Uint64()
	}
	return uint8(100 - min(lost, 100))
}

func isAbsent(err error) bool { return errors.Is(err, graph.ErrNotFound) }
