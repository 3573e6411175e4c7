package bridge_test

import (
	"encoding/binary"
	"math/big"
	"slices"
	"testing"

	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/crypto"

	"spoor/graph"
	"spoor/ingest/bridge"
)

const (
	messenger1  = "0xBd3fa81B58Ba92a82136038B25aDec7066af3155"
	messenger42 = "0x19330d10D9Cc8751218eaf51E8885D058642E08A"
	receiver42  = "0xC30362313FBBA5cf9163F0bb16a0e01f01A896ca"
	messengerV2 = "0x28b5a0e9C621a5BadaA536219b3a228C8168cf5d"
	receiverV2  = "0x81D40F21F12A8F0E3252Bccb954D722d4c464B64"
	endpoint    = "0x1a44076050125825900e736c501f859c50fE728c"
	messaging1  = "0x6d6620eFa72948C5f68A3C8646d58C00d3f4A980"
	messaging42 = "0x19cFCE47eD54a88614648DC3f19A5980097007dD"
	pool1       = "0xc026395860Db2d07ee33e05fE50ed7bD583189C7"
	pool42      = "0xe8CDF27AcD73a434D661C84887215F7598e7d0d3"
	uln         = "0x4D73AdB72bC3DD368966edD0f0b2148401A178E2"
)

func cat(parts ...any) []byte {
	var b []byte
	for _, p := range parts {
		switch p := p.(type) {
		case []byte:
			b = append(b, p...)
		case string:
			b = append(b, p...)
		case common.Address:
			b = append(b, p[:]...)
		case [32]byte:
			b = append(b, p[:]...)
		case common.Hash:
			b = append(b, p[:]...)
		case *big.Int:
			b = append(b, common.BigToHash(p).Bytes()...)
		case byte:
			b = append(b, p)
		case uint16:
			b = binary.BigEndian.AppendUint16(b, p)
		case uint32:
			b = binary.BigEndian.AppendUint32(b, p)
		case uint64:
			b = binary.BigEndian.AppendUint64(b, p)
		default:
			panic("no bytes")
		}
	}
	return b
}

// Everything here is packed by hand after the documented layouts.
func TestHandMadeMessages(t *testing.T) {
	a, b := common.Bytes2Hex(alice[:]), common.Bytes2Hex(bob[:])
	ends, comes := "who="+alice.Hex()+" "+token.Hex(), "who="+bob.Hex()+" "+mirror.Hex()
	at := common.HexToAddress
	body1 := cat(uint32(0), word(token), word(bob), n(100), word(alice))
	burnt := func(fee, expires int64) []byte {
		return cat(uint32(1), word(token), word(bob), n(100), word(alice), n(5), n(fee), n(expires), "hook")
	}
	message2 := cat(uint32(1), uint32(0), uint32(3), common.Hash{}, word(at(messengerV2)), word(at(messengerV2)), common.Hash{}, uint32(1000), uint32(0), burnt(0, 0))

	oftID := bridge.Guid(7, 30101, word(token), 30110, word(mirror))
	oftPacket := cat(byte(1), uint64(7), uint32(30101), word(token), uint32(30110), word(mirror), oftID, word(bob), uint64(1))
	taxiID := bridge.Guid(8, 30101, word(at(messaging1)), 30110, word(at(messaging42)))
	packet := func(id common.Hash, nonce uint64, message []byte) []byte {
		return cat(byte(1), nonce, uint32(30101), word(at(messaging1)), uint32(30110), word(at(messaging42)), id, message)
	}
	seat := func(who common.Address) []byte { return cat(uint16(1), word(who), uint64(100), byte(0)) }
	taxi := cat(byte(1), uint16(1), word(bob), uint64(100))

	v1 := cat(uint64(3), uint16(101), at("0x11"), uint16(110), at("0x22"))
	nomadRouter := at("0x88A69B4E698A4B090DF6CF5Bd7B2D47325Ad30A3")
	nomadMessage := cat(uint32(6648936), word(nomadRouter), uint32(5), uint32(1650811245), word(bob), "token", word(bob), n(100))
	nomadID := crypto.Keccak256Hash(nomadMessage)
	wormhole := cat(byte(1), n(100), word(token), uint16(2), word(bob), uint16(23), n(0))
	polyIndex := common.BigToHash(n(52322)).Bytes()
	lock1, lock56 := at("0x250e76987d838a75310c34bf422ea9f1AC4Cc906"), at("0x2f7ac9436ba4B548f9582af91CA1Ef02cd2F1f03")

	for _, p := range []passage{
		{name: "cctp-v1",
			out: on("1", hashA, emit(t, "cctp-v1", "DepositForBurn", messenger1, uint64(9), token, n(100), alice, word(bob), uint32(3), word(at(messenger42)), [32]byte{})),
			in: on("42161", hashB, emit(t, "cctp-v1", "MintAndWithdraw", messenger42, bob, n(100), mirror),
				emit(t, "cctp-v1", "MessageReceived", receiver42, nobody, uint32(0), uint64(9), word(at(messenger1)), body1)),
			departure: ends + " 100 far=eip155:42161 " + b + "  100", arrival: comes + " 100 far=eip155:1  " + common.Bytes2Hex(token[:]) + " 100"},
		{name: "cctp-v2 with fee and expiration filled in on the way",
			out: on("1", hashA, emit(t, "cctp-v2", "MessageSent", receiverV2, message2),
				emit(t, "cctp-v2", "DepositForBurn", messengerV2, token, n(100), alice, word(bob), uint32(3), word(at(messengerV2)), [32]byte{}, n(5), uint32(1000), []byte("hook"))),
			in: on("42161", hashB, emit(t, "cctp-v2", "MintAndWithdraw", messengerV2, bob, n(98), mirror, n(2)),
				emit(t, "cctp-v2", "MessageReceived", receiverV2, nobody, uint32(0), key, word(at(messengerV2)), uint32(1000), burnt(2, 99))),
			departure: ends + " 100 far=eip155:42161 " + b + "  0", arrival: comes + " 98 far=eip155:1  " + common.Bytes2Hex(token[:]) + " 100"},
		{name: "layerzero-v2 of a token that burns and issues itself",
			out: on("1", hashA, transfer(token, alice, nobody, n(100)), emit(t, "layerzero-v2", "PacketSent", endpoint, oftPacket, []byte{}, nobody),
				emit(t, "layerzero-v2", "OFTSent", token.Hex(), oftID, uint32(30110), alice, n(100), n(99))),
			in: on("42161", hashB, transfer(mirror, nobody, bob, n(99)), emit(t, "layerzero-v2", "OFTReceived", mirror.Hex(), oftID, uint32(30101), bob, n(99)),
				emit(t, "layerzero-v2", "PacketDelivered", endpoint, origin{30101, word(token), 7}, mirror)),
			departure: ends + " 100 far=eip155:42161 " + b + "  99", arrival: comes + " 99 far=eip155:1   0"},
		{name: "stargate-v2 by taxi",
			out: on("1", hashA, transfer(token, alice, at(pool1), n(100)), emit(t, "layerzero-v2", "PacketSent", endpoint, packet(taxiID, 8, taxi), []byte{}, nobody),
				emit(t, "layerzero-v2", "OFTSent", pool1, taxiID, uint32(30110), alice, n(100), n(99))),
			in: on("42161", hashB, emit(t, "layerzero-v2", "PacketDelivered", endpoint, origin{30101, word(at(messaging1)), 8}, at(messaging42)),
				transfer(mirror, at(pool42), bob, n(99)), emit(t, "layerzero-v2", "OFTReceived", pool42, taxiID, uint32(30101), bob, n(99))),
			departure: ends + " 100 far=eip155:42161 " + b + "  99", arrival: comes + " 99 far=eip155:1   0"},
		{name: "stargate-v1? with one packet", protocol: "stargate-v1?",
			out: on("1", hashA, transfer(token, alice, common.Address{7}, n(1000)), emit(t, "stargate-v1", "Swap", "0x0700000000000000000000000000000000000000", uint16(110), n(1), alice, n(9), n(0), n(0), n(0), n(0)),
				emit(t, "stargate-v1", "Packet", uln, v1)),
			in: on("42161", hashB, transfer(mirror, common.Address{7}, bob, n(900)), emit(t, "stargate-v1", "SwapRemote", "0x0700000000000000000000000000000000000000", bob, n(9), n(0), n(0)),
				emit(t, "stargate-v1", "PacketReceived", uln, uint16(101), cat(at("0x11")), at("0x22"), uint64(3), hashA)),
			departure: ends + " 1000 far=eip155:42161   0", arrival: comes + " 900 far=   0"},
		{name: "layerzero-v1? of a token", protocol: "layerzero-v1?",
			out: on("1", hashA, transfer(token, alice, nobody, n(100)), emit(t, "stargate-v1", "Packet", uln, v1), emit(t, "layerzero-v1", "SendToChain", token.Hex(), uint16(110), alice, word(bob), n(100))),
			in: on("42161", hashB, emit(t, "stargate-v1", "PacketReceived", uln, uint16(101), cat(at("0x11")), at("0x22"), uint64(3), hashA),
				transfer(mirror, nobody, bob, n(100)), emit(t, "layerzero-v1", "ReceiveFromChain", mirror.Hex(), uint16(101), bob, n(100))),
			departure: ends + " 100 far=eip155:42161 " + b + "  0", arrival: comes + " 100 far=eip155:1   0"},
		{name: "wormhole, a token of 18 decimals",
			out: on("1", hashA, transfer(token, alice, at("0x3ee18B2214AFF97000D974cf647E7C347E8fa585"), n(1_000_000_000_007)), // 100 and dust
				emit(t, "wormhole", "LogMessagePublished", "0x98f3c9e6E3fAce36bAAd05FE09d375Ef1464288B", at("0x3ee18B2214AFF97000D974cf647E7C347E8fa585"), uint64(44), uint32(0), wormhole, uint8(1))),
			in: redeem(on("42161", hashB, transfer(mirror, nobody, bob, n(1_000_000_000_000)),
				emit(t, "wormhole", "TransferRedeemed", "0x0b2402144Bb366A632D14B83F244D2e0e21bD39c", uint16(2), word(at("0x3ee18B2214AFF97000D974cf647E7C347E8fa585")), uint64(44))), wormhole),
			departure: ends + " 1000000000007 far=eip155:42161 " + b + "  0", arrival: comes + " 1000000000000 far=eip155:1   0"},
		{name: "wormhole, an older bridge without the event",
			out: on("1", hashA, transfer(token, alice, at("0x3ee18B2214AFF97000D974cf647E7C347E8fa585"), n(100)),
				emit(t, "wormhole", "LogMessagePublished", "0x98f3c9e6E3fAce36bAAd05FE09d375Ef1464288B", at("0x3ee18B2214AFF97000D974cf647E7C347E8fa585"), uint64(44), uint32(0), wormhole, uint8(1))),
			in:        redeem(on("42161", hashB, transfer(mirror, nobody, bob, n(100))), wormhole),
			departure: ends + " 100 far=eip155:42161 " + b + "  0", arrival: comes + " 100 far=eip155:1   0"},
		{name: "nomad",
			out: on("1", hashA, emit(t, "nomad", "Dispatch", "0x92d3404a7e6c91455bbd81475cd9fad96acff4c8", nomadID, n(1), uint64(1650811245)<<32|5, [32]byte{}, nomadMessage),
				emit(t, "nomad", "Send", nomadRouter.Hex(), token, alice, uint32(1650811245), word(bob), n(100), false)),
			in: on("1284", hashB, emit(t, "nomad", "Receive", "0xD3dfD3eDe74E0DCEBC1AA685e151332857efCe2d", uint64(6648936)<<32|5, mirror, bob, nobody, n(100)),
				processed(nomadID)),
			departure: ends + " 100 far=eip155:1284 " + b + "  0", arrival: comes + " 100 far=eip155:1   0"},
		{name: "poly",
			out: on("1", hashA, emit(t, "poly", "CrossChainEvent", "0x838bf9E95CB12Dd76a54C9f9D2E3082EAF928270", alice, polyIndex, lock1, uint64(6), lock56[:], []byte{}),
				emit(t, "poly", "LockEvent", lock1.Hex(), token, alice, uint64(6), mirror[:], bob[:], n(100))),
			in: on("56", hashB, emit(t, "poly", "UnlockEvent", lock56.Hex(), mirror, bob, n(100)),
				emit(t, "poly", "VerifyHeaderAndExecuteTxEvent", "0x0909", uint64(2), lock56[:], hashB[:], polyIndex)),
			departure: ends + " 100 far=eip155:56 " + b + " " + common.Bytes2Hex(mirror[:]) + " 0", arrival: comes + " 100 far=eip155:1   0"},
		{name: "polygon-pos",
			out: on("1", hashA, emit(t, "polygon-pos", "LockedERC20", "0x40ec5B33f54e0E8A33A975908C5BA1c14e5BbbDf", alice, bob, token, n(100)),
				emit(t, "polygon-pos", "StateSynced", "0x28e4F3a7f651294B9564800b2D01f35189A5bFbE", n(12), common.Address{6}, cat(word(bob), n(100)))),
			in: on("137", hashB, transfer(token, nobody, alice, n(1)), emit(t, "polygon-pos", "StateCommitted", "0x0000000000000000000000000000000000001001", n(11), false),
				transfer(mirror, nobody, bob, n(100)), emit(t, "polygon-pos", "StateCommitted", "0x0000000000000000000000000000000000001001", n(12), true)),
			departure: ends + " 100 far=eip155:137 " + b + "  0", arrival: comes + " 100 far=eip155:1   0", protocol: "polygon-pos"},
		{name: "avalanche-bridge, arrival unproven",
			out:       on("1", hashA, transfer(token, alice, at("0x8EB8a3b98659Cce290402893d0123abb75E3ab28"), n(100))),
			in:        on("43114", hashB, emit(t, "avalanche-bridge", "Mint", mirror.Hex(), bob, n(99), nobody, n(1), hashA)),
			departure: ends + " 100 far=eip155:43114 " + a + "  0", arrival: comes + " 99 far=   0", protocol: "avalanche-bridge|avalanche-bridge?"},
		{name: "ccip, unproven",
			out: on("1", hashA, emit(t, "ccip", "CCIPSendRequested", "0x0909", ccipMessage{Sender: alice, Receiver: bob, MessageId: key, GasLimit: n(0), FeeTokenAmount: n(0),
				TokenAmounts: []ccipToken{{token, n(100)}}})),
			in:        on("42161", hashB, emit(t, "ccip", "ExecutionStateChanged", "0x0808", uint64(1), key, uint8(2), []byte{})),
			departure: ends + " 100 far= " + b + "  0", arrival: "who= - 0 far=   0", protocol: "ccip?"},
	} {
		t.Run(p.name, func(t *testing.T) { p.test(t) })
	}

	t.Run("stargate-v2 by bus", func(t *testing.T) {
		ride := on("1", hashA, emit(t, "stargate-v2-bus", "BusRode", messaging1, uint32(30110), n(41), n(1), seat(bob)),
			transfer(token, alice, at(pool1), n(100)), emit(t, "layerzero-v2", "OFTSent", pool1, [32]byte{}, uint32(30110), alice, n(100), n(99)))
		busID := bridge.Guid(9, 30101, word(at(messaging1)), 30110, word(at(messaging42)))
		drive := on("1", hashB, emit(t, "layerzero-v2", "PacketSent", endpoint, packet(busID, 9, cat(byte(2), make([]byte, 32), seat(bob), seat(bob), seat(alice))), []byte{}, nobody),
			emit(t, "stargate-v2-bus", "BusDriven", messaging1, uint32(30110), n(40), uint8(3), busID))
		end := on("42161", key, emit(t, "layerzero-v2", "PacketDelivered", endpoint, origin{30101, word(at(messaging1)), 9}, at(messaging42)),
			transfer(mirror, at(pool42), bob, n(99)), emit(t, "layerzero-v2", "OFTReceived", pool42, busID, uint32(30101), bob, n(50)),
			emit(t, "layerzero-v2", "OFTReceived", pool42, busID, uint32(30101), bob, n(99)))
		left, ok := only(t, ride, graph.Departure, "stargate-v2-bus")
		driven, unread := bridge.Events(drive)
		arrived, _ := bridge.Events(end)
		if !ok || len(unread) > 0 || len(driven) != 6 || len(arrived) != 2 {
			t.Fatalf("%v, %v, %d by the bus, %d arrived", left, unread, len(driven), len(arrived))
		}
		// The second passenger: ticket 41, and the second of the same receiver.
		in, out, last := driven[2], driven[3], arrived[1]
		if in.Kind != graph.Arrival || in.Protocol != "stargate-v2-bus" || in.Key != left.Key || in.Seq != out.Seq {
			t.Errorf("ticket %s, ride %s", describe(&in), describe(&left))
		}
		if out.Kind != graph.Departure || out.Protocol != "stargate-v2" || last.Protocol != "stargate-v2" || out.Key != last.Key || out.Far.Recipient != string(bob[:]) {
			t.Errorf("by bus %s, arrived %s", describe(&out), describe(&last))
		}
		if got := side(&left); got != ends+" 100 far=eip155:42161 "+b+"  99" {
			t.Errorf("ride %s", got)
		}
	})
}

type (
	origin struct {
		SrcEid uint32
		Sender [32]byte
		Nonce  uint64
	}
	ccipToken struct {
		Token  common.Address
		Amount *big.Int
	}
	ccipMessage struct {
		SourceChainSelector uint64
		Sender, Receiver    common.Address
		SequenceNumber      uint64
		GasLimit            *big.Int
		Strict              bool
		Nonce               uint64
		FeeToken            common.Address
		FeeTokenAmount      *big.Int
		Data                []byte
		TokenAmounts        []ccipToken
		SourceTokenData     [][]byte
		MessageId           [32]byte
	}
)

// redeem hands a signed message in to Arbitrum's token bridge.
func redeem(tx *bridge.Tx, payload []byte) *bridge.Tx {
	to := common.HexToAddress("0x0b2402144Bb366A632D14B83F244D2e0e21bD39c")
	emitter := common.HexToAddress("0x3ee18B2214AFF97000D974cf647E7C347E8fa585")
	vaa := cat(byte(1), uint32(0), byte(1), make([]byte, 66), uint32(0), uint32(0), uint16(2), word(emitter), uint64(44), byte(1), payload)
	tx.To = &to
	tx.Input = cat(crypto.Keccak256([]byte("completeTransfer(bytes)"))[:4], n(32), n(int64(len(vaa))), vaa)
	return tx
}

// processed is the replica's log; its return data are indexed, so only their
// hash is there.
func processed(id common.Hash) bridge.Log {
	return bridge.Log{Address: common.HexToAddress("0x7f58bb8311db968ab110889f2dfa04ab7e8e831b"),
		Topics: []common.Hash{common.HexToHash("0xd42de95a9b26f1be134c8ecce389dc4fcfa18753d01661b7b361233569e8fe48"), id, common.BigToHash(n(1)), crypto.Keccak256Hash()}}
}

// The Nomad thieves' releases repeat numbers of genuine ones; the hash of what
// they made up is their key, and no dispatch has it.
func TestHandMadeNomadExploit(t *testing.T) {
	router := common.HexToAddress("0xD3dfD3eDe74E0DCEBC1AA685e151332857efCe2d").Hex()
	genuine := on("1284", hashA, emit(t, "nomad", "Receive", router, uint64(6648936)<<32|5078, mirror, bob, nobody, n(100)), processed(hashA))
	forged := on("1284", hashB, emit(t, "nomad", "Receive", router, uint64(6648936)<<32|5078, mirror, alice, nobody, n(100)), processed(hashB))
	a, _ := only(t, genuine, graph.Arrival, "nomad")
	b, _ := only(t, forged, graph.Arrival, "nomad")
	if a.Key == b.Key || a.Key == "" {
		t.Errorf("keys %x and %x", a.Key, b.Key)
	}
	// A second message that fits as well makes the departure's key uncertain.
	message := func(tail string) bridge.Log {
		m := cat(uint32(6648936), word(common.HexToAddress("0x88A69B4E698A4B090DF6CF5Bd7B2D47325Ad30A3")), uint32(5), uint32(1650811245), word(bob), word(bob), n(100), tail)
		return emit(t, "nomad", "Dispatch", "0x666", crypto.Keccak256Hash(m), n(1), uint64(5), [32]byte{}, m)
	}
	out := on("1", hashA, message(""), message("x"), emit(t, "nomad", "Send", "0x88A69B4E698A4B090DF6CF5Bd7B2D47325Ad30A3", token, alice, uint32(1650811245), word(bob), n(100), false))
	if e, _ := only(t, out, graph.Departure, "nomad"); e.Key != "" {
		t.Errorf("key %x of one of two messages", e.Key)
	}
}

// Keyless or of one side only.
func TestHandMadeSingleSides(t *testing.T) {
	gateway := "0x1A2a1c938CE3eC39b6D47113c7955bAa9DD454F2"
	predicate := "0x40ec5B33f54e0E8A33A975908C5BA1c14e5BbbDf"
	for _, test := range []struct {
		tx       *bridge.Tx
		kind     graph.EventKind
		protocol string
		keyed    bool
		want     string
	}{
		{on("1", hashA, emit(t, "ronin-v1", "TokenDeposited", gateway, n(4), alice, token, bob, uint32(20), n(100))), graph.Departure, "ronin-v1", true, "who=" + alice.Hex() + " " + token.Hex() + " 100 far=eip155:2020 " + common.Bytes2Hex(bob[:]) + "  0"},
		{on("1", hashA, emit(t, "ronin-v1", "TokenWithdrew", gateway, n(4), bob, token, n(100))), graph.Arrival, "ronin-v1", true, "who=" + bob.Hex() + " " + token.Hex() + " 100 far=eip155:2020   0"},
		{on("1", hashA, emit(t, "polygon-pos", "ExitedERC20", predicate, bob, token, n(100))), graph.Arrival, "polygon-pos", false, "who=" + bob.Hex() + " " + token.Hex() + " 100 far=eip155:137   0"},
		{on("1", hashA, emit(t, "polygon-plasma", "Withdraw", "0x2A88696e0fFA76bAA1338F2C74497cC013495922", n(1), bob, token, n(100))), graph.Arrival, "polygon-plasma", false, "who=" + bob.Hex() + " " + token.Hex() + " 100 far=eip155:137   0"},
		{on("1", hashA, emit(t, "chainflip", "SwapNative", "0xF5e10380213880111522dd0efD3dbb45b9f62Bcc", uint32(3), []byte("bc1q"), uint32(5), n(100), alice, []byte{})), graph.Departure, "chainflip", false, "who=" + alice.Hex() + " native 100 far=" + string(graph.Bitcoin) + " 62633171  0"},
		{on("1", hashA, emit(t, "axelar", "TokenSent", "0x4F4495243837681061C4743b74B3eEdf548D56A5", alice, "osmosis", "osmo1", "axlUSDC", n(100))), graph.Departure, "axelar", false, "who=" + alice.Hex() + " - 100 far=axelar:osmosis 6f736d6f31  0"},
	} {
		e, ok := only(t, test.tx, test.kind, test.protocol)
		if ok && (side(&e) != test.want || (e.Key != "") != test.keyed) {
			t.Errorf("%s: got %s (key %x), want %s", test.protocol, side(&e), e.Key, test.want)
		}
	}
	// Chains without an EIP-155 number.
	solana := order{1, alice[:], n(1), token[:], n(900), n(7565164), key[:], n(880), key[:], nil, nil, nil, nil, nil}
	own := solana
	own.TakeChainId = n(100_000_001)
	for _, test := range []struct {
		tx   *bridge.Tx
		want string
	}{
		{on("1", hashA, emit(t, "debridge", "CreatedOrder", "0xeF4fB24aD0916217251F553c0596F8Edc630EB66", solana, key, []byte{}, n(1), n(1), uint32(0), []byte{})), "debridge:7565164"},
		{on("1", hashA, emit(t, "debridge", "CreatedOrder", "0xeF4fB24aD0916217251F553c0596F8Edc630EB66", own, key, []byte{}, n(1), n(1), uint32(0), []byte{})), "debridge:100000001"},
		{on("1", hashA, emit(t, "cctp-v1", "DepositForBurn", messenger1, uint64(9), token, n(100), alice, key, uint32(5), [32]byte{}, [32]byte{})), "cctp-v1:5"},
		{on("1", hashA, emit(t, "poly", "LockEvent", "0x250e76987d838a75310c34bf422ea9f1AC4Cc906", token, alice, uint64(14), []byte{}, key[:], n(100))), "poly:14"},
		{on("1", hashA, emit(t, "multichain", "LogAnySwapOut", "0x6b7a87899490EcE95443e979cA9485CBE7E71522", token, alice, bob, n(100), n(1), n(128))), "eip155:128"},
	} {
		events, unread := bridge.Events(test.tx)
		if len(events) != 1 || len(unread) > 0 || events[0].Far.Chain != test.want {
			t.Errorf("%v, %v, want %s", events, unread, test.want)
		} else if r := events[0].Far.Recipient; r != string(key[:]) && r != string(bob[:]) {
			t.Errorf("recipient %x", r)
		}
	}
	// A collection's token is no amount.
	if events, _ := bridge.Events(on("1", hashA, emit(t, "ronin-v1", "TokenDeposited", gateway, n(4), alice, token, bob, uint32(721), n(100)))); len(events) != 0 {
		t.Errorf("a collection's token: %v", events)
	}
}

// Every protocol of the table has a passage in these tests.
func TestEveryProtocolIsTested(t *testing.T) {
	tested := []string{"across-v3", "across-v2", "cctp-v1", "cctp-v2", "layerzero-v2", "stargate-v2", "stargate-v2-bus", "stargate-v1", "layerzero-v1", "wormhole", "hop", "hop-l1",
		"celer", "synapse", "synapse-rfq", "multichain", "thorchain", "polygon-pos", "polygon-plasma", "arbitrum", "arbitrum-deposit", "arbitrum-retry", "arbitrum-exit", "op-stack",
		"ronin", "ronin-v1", "harmony", "nomad", "connext", "debridge", "mayan", "chainflip", "axelar", "axelar-its", "ccip", "omnibridge", "xdai", "avalanche-bridge", "poly"}
	for _, p := range bridge.Table() {
		if !slices.Contains(tested, p.Name) {
			t.Errorf("%s has no test", p.Name)
		}
	}
}
