package ethereum_test

import (
	"testing"

	"spoor/graph"
	"spoor/ingest/ethereum"
)

// TestPrivacyPool reads who put value into a pool and who took it back. The
// topics are made of the signatures here.
func TestPrivacyPool(t *testing.T) {
	const (
		deposited = "Deposited(address,uint256,uint256,uint256,uint256)"
		ragequit  = "Ragequit(address,uint256,uint256,uint256)"
	)
	chain := mustChain(t, "ethereum")
	for _, test := range []struct {
		name   string
		log    ethereum.Log
		kind   graph.EventKind // 0: it states nothing
		amount uint64
	}{
		{"put in", event(4, 'P', deposited, [][]byte{of('A')}, [][]byte{word(1), word(7), word(99), word(3)}), graph.Mixed, 99},
		{"taken back", event(4, 'P', ragequit, [][]byte{of('A')}, [][]byte{word(2), word(7), word(60)}), graph.TakenBack, 60},
		{"by nobody", event(4, 'P', ragequit, [][]byte{word(0)}, [][]byte{word(2), word(7), word(60)}), 0, 0},
		{"without its value", event(4, 'P', ragequit, [][]byte{of('A')}, [][]byte{word(2), word(7)}), 0, 0},
		{"with more", event(4, 'P', ragequit, [][]byte{of('A')}, [][]byte{word(2), word(7), word(60), word(1)}), 0, 0},
		{"a withdrawal, of anybody's", event(4, 'P', "Withdrawn(address,uint256,uint256,uint256)", [][]byte{of('A')}, [][]byte{word(60), word(7), word(2)}), 0, 0},
	} {
		t.Run(test.name, func(t *testing.T) {
			tx := free(call('A', 'P', 0))
			tx.Logs = []ethereum.Log{test.log}
			d := ethereum.Decode(chain, traced(ethereum.Cancun, tx))
			if err := d.Block.Validate(chain.ID); err != nil {
				t.Fatal(err)
			}
			events := d.Block.Txs[0].Events
			if test.kind == 0 {
				if len(events) != 0 {
					t.Errorf("%+v", events)
				}
				return
			}
			if len(events) != 1 {
				t.Fatalf("%+v", events)
			}
			e := events[0]
			if e.Kind != test.kind || e.Protocol != "privacy-pools" || name(e.Emitter) != "P" || name(e.Subject) != "A" || e.Key != string(word(7)) || e.Amount.Uint64() != test.amount {
				t.Errorf("%+v", e)
			}
		})
	}
}
