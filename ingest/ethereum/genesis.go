package ethereum

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/common/math"
	"github.com/ethereum/go-ethereum/params"

	"spoor/graph"
)

// Genesis is what a genesis file (geth's JSON) says of a chain.
type Genesis struct {
	Config *params.ChainConfig // rules of the chain; nil if the file has none
	// Block is the first block: its allocations, in address order. Its hash is
	// not in the file and stays unknown.
	Block graph.Block
}

// ReadGenesis reads a genesis file. It must be of the given chain if it names
// one.
func ReadGenesis(chain graph.Chain, r io.Reader) (Genesis, error) {
	var file struct {
		Config    *params.ChainConfig   `json:"config"`
		Timestamp math.HexOrDecimal64   `json:"timestamp"`
		Alloc     map[string]allocation `json:"alloc"`
	}
	if err := json.NewDecoder(r).Decode(&file); err != nil {
		return Genesis{}, fmt.Errorf("genesis: %w; want geth's genesis JSON", err)
	}
	if file.Alloc == nil {
		return Genesis{}, fmt.Errorf("genesis: no \"alloc\"; want geth's genesis JSON")
	}
	if c := file.Config; c != nil && c.ChainID != nil && graph.ChainID("eip155:"+c.ChainID.String()) != chain.ID {
		return Genesis{}, fmt.Errorf("genesis: of chain eip155:%s, not of %s; choose it with --chain", c.ChainID, chain.ID)
	}
	balances := map[common.Address]graph.Amount{}
	for _, text := range slices.Sorted(maps.Keys(file.Alloc)) {
		raw, err := hex.DecodeString(strings.TrimPrefix(strings.TrimPrefix(text, "0x"), "0X"))
		if err != nil || len(raw) != common.AddressLength {
			return Genesis{}, fmt.Errorf("genesis: %.80q is no address; want 40 hex digits", text)
		}
		a := common.BytesToAddress(raw)
		if _, twice := balances[a]; twice {
			return Genesis{}, fmt.Errorf("genesis: %s is allocated twice", a)
		}
		if file.Alloc[text].Balance == nil {
			return Genesis{}, fmt.Errorf("genesis: %s has no balance", a)
		}
		balances[a] = file.Alloc[text].Balance.Amount
	}
	if uint64(file.Timestamp) > 1<<62 {
		return Genesis{}, fmt.Errorf("genesis: timestamp %d is beyond time", file.Timestamp)
	}
	in := Block{Header: graph.Header{Time: int64(file.Timestamp)}, Source: "genesis", HeaderKnown: true, Logs: graph.Full, Traces: graph.Full}
	for _, a := range slices.SortedFunc(maps.Keys(balances), func(a, b common.Address) int { return bytes.Compare(a[:], b[:]) }) {
		in.Payments = append(in.Payments, Payment{Kind: graph.KindGenesis, To: a, Amount: balances[a]})
	}
	d := Decode(chain, &in)
	if len(d.Problems) > 0 {
		return Genesis{}, fmt.Errorf("genesis: %w", d.Problems[0])
	}
	return Genesis{Config: file.Config, Block: d.Block}, nil
}

type allocation struct {
	Balance *balance `json:"balance"`
}

// balance is a number written in decimal or 0x hex, as text or as a number.
type balance struct{ graph.Amount }

func (b *balance) UnmarshalJSON(raw []byte) error {
	text := strings.Trim(string(raw), `"`)
	if digits, ok := strings.CutPrefix(strings.ToLower(text), "0x"); ok {
		digits = strings.TrimLeft(digits, "0")
		if digits == "" {
			digits = "0"
		}
		if err := b.SetFromHex("0x" + digits); err != nil {
			return fmt.Errorf("balance %.80q: %w", text, err)
		}
		return nil
	}
	amount, err := graph.ParseAmount(text)
	b.Amount = amount
	return err
}
