package synthetic

import (
	"spoor/graph"
)

// evm writes the transactions of a script on an account ledger and books them.
type evm struct {
	stage
	traffic Traffic
	extra   []graph.Transfer
	infos   []graph.AssetInfo
	native  graph.Asset
	base    graph.Amount // base fee of every scripted transaction, wei
	tip     graph.Amount // its priority fee
	gas     graph.Amount // both
}

// who is the address of this name in the present incident.
func (s *evm) who(name string) graph.Address {
	var raw [20]byte
	copy(raw[:], s.digest(name)[12:])
	a := graph.EVMAddress(s.traffic.Ledger.ID, raw)
	s.name(a, s.role(name))
	return a
}

// tokenOf deploys a token: a contract that says a symbol about itself.
func (s *evm) tokenOf(name, symbol string) graph.Asset {
	asset := graph.Asset{Chain: s.traffic.Ledger.ID, Standard: graph.ERC20, Contract: s.who(name)}
	s.infos = append(s.infos, graph.AssetInfo{Asset: asset, Symbol: symbol, Decimals: 6, Source: "synthetic script"})
	return asset
}

// open gives somebody clean money in the first block.
func (s *evm) open(to graph.Address, asset graph.Asset, amount graph.Amount) {
	kind := graph.KindMint
	if asset.IsNative() {
		kind = graph.KindGenesis
	}
	s.extra = append(s.extra, graph.Transfer{Kind: kind, To: to, Asset: asset, Amount: amount})
	s.put(to, asset, clean(amount))
}

// legs are the movements of a transaction being written: calls, then logs.
type legs struct {
	s           *evm
	sender      graph.Address
	calls, logs []graph.Transfer
	events      []graph.Event
}

// tx begins a transaction one to three blocks later. Its fee is paid first.
func (s *evm) tx(sender graph.Address) *legs {
	s.later()
	s.end(Fee, sender, s.native, s.take(sender, s.native, s.gas))
	return &legs{s: s, sender: sender}
}

// call moves native coins. The transaction's own value is its first call, if
// the sender sends it.
func (l *legs) call(from, to graph.Address, amount graph.Amount) {
	kind, i := graph.KindInternal, len(l.calls)+1
	if i == 1 && from == l.sender {
		kind, i = graph.KindNative, 0
	}
	l.calls = append(l.calls, graph.Transfer{Seq: must(graph.CallSeq(i)), Kind: kind, From: from, To: to, Asset: l.s.native, Amount: amount})
}

func (l *legs) log(kind graph.Kind, from, to graph.Address, asset graph.Asset, amount graph.Amount) {
	l.logs = append(l.logs, graph.Transfer{Seq: must(graph.LogSeq(len(l.logs), 0)), Kind: kind, From: from, To: to, Asset: asset, Amount: amount})
}

func (l *legs) token(from, to graph.Address, asset graph.Asset, amount graph.Amount) {
	l.log(graph.KindToken, from, to, asset, amount)
}

// state states something besides, by logs that come after those of the
// movements.
func (l *legs) state(e graph.Event) { l.events = append(l.events, e) }

// done ends the transaction.
func (l *legs) done() graph.Hash { return l.commit(false) }

// fail ends it without effect: only the fee moves.
func (l *legs) fail() graph.Hash {
	l.calls, l.logs, l.events = nil, nil, nil
	return l.commit(true)
}

func (l *legs) commit(failed bool) graph.Hash {
	s := l.s
	rows := []graph.Transfer{
		{Seq: graph.FeeSeq(0), Kind: graph.KindBaseFee, From: l.sender, Asset: s.native, Amount: s.base},
		{Seq: graph.FeeSeq(1), Kind: graph.KindFee, From: l.sender, To: s.traffic.proposer(s.height), Asset: s.native, Amount: s.tip},
	}
	rows = append(append(rows, l.calls...), l.logs...)
	return s.write(graph.Tx{Failed: failed, Transfers: rows, Events: l.events})
}

// send is a plain payment.
func (s *evm) send(from, to graph.Address, asset graph.Asset, amount graph.Amount) {
	s.put(to, asset, s.pay(from, to, asset, amount)...)
}

// pay is a payment whose receiver the caller books.
func (s *evm) pay(from, to graph.Address, asset graph.Asset, amount graph.Amount) []lot {
	tx := s.tx(from)
	if asset.IsNative() {
		tx.call(from, to, amount)
	} else {
		tx.token(from, to, asset, amount)
	}
	lots := s.take(from, asset, amount)
	tx.done()
	return lots
}

// endAt is a payment to where stolen value ends; there it is anybody's money.
func (s *evm) endAt(reason Reason, from, to graph.Address, asset graph.Asset, amount graph.Amount) {
	s.end(reason, to, asset, s.pay(from, to, asset, amount))
	s.put(to, asset, clean(amount))
}

// has is all that somebody has of an asset.
func (s *evm) has(at graph.Address, asset graph.Asset) graph.Amount {
	var sum graph.Amount
	for _, l := range s.piles[pile{at, asset}] {
		sum.Add(&sum, &l.amount)
	}
	return sum
}

// fund gives somebody clean coins for exactly so many fees.
func (s *evm) fund(to graph.Address, fees uint64) {
	s.send(s.shared("gas station"), to, s.native, times(s.gas, fees))
}

// shared is somebody all incidents share.
func (s *evm) shared(name string) graph.Address {
	incident := s.incident
	s.incident = -1
	a := s.who(name)
	s.incident = incident
	return a
}
