package ethereum_test

import (
	"bytes"
	"encoding/json"
	"math/big"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"sync"
	"testing"

	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/consensus/beacon"
	"github.com/ethereum/go-ethereum/consensus/ethash"
	"github.com/ethereum/go-ethereum/core"
	"github.com/ethereum/go-ethereum/core/rawdb"
	"github.com/ethereum/go-ethereum/core/tracing"
	"github.com/ethereum/go-ethereum/core/types"
	"github.com/ethereum/go-ethereum/core/vm"
	"github.com/ethereum/go-ethereum/eth/tracers"
	_ "github.com/ethereum/go-ethereum/eth/tracers/native"
	"github.com/ethereum/go-ethereum/params"
	"github.com/ethereum/go-ethereum/rlp"

	"spoor/graph"
	"spoor/ingest/ethereum"
)

// geth is a folder of the go-ethereum module.
func geth(t testing.TB, parts ...string) string {
	t.Helper()
	dir, err := exec.Command("go", "list", "-m", "-f", "{{.Dir}}", "github.com/ethereum/go-ethereum").Output()
	if err != nil || len(bytes.TrimSpace(dir)) == 0 {
		t.Skip("the sources of go-ethereum are not in the module cache: run `go mod download`")
	}
	path := filepath.Join(append([]string{string(bytes.TrimSpace(dir))}, parts...)...)
	if _, err := os.Stat(path); err != nil {
		t.Skipf("go-ethereum's module has no %s", filepath.Join(parts...))
	}
	return path
}

// executed is the synthetic chain of go-ethereum's test data after running it
// in go-ethereum itself: blocks, receipts and callTracer results.
type executed struct {
	chain    graph.Chain
	genesis  ethereum.Genesis
	blocks   []*types.Block
	receipts []types.Receipts
	frames   [][]json.RawMessage
	final    map[common.Address]*big.Int
}

// frameRecorder runs a callTracer for each transaction.
type frameRecorder struct {
	t       testing.TB
	config  *params.ChainConfig
	current *tracers.Tracer
	frames  map[common.Hash]json.RawMessage
	hash    common.Hash
}

func (r *frameRecorder) hooks() *tracing.Hooks {
	return &tracing.Hooks{
		OnTxStart: func(env *tracing.VMContext, tx *types.Transaction, from common.Address) {
			tracer, err := tracers.DefaultDirectory.New("callTracer", &tracers.Context{}, json.RawMessage(`{}`), r.config)
			if err != nil {
				r.t.Fatal(err)
			}
			r.current, r.hash = tracer, tx.Hash()
			tracer.OnTxStart(env, tx, from)
		},
		OnTxEnd: func(receipt *types.Receipt, err error) {
			r.current.OnTxEnd(receipt, err)
			result, err := r.current.GetResult()
			if err != nil {
				r.t.Fatal(err)
			}
			r.frames[r.hash], r.current = result, nil
		},
		OnEnter: func(depth int, typ byte, from, to common.Address, input []byte, gas uint64, value *big.Int) {
			if r.current != nil {
				r.current.OnEnter(depth, typ, from, to, input, gas, value)
			}
		},
		OnExit: func(depth int, output []byte, gasUsed uint64, err error, reverted bool) {
			if r.current != nil {
				r.current.OnExit(depth, output, gasUsed, err, reverted)
			}
		},
	}
}

const testdata = "cmd/devp2p/internal/ethtest/testdata"

// executedOnce keeps the chain for all tests: they only read it.
var executedOnce struct {
	sync.Mutex
	e *executed
}

func execute(t testing.TB) *executed {
	t.Helper()
	executedOnce.Lock()
	defer executedOnce.Unlock()
	if executedOnce.e == nil {
		e := run(t)
		executedOnce.e = &e
	}
	return executedOnce.e
}

func run(t testing.TB) executed {
	t.Helper()
	genesisFile, err := os.ReadFile(geth(t, testdata, "genesis.json"))
	if err != nil {
		t.Fatal(err)
	}
	var spec core.Genesis
	if err := json.Unmarshal(genesisFile, &spec); err != nil {
		t.Fatal(err)
	}
	e := executed{chain: mustChain(t, "eip155:"+spec.Config.ChainID.String()), final: map[common.Address]*big.Int{}}
	e.chain.Rewards = []graph.Reward{{From: 0, Units: 2e18}} // Constantinople from the first block
	if e.genesis, err = ethereum.ReadGenesis(e.chain, bytes.NewReader(genesisFile)); err != nil {
		t.Fatal(err)
	}
	recorder := &frameRecorder{t: t, config: spec.Config, frames: map[common.Hash]json.RawMessage{}}
	config := core.DefaultConfig().WithArchive(true)
	config.SnapshotLimit, config.NoPrefetch = 0, true
	config.VmConfig = vm.Config{Tracer: recorder.hooks()}
	bc, err := core.NewBlockChain(rawdb.NewMemoryDatabase(), &spec, beacon.New(ethash.NewFaker()), config)
	if err != nil {
		t.Fatal(err)
	}
	defer bc.Stop()
	e.blocks = exportedBlocks(t)
	if n, err := bc.InsertChain(e.blocks); err != nil {
		t.Fatalf("go-ethereum refuses block %d: %v", n, err)
	}
	for _, b := range e.blocks {
		e.receipts = append(e.receipts, bc.GetReceiptsByHash(b.Hash()))
		var frames []json.RawMessage
		for _, tx := range b.Transactions() {
			frames = append(frames, recorder.frames[tx.Hash()])
		}
		e.frames = append(e.frames, frames)
	}
	var head struct {
		Accounts map[common.Address]struct{ Balance string }
	}
	raw, err := os.ReadFile(geth(t, testdata, "headstate.json"))
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(raw, &head); err != nil {
		t.Fatal(err)
	}
	for a, account := range head.Accounts {
		b, ok := new(big.Int).SetString(account.Balance, 10)
		if !ok {
			t.Fatalf("balance %q", account.Balance)
		}
		e.final[a] = b
	}
	return e
}

func exportedBlocks(t testing.TB) (blocks []*types.Block) {
	t.Helper()
	f, err := os.Open(geth(t, testdata, "chain.rlp"))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = f.Close() }()
	for s := rlp.NewStream(f, 0); ; {
		var b types.Block
		if err := s.Decode(&b); err != nil {
			return blocks
		}
		blocks = append(blocks, &b)
	}
}

// decode decodes the whole chain, with or without call frames.
func (e *executed) decode(t testing.TB, traced bool) []ethereum.Decoded {
	t.Helper()
	convert, err := ethereum.NewConverter(e.chain, &e.genesis)
	if err != nil {
		t.Fatal(err)
	}
	decoded := []ethereum.Decoded{{Block: e.genesis.Block}}
	for i, b := range e.blocks {
		in, err := convert.Block(b, e.receipts[i])
		if err != nil {
			t.Fatal(err)
		}
		if traced {
			in.Traces = graph.Full
			for j := range in.Txs {
				if in.Txs[j].Root, err = ethereum.CallTracerFrame(e.frames[i][j]); err != nil {
					t.Fatal(err)
				}
			}
		}
		d := ethereum.Decode(e.chain, &in)
		for _, p := range d.Problems {
			t.Errorf("%v", p)
		}
		decoded = append(decoded, d)
	}
	return decoded
}

// balances sums the native movements of blocks.
func balances(decoded []ethereum.Decoded) map[common.Address]*big.Int {
	sum := map[common.Address]*big.Int{}
	add := func(a graph.Address, amount *big.Int) {
		if a.IsZero() {
			return
		}
		key := common.BytesToAddress(a.Bytes())
		if sum[key] == nil {
			sum[key] = new(big.Int)
		}
		sum[key].Add(sum[key], amount)
	}
	for _, d := range decoded {
		for _, tx := range d.Block.Txs {
			for _, m := range tx.Transfers {
				if m.Asset.IsNative() {
					amount := m.Amount.ToBig()
					add(m.To, amount)
					add(m.From, amount.Neg(amount))
				}
			}
		}
	}
	return sum
}

// Genesis allocation and every native movement of 600 blocks, over four forks,
// with blobs, 7702, system contracts, reverts and call trees, give the balance
// of every account of the final state, to the wei.
func TestSyntheticChainConserves(t *testing.T) {
	e := execute(t)
	if len(e.blocks) != 600 || len(e.final) != 48 {
		t.Fatalf("%d blocks and %d accounts, want 600 and 48", len(e.blocks), len(e.final))
	}
	decoded := e.decode(t, true)
	sum := balances(decoded)
	for a, want := range e.final {
		got := sum[a]
		if got == nil {
			got = new(big.Int)
		}
		if got.Cmp(want) != 0 {
			t.Errorf("%s: got %s, want %s, difference %s", a, got, want, new(big.Int).Sub(got, want))
		}
		delete(sum, a)
	}
	for a, left := range sum {
		if left.Sign() != 0 {
			t.Errorf("%s: got %s, want an empty account", a, left)
		}
	}
	kinds, passed := map[string]int{}, map[string]uint64{}
	for _, d := range decoded {
		if len(d.Incomplete) > 0 {
			t.Errorf("block %d is fully known, yet %v are incomplete", d.Block.Height, d.Incomplete)
		}
		for _, tx := range d.Block.Txs {
			for _, m := range tx.Transfers {
				kinds[m.Kind.String()]++
			}
		}
		for reason, n := range d.Passed {
			passed[reason] += n
		}
	}
	for _, kind := range []string{"genesis", "native", "internal", "base_fee", "fee", "blob_fee", "withdrawal"} {
		if kinds[kind] == 0 {
			t.Errorf("the chain has no movement of kind %s: the test does not show what it claims", kind)
		}
	}
	t.Logf("kinds %v; passed %v", kinds, passed)
}

// Without call frames no account is silently wrong: each account whose sum of
// a block differs is named incomplete or, before Amsterdam, was paid by one that
// is (whom code pays, nothing but the frames tells). Since Amsterdam the logs
// tell exactly: those named are those that differ.
func TestSyntheticChainWithoutTraces(t *testing.T) {
	e := execute(t)
	full, bare := e.decode(t, true), e.decode(t, false)
	incomplete := map[common.Address]bool{}
	for i := range full {
		named := map[common.Address]bool{}
		for _, a := range bare[i].Incomplete {
			named[common.BytesToAddress(a.Bytes())] = true
		}
		want, got := balances(full[i:i+1]), balances(bare[i:i+1])
		for a, sum := range want {
			other := got[a]
			if other == nil {
				other = new(big.Int)
			}
			differs := sum.Cmp(other) != 0
			switch amsterdam := full[i].Block.Time >= 360; {
			case differs && !named[a] && (amsterdam || !paidByNamed(full[i].Block, a, named)):
				t.Errorf("block %d: %s differs by %s and is not named", full[i].Block.Height, a, new(big.Int).Sub(sum, other))
			case amsterdam && named[a] && !differs:
				t.Errorf("block %d: %s is named and does not differ", full[i].Block.Height, a)
			}
			if differs {
				incomplete[a] = true
			}
		}
		if i > 0 && bare[i].Block.Know.Traces != graph.None {
			t.Errorf("block %d claims traces", bare[i].Block.Height)
		}
	}
	if len(incomplete) < 2 {
		t.Errorf("%d accounts differ: the chain does not show what the test claims", len(incomplete))
	}
}

// A block read without call frames and read again with them is the block read
// with them: places do not depend on what was known.
func TestRereadingWithTraces(t *testing.T) {
	e := execute(t)
	full, bare := e.decode(t, true), e.decode(t, false)
	for i := range full {
		for _, order := range [][2]graph.Block{{bare[i].Block, full[i].Block}, {full[i].Block, bare[i].Block}} {
			got, _, err := graph.Union(order[0], order[1])
			if err != nil {
				t.Fatal(err)
			}
			if !reflect.DeepEqual(got.Txs, full[i].Block.Txs) || got.Know != full[i].Block.Know {
				t.Fatalf("block %d differs after reading it twice", got.Height)
			}
		}
	}
}

func paidByNamed(b graph.Block, a common.Address, named map[common.Address]bool) bool {
	for _, tx := range b.Txs {
		for _, m := range tx.Transfers {
			if m.Kind == graph.KindInternal && bytes.Equal(m.To.Bytes(), a[:]) && named[common.BytesToAddress(m.From.Bytes())] {
				return true
			}
		}
	}
	return false
}
