package ethereum_test

import (
	"crypto/ecdsa"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/core/types"
	"github.com/ethereum/go-ethereum/crypto"
	"github.com/holiman/uint256"

	"spoor/graph"
	"spoor/graph/graphtest"
	"spoor/ingest/ethereum"
)

// stated writes events as "place kind protocol emitter: subject object [amount asset]".
func stated(d ethereum.Decoded) (lines []string) {
	for _, tx := range d.Block.Txs {
		for _, e := range tx.Events {
			line := fmt.Sprintf("%s %s %s %s: %s %s", e.Seq, e.Kind, e.Protocol, name(e.Emitter), name(e.Subject), name(e.Object))
			if e.Asset != (graph.Asset{}) {
				line += fmt.Sprintf(" %s %s", e.Amount.Dec(), name(e.Asset.Contract))
			}
			lines = append(lines, line)
		}
	}
	return lines
}

func checkStated(t *testing.T, d ethereum.Decoded, want ...string) {
	t.Helper()
	for _, p := range d.Problems {
		t.Errorf("problem: %v", p)
	}
	if err := d.Block.Validate(graph.Ethereum); err != nil {
		t.Error(err)
	}
	if got := stated(d); !slices.Equal(got, want) {
		t.Errorf("got\n\t%s\nwant\n\t%s", strings.Join(got, "\n\t"), strings.Join(want, "\n\t"))
	}
}

func TestCreated(t *testing.T) {
	create := func(from, to byte, calls ...*ethereum.Frame) *ethereum.Frame {
		return frame(ethereum.Create, from, to, 0, calls...)
	}
	for _, test := range []struct {
		name string
		root *ethereum.Frame
		want []string
	}{
		{"by an account", create('A', 'N'), []string{"call:0 created evm-create -: N A"}},
		{"by a contract", call('A', 'F', 0, create('F', 'N', call('N', 'P', 1)), create('F', 'O')),
			[]string{"call:1 created evm-create -: N F", "call:3 created evm-create -: O F"}},
		{"by a contract under construction", create('A', 'N', create('N', 'O')),
			[]string{"call:0 created evm-create -: N A", "call:1 created evm-create -: O N"}},
		{"by code run for another", call('A', 'F', 0, frame(ethereum.DelegateCall, 'F', 'L', 0, create('F', 'N'))), []string{"call:2 created evm-create -: N F"}},
		{"a creation that failed", call('A', 'F', 0, failed(create('F', 0))), nil},
		{"a creation in what was reverted", call('A', 'F', 0, failed(call('F', 'G', 0, create('G', 'N')))), nil},
		{"a failed transaction", failed(create('A', 'N')), nil},
	} {
		t.Run(test.name, func(t *testing.T) {
			checkStated(t, ethereum.Decode(mustChain(t, "ethereum"), traced(ethereum.Cancun, free(test.root))), test.want...)
		})
	}
}

// Reading traces later adds what contracts create; it repeats nothing.
func TestCreatedUntraced(t *testing.T) {
	tx := free(frame(ethereum.Create, 'A', 'N', 0, frame(ethereum.Create, 'N', 'O', 0)))
	whole := ethereum.Decode(mustChain(t, "ethereum"), traced(ethereum.Cancun, tx))
	tx.Root = nil
	b := traced(ethereum.Cancun, tx)
	b.Traces = graph.None
	part := ethereum.Decode(mustChain(t, "ethereum"), b)
	checkStated(t, part, "call:0 created evm-create -: N A")
	union, changed, err := graph.Union(part.Block, whole.Block)
	if err != nil || !changed {
		t.Fatal(changed, err)
	}
	checkStated(t, ethereum.Decoded{Block: union}, "call:0 created evm-create -: N A", "call:1 created evm-create -: O N")
	// Without a receipt's address it follows from sender and nonce.
	b.Txs[0].Created, b.Txs[0].Nonce = nil, 3
	want := crypto.CreateAddress(acct('A'), 3)
	checkStated(t, ethereum.Decode(mustChain(t, "ethereum"), b), "call:0 created evm-create -: "+want.Hex()+" A")
}

func TestStatedByLogs(t *testing.T) {
	const setup, added, removed = "SafeSetup(address,address[],uint256,address,address)", "AddedOwner(address)", "RemovedOwner(address)"
	owners := func(threshold, n uint64, list ...byte) [][]byte {
		data := [][]byte{word(128), word(threshold), of('I'), of('H'), word(n)}
		for _, o := range list {
			data = append(data, of(o))
		}
		return data
	}
	dirty := of('A')
	dirty[3] = 1
	for _, test := range []struct {
		name string
		log  ethereum.Log
		want []string
	}{
		{"owners of a new Safe", event(4, 'S', setup, [][]byte{of('X')}, owners(2, 3, 'A', 'B', 'C')),
			[]string{"log:4 owner_added safe S: S A", "log:4 owner_added safe S: S B", "log:4 owner_added safe S: S C"}},
		{"an owner more, indexed", event(4, 'S', added, [][]byte{of('A')}, nil), []string{"log:4 owner_added safe S: S A"}},
		{"an owner more, not indexed", event(4, 'S', added, nil, [][]byte{of('A')}), []string{"log:4 owner_added safe S: S A"}},
		{"an owner less", event(4, 'S', removed, nil, [][]byte{of('A')}), []string{"log:4 owner_removed safe S: S A"}},
		{"fewer words than owners", event(4, 'S', setup, [][]byte{of('X')}, owners(1, 3, 'A', 'B')), nil},
		{"more words than owners", event(4, 'S', setup, [][]byte{of('X')}, owners(1, 1, 'A', 'B')), nil},
		{"owners beyond any memory", event(4, 'S', setup, [][]byte{of('X')}, append(owners(1, 0)[:4], of('A'), of('B'))), nil},
		{"as many owners as wrap around", event(4, 'S', setup, [][]byte{of('X')}, append(owners(1, 1<<59)[:5], of('A'))), nil},
		{"no owner", event(4, 'S', setup, [][]byte{of('X')}, append(owners(0, 0), of('A'))), nil},
		{"a threshold nobody can meet", event(4, 'S', setup, [][]byte{of('X')}, owners(3, 2, 'A', 'B')), nil},
		{"an owner twice", event(4, 'S', setup, [][]byte{of('X')}, owners(1, 2, 'A', 'A')), nil},
		{"itself as owner", event(4, 'S', setup, [][]byte{of('X')}, owners(1, 2, 'A', 'S')), nil},
		{"nobody as owner", event(4, 'S', added, [][]byte{word(0)}, nil), nil},
		{"a word that is no address", event(4, 'S', added, [][]byte{dirty}, nil), nil},
		{"an argument more", event(4, 'S', added, [][]byte{of('A')}, [][]byte{word(1)}), nil},

		{"proxy of a factory since 1.4", event(4, 'F', "ProxyCreation(address,address)", [][]byte{of('S')}, [][]byte{of('L')}), []string{"log:4 created safe-factory F: S F"}},
		{"proxy of a factory 1.3", event(4, 'F', "ProxyCreation(address,address)", nil, [][]byte{of('S'), of('L')}), []string{"log:4 created safe-factory F: S F"}},
		{"proxy of an older factory", event(4, 'F', "ProxyCreation(address)", nil, [][]byte{of('S')}), []string{"log:4 created safe-factory F: S F"}},
		{"proxy of nothing", event(4, 'F', "ProxyCreation(address,address)", nil, [][]byte{of('S'), word(0)}), nil},

		{"USDT, frozen", event(4, 'T', "AddedBlackList(address)", nil, [][]byte{of('A')}), []string{"log:4 frozen tether-blacklist T: A - 0 T"}},
		{"USDT, free again", event(4, 'T', "RemovedBlackList(address)", nil, [][]byte{of('A')}), []string{"log:4 unfrozen tether-blacklist T: A - 0 T"}},
		{"USDT, destroyed", event(4, 'T', "DestroyedBlackFunds(address,uint256)", nil, [][]byte{of('A'), word(77)}), []string{"log:4 frozen tether-destroyed T: A - 77 T"}},
		{"USDT, without its amount", event(4, 'T', "DestroyedBlackFunds(address,uint256)", nil, [][]byte{of('A')}), nil},
		{"later USDT, frozen", event(4, 'T', "BlockPlaced(address)", [][]byte{of('A')}, nil), []string{"log:4 frozen tether-block T: A - 0 T"}},
		{"later USDT, free again", event(4, 'T', "BlockReleased(address)", [][]byte{of('A')}, nil), []string{"log:4 unfrozen tether-block T: A - 0 T"}},
		{"later USDT, destroyed", event(4, 'T', "DestroyedBlockedFunds(address,uint256)", [][]byte{of('A')}, [][]byte{word(77)}), []string{"log:4 frozen tether-destroyed T: A - 77 T"}},
		{"USDC, frozen", event(4, 'T', "Blacklisted(address)", [][]byte{of('A')}, nil), []string{"log:4 frozen fiat-token T: A - 0 T"}},
		{"USDC, free again", event(4, 'T', "UnBlacklisted(address)", [][]byte{of('A')}, nil), []string{"log:4 unfrozen fiat-token T: A - 0 T"}},
		{"PYUSD, frozen", event(4, 'T', "AddressFrozen(address)", [][]byte{of('A')}, nil), []string{"log:4 frozen paxos T: A - 0 T"}},
		{"PYUSD, free again", event(4, 'T', "AddressUnfrozen(address)", [][]byte{of('A')}, nil), []string{"log:4 unfrozen paxos T: A - 0 T"}},
		{"PYUSD, wiped", event(4, 'T', "FrozenAddressWiped(address)", [][]byte{of('A')}, nil), []string{"log:4 frozen paxos-destroyed T: A - 0 T"}},
		{"newer Paxos, frozen", event(4, 'T', "FreezeAddress(address)", [][]byte{of('A')}, nil), []string{"log:4 frozen paxos T: A - 0 T"}},
		{"newer Paxos, free again", event(4, 'T', "UnfreezeAddress(address)", [][]byte{of('A')}, nil), []string{"log:4 unfrozen paxos T: A - 0 T"}},
		{"nobody frozen", event(4, 'T', "Blacklisted(address)", [][]byte{word(0)}, nil), nil},
		{"a freeze without its account", event(4, 'T', "Blacklisted(address)", nil, nil), nil},
		{"another event", event(4, 'T', "Frozen(address)", [][]byte{of('A')}, nil), nil},
	} {
		t.Run(test.name, func(t *testing.T) {
			tx := free(call('A', 'S', 0))
			tx.Logs = []ethereum.Log{test.log}
			d := ethereum.Decode(mustChain(t, "ethereum"), traced(ethereum.Cancun, tx))
			checkStated(t, d, test.want...)
			if passed := d.Passed["log of another event"]; passed != uint64(1-min(1, len(test.want))) {
				t.Errorf("%d logs passed over", passed)
			}
			tx.Nameless = true // its logs are all a source has
			checkStated(t, ethereum.Decode(mustChain(t, "ethereum"), traced(ethereum.Cancun, tx)), test.want...)
		})
	}
}

// USDT destroys without a Transfer: the event is the movement's only witness.
// Of another token it is not known whether a Transfer tells it already.
func TestDestroyed(t *testing.T) {
	for _, test := range []struct {
		token, chain string
		want         []string
	}{
		{"0xdAC17F958D2ee523a2206206994597C13D831ec7", "ethereum", []string{"log:4 burn B>- 77 0xdAC17F958D2ee523a2206206994597C13D831ec7"}},
		{"0xdAC17F958D2ee523a2206206994597C13D831ec7", "bnb", nil},
		{"0x1111111111111111111111111111111111111111", "ethereum", nil},
	} {
		tx := free(call('A', 'T', 0))
		l := event(4, 'T', "DestroyedBlackFunds(address,uint256)", nil, [][]byte{of('B'), word(77)})
		l.Address = common.HexToAddress(test.token)
		tx.Logs = []ethereum.Log{l}
		d := ethereum.Decode(mustChain(t, test.chain), traced(ethereum.Cancun, tx))
		check(t, d, test.want...)
		if len(d.Block.Txs[0].Events) != 1 {
			t.Errorf("%s: events %v", test.chain, stated(d))
		}
	}
}

func signer(t testing.TB, letter byte) *ecdsa.PrivateKey {
	t.Helper()
	key, err := crypto.ToECDSA(crypto.Keccak256([]byte{letter}))
	if err != nil {
		t.Fatal(err)
	}
	return key
}

func TestDelegated(t *testing.T) {
	who := map[string]string{}
	for _, letter := range []byte("SUV") {
		who[crypto.PubkeyToAddress(signer(t, letter).PublicKey).Hex()] = string(letter)
	}
	type auth struct {
		by    byte
		chain uint64
		to    byte
		nonce uint64
	}
	const forged = 'f' // signed by nobody
	for _, test := range []struct {
		name   string
		fork   ethereum.Fork
		failed bool
		list   []auth
		want   []string
		passed uint64
	}{
		{name: "by the sender: certain", list: []auth{{'S', 1, 'D', 8}}, want: []string{"eip-7702 S D"}},
		{name: "by another: signed", list: []auth{{'U', 1, 'D', 8}}, want: []string{"eip-7702-signed U D"}},
		{name: "for any chain", list: []auth{{'S', 0, 'D', 8}}, want: []string{"eip-7702 S D"}},
		{name: "for another chain", list: []auth{{'S', 10, 'D', 8}}, passed: 1},
		{name: "the transaction's own nonce is used", list: []auth{{'S', 1, 'D', 7}}, passed: 1},
		{name: "a nonce of the future", list: []auth{{'S', 1, 'D', 9}}, passed: 1},
		{name: "two of the sender", list: []auth{{'S', 1, 'D', 8}, {'U', 1, 'D', 0}, {'S', 1, 'E', 9}}, want: []string{"eip-7702 S D", "eip-7702-signed U D", "eip-7702 S E"}},
		{name: "a nonce twice", list: []auth{{'S', 1, 'D', 8}, {'S', 1, 'E', 8}, {'U', 1, 'D', 3}, {'U', 1, 'E', 3}}, want: []string{"eip-7702 S D", "eip-7702-signed U D"}, passed: 2},
		{name: "the end of a delegation", list: []auth{{'S', 1, 0, 8}}, want: []string{"eip-7702 S -"}},
		{name: "a nonce at the limit", list: []auth{{'U', 1, 'D', 1<<64 - 1}}, passed: 1},
		{name: "a signature of nobody", list: []auth{{forged, 1, 'D', 8}}, passed: 1},
		{name: "a failed transaction", failed: true, list: []auth{{'S', 1, 'D', 8}}, want: []string{"eip-7702 S D"}},
		{name: "a failed transaction since Amsterdam", fork: ethereum.Amsterdam, failed: true, list: []auth{{'S', 1, 'D', 8}}, want: []string{"eip-7702-signed S D"}},
		{name: "a list that is not told", passed: 1},
	} {
		t.Run(test.name, func(t *testing.T) {
			root := call('A', 'B', 0)
			root.From, root.Failed = crypto.PubkeyToAddress(signer(t, 'S').PublicKey), test.failed
			tx := free(root)
			tx.Type, tx.Nonce = types.SetCodeTxType, 7
			for _, a := range test.list {
				in := types.SetCodeAuthorization{ChainID: *uint256.NewInt(a.chain), Nonce: a.nonce}
				if a.to != 0 {
					in.Address = acct(a.to)
				}
				out, err := types.SignSetCode(signer(t, a.by), in)
				if err != nil {
					t.Fatal(err)
				}
				if a.by == forged {
					out.S.SetAllOne() // above half the order
				}
				tx.Authorizations = append(tx.Authorizations, out)
			}
			fork := test.fork
			if fork == ethereum.ForkUnknown {
				fork = ethereum.Cancun
			}
			d := ethereum.Decode(mustChain(t, "ethereum"), traced(fork, tx))
			var got []string
			for _, e := range d.Block.Txs[0].Events {
				if e.Kind != graph.Delegated || e.Seq.String() != "call:0" || !e.Emitter.IsZero() {
					t.Errorf("got %+v", e)
				}
				got = append(got, fmt.Sprintf("%s %s %s", e.Protocol, who[e.Subject.String()], name(e.Object)))
			}
			if !slices.Equal(got, test.want) {
				t.Errorf("got %q, want %q", got, test.want)
			}
			var passed uint64
			for reason, n := range d.Passed {
				if strings.Contains(reason, "7702") {
					passed += n
				}
			}
			if passed != test.passed {
				t.Errorf("%d passed over (%v), want %d", passed, d.Passed, test.passed)
			}
		})
	}
}

// Seven mainnet blocks without traces. The counts were taken from the same
// blocks with go-ethereum alone, by topic and by missing callee.
func TestPortalStated(t *testing.T) {
	blocks, _, err := rlpBlocks(t, mustChain(t, "ethereum"), graphtest.Data(t, "eth-blocks", "portal"))
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]int{}
	for _, b := range blocks {
		for _, tx := range b.Txs {
			for _, e := range tx.Events {
				if e.Kind != graph.Departure && e.Kind != graph.Arrival { // of bridges others tell
					got[e.Kind.String()+" "+e.Protocol]++
				}
			}
		}
	}
	want := map[string]int{"created evm-create": 1, "created safe-factory": 1, "owner_added safe": 5}
	if !maps.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

func FuzzStated(f *testing.F) {
	signatures := []string{"SafeSetup(address,address[],uint256,address,address)", "AddedOwner(address)", "RemovedOwner(address)", "ProxyCreation(address,address)",
		"ProxyCreation(address)", "AddedBlackList(address)", "DestroyedBlackFunds(address,uint256)", "Blacklisted(address)", "FreezeAddress(address)",
		"Deposited(address,uint256,uint256,uint256,uint256)", "Ragequit(address,uint256,uint256,uint256)"}
	for kind := range signatures {
		f.Add(uint8(kind), uint8(1), of('A'), []byte{})
		f.Add(uint8(kind), uint8(0), []byte{}, of('A'))
		f.Add(uint8(kind), uint8(1), of('A'), slices.Concat(word(128), word(1), of('I'), of('H'), word(1), of('O')))
	}
	chain := mustChain(f, "ethereum")
	f.Fuzz(func(t *testing.T, kind, topics uint8, words, data []byte) {
		l := event(0, 'T', signatures[int(kind)%len(signatures)], nil, [][]byte{data})
		for i := 0; i < int(topics%5) && 32*(i+1) <= len(words); i++ {
			l.Topics = append(l.Topics, common.BytesToHash(words[32*i:32*i+32]))
		}
		tx := free(call('A', 'T', 5))
		tx.Logs = []ethereum.Log{l}
		d := ethereum.Decode(chain, traced(ethereum.Cancun, tx))
		if err := d.Block.Validate(chain.ID); err != nil {
			t.Fatal(err)
		}
		// Every word of the data is accounted for, so that no other event is
		// taken for one of these.
		for _, e := range d.Block.Txs[0].Events {
			if len(data)%32 != 0 {
				t.Fatalf("%d bytes of data give %+v", len(data), e)
			}
		}
	})
}
