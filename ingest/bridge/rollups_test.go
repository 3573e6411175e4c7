package bridge_test

import (
	"math/big"
	"testing"

	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/crypto"
	"github.com/holiman/uint256"

	"spoor/graph"
	"spoor/ingest/bridge"
)

func twenty(b byte) (a common.Address) {
	for i := range a {
		a[i] = b
	}
	return a
}

func thirtyTwo(b byte) (h common.Hash) {
	for i := range h {
		h[i] = b
	}
	return h
}

// Values computed from the formulas of the specifications by another program.
func TestComputedVectors(t *testing.T) {
	aa, bb := twenty(0xaa), twenty(0xbb)
	if got := bridge.Guid(7, 30101, word(aa), 30110, word(bb)); got != common.HexToHash("9f84f39397ce78c2fc355f2465dbfb91b4d529f7acb987bbbf95bc439614ab12") {
		t.Errorf("guid %s", got)
	}
	ether := uint256.NewInt(1e18)
	got, err := bridge.DepositHash(thirtyTwo(0x11), 5, aa, &bb, ether, ether, 100000, nil)
	if err != nil || got != common.HexToHash("8bf2b2bd804b86c35b16317de73df0cc5b946553ef31b0b97eaa06936b203908") {
		t.Errorf("deposit %s, %v", got, err)
	}
	nonce := new(big.Int).Add(new(big.Int).Lsh(n(1), 240), n(42))
	if got := bridge.MessageHash(nonce, aa, bb, n(1e18), n(200000), nil); got != common.HexToHash("3be5757ccd0ca7d8b89a1d1f5058e4e4df9277ded04bd1b39da0bbbd8c541e53") {
		t.Errorf("message %s", got)
	}
	if got := bridge.Aliased(aa); got != common.HexToAddress("0xbbbbaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaabbbb") || bridge.Unaliased(got) != aa {
		t.Errorf("alias %s", got)
	}
	if got := bridge.Aliased(twenty(0xff)); got != common.HexToAddress("0x1111000000000000000000000000000000001110") || bridge.Unaliased(got) != twenty(0xff) {
		t.Errorf("alias %s", got)
	}
	for name, domain := range map[string]uint64{"eth": 6648936, "beam": 1650811245, "opti": 1869640809, "poly": 1886350457, "bnb": 6450786, "gno": 6778479, "arbo": 1634886255} {
		if bridge.Letters(name) != domain {
			t.Errorf("%s is %d", name, bridge.Letters(name))
		}
	}
}

const (
	arbBridge  = "0x8315177aB297bA92A06054cE80a67Ed4DBd7ed3a"
	arbInbox   = "0x4Dbd4fc535Ac27206064B68FfCf827b0A60BAB3f"
	arbOutbox  = "0x0B9857ae2D4A3DBe74ffE1d7DF045bb7F96E4840"
	arbGateway = "0xa3A7B6F88361F48403514059F1F16C8E78d60EeC"
	arbSys     = "0x0000000000000000000000000000000000000064"
	arbTickets = "0x000000000000000000000000000000000000006E"

	opMessenger = "0x25ace71c97B33Cc4729CF772ae268934F7ab5fA1"
	opBridge    = "0x99C9fc46f92E8a1c0deC1b1747d010903E884bE1"
	opPortal    = "0xbEb5Fc579115071764c7423A4f12eDde41f106Ed"
	l2Messenger = "0x4200000000000000000000000000000000000007"
	l2Bridge    = "0x4200000000000000000000000000000000000010"
	l2Passer    = "0x4200000000000000000000000000000000000016"
)

func TestHandMadeArbitrum(t *testing.T) {
	b := common.Bytes2Hex(bob[:])
	delivered := func(index int64, kind uint8, sender common.Address) bridge.Log {
		return emit(t, "arbitrum", "MessageDelivered", arbBridge, n(index), [32]byte{}, common.HexToAddress(arbInbox), kind, bridge.Aliased(sender), [32]byte{}, n(1), uint64(1))
	}
	retryable := func(value, paid int64) []byte {
		return cat(word(bob), n(value), n(paid), n(1), word(alice), word(alice), n(1), n(1), n(0))
	}
	submit := func(value int64, logs ...bridge.Log) *bridge.Tx {
		tx := on("42161", hashA, logs...)
		to := common.HexToAddress(arbTickets)
		tx.Type, tx.To = 0x69, &to
		tx.Input = cat(crypto.Keccak256([]byte("submitRetryable(bytes32,uint256,uint256,uint256,uint256,uint64,uint256,address,address,address,bytes)"))[:4],
			n(77), n(0), n(0), n(value), n(0), n(0), n(0), common.Hash{}, common.Hash{}, word(bob), n(11*32), n(0))
		return tx
	}
	redeem := func() bridge.Log {
		return emit(t, "arbitrum-retry", "RedeemScheduled", arbTickets, hashA, hashB, uint64(0), uint64(0), nobody, n(0), n(0))
	}
	token1 := on("1", hashB, emit(t, "arbitrum", "InboxMessageDelivered", arbInbox, n(77), retryable(0, 3)), delivered(77, 9, common.HexToAddress(arbGateway)),
		emit(t, "arbitrum", "DepositInitiated", arbGateway, token, alice, bob, n(77), n(100)))
	for _, p := range []passage{
		{name: "arbitrum, coin with a call", out: on("1", hashB, delivered(77, 9, alice), emit(t, "arbitrum", "InboxMessageDelivered", arbInbox, n(77), retryable(100, 103))),
			in: submit(100, redeem()), departure: "who=" + alice.Hex() + " native 103 far=eip155:42161 " + b + "  100", arrival: "who=" + bob.Hex() + " native 100 far=eip155:1   0"},
		{name: "arbitrum, a token", out: token1, in: submit(0),
			departure: "who=" + alice.Hex() + " " + token.Hex() + " 100 far=eip155:42161 " + b + "  100", arrival: "who= - 0 far=eip155:1   0"},
		{name: "arbitrum-retry, the token is issued", out: submit(0, redeem()),
			in:        retried(on("42161", hashB, transfer(mirror, nobody, bob, n(100)), emit(t, "arbitrum-retry", "DepositFinalized", "0x0909", token, alice, bob, n(100)))),
			departure: "who= - 0 far=eip155:42161   0", arrival: "who=" + bob.Hex() + " " + mirror.Hex() + " 100 far=eip155:42161   0"},
		{name: "arbitrum-exit, a token",
			out: on("42161", hashA, transfer(token, alice, nobody, n(100)), emit(t, "arbitrum-exit", "L2ToL1Tx", arbSys, alice, bob, key.Big(), n(55), n(1), n(1), n(1), n(0), []byte{}),
				emit(t, "arbitrum-exit", "WithdrawalInitiated", "0x0909", mirror, alice, bob, n(55), n(1), n(100))),
			in:        on("1", hashB, emit(t, "arbitrum-exit", "OutBoxTransactionExecuted", arbOutbox, bob, alice, n(0), n(55)), emit(t, "arbitrum-exit", "WithdrawalFinalized", arbGateway, mirror, alice, bob, n(1), n(100))),
			departure: "who=" + alice.Hex() + " " + token.Hex() + " 100 far=eip155:1 " + b + " " + common.Bytes2Hex(mirror[:]) + " 100", arrival: "who=" + bob.Hex() + " " + mirror.Hex() + " 100 far=eip155:42161   0"},
		{name: "arbitrum-exit, coin",
			out:       on("42161", hashA, emit(t, "arbitrum-exit", "L2ToL1Tx", arbSys, alice, bob, key.Big(), n(56), n(1), n(1), n(1), n(70), []byte{})),
			in:        on("1", hashB, emit(t, "arbitrum-exit", "OutBoxTransactionExecuted", arbOutbox, bob, alice, n(0), n(56)), emit(t, "arbitrum-exit", "BridgeCallTriggered", arbBridge, common.HexToAddress(arbOutbox), bob, n(70), []byte{})),
			departure: "who=" + alice.Hex() + " native 70 far=eip155:1 " + b + "  0", arrival: "who=" + bob.Hex() + " native 70 far=eip155:42161   0"},
	} {
		t.Run(p.name, func(t *testing.T) {
			if p.name != "arbitrum-retry, the token is issued" {
				p.test(t)
				return
			}
			// What redeems is proven by its own hash, not by an emitter.
			out, _ := only(t, p.out, graph.Departure, "arbitrum-retry")
			in, _ := only(t, p.in, graph.Arrival, "arbitrum-retry")
			if out.Key != in.Key || side(&out) != p.departure || side(&in) != p.arrival {
				t.Errorf("%s and %s", describe(&out), describe(&in))
			}
			whole, _ := only(t, p.out, graph.Arrival, "arbitrum")
			if whole.Seq != out.Seq {
				t.Errorf("arrival at %s goes on at %s", whole.Seq, out.Seq)
			}
		})
	}

	// Coin that a message carries cannot be passed off as a token.
	fake := retried(on("42161", hashB, transfer(mirror, nobody, bob, n(100)), emit(t, "arbitrum-retry", "DepositFinalized", "0x0909", token, alice, bob, n(100))))
	fake.Value = *uint256.NewInt(5)
	if in, _ := only(t, fake, graph.Arrival, "arbitrum-retry"); !in.Asset.IsNative() || in.Amount.Uint64() != 5 {
		t.Error(describe(&in))
	}
	fake = on("42161", hashA, transfer(token, alice, nobody, n(100)), emit(t, "arbitrum-exit", "L2ToL1Tx", arbSys, alice, bob, key.Big(), n(55), n(1), n(1), n(1), n(9), []byte{}),
		emit(t, "arbitrum-exit", "WithdrawalInitiated", "0x0909", mirror, alice, bob, n(55), n(1), n(100)))
	if out, _ := only(t, fake, graph.Departure, "arbitrum-exit"); !out.Asset.IsNative() || out.Amount.Uint64() != 9 {
		t.Error(describe(&out))
	}

	// A plain deposit: the departure has the hash of what comes.
	out, ok := only(t, on("1", hashA, delivered(78, 12, alice), emit(t, "arbitrum", "InboxMessageDelivered", arbInbox, n(78), cat(bob, n(500)))), graph.Departure, "arbitrum-deposit")
	if !ok || side(&out) != "who="+alice.Hex()+" native 500 far=eip155:42161 "+b+"  500" {
		t.Fatal(describe(&out))
	}
	come := on("42161", common.BytesToHash([]byte(out.Key)))
	come.Type, come.To, come.Value = 0x64, &bob, *uint256.NewInt(500)
	if in, _ := only(t, come, graph.Arrival, "arbitrum-deposit"); in.Key != out.Key || side(&in) != "who="+bob.Hex()+" native 500 far=eip155:1   0" {
		t.Error(describe(&in))
	}
}

func retried(tx *bridge.Tx) *bridge.Tx {
	tx.Type, tx.To = 0x68, &mirror
	return tx
}

func TestHandMadeOPStack(t *testing.T) {
	b := common.Bytes2Hex(bob[:])
	nonce := new(big.Int).Add(new(big.Int).Lsh(n(1), 240), n(42))
	l1b, l2b := common.HexToAddress(opBridge), common.HexToAddress(l2Bridge)
	sent := func(messenger string, target, sender common.Address, value int64) []bridge.Log {
		return []bridge.Log{emit(t, "op-stack", "SentMessage", messenger, target, sender, []byte("call"), nonce, n(9)),
			emit(t, "op-stack", "SentMessageExtension1", messenger, sender, n(value))}
	}
	relayed := func(messenger string, target, sender common.Address, value int64) bridge.Log {
		return emit(t, "op-stack", "RelayedMessage", messenger, bridge.MessageHash(nonce, sender, target, n(value), n(9), []byte("call")))
	}
	for _, p := range []passage{
		{name: "op-stack, a token to the rollup",
			out:       on("1", hashA, append([]bridge.Log{emit(t, "op-stack", "ERC20BridgeInitiated", opBridge, token, mirror, alice, bob, n(100), []byte{})}, sent(opMessenger, l2b, l1b, 0)...)...),
			in:        on("10", hashB, emit(t, "op-stack", "ERC20BridgeFinalized", l2Bridge, mirror, token, alice, bob, n(100), []byte{}), relayed(l2Messenger, l2b, l1b, 0)),
			departure: "who=" + alice.Hex() + " " + token.Hex() + " 100 far=eip155:10 " + b + " " + common.Bytes2Hex(mirror[:]) + " 100",
			arrival:   "who=" + bob.Hex() + " " + mirror.Hex() + " 100 far=eip155:1  " + common.Bytes2Hex(token[:]) + " 100"},
		{name: "op-stack, coin from the rollup",
			out:       on("10", hashA, append([]bridge.Log{emit(t, "op-stack", "ETHBridgeInitiated", l2Bridge, alice, bob, n(70), []byte{})}, sent(l2Messenger, l1b, l2b, 70)...)...),
			in:        on("1", hashB, emit(t, "op-stack", "ETHBridgeFinalized", opBridge, alice, bob, n(70), []byte{}), relayed(opMessenger, l1b, l2b, 70), emit(t, "op-stack", "WithdrawalFinalized", opPortal, key, true)),
			departure: "who=" + alice.Hex() + " native 70 far=eip155:1 " + b + "  70", arrival: "who=" + bob.Hex() + " native 70 far=eip155:10   70"},
		{name: "op-stack, a withdrawal that is no message",
			out:       on("10", hashA, emit(t, "op-stack", "MessagePassed", l2Passer, nonce, alice, bob, n(30), n(1), []byte{}, key)),
			in:        on("1", hashB, emit(t, "op-stack", "WithdrawalFinalized", opPortal, key, true)),
			departure: "who=" + alice.Hex() + " native 30 far=eip155:1 " + b + "  30", arrival: "who= - 0 far=eip155:10   0"},
	} {
		t.Run(p.name, func(t *testing.T) { p.test(t) })
	}

	// The deposit of the computed vector: ether to 0xbb…, from 0xaa….
	aa, bb := twenty(0xaa), twenty(0xbb)
	deposit := on("1", hashA, emit(t, "op-stack", "TransactionDeposited", opPortal, aa, bb, n(0), cat(n(1e18), n(1e18), uint64(100000), byte(0))))
	deposit.From, deposit.Block, deposit.Logs[0].Index = aa, thirtyTwo(0x11), 5
	out, _ := only(t, deposit, graph.Departure, "op-stack")
	come := on("10", common.HexToHash("8bf2b2bd804b86c35b16317de73df0cc5b946553ef31b0b97eaa06936b203908"))
	come.Type, come.From, come.To, come.Value = 0x7e, aa, &bb, *uint256.NewInt(1e18)
	in, _ := only(t, come, graph.Arrival, "op-stack")
	if out.Key != in.Key || out.Key == "" || in.Subject != graph.EVMAddress("eip155:10", bb) || out.Subject != graph.EVMAddress("eip155:1", aa) {
		t.Errorf("%s and %s", describe(&out), describe(&in))
	}
	// The same hash on the other rollup is another key.
	come.Chain = "eip155:8453"
	if in, _ := only(t, come, graph.Arrival, "op-stack"); in.Key == out.Key {
		t.Error("two rollups share a key")
	}
}
