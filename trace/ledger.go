package trace

import (
	"errors"
	"fmt"

	"spoor/cluster"
	"spoor/cluster/amm"
	"spoor/graph"
)

// ledger is one chain as a trace sees it: a snapshot, and what was looked up
// in it before.
type ledger struct {
	chain    graph.Chain
	view     graph.View
	entities *cluster.Entities       // nil: not clustered
	caseIDs  []graph.ID              // addresses that the case labels; nil before it was asked for
	vouched  map[graph.ID][]graph.ID // whose labels ended value at an address
	queue    queue
	accounts map[graph.ID]*account
	outputs  map[graph.Position]*output // tainted unspent outputs
	endings  map[graph.ID]ending
	assets   map[graph.AssetID]graph.AssetInfo
	issuers  map[graph.AssetID]graph.ID
	prover   *amm.Prover
	pools    map[graph.ID]amm.Proof // zero: not proven to be one
	balances map[poolKey]opened     // of pools that are clean
	names    map[graph.ID]graph.Address
	bounded  map[graph.ID]bool                // judged by labels that hold for a time
	stated   map[graph.Address][]graph.Stated // freezes and what undoes them
	poison   map[graph.ID]poisoned
	skipped  map[graph.AssetID]bool // hostile: their amounts cannot be summed
	header   graph.Header           // of the block looked at last
	read     bool                   // header is set
	coverage []graph.Coverage
	looked   bool           // coverage is set
	last     graph.Position // the transaction evaluated last
	done     int            // transactions evaluated
	latest   int64          // the latest time of any event, if began
	began    bool
	err      error // first error of a lookup that cannot return one
}

// poolKey names a pool of an account ledger.
type poolKey struct {
	id    graph.ID
	asset graph.AssetID
}

func newLedger(chain graph.Chain, view graph.View) *ledger {
	return &ledger{chain: chain, view: view,
		accounts: make(map[graph.ID]*account), outputs: make(map[graph.Position]*output),
		endings: make(map[graph.ID]ending), vouched: make(map[graph.ID][]graph.ID), assets: make(map[graph.AssetID]graph.AssetInfo),
		issuers: make(map[graph.AssetID]graph.ID), balances: make(map[poolKey]opened),
		prover: amm.New(chain.ID), pools: make(map[graph.ID]amm.Proof), poison: make(map[graph.ID]poisoned),
		names: make(map[graph.ID]graph.Address), bounded: make(map[graph.ID]bool), skipped: make(map[graph.AssetID]bool), stated: make(map[graph.Address][]graph.Stated)}
}

// comes notes that an event of some time is dealt with.
func (l *ledger) comes(time int64) {
	if !l.began || time > l.latest {
		l.latest = time
	}
	l.began = true
}

func (l *ledger) headerAt(height uint32) (graph.Header, error) {
	if l.read && l.header.Height == height {
		return l.header, nil
	}
	h, err := l.view.Header(height)
	if err != nil {
		return graph.Header{}, fmt.Errorf("%s block %d: %w", l.chain.Alias, height, err)
	}
	l.header, l.read = h, true
	return h, nil
}

func (l *ledger) address(id graph.ID) (graph.Address, error) {
	if id == 0 || id&issuer != 0 {
		return graph.Address{}, nil
	}
	if a, known := l.names[id]; known {
		return a, nil
	}
	a, err := l.view.Address(id)
	if err == nil {
		l.names[id] = a
	}
	return a, err
}

func (l *ledger) asset(id graph.AssetID) (graph.AssetInfo, error) {
	if info, known := l.assets[id]; known {
		return info, nil
	}
	info, err := l.view.Asset(id)
	if err != nil {
		return graph.AssetInfo{}, err
	}
	if info.Asset.IsNative() {
		info = graph.NativeInfo(l.chain)
	}
	l.assets[id] = info
	return info, nil
}

// contractOf is the contract of an issuer, where it is an address of the ledger;
// anybody else is himself.
func (l *ledger) contractOf(party graph.ID) graph.ID {
	if party&issuer == 0 {
		return party
	}
	asset := graph.AssetID(party &^ issuer)
	if id, known := l.issuers[asset]; known {
		return id
	}
	id := party
	info, err := l.asset(asset)
	if err == nil && !info.Asset.IsNative() {
		var contract graph.ID
		if contract, err = l.view.ID(info.Asset.Contract); err == nil {
			id = contract
		}
	}
	if err != nil && !errors.Is(err, graph.ErrNotFound) && l.err == nil {
		l.err = err
	}
	l.issuers[asset] = id
	return id
}
