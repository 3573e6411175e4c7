package explorer

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"math/big"
	"slices"

	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/params"
	"github.com/holiman/uint256"

	"spoor/graph"
)

// feeUndivided is the place of a fee that is told in one sum, as in the blocks
// of package ethereum whose header is unknown.
const feeUndivided = 4

// spoofed is the bound above which a token amount is taken for a spoof.
var spoofed = uint256.MustFromBig(new(big.Int).Lsh(big.NewInt(1), 255))

// nativeAsToken are contracts that log movements of the native coin, which the
// list of inner calls has already. On every chain EIP-7708 logs come from the
// system address.
var nativeAsToken = map[graph.ChainID]common.Address{
	"eip155:137":   common.HexToAddress("0x0000000000000000000000000000000000001010"), // Polygon
	"eip155:42220": common.HexToAddress("0x471EcE3750Da237f93B8E339c536989b8978a438"), // Celo
	"eip155:324":   common.HexToAddress("0x000000000000000000000000000000000000800A"), // zkSync Era
}

// errContradiction is returned for rows of which one must be wrong: most often
// the chain was reorganised between two calls.
var errContradiction = errors.New("rows contradict each other; the chain may have been reorganised meanwhile: ask again, or leave more blocks below the head out")

// decoded are the blocks of a history and what is claimed about its tokens.
type decoded struct {
	blocks []graph.Block
	infos  []graph.AssetInfo
	simple map[graph.Hash]bool // transactions in which nothing moved but what one row tells
	gaps   []Gap               // what the rows turned out not to tell
}

// assembly puts the rows of a history into blocks.
type assembly struct {
	*client
	address  graph.Address // whose history it is; its fees are told
	allFees  bool          // every transaction is told as a whole
	hasInner bool          // the list of inner calls was read
	blocks   map[uint32]*draft
	where    map[graph.Hash]*draftTx
	out      decoded
}

type draft struct {
	header graph.Header
	txs    map[graph.Hash]*draftTx // zero: what the block itself pays
}

type draftTx struct {
	index  uint32
	hash   graph.Hash
	failed bool
	call   *txRow           // the transaction's own row, nil if it is not in the history
	fixed  []graph.Transfer // at places of the ledger
	inner  []innerRow
	tokens []graph.Transfer
	wraps  []graph.Transfer
}

// decode turns rows into blocks. It is a pure function of them.
func (c *client) decode(in rows, address graph.Address, allFees, hasInner bool, know graph.Knowledge) (decoded, error) {
	a := assembly{client: c, address: address, allFees: allFees, hasInner: hasInner, blocks: map[uint32]*draft{}, where: map[graph.Hash]*draftTx{},
		out: decoded{simple: map[graph.Hash]bool{}}}
	for _, step := range []func(*rows) error{a.txs, a.inner, a.tokens, a.paid} {
		if err := step(&in); err != nil {
			return decoded{}, err
		}
	}
	for _, height := range slices.Sorted(maps.Keys(a.blocks)) {
		b, err := a.block(a.blocks[height], know)
		if err != nil {
			return decoded{}, err
		}
		a.out.blocks = append(a.out.blocks, b)
	}
	return a.out, nil
}

// tx is the transaction that a row belongs to.
func (a *assembly) tx(p *place) (*draftTx, error) {
	b := a.blocks[p.height]
	if b == nil {
		b = &draft{header: graph.Header{Height: p.height, Hash: p.block, Time: p.time}, txs: map[graph.Hash]*draftTx{}}
		a.blocks[p.height] = b
	}
	if b.header.Hash.IsZero() {
		b.header.Hash = p.block
	}
	if b.header.Time != p.time || !p.block.IsZero() && p.block != b.header.Hash {
		return nil, fmt.Errorf("block %d: %w", p.height, errContradiction)
	}
	tx := b.txs[p.tx]
	switch {
	case tx == nil:
		tx = &draftTx{index: unplaced, hash: p.tx}
		b.txs[p.tx] = tx
		if p.tx.IsZero() {
			tx.index = graph.BlockTx
		} else if a.where[p.tx] != nil {
			return nil, fmt.Errorf("transaction %s in two blocks: %w", p.tx, errContradiction)
		} else {
			a.where[p.tx] = tx
		}
	case p.index != unplaced && tx.index != unplaced && tx.index != p.index:
		return nil, fmt.Errorf("transaction %s at two places of its block: %w", p.tx, errContradiction)
	}
	if p.index != unplaced && tx.index == unplaced {
		tx.index = p.index
	}
	return tx, nil
}

func (a *assembly) txs(in *rows) error {
	for i := range in.txs {
		r := &in.txs[i]
		tx, err := a.tx(&r.place)
		if err != nil {
			return err
		}
		if tx.call != nil {
			// Some servers list a transaction to oneself twice.
			a.Meter.Pass("transaction listed twice", 1)
			continue
		}
		tx.call = r
		switch {
		case !a.allFees && r.from != a.address:
		case r.fee == nil:
			a.untold(r, "fee of a transaction that the API does not tell")
		case !r.fee.IsZero():
			tx.fixed = append(tx.fixed, graph.Transfer{Seq: graph.FeeSeq(feeUndivided), Kind: graph.KindFee, From: r.from, Asset: a.Chain.Native(), Amount: *r.fee})
		}
		if r.failed == nil {
			a.untold(r, "success of a transaction that the API does not tell")
			continue
		}
		tx.failed = *r.failed
		if tx.failed || r.value.IsZero() {
			continue
		}
		if r.to.IsZero() {
			a.untold(r, "address of a created contract that the API does not tell")
			continue
		}
		kind := graph.KindNative
		if r.creates {
			kind = graph.KindCreate
		}
		first, _ := graph.CallSeq(0)
		tx.fixed = append(tx.fixed, graph.Transfer{Seq: first, Kind: kind, From: r.from, To: r.to, Asset: a.Chain.Native(), Amount: r.value})
	}
	return nil
}

// untold notes that something of a transaction is missing.
func (a *assembly) untold(r *txRow, what string) {
	a.Meter.Pass(what, 1)
	a.out.gaps = append(a.out.gaps, Gap{List: listTxs, From: r.height, To: r.height, Why: what})
}

func (a *assembly) inner(in *rows) error {
	for i := range in.inner {
		tx, err := a.tx(&in.inner[i].place)
		if err != nil {
			return err
		}
		if tx.failed {
			a.Meter.Pass("call of a failed transaction", 1)
			continue
		}
		tx.inner = append(tx.inner, in.inner[i])
	}
	return nil
}

func (a *assembly) tokens(in *rows) error {
	said := map[graph.Asset]bool{}
	for i := range in.tokens {
		r := &in.tokens[i]
		tx, err := a.tx(&r.place)
		if err != nil {
			return err
		}
		contract := common.BytesToAddress(r.asset.Contract.Bytes())
		switch {
		case contract == params.SystemAddress, contract == nativeAsToken[a.Chain.ID] && contract != (common.Address{}):
			a.Meter.Pass("native coin that repeats a movement as a token", 1)
			continue
		case r.amount.Gt(spoofed):
			a.Meter.Pass("token amount above 2^255 (spoofed amount)", 1)
			continue
		case r.from.IsZero() && r.to.IsZero():
			a.Meter.Pass("token transfer from nowhere to nowhere", 1)
			continue
		}
		t := graph.Transfer{Kind: graph.KindToken, From: r.from, To: r.to, Asset: r.asset, Amount: r.amount}
		if r.from.IsZero() {
			t.Kind = graph.KindMint
		} else if r.to.IsZero() {
			t.Kind = graph.KindBurn
		}
		tx.tokens = append(tx.tokens, t)
		if !said[r.asset] && (r.symbol != "" || r.decimals >= 0) {
			said[r.asset] = true
			info := graph.AssetInfo{Asset: r.asset, Symbol: r.symbol, Decimals: r.decimals, Source: a.host()}
			if r.asset.Standard == graph.ERC721 || r.asset.Standard == graph.ERC1155 {
				info.Decimals = 0 // single things, and copies of them
			}
			a.out.infos = append(a.out.infos, info)
		}
	}
	return nil
}

// paid adds what the protocol pays.
func (a *assembly) paid(in *rows) error {
	pay := func(p place, t graph.Transfer) error {
		tx, err := a.tx(&p)
		if err == nil && !t.Amount.IsZero() {
			t.Asset = a.Chain.Native()
			tx.tokens = append(tx.tokens, t)
		}
		return err
	}
	for _, w := range in.withdrawals {
		if err := pay(w.place, graph.Transfer{Kind: graph.KindWithdrawal, To: w.to, Amount: w.amount}); err != nil {
			return err
		}
	}
	for _, g := range in.genesis {
		if err := pay(g.place, graph.Transfer{Kind: graph.KindGenesis, To: g.to, Amount: g.amount}); err != nil {
			return err
		}
	}
	return nil
}

func (a *assembly) block(d *draft, know graph.Knowledge) (graph.Block, error) {
	b := graph.Block{Header: d.header, Source: a.source(), Know: know}
	taken := map[uint32]graph.Hash{}
	txs := slices.SortedFunc(maps.Values(d.txs), func(x, y *draftTx) int {
		return cmp.Or(cmp.Compare(x.index, y.index), slices.Compare(x.hash[:], y.hash[:]))
	})
	for _, tx := range txs {
		if tx.index == unplaced {
			p := place{tx: tx.hash, index: unplaced}
			tx.index = p.position()
			for !taken[tx.index].IsZero() { // two hashes share 23 bits
				tx.index++
			}
			a.Meter.Pass("transaction whose place in its block the API does not tell", 1)
		} else if other := taken[tx.index]; !other.IsZero() {
			return b, fmt.Errorf("block %d: transactions %s and %s at one place: %w", d.header.Height, other, tx.hash, errContradiction)
		}
		taken[tx.index] = tx.hash
		a.wrap(tx)
		transfers, err := a.transfers(tx)
		if err != nil {
			return b, fmt.Errorf("block %d, transaction %s: %w", d.header.Height, tx.hash, err)
		}
		a.out.simple[tx.hash] = simple(tx)
		b.Txs = append(b.Txs, graph.Tx{Index: tx.index, Hash: tx.hash, Failed: tx.failed, Transfers: transfers})
	}
	slices.SortFunc(b.Txs, func(x, y graph.Tx) int { return cmp.Compare(x.Index, y.Index) })
	if err := b.Validate(a.Chain.ID); err != nil {
		return b, err
	}
	return b, nil
}

// transfers puts the movements of a transaction in order: rows as the API
// lists them, calls before tokens before what is derived.
func (a *assembly) transfers(tx *draftTx) ([]graph.Transfer, error) {
	var all []graph.Transfer
	for _, r := range tx.inner {
		all = append(all, graph.Transfer{Kind: r.kind, From: r.from, To: r.to, Asset: a.Chain.Native(), Amount: r.value})
	}
	all = append(append(all, tx.tokens...), tx.wraps...)
	for i := range all {
		seq, err := graph.RowSeq(i)
		if err != nil {
			return nil, err
		}
		all[i].Seq = seq
	}
	slices.SortFunc(tx.fixed, func(x, y graph.Transfer) int { return cmp.Compare(x.Seq, y.Seq) })
	return append(all, tx.fixed...), nil
}

// transferCall is transfer(address,uint256), which moves one token and ends.
const transferCall = "0xa9059cbb"

// simple reports whether nothing can have moved in a transaction but what its
// own row and one token transfer tell. Tokens that call their receivers
// (ERC-777) are not thought of.
func simple(tx *draftTx) bool {
	c := tx.call
	return c != nil && (tx.failed || c.bare || selector(c.input) == transferCall && c.value.IsZero() && len(tx.tokens) <= 1 && len(tx.inner) == 0)
}
