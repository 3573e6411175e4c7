package bridge_test

import (
	"math/big"
	"testing"

	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/crypto"
)

// Tuples of the events.
type (
	fillInfo struct {
		UpdatedRecipient, UpdatedMessageHash [32]byte
		UpdatedOutputAmount                  *big.Int
		FillType                             uint8
	}
	fillInfo3 struct {
		UpdatedRecipient    common.Address
		UpdatedMessage      []byte
		UpdatedOutputAmount *big.Int
		FillType            uint8
	}
	relayData struct {
		Recipient           common.Address
		Message             []byte
		RelayerFeePct       int64
		IsSlowRelay         bool
		PayoutAdjustmentPct *big.Int
	}
	order struct {
		MakerOrderNonce                                                                                                          uint64
		MakerSrc                                                                                                                 []byte
		GiveChainId                                                                                                              *big.Int
		GiveTokenAddress                                                                                                         []byte
		GiveAmount, TakeChainId                                                                                                  *big.Int
		TakeTokenAddress                                                                                                         []byte
		TakeAmount                                                                                                               *big.Int
		ReceiverDst, GivePatchAuthoritySrc, OrderAuthorityAddressDst, AllowedTakerDst, AllowedCancelBeneficiarySrc, ExternalCall []byte
	}
	roninParty struct {
		Addr, TokenAddr common.Address
		ChainId         *big.Int
	}
	roninInfo struct {
		Erc          uint8
		Id, Quantity *big.Int
	}
	receipt struct {
		Id               *big.Int
		Kind             uint8
		Mainchain, Ronin roninParty
		Info             roninInfo
	}
	connextParams struct {
		OriginDomain, DestinationDomain, CanonicalDomain uint32
		To, Delegate                                     common.Address
		ReceiveLocal                                     bool
		CallData                                         []byte
		Slippage                                         *big.Int
		OriginSender                                     common.Address
		BridgedAmt, NormalizedIn, Nonce                  *big.Int
		CanonicalId                                      [32]byte
	}
	connextArgs struct {
		Params             connextParams
		Routers            []common.Address
		RouterSignatures   [][]byte
		Sequencer          common.Address
		SequencerSignature []byte
	}
)

// Logs packed by the documented signatures: no real transaction of these
// bridges is in the data.
func TestHandMadeWhereTheEventSaysAll(t *testing.T) {
	const (
		a, b   = "0xa11ce00000000000000000000000000000000001", "0xB0B0000000000000000000000000000000000002"
		pool1  = "0x5c7BCd6E7De5423a257D81B442095A1a6ced35C5"
		pool42 = "0xe35e9842fceaCA96570B734083f4a58e8F7C5f2A"
		gw1    = "0x64192819Ac13Ef72bF6b5AE239AC672B43a9AF08"
		gw2    = "0x0CF8fF40a508bdBc39fBe1Bb679dCBa64E65C7Df"
	)
	alice0, bob0, token0, mirror0 := word(alice), word(bob), word(token), word(mirror)
	give := order{1, alice[:], n(1), token[:], n(900), n(42161), mirror[:], n(880), bob[:], nil, nil, nil, nil, nil}
	rec := receipt{n(77), 0, roninParty{alice, token, n(1)}, roninParty{bob, mirror, n(2020)}, roninInfo{0, n(0), n(5000)}}
	params := connextParams{6648936, 1634886255, 6648936, bob, nobody, false, nil, n(0), alice, n(10), n(10), n(3), key}
	ends := "who=" + alice.Hex() + " " + token.Hex()
	comes := "who=" + bob.Hex() + " " + mirror.Hex()
	hexOf := func(x common.Address) string { return common.Bytes2Hex(x[:]) }
	to, from := " far=eip155:42161 "+hexOf(bob), " far=eip155:1 "
	for _, p := range []passage{
		{name: "across-v3 of today",
			out:       on("1", hashA, emit(t, "across-v3", "FundsDeposited", pool1, token0, mirror0, n(1000), n(990), n(42161), n(5), uint32(1), uint32(2), uint32(0), alice0, bob0, [32]byte{}, []byte("hi"))),
			in:        on("42161", hashB, emit(t, "across-v3", "FilledRelay", pool42, token0, mirror0, n(1000), n(990), n(1), n(1), n(5), uint32(2), uint32(0), [32]byte{}, word(common.Address{9}), alice0, bob0, crypto.Keccak256Hash([]byte("hi")), fillInfo{bob0, [32]byte{}, n(985), 0})),
			departure: ends + " 1000" + to + " " + hexOf(mirror) + " 990", arrival: comes + " 985" + from + " " + hexOf(token) + " 1000"},
		{name: "across-v3 of before, with coin that the bridge wraps",
			out:       on("1", hashA, wrap(topicWrap, pool1, n(1000)), emit(t, "across-v3", "V3FundsDeposited", pool1, weth, mirror, n(1000), n(990), n(42161), uint32(6), uint32(1), uint32(2), uint32(0), alice, bob, nobody, []byte{})),
			in:        on("42161", hashB, emit(t, "across-v3", "FilledV3Relay", pool42, weth, mirror, n(1000), n(990), n(1), n(1), uint32(6), uint32(2), uint32(0), nobody, nobody, alice, bob, []byte{}, fillInfo3{bob, nil, n(990), 0})),
			departure: "who=" + alice.Hex() + " native 1000" + to + " " + hexOf(mirror) + " 990", arrival: comes + " 990" + from + " " + hexOf(weth) + " 1000"},
		{name: "across-v2 in part",
			out:       on("1", hashA, emit(t, "across-v2", "FundsDeposited", pool1, n(1000), n(1), n(42161), int64(3), uint32(7), uint32(1), token, bob, alice, []byte{})),
			in:        on("42161", hashB, emit(t, "across-v2", "FilledRelay", pool42, n(1000), n(400), n(400), n(1), n(1), n(42161), int64(3), int64(1), uint32(7), mirror, nobody, alice, bob, []byte{}, relayData{bob, nil, 3, false, n(0)})),
			departure: ends + " 1000" + to + "  0", arrival: comes + " 400" + from + "  1000"},
		{name: "hop from a rollup",
			out:       on("42161", hashA, transfer(token, alice, nobody, n(50)), emit(t, "hop", "TransferSent", "0x3749C4f034022c39ecafFaBA182555d4508caCCC", key, n(1), bob, n(50), [32]byte{}, n(1), n(0), n(0), n(0))),
			in:        on("1", hashB, emit(t, "hop", "WithdrawalBonded", "0xb8901acB165ed027E32754E0FFe830802919727f", key, n(50))),
			departure: ends + " 50 far=eip155:1 " + hexOf(bob) + "  0", arrival: "who= native 50 far=   0"},
		{name: "hop-l1 to a rollup",
			out:       on("1", hashA, emit(t, "hop-l1", "TransferSentToL2", "0xb8901acB165ed027E32754E0FFe830802919727f", n(42161), bob, n(50), n(49), n(9), nobody, n(0))),
			in:        on("42161", hashB, transfer(mirror, nobody, common.HexToAddress("0x3749C4f034022c39ecafFaBA182555d4508caCCC"), n(50)), emit(t, "hop-l1", "TransferFromL1Completed", "0x3749C4f034022c39ecafFaBA182555d4508caCCC", bob, n(50), n(49), n(9), nobody, n(0))),
			departure: "who=" + alice.Hex() + " native 50" + to + "  0", arrival: "who=" + bob.Hex() + " " + mirror.Hex() + " 50 far=   0"},
		{name: "celer by the pools",
			out:       on("1", hashA, emit(t, "celer", "Send", "0x5427FEFA711Eff984124bFBB1AB6fbf5E3DA1820", key, alice, bob, token, n(100), uint64(42161), uint64(1), uint32(5))),
			in:        on("42161", hashB, emit(t, "celer", "Relay", "0x1619DE6B6B20eD217a58d00f37B9d47C7663feca", hashA, alice, bob, mirror, n(99), uint64(1), key)),
			departure: ends + " 100" + to + "  0", arrival: comes + " 99" + from + "  0"},
		{name: "celer from the peg to the vault",
			out:       on("1", hashA, emit(t, "celer", "Burn", "0x52E4f244f380f8fA51816c8a10A63105dd4De084", key, token, alice, n(100), uint64(56), bob, uint64(4))),
			in:        on("56", hashB, emit(t, "celer", "Withdrawn", "0x11a0c9270D88C99e221360BCA50c2f6Fda44A980", hashA, bob, mirror, n(99), uint64(1), key, alice)),
			departure: ends + " 100 far=eip155:56 " + hexOf(bob) + "  0", arrival: comes + " 99" + from + "  0"},
		{name: "celer from the vault to the peg",
			out:       on("56", hashA, emit(t, "celer", "Deposited", "0x11a0c9270D88C99e221360BCA50c2f6Fda44A980", key, alice, token, n(100), uint64(1), bob, uint64(4))),
			in:        on("1", hashB, emit(t, "celer", "Mint", "0x52E4f244f380f8fA51816c8a10A63105dd4De084", hashA, mirror, bob, n(100), uint64(56), key, alice)),
			departure: ends + " 100 far=eip155:1 " + hexOf(bob) + "  0", arrival: comes + " 100 far=eip155:56   0"},
		{name: "synapse (formula of kappa unverified)",
			out:       on("1", hashA, emit(t, "synapse", "TokenDeposit", "0x2796317b0fF8538F253012862c06787Adfb8cEb6", bob, n(42161), token, n(100))),
			in:        on("42161", hashB, emit(t, "synapse", "TokenMint", "0x6F4e8eBa4D337f874Ab57478AcC2Cb5BACdc19c9", bob, mirror, n(100), n(1), crypto.Keccak256Hash([]byte(hashA.Hex())))),
			departure: ends + " 100" + to + "  0", arrival: comes + " 99 far=   0"},
		{name: "synapse-rfq",
			out:       on("1", hashA, emit(t, "synapse-rfq", "BridgeRequested", "0x5523D3c98809DdDB82C686E152F5C58B1B0fB59E", key, alice, []byte{}, uint32(42161), token, mirror, n(100), n(99), false)),
			in:        on("42161", hashB, emit(t, "synapse-rfq", "BridgeRelayed", "0x5523D3c98809DdDB82C686E152F5C58B1B0fB59E", key, common.Address{9}, bob, uint32(1), token, mirror, n(100), n(99), n(0))),
			departure: ends + " 100 far=eip155:42161  " + hexOf(mirror) + " 99", arrival: comes + " 99" + from + " " + hexOf(token) + " 100"},
		{name: "multichain with what the wrapper holds",
			out:       on("1", hashA, transfer(token, alice, common.Address{7}, n(100)), emit(t, "multichain", "LogAnySwapOut", "0x6b7a87899490EcE95443e979cA9485CBE7E71522", common.Address{7}, alice, bob, n(100), n(1), n(56))),
			in:        on("56", hashB, emit(t, "multichain", "LogAnySwapIn", "0xd1c5966f9f5ee6881ff6b261bbeda45972b1b5f3", hashA, mirror, bob, n(99), n(1), n(56))),
			departure: ends + " 100 far=eip155:56 " + hexOf(bob) + "  0", arrival: comes + " 99" + from + "  0"},
		{name: "polygon-plasma",
			out:       on("1", hashA, emit(t, "polygon-plasma", "NewDepositBlock", "0x401F6c983eA34274ec46f84D70b31C151321188b", alice, token, n(100), n(8))),
			in:        on("137", hashB, emit(t, "polygon-plasma", "TokenDeposited", "0xD9c7C4ED4B66858301D0cb28Cc88bf655Fe34861", token, mirror, bob, n(100), n(8))),
			departure: ends + " 100 far=eip155:137 " + hexOf(alice) + "  0", arrival: comes + " 100" + from + " " + hexOf(token) + " 0"},
		{name: "ronin deposit",
			out:       on("1", hashA, emit(t, "ronin", "DepositRequested", gw1, [32]byte{}, rec)),
			in:        on("2020", hashB, emit(t, "ronin", "Deposited", gw2, [32]byte{}, rec)),
			departure: ends + " 5000 far=eip155:2020 " + hexOf(bob) + " " + hexOf(mirror) + " 5000", arrival: comes + " 5000" + from + " " + hexOf(token) + " 5000"},
		{name: "ronin withdrawal",
			out:       on("2020", hashA, emit(t, "ronin", "WithdrawalRequested", gw2, [32]byte{}, rec)),
			in:        on("1", hashB, emit(t, "ronin", "Withdrew", gw1, [32]byte{}, rec)),
			departure: comes + " 5000 far=eip155:1 " + hexOf(alice) + " " + hexOf(token) + " 5000", arrival: ends + " 5000 far=eip155:2020  " + hexOf(mirror) + " 5000"},
		{name: "connext",
			out:       on("1", hashA, emit(t, "connext", "XCalled", "0x8898B472C54c31894e3B9bb83cEA802a5d0e63C6", key, n(3), hashB, params, token, n(100), token, []byte{})),
			in:        on("42161", hashB, emit(t, "connext", "Executed", "0xEE9deC2712cCE65174B561151701Bf54b99C24C8", key, bob, mirror, connextArgs{Params: params}, mirror, n(98), nobody)),
			departure: ends + " 100" + to + "  0", arrival: comes + " 98" + from + "  0"},
		{name: "debridge",
			out:       on("1", hashA, emit(t, "debridge", "CreatedOrder", "0xeF4fB24aD0916217251F553c0596F8Edc630EB66", give, key, []byte{}, n(1), n(1), uint32(0), []byte{})),
			in:        on("42161", hashB, emit(t, "debridge", "FulfilledOrder", "0xE7351Fd770A37282b91D153Ee690B63579D6dd7f", give, key, nobody, nobody)),
			departure: ends + " 900" + to + " " + hexOf(mirror) + " 880", arrival: comes + " 880" + from + " " + hexOf(token) + " 900"},
		{name: "mayan",
			out:       on("1", hashA, emit(t, "mayan", "OrderCreated", "0xC38e4e6A15593f908255214653d3D947CA1c2338", key)),
			in:        on("42161", hashB, transfer(mirror, common.HexToAddress("0xC38e4e6A15593f908255214653d3D947CA1c2338"), bob, n(7)), emit(t, "mayan", "OrderFulfilled", "0xC38e4e6A15593f908255214653d3D947CA1c2338", key, uint64(1), n(7))),
			departure: "who=" + alice.Hex() + " - 0 far=   0", arrival: "who= " + mirror.Hex() + " 7 far=   0"},
		{name: "axelar",
			out:       on("1", hashA, transfer(token, alice, nobody, n(100)), emit(t, "axelar", "ContractCallWithToken", "0x4F4495243837681061C4743b74B3eEdf548D56A5", alice, "arbitrum", b, key, []byte{}, "axlUSDC", n(100))),
			in:        on("42161", hashB, emit(t, "axelar", "ContractCallApprovedWithMint", "0xe432150cce91c13a887f7D836923d5597adD8E31", hashB, "Ethereum", a, bob, key, "axlUSDC", n(100), hashA, n(4))),
			departure: ends + " 100" + to + "  0", arrival: "who=" + bob.Hex() + " - 100" + from + "  0"},
		{name: "axelar-its",
			out:       on("1", hashA, transfer(token, alice, nobody, n(100)), emit(t, "axelar-its", "InterchainTransfer", "0xB5FB4BE02232B1bBA4dC8f81dc24C26980dE9e3C", key, alice, "arbitrum", bob[:], n(100), [32]byte{})),
			in:        on("42161", hashB, transfer(mirror, nobody, bob, n(100)), emit(t, "axelar-its", "InterchainTransferReceived", "0xB5FB4BE02232B1bBA4dC8f81dc24C26980dE9e3C", hashB, key, "Ethereum", alice[:], bob, n(100), [32]byte{})),
			departure: ends + " 100" + to + "  0", arrival: comes + " 100" + from + "  0"},
		{name: "omnibridge",
			out:       on("1", hashA, emit(t, "omnibridge", "TokensBridgingInitiated", "0x88ad09518695c6c3712AC10a214bE5109a655671", token, alice, n(100), key)),
			in:        on("100", hashB, emit(t, "omnibridge", "TokensBridged", "0xf6A78083ca3e2a662D6dd1703c939c8aCE2e268d", mirror, bob, n(100), key)),
			departure: ends + " 100 far=   0", arrival: comes + " 100 far=   0"},
		{name: "xdai to Gnosis",
			out:       on("1", hashA, transfer(token, alice, common.HexToAddress("0x4aa42145Aa6Ebf72e164C9bBC74fbD3788045016"), n(100)), emit(t, "xdai", "UserRequestForAffirmation", "0x4aa42145Aa6Ebf72e164C9bBC74fbD3788045016", bob, n(100))),
			in:        on("100", hashB, emit(t, "xdai", "AffirmationCompleted", "0x7301CFA0e1756B71869E93d4e4Dca5c7d0eb0AA6", bob, n(100), hashA)),
			departure: ends + " 100 far=eip155:100 " + hexOf(bob) + "  100", arrival: "who=" + bob.Hex() + " native 100" + from + "  100"},
		{name: "xdai to Ethereum",
			out:       on("100", hashA, emit(t, "xdai", "UserRequestForSignature", "0x7301CFA0e1756B71869E93d4e4Dca5c7d0eb0AA6", bob, n(100))),
			in:        on("1", hashB, transfer(mirror, common.HexToAddress("0x4aa42145Aa6Ebf72e164C9bBC74fbD3788045016"), bob, n(100)), emit(t, "xdai", "RelayedMessage", "0x4aa42145Aa6Ebf72e164C9bBC74fbD3788045016", bob, n(100), hashA)),
			departure: "who=" + alice.Hex() + " native 100 far=eip155:1 " + hexOf(bob) + "  100", arrival: comes + " 100 far=eip155:100   100"},
		{name: "harmony (events unverified)",
			out:       on("1", hashA, emit(t, "harmony", "Locked", "0x2dCCDB493827E15a5dC8f8b72147E6c4A5620857", token, alice, n(100), bob)),
			in:        on("1", hashB, emit(t, "harmony", "Unlocked", "0x2dCCDB493827E15a5dC8f8b72147E6c4A5620857", mirror, n(100), bob, hashA)),
			departure: ends + " 100 far= " + hexOf(bob) + "  0", arrival: comes + " 100 far=   0"},
		{name: "thorchain by the router",
			out:       on("1", hashA, emit(t, "thorchain", "Deposit", "0xD37BbE5744D730a1d98d8DC97c42F0Ca46aD7146", common.Address{8}, token, n(100), "=:BSC.BNB:"+b+":0/1/0:wa:50")),
			in:        on("56", hashB, emit(t, "thorchain", "TransferOut", "0xb30eC53F98ff5947EDe720D32aC2da7e52A5f56b", common.Address{8}, bob, nobody, n(90), "OUT:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA")),
			departure: ends + " 100 far=eip155:56 " + hexOf(bob) + "  0", arrival: "who=" + bob.Hex() + " native 90 far=   0"},
	} {
		t.Run(p.name, func(t *testing.T) { p.test(t) })
	}
}
