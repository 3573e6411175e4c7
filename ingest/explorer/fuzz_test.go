package explorer

import (
	"testing"

	"spoor/graph"
	"spoor/graph/graphtest"
	"spoor/ingest"
)

// The parsers are fuzzed from inside, as a server in between would cost most
// of the time.

func fuzzClient(t *testing.T) *client {
	c, err := newClient(Options{URL: "http://explorer.invalid", Chain: graphtest.Ethereum(), Meter: ingest.NewMeter(ingest.Skip)})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// sound checks what every history must keep: blocks ascend, are valid, name
// only what they may, and reading them twice changes nothing.
func sound(t *testing.T, c *client, all rows) {
	d, err := c.decode(all, graphtest.Account(c.Chain, 1), false, true, graph.Knowledge{Transfers: graph.Partial})
	if err != nil {
		return
	}
	for i, b := range d.blocks {
		if i > 0 && d.blocks[i-1].Height >= b.Height {
			t.Fatalf("block %d after block %d", b.Height, d.blocks[i-1].Height)
		}
		if err := b.Validate(c.Chain.ID); err != nil {
			t.Fatal(err)
		}
		for _, tx := range b.Txs {
			for _, m := range tx.Transfers {
				if m.Kind != graph.KindFee && tx.Failed {
					t.Fatalf("a failed transaction moved %+v", m)
				}
			}
		}
		if _, changed, err := graph.Union(b, b); changed || err != nil {
			t.Fatalf("joined with itself the block changes: %v, %v", changed, err)
		}
	}
}

func FuzzEtherscan(f *testing.F) {
	const hash = `"0x1111111111111111111111111111111111111111111111111111111111111111"`
	const ends = `"from":"0xac00000000000000000000000000000000000001","to":"0xac00000000000000000000000000000000000002"`
	f.Add(`{"status":"1","message":"OK","result":[{"blockNumber":"7","timeStamp":"9","hash":` + hash + `,"transactionIndex":"1",` + ends + `,"value":"1","gasUsed":"2","gasPrice":"3","isError":"0","input":"0xd0e30db0"}]}`)
	f.Add(`{"status":"1","message":"OK","result":[{"blockNumber":7,"timeStamp":9,"hash":` + hash + `,` + ends + `,"value":"1","type":"call","isError":"0","contractAddress":"","tokenID":"5","tokenValue":"6"},{"blockNumber":8,"timeStamp":9,"hash":"GENESIS"}]}`)
	f.Add(`{"status":"1","message":"OK","result":[{"blockNumber":"7","timestamp":"9","address":"0xac00000000000000000000000000000000000001","amount":"123"}]}`)
	f.Add(`{"status":"0","message":"NOTOK","result":"Max rate limit reached"}`)
	f.Add(`{"jsonrpc":"2.0","id":1,"result":"0x1b4"}`)
	f.Fuzz(func(t *testing.T, body string) {
		c := fuzzClient(t)
		e := &etherscan{c}
		result, err := etherscanResult([]byte(body))
		if err != nil || len(result) == 0 {
			return
		}
		_, _ = quantity(result)
		page, err := readPage(result, 0, ^uint32(0))
		if err != nil {
			return
		}
		for _, list := range etherscanLists {
			var all rows
			for i := range page {
				row := page[i]
				_ = e.take(&all, list.name, &row)
			}
			sound(t, c, all)
		}
		var all rows // one row of each list in turn
		for i := range page {
			row := page[i]
			_ = e.take(&all, etherscanLists[i%len(etherscanLists)].name, &row)
		}
		sound(t, c, all)
	})
}

func FuzzBlockscout(f *testing.F) {
	const common = `"block_number":7,"timestamp":"2024-01-01T00:00:00.000000Z","hash":"0x1111111111111111111111111111111111111111111111111111111111111111","from":{"hash":"0xac00000000000000000000000000000000000001"},"to":{"hash":"0xac00000000000000000000000000000000000002"}`
	f.Add(`{"items":[{` + common + `,"value":"1","fee":{"value":"2"},"status":"ok","position":3,"raw_input":"0x","type":2}],"next_page_params":{"block_number":1,"index":2,"items_count":50}}`)
	f.Add(`{"items":[{` + common + `,"value":"1","type":"call","success":true,"index":1}],"next_page_params":null}`)
	f.Add(`{"items":[{` + common + `,"token":{"address":"0xC02aaA39b223FE8D0A0e5C4F27eAD9083C756Cc2","symbol":"W","decimals":"18","type":"ERC-20"},"total":{"value":"5"}}]}`)
	f.Add(`{"items":[{"block_number":7,"timestamp":"2024-01-01T00:00:00Z","amount":"5","receiver":"0xac00000000000000000000000000000000000001"}]}`)
	f.Fuzz(func(t *testing.T, body string) {
		c := fuzzClient(t)
		b := &blockscout{c}
		page, err := readBlockscoutPage([]byte(body))
		if err != nil {
			return
		}
		_, _ = nextQuery(page.Next)
		var mixed rows
		for n, list := range blockscoutLists {
			var all rows
			for i := range page.Items {
				_, _ = page.Items[i].at(c.Chain)
				_ = b.take(&all, list.name, &page.Items[i])
				if i%len(blockscoutLists) == n {
					_ = b.take(&mixed, list.name, &page.Items[i])
				}
			}
			sound(t, c, all)
		}
		sound(t, c, mixed)
	})
}
