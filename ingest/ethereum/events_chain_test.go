package ethereum_test

import (
	"bytes"
	"encoding/json"
	"os"
	"testing"

	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/common/hexutil"
	"github.com/ethereum/go-ethereum/core"
	"github.com/ethereum/go-ethereum/core/types"

	"spoor/graph"
)

// The code of every account of the final state is what was told: a delegation
// where one was signed, and a contract where one was created, but for those of
// the first block.
func TestSyntheticChainStated(t *testing.T) {
	e := execute(t)
	created, delegated := map[common.Address]bool{}, map[common.Address]common.Address{}
	for _, d := range e.decode(t, true) {
		for _, tx := range d.Block.Txs {
			for _, s := range tx.Events {
				subject, object := common.BytesToAddress(s.Subject.Bytes()), common.BytesToAddress(s.Object.Bytes())
				switch s.Kind {
				case graph.Created:
					created[subject] = true
				case graph.Delegated:
					delegated[subject] = object
				}
			}
		}
	}
	var state struct {
		Accounts map[string]struct {
			Address *common.Address `json:"address"`
			Nonce   uint64          `json:"nonce"`
			Code    hexutil.Bytes   `json:"code"`
		} `json:"accounts"`
	}
	var genesis core.Genesis
	for name, into := range map[string]any{"headstate.json": &state, "genesis.json": &genesis} {
		raw, err := os.ReadFile(geth(t, testdata, name))
		if err != nil {
			t.Fatal(err)
		}
		if err := json.Unmarshal(raw, into); err != nil {
			t.Fatal(err)
		}
	}
	contracts, delegations := 0, 0
	for text, account := range state.Accounts {
		a := common.HexToAddress(text)
		if account.Address != nil {
			a = *account.Address
		}
		to, isDelegation := types.ParseDelegation(account.Code)
		switch {
		case len(account.Code) == 0:
			// What was created may have left no code; its nonce then tells (EIP-161).
			if created[a] && account.Nonce != 1 {
				t.Errorf("%s was told to be created; it has no code and nonce %d", a, account.Nonce)
			}
		case isDelegation:
			delegations++
			if delegated[a] != to {
				t.Errorf("%s runs the code of %s, told was %s", a, to, delegated[a])
			}
		case bytes.Equal(genesis.Alloc[a].Code, account.Code):
		default:
			contracts++
			if !created[a] {
				t.Errorf("the creation of %s was not told", a)
			}
		}
		delete(delegated, a)
	}
	for a, to := range delegated {
		if to != (common.Address{}) {
			t.Errorf("%s was told to run the code of %s and has none", a, to)
		}
	}
	t.Logf("%d contracts and %d delegations in the final state", contracts, delegations)
	if contracts < 3 || delegations == 0 {
		t.Errorf("%d contracts and %d delegations: the chain does not show what it should", contracts, delegations)
	}
}
