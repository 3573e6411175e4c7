package trace

import (
	"cmp"
	"slices"

	"spoor/graph"
)

// book is what a trace has found so far, by place and asset. Everything that
// is reported is booked here, once.
type book struct {
	seeds    []Seeded
	seedAt   map[seedKey]int // place in seeds
	steps    []Step
	unknowns []Unknown
	passages []Passage
	stops    map[stopKey]*Stop
	holders  map[holderKey]*Holder
	balances map[assetKey]*Balance
}

type assetKey struct {
	chain graph.ChainID
	asset graph.AssetID
}

type holderKey struct {
	assetKey
	id graph.ID
}

type stopKey struct {
	holderKey
	reason Reason
	rule   string
}

type seedKey struct {
	holderKey
	seed    int32
	opening bool
}

func newBook() *book {
	return &book{seedAt: make(map[seedKey]int), stops: make(map[stopKey]*Stop), holders: make(map[holderKey]*Holder), balances: make(map[assetKey]*Balance)}
}

func (b *book) balance(l *ledger, asset graph.AssetID) (*Balance, error) {
	key := assetKey{l.chain.ID, asset}
	if known := b.balances[key]; known != nil {
		return known, nil
	}
	info, err := l.asset(asset)
	if err != nil {
		return nil, err
	}
	b.balances[key] = &Balance{Asset: info}
	return b.balances[key], nil
}

func (b *book) holder(l *ledger, id graph.ID, asset graph.AssetID, hop int, time int64) (*Holder, error) {
	key := holderKey{assetKey{l.chain.ID, asset}, id}
	h := b.holders[key]
	if h == nil {
		address, err := l.address(id)
		if err != nil {
			return nil, err
		}
		info, err := l.asset(asset)
		if err != nil {
			return nil, err
		}
		h = &Holder{Address: address, Asset: info, Hop: hop, First: time, Role: roleIntermediate}
		b.holders[key] = h
	}
	h.Hop, h.First, h.Last = min(h.Hop, hop), min(h.First, time), max(h.Last, time)
	return h, nil
}

// Roles of holders.
const (
	roleSource       = "source"
	roleIntermediate = "intermediate"
	roleTerminal     = "terminal"
	roleHolder       = "holder"
	roleCounterparty = "counterparty" // traded with; keeps nothing of the taint
)

// stop books taint that ends at an address.
func (b *book) stop(l *ledger, id graph.ID, asset graph.AssetID, e ending, amount graph.Amount, hop int, time int64) error {
	if amount.IsZero() {
		return nil
	}
	key := stopKey{holderKey{assetKey{l.chain.ID, asset}, id}, e.reason, e.rule}
	s := b.stops[key]
	if s == nil {
		address, err := l.address(id)
		if err != nil {
			return err
		}
		info, err := l.asset(asset)
		if err != nil {
			return err
		}
		s = &Stop{Reason: e.reason, Address: address, Label: e.label, Asset: info, Hop: hop, First: time,
			Statement: e.statement, Rule: e.rule, Heuristic: e.heuristic, Confidence: e.confidence}
		b.stops[key] = s
	}
	s.Tainted.Add(&s.Tainted, &amount)
	s.Hop, s.First, s.Last = min(s.Hop, hop), min(s.First, time), max(s.Last, time)
	balance, err := b.balance(l, asset)
	if err != nil {
		return err
	}
	switch e.reason {
	case StopFee:
		balance.Fees.Add(&balance.Fees, &amount)
	case StopAtRest:
		balance.AtRest.Add(&balance.AtRest, &amount)
	default:
		balance.Stopped.Add(&balance.Stopped, &amount)
	}
	return nil
}

func compareAssets(a, b graph.Asset) int {
	return cmp.Or(cmp.Compare(a.Chain, b.Chain), cmp.Compare(a.Standard, b.Standard), a.Contract.Compare(b.Contract), a.TokenID.Cmp(&b.TokenID))
}

// sorted lists the values of a map in an order of their own, so that no order
// of the map shows.
func sorted[K comparable, V any](m map[K]*V, compare func(a, b V) int) []V {
	list := make([]V, 0, len(m))
	for _, v := range m {
		list = append(list, *v)
	}
	slices.SortFunc(list, compare)
	return list
}

func compareStops(a, b Stop) int {
	return cmp.Or(cmp.Compare(reasonOrder(a.Reason), reasonOrder(b.Reason)), compareAssets(a.Asset.Asset, b.Asset.Asset),
		b.Tainted.Cmp(&a.Tainted), a.Address.Compare(b.Address), cmp.Compare(a.Rule, b.Rule))
}

func reasonOrder(r Reason) int {
	return slices.Index([]Reason{StopAtRest, StopService, StopMixer, StopBridge, StopContract, StopFrozen, StopBurn, StopMint, StopReward, StopUnknown, StopFee, StopDust, StopBudget, StopUncovered}, r)
}

func compareHolders(a, b Holder) int {
	return cmp.Or(cmp.Compare(a.Hop, b.Hop), a.Address.Compare(b.Address), compareAssets(a.Asset.Asset, b.Asset.Asset))
}

func compareBalances(a, b Balance) int { return compareAssets(a.Asset.Asset, b.Asset.Asset) }
