package explorertest

import (
	"crypto/sha256"
	"fmt"
	"slices"

	"github.com/ethereum/go-ethereum/common"

	"spoor/graph"
)

// book is the chain as an explorer keeps it: lists by kind, in ledger order.
type book struct {
	chain       graph.Chain
	txs         []tx
	inner       []move
	tokens      []move
	withdrawals []move
	genesis     []move
	infos       map[graph.Asset]graph.AssetInfo
}

type tx struct {
	block    graph.Header
	index    uint32
	hash     graph.Hash
	from, to graph.Address
	value    graph.Amount
	fee      graph.Amount
	failed   bool
	input    string
}

type move struct {
	block graph.Header
	index uint32
	hash  graph.Hash
	n     int // place in its list of the transaction
	graph.Transfer
}

func newBook(chain graph.Chain, blocks []graph.Block, infos []graph.AssetInfo) book {
	b := book{chain: chain, infos: map[graph.Asset]graph.AssetInfo{}}
	for _, info := range infos {
		b.infos[info.Asset] = info
	}
	for i := range blocks {
		for j := range blocks[i].Txs {
			if t := &blocks[i].Txs[j]; t.Index == graph.BlockTx {
				b.protocol(blocks[i].Header, t)
			} else {
				b.transaction(blocks[i].Header, t)
			}
		}
	}
	return b
}

// protocol lists what a block itself pays. Tokens that are there from the
// beginning were minted by a transaction here.
func (b *book) protocol(block graph.Header, t *graph.Tx) {
	for i, transfer := range t.Transfers {
		m := move{block: block, index: uint32(i), n: i, Transfer: transfer}
		m.hash = sha256.Sum256(fmt.Appendf(nil, "opening %d %d", block.Height, i))
		switch {
		case transfer.Kind == graph.KindGenesis:
			b.genesis = append(b.genesis, m)
		case transfer.Kind == graph.KindWithdrawal:
			b.withdrawals = append(b.withdrawals, m)
		case !transfer.Asset.IsNative():
			b.tokens = append(b.tokens, m)
		}
	}
}

func (b *book) transaction(block graph.Header, t *graph.Tx) {
	row := tx{block: block, index: t.Index, hash: t.Hash, failed: t.Failed, input: "0x"}
	var inner, tokens []move
	var wraps *graph.Transfer
	for i, transfer := range t.Transfers {
		m := move{block: block, index: t.Index, hash: t.Hash, n: i, Transfer: transfer}
		switch transfer.Kind {
		case graph.KindFee, graph.KindBaseFee:
			row.from = transfer.From
			row.fee.Add(&row.fee, &transfer.Amount)
		case graph.KindNative:
			if row.from.IsZero() || row.from == transfer.From {
				row.from, row.to, row.value = transfer.From, transfer.To, transfer.Amount
				continue
			}
			inner = append(inner, m) // its fee is somebody else's
		case graph.KindInternal, graph.KindCreate, graph.KindSelfdestruct:
			inner = append(inner, m)
		case graph.KindWrap, graph.KindUnwrap: // no list has the events of WETH9
			wraps = &t.Transfers[i]
		default:
			tokens = append(tokens, m)
		}
	}
	if row.from.IsZero() && len(tokens) > 0 { // a chain without fees
		row.from = tokens[0].From
	}
	wrapped := graph.EVMAddress(b.chain.ID, common.HexToAddress(b.chain.Wrapped))
	switch {
	case wraps != nil && wraps.Kind == graph.KindWrap && row.to == wrapped:
		row.input = "0xd0e30db0"
	case wraps != nil && wraps.Kind == graph.KindUnwrap && len(tokens) == 0:
		row.to, row.input = wrapped, fmt.Sprintf("0x2e1a7d4d%x", wraps.Amount.Bytes32())
	case !row.to.IsZero():
		if len(inner)+len(tokens) > 0 {
			row.input = "0x12345678"
		}
	case len(tokens) == 1 && len(inner) == 0 && !tokens[0].To.IsZero():
		row.to, row.input = tokens[0].Asset.Contract, "0xa9059cbb"+fmt.Sprintf("%064x%x", tokens[0].To.Bytes(), tokens[0].Amount.Bytes32())
	case len(tokens) == 1 && len(inner) == 0:
		row.to, row.input = tokens[0].Asset.Contract, "0x42966c68"
	case len(tokens) > 0:
		row.to, row.input = tokens[0].To, "0x12345678"
	case len(inner) > 0:
		row.to, row.input = inner[0].From, "0x12345678"
	default:
		row.to = row.from
	}
	b.txs = append(b.txs, row)
	b.inner, b.tokens = append(b.inner, inner...), append(b.tokens, tokens...)
}

func (m *move) touches(a graph.Address) bool { return m.From == a || m.To == a }

// pick are the moves of an address, or of a transaction.
func pick(moves []move, wanted func(*move) bool) []move {
	var picked []move
	for i := range moves {
		if wanted(&moves[i]) {
			picked = append(picked, moves[i])
		}
	}
	return picked
}

// zero is how explorers write nowhere.
func zero(a graph.Address) string {
	if a.IsZero() {
		return common.Address{}.Hex()
	}
	return a.String()
}

func (b *book) find(hash graph.Hash) *tx {
	if i := slices.IndexFunc(b.txs, func(t tx) bool { return t.hash == hash }); i >= 0 {
		return &b.txs[i]
	}
	return nil
}
