package gethtest_test

import (
	"context"
	"encoding/json"
	"math/big"
	"testing"
	"time"

	"github.com/ethereum/go-ethereum/common/hexutil"
	"github.com/ethereum/go-ethereum/core/types"
	"github.com/ethereum/go-ethereum/rpc"

	"spoor/ingest"
	"spoor/ingest/ethereum"
	"spoor/ingest/ethereum/gethtest"
)

// distant stands for the way to a node that is not on this machine.
const distant = 5 * time.Millisecond

// BenchmarkRPC reads the same blocks with calls inside transactions, by the
// source and by a plain client that asks for one thing after the other, from a
// node nearby and from one that is some milliseconds away.
func BenchmarkRPC(b *testing.B) {
	const blocks, each = 200, 20
	n := gethtest.Start(b, map[string]*big.Int{"payer": gethtest.Ether(1_000_000), "deployer": gethtest.Ether(1_000_000)})
	token := n.Deploy(b, "deployer", "Token", nil, big.NewInt(1e18))
	to := gethtest.Account("payee")
	for range blocks {
		for range each / 2 {
			n.SendGas(b, "payer", &to, big.NewInt(1), nil, 21_000)
			token.Send(b, "deployer", nil, "transfer", to, big.NewInt(1))
		}
		n.Mine(b)
	}
	far := func(b *testing.B, d time.Duration) string {
		if d == 0 {
			return n.URL
		}
		return slow(b, n.URL, d)
	}
	for _, place := range []struct {
		name  string
		delay time.Duration
	}{{"near", 0}, {"far", distant}} {
		b.Run(place.name+"/spoor", func(b *testing.B) {
			url := far(b, place.delay)
			var requests, calls, got uint64
			for b.Loop() {
				src, err := ethereum.NewRPC(chain(b), []string{url}, ingest.NewMeter(ingest.Stop), ethereum.RPCOptions{Tag: "latest", From: 1})
				if err != nil {
					b.Fatal(err)
				}
				for _, err := range src.Blocks(context.Background()) {
					if err != nil {
						b.Fatal(err)
					}
					got++
				}
				r, c := src.Traffic()
				requests, calls = requests+r, calls+c
			}
			b.ReportMetric(float64(got)/b.Elapsed().Seconds(), "blocks/s")
			b.ReportMetric(float64(calls)/float64(got), "calls/block")
			b.ReportMetric(float64(requests)/float64(got), "requests/block")
		})
		b.Run(place.name+"/plain", func(b *testing.B) {
			client, err := rpc.Dial(far(b, place.delay))
			if err != nil {
				b.Fatal(err)
			}
			defer client.Close()
			var calls, got uint64
			ask := func(into any, method string, args ...any) {
				calls++
				if err := client.Call(into, method, args...); err != nil {
					b.Fatal(err)
				}
			}
			for b.Loop() {
				for height := uint64(1); height <= n.Head().Number.Uint64(); height++ {
					var block struct {
						Transactions []struct{ Hash string }
					}
					ask(&block, "eth_getBlockByNumber", hexutil.EncodeUint64(height), true)
					for _, tx := range block.Transactions {
						var receipt types.Receipt
						ask(&receipt, "eth_getTransactionReceipt", tx.Hash)
						var frame json.RawMessage
						ask(&frame, "debug_traceTransaction", tx.Hash, map[string]any{"tracer": "callTracer"})
						if _, err := ethereum.CallTracerFrame(frame); err != nil {
							b.Fatal(err)
						}
					}
					got++
				}
			}
			b.ReportMetric(float64(got)/b.Elapsed().Seconds(), "blocks/s")
			b.ReportMetric(float64(calls)/float64(got), "calls/block")
			b.ReportMetric(float64(calls)/float64(got), "requests/block")
		})
	}
}
