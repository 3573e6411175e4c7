package explorer_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"path"
	"slices"
	"strings"
	"testing"

	"spoor/graph"
	"spoor/graph/graphtest"
	"spoor/ingest"
	"spoor/ingest/explorer"
	"spoor/ingest/explorer/explorertest"
)

// lists is a server whose lists have the given rows; the others are empty.
func lists(t testing.TB, rows map[string]string) *explorertest.Server {
	t.Helper()
	s := &explorertest.Server{Server: httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		action := r.URL.Query().Get("action")
		switch {
		case action == "eth_blockNumber":
			_, _ = w.Write([]byte(`{"jsonrpc":"2.0","id":1,"result":"0x1000"}`))
		case rows[action] == "missing":
			_, _ = w.Write([]byte(`{"status":"0","message":"NOTOK","result":"Error! Missing Or invalid Action name"}`))
		case action != "":
			_, _ = fmt.Fprintf(w, `{"status":"1","message":"OK","result":[%s]}`, rows[action])
		case r.URL.Path == "/api/v2/blocks":
			_, _ = w.Write([]byte(`{"items":[{"height":4096}]}`))
		default:
			_, _ = fmt.Fprintf(w, `{"items":[%s],"next_page_params":null}`, rows[path.Base(r.URL.Path)])
		}
	}))}
	t.Cleanup(s.Close)
	return s
}

const (
	alice = "0xac00000000000000000000000000000000000001"
	bob   = "0xac00000000000000000000000000000000000002"
	coin  = "0xac00000000000000000000000000000000000009"
	weth  = "0xc02aaa39b223fe8d0a0e5c4f27ead9083c756cc2"
	none  = "0x0000000000000000000000000000000000000000"
)

// esRow is a row in the manner of Etherscan, with some fields changed; "-"
// leaves one out.
func esRow(changes ...string) string {
	fields := [][2]string{{"blockNumber", "7"}, {"timeStamp", "1000"}, {"hash", "0x" + strings.Repeat("1", 64)}, {"from", alice}, {"to", bob}, {"value", "5"}}
	for i := 0; i < len(changes); i += 2 {
		at := slices.IndexFunc(fields, func(f [2]string) bool { return f[0] == changes[i] })
		switch {
		case at >= 0 && changes[i+1] == "-":
			fields = slices.Delete(fields, at, at+1)
		case at >= 0:
			fields[at][1] = changes[i+1]
		default:
			fields = append(fields, [2]string{changes[i], changes[i+1]})
		}
	}
	var texts []string
	for _, f := range fields {
		texts = append(texts, fmt.Sprintf("%q:%q", f[0], f[1]))
	}
	return "{" + strings.Join(texts, ",") + "}"
}

// esTx is esRow of a transaction that succeeded.
func esTx(changes ...string) string {
	return esRow(append([]string{"transactionIndex", "3", "gasUsed", "10", "gasPrice", "2", "isError", "0", "txreceipt_status", "1", "input", "0x"}, changes...)...)
}

// moves are all movements of a history as "kind from>to amount asset".
func moves(t testing.TB, h *explorer.History) string {
	names := strings.NewReplacer(graphtest.Account(graphtest.Ethereum(), 1).String(), "alice", graphtest.Account(graphtest.Ethereum(), 2).String(), "bob",
		graphtest.Account(graphtest.Ethereum(), 9).String(), "coin", "0xC02aaA39b223FE8D0A0e5C4F27eAD9083C756Cc2", "weth")
	var all []string
	for _, b := range blocksOf(t, h) {
		for _, tx := range b.Txs {
			if len(tx.Transfers) == 0 {
				all = append(all, "nothing")
			}
			for _, m := range tx.Transfers {
				all = append(all, names.Replace(fmt.Sprintf("%s %s>%s %s %s", m.Kind, m.From, m.To, m.Amount.Dec(), m.Asset.Text())))
			}
		}
	}
	return strings.Join(all, "; ")
}

// TestMeaning: what rows of every list mean in the ledger.
func TestMeaning(t *testing.T) {
	const deposit, withdraw9 = "0xd0e30db0", "0x2e1a7d4d0000000000000000000000000000000000000000000000000000000000000009"
	for name, test := range map[string]struct {
		of   string
		rows map[string]string
		want string
	}{
		"sent":               {alice, map[string]string{"txlist": esTx()}, "fee alice> 20 native; native alice>bob 5 native"},
		"received":           {bob, map[string]string{"txlist": esTx()}, "native alice>bob 5 native"},
		"failed":             {alice, map[string]string{"txlist": esTx("isError", "1", "txreceipt_status", "0")}, "fee alice> 20 native"},
		"failed, by receipt": {alice, map[string]string{"txlist": esTx("txreceipt_status", "0")}, "fee alice> 20 native"},
		"before Byzantium":   {alice, map[string]string{"txlist": esTx("txreceipt_status", "")}, "fee alice> 20 native; native alice>bob 5 native"},
		"of a rollup":        {alice, map[string]string{"txlist": esTx("L1FeesPaid", "100")}, "fee alice> 120 native; native alice>bob 5 native"},
		"created":            {alice, map[string]string{"txlist": esTx("to", "", "contractAddress", coin)}, "fee alice> 20 native; create alice>coin 5 native"},
		"inner calls": {alice, map[string]string{"txlistinternal": strings.Join([]string{
			esRow("type", "call", "isError", "0"), esRow("type", "call", "isError", "1"), esRow("type", "delegatecall", "isError", "0"), esRow("type", "call", "value", "0", "isError", "0"),
			esRow("type", "create2", "to", "", "contractAddress", coin, "isError", "0"), esRow("type", "suicide", "value", "6", "isError", "0"), esRow("type", "call", "isError", "0")}, ",")},
			"internal alice>bob 5 native; create alice>coin 5 native; selfdestruct alice>bob 6 native; internal alice>bob 5 native"},
		"calls of a failed transaction": {alice, map[string]string{"txlist": esTx("isError", "1"), "txlistinternal": esRow("type", "call", "isError", "0")}, "fee alice> 20 native"},
		"tokens": {alice, map[string]string{"tokentx": strings.Join([]string{esRow("contractAddress", coin), esRow("contractAddress", coin), esRow("contractAddress", coin, "from", none),
			esRow("contractAddress", coin, "to", none), esRow("contractAddress", coin, "value", "0")}, ",")},
			"token alice>bob 5 coin; token alice>bob 5 coin; mint >bob 5 coin; burn alice> 5 coin; token alice>bob 0 coin"},
		"spoofed": {alice, map[string]string{"tokentx": esRow("contractAddress", coin, "value", "115792089237316195423570985008687907853269984665640564039457584007913129639935")}, "nothing"},
		"collections": {alice, map[string]string{"tokennfttx": esRow("contractAddress", coin, "tokenID", "77", "value", "-"), "token1155tx": esRow("contractAddress", coin, "tokenID", "78", "tokenValue", "3", "value", "-")},
			"token alice>bob 1 erc721:coin/77; token alice>bob 3 erc1155:coin/78"},
		"a collection listed twice": {alice, map[string]string{"tokentx": esRow("contractAddress", coin, "tokenID", "77", "value", "-"), "tokennfttx": esRow("contractAddress", coin, "tokenID", "77", "value", "-")},
			"token alice>bob 1 erc721:coin/77"},
		"a collection in the only list": {alice, map[string]string{"tokentx": esRow("contractAddress", coin, "tokenID", "77", "value", "-"), "tokennfttx": "missing"},
			"token alice>bob 1 erc721:coin/77"},
		"withdrawal from the beacon chain, in gwei": {alice, map[string]string{"txsBeaconWithdrawal": `{"blockNumber":"7","timestamp":"1000","address":"` + alice + `","amount":"3402931175","withdrawalIndex":"1"}`},
			"withdrawal >alice 3402931175000000000 native"},
		"allocation of the first block": {alice, map[string]string{"txlist": esRow("hash", "GENESIS_ac00000000000000000000000000000000000001", "from", "GENESIS", "to", alice, "blockNumber", "0")}, "genesis >alice 5 native"},
		"numbers instead of texts":      {bob, map[string]string{"txlist": strings.NewReplacer(`"5"`, "5", `"7"`, "7", `"1000"`, "1000").Replace(esTx())}, "native alice>bob 5 native"},

		"wrap":                                  {alice, map[string]string{"txlist": esTx("to", weth, "input", deposit)}, "wrap >alice 5 weth; fee alice> 20 native; native alice>weth 5 native"},
		"wrap by bare payment":                  {alice, map[string]string{"txlist": esTx("to", weth)}, "wrap >alice 5 weth; fee alice> 20 native; native alice>weth 5 native"},
		"another call of the wrapping contract": {alice, map[string]string{"txlist": esTx("to", weth, "input", "0x12345678")}, "fee alice> 20 native; native alice>weth 5 native"},
		"failed wrap":                           {alice, map[string]string{"txlist": esTx("to", weth, "input", deposit, "isError", "1")}, "fee alice> 20 native"},
		"wrap by a contract":                    {alice, map[string]string{"txlistinternal": esRow("to", weth, "type", "call", "isError", "0")}, "internal alice>weth 5 native; wrap >alice 5 weth"},
		"unwrap": {alice, map[string]string{"txlist": esTx("to", weth, "value", "0", "input", withdraw9), "txlistinternal": esRow("from", weth, "to", alice, "value", "9", "type", "call", "isError", "0")},
			"internal weth>alice 9 native; unwrap alice> 9 weth; fee alice> 20 native"},
		"unwrap without inner calls": {alice, map[string]string{"txlist": esTx("to", weth, "value", "0", "input", withdraw9), "txlistinternal": "missing"},
			"internal weth>alice 9 native; unwrap alice> 9 weth; fee alice> 20 native"},
		"unwrap that failed": {alice, map[string]string{"txlist": esTx("to", weth, "value", "0", "input", withdraw9, "isError", "1"), "txlistinternal": "missing"}, "fee alice> 20 native"},
		"wrap that a list of tokens tells": {alice, map[string]string{"txlist": esTx("to", weth, "input", deposit), "tokentx": esRow("contractAddress", weth, "from", none, "to", alice)},
			"wrap >alice 5 weth; fee alice> 20 native; native alice>weth 5 native"},
	} {
		a, err := graph.ParseAddress(graphtest.Ethereum(), test.of)
		if err != nil {
			t.Fatal(err)
		}
		h, err := client(t, "etherscan", lists(t, test.rows), nil).History(t.Context(), a)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if got := moves(t, h); got != test.want {
			t.Errorf("%s:\n got  %s\n want %s", name, got, test.want)
		}
	}
}

// TestUntold: what a row does not tell is not made up; the height is known in
// part.
func TestUntold(t *testing.T) {
	a, _ := graph.ParseAddress(graphtest.Ethereum(), alice)
	for row, want := range map[string]string{
		esTx("gasUsed", "-"):                        "native alice>bob 5 native",
		esTx("gasPrice", ""):                        "native alice>bob 5 native",
		esTx("isError", "", "txreceipt_status", ""): "fee alice> 20 native",
		esTx("to", "", "contractAddress", ""):       "fee alice> 20 native",
	} {
		h, err := client(t, "etherscan", lists(t, map[string]string{"txlist": row}), nil).History(t.Context(), a)
		if err != nil {
			t.Errorf("%s: %v", row, err)
			continue
		}
		if got := moves(t, h); got != want || len(h.Gaps) != 1 || h.Gaps[0].From != 7 || h.Gaps[0].To != 7 {
			t.Errorf("%s:\n got  %s\n want %s; gaps %v", row, got, want, h.Gaps)
		}
		partial := slices.ContainsFunc(h.Coverage, func(c graph.Coverage) bool { return c.From == 7 && c.To == 7 && c.Know.Transfers == graph.Partial })
		if !partial || len(h.Coverage) != 3 {
			t.Errorf("%s: coverage %+v", row, h.Coverage)
		}
	}
}

// TestStrict: what is there and cannot be read is an error that names the
// field, never zero; passed over by choice it is counted and a gap.
func TestStrict(t *testing.T) {
	a, _ := graph.ParseAddress(graphtest.Ethereum(), alice)
	type bad struct{ list, row, want string }
	cases := []bad{
		{"txlist", esTx("value", "0x5"), "field value"}, {"txlist", esTx("value", "-5"), "field value"}, {"txlist", esTx("value", "5.0"), "field value"}, {"txlist", esTx("value", "1e18"), "field value"},
		{"txlist", esTx("value", "115792089237316195423570985008687907853269984665640564039457584007913129639936"), "field value"},
		{"txlist", esTx("value", "-"), "field value"}, {"txlist", esTx("value", ""), "field value"},
		{"txlist", esTx("from", "0x12"), "field from"}, {"txlist", esTx("from", ""), "field from"}, {"txlist", esTx("to", "nobody"), "field to"},
		{"txlist", esTx("hash", "0x12"), "field hash"}, {"txlist", esTx("timeStamp", "yesterday"), "field timeStamp"}, {"txlist", esTx("timeStamp", "-"), "field timeStamp"},
		{"txlist", esTx("isError", "maybe"), "field isError"}, {"txlist", esTx("gasUsed", "ten"), "field gasUsed"}, {"txlist", esTx("transactionIndex", "99999999"), "field transactionIndex"},
		{"txlistinternal", esRow("type", "teleport", "isError", "0"), "field type"}, {"txlistinternal", esRow("type", "call", "to", "", "isError", "0"), "field to"},
		{"tokentx", esRow(), "field contractAddress"}, {"tokentx", esRow("contractAddress", coin, "value", ""), "field value"},
		{"tokennfttx", esRow("contractAddress", coin), "field tokenID"}, {"token1155tx", esRow("contractAddress", coin, "tokenID", "1"), "field tokenValue"},
		{"txsBeaconWithdrawal", `{"blockNumber":"7","timestamp":"1","address":"` + alice + `","amount":"9e9"}`, "field amount"},
	}
	for _, test := range cases {
		server := lists(t, map[string]string{test.list: test.row})
		_, err := client(t, "etherscan", server, nil).History(t.Context(), a)
		if err == nil || !strings.Contains(err.Error(), test.want) || !strings.Contains(err.Error(), "block 7") {
			t.Errorf("%s: %v, want %q", test.row, err, test.want)
		}
		meter := ingest.NewMeter(ingest.Skip)
		h, err := client(t, "etherscan", server, func(o *explorer.Options) { o.Meter = meter }).History(t.Context(), a)
		if err != nil || moves(t, h) != "" || len(h.Gaps) != 1 || meter.Reading().Skipped["row that cannot be read"] != 1 {
			t.Errorf("%s, passed over: %v, gaps %v", test.row, err, h)
		}
	}
	row := func(change string) string {
		return `{"block_number":7,"timestamp":"2024-01-01T00:00:00.000000Z","transaction_hash":"0x` + strings.Repeat("1", 64) + `","from":{"hash":"` + alice + `"},"to":{"hash":"` + bob + `"},` + change + `}`
	}
	for _, test := range []bad{
		{"transactions", row(`"value":"x"`), "field value"}, {"transactions", row(`"value":"1","status":"perhaps"`), "field status"}, {"transactions", row(`"value":"1","fee":{"value":"-1"}`), "field fee"},
		{"internal-transactions", row(`"value":"1","type":"warp"`), "field type"}, {"internal-transactions", row(`"value":null,"type":"call"`), "field value"},
		{"token-transfers", row(`"token":null`), "field token"}, {"token-transfers", row(`"token":{"address":"` + coin + `","type":"ERC-404"},"total":{}`), "no standard we know"},
		{"token-transfers", row(`"token":{"address":"` + coin + `","type":"ERC-20"},"total":{"value":null}`), "field total"},
		{"withdrawals", row(`"amount":"1.5","receiver":{"hash":"` + alice + `"}`), "field amount"},
	} {
		server := lists(t, map[string]string{test.list: test.row})
		if _, err := client(t, "blockscout", server, nil).History(t.Context(), a); err == nil || !strings.Contains(err.Error(), test.want) || !strings.Contains(err.Error(), "block 7") {
			t.Errorf("%s: %v, want %q", test.row, err, test.want)
		}
		h, err := client(t, "blockscout", server, func(o *explorer.Options) { o.Meter = ingest.NewMeter(ingest.Skip) }).History(t.Context(), a)
		if err != nil || moves(t, h) != "" || len(h.Gaps) != 1 {
			t.Errorf("%s, passed over: %v", test.row, err)
		}
	}
}

// TestNoPlace: a transaction whose index is not told comes after the others of
// its block, at a place that both ends' histories agree on.
func TestNoPlace(t *testing.T) {
	rows := map[string]string{"txlist": esTx("transactionIndex", "200", "hash", "0x"+strings.Repeat("2", 64)), "txlistinternal": esRow("type", "call", "isError", "0")}
	var index [2]uint32
	for i, text := range []string{alice, bob} {
		a, _ := graph.ParseAddress(graphtest.Ethereum(), text)
		h := history(t, client(t, "etherscan", lists(t, rows), nil), a)
		b := blocksOf(t, h)[0]
		if len(b.Txs) != 2 || b.Txs[0].Index != 200 || b.Txs[1].Index < 1<<23 || b.Txs[1].Index > graph.MaxTx {
			t.Fatalf("%+v", b.Txs)
		}
		index[i] = b.Txs[1].Index
	}
	if index[0] != index[1] {
		t.Errorf("at %d from one end, at %d from the other", index[0], index[1])
	}
}

// TestMeaningBlockscout: the same, as Blockscout writes it.
func TestMeaningBlockscout(t *testing.T) {
	row := func(changes string) string {
		return `{"block_number":7,"timestamp":"2024-01-01T00:00:00.000000Z","transaction_hash":"0x` + strings.Repeat("1", 64) + `",` + changes + `}`
	}
	between := func(from, to string) string {
		return `"from":{"hash":"` + from + `"},"to":{"hash":"` + to + `"},`
	}
	sent := between(alice, bob)
	token := func(contract, standard string) string {
		return `"token":{"address_hash":"` + contract + `","symbol":"X","decimals":null,"type":"` + standard + `"},`
	}
	for name, test := range map[string]struct{ list, row, want string }{
		"sent":        {"transactions", row(sent + `"value":"5","status":"ok","position":3,"fee":{"type":"actual","value":"20"},"raw_input":"0x"`), "fee alice> 20 native; native alice>bob 5 native"},
		"failed":      {"transactions", row(sent + `"value":"5","status":"error","position":3,"fee":{"value":"20"}`), "fee alice> 20 native"},
		"created":     {"transactions", row(`"from":{"hash":"` + alice + `"},"to":null,"created_contract":{"hash":"` + coin + `"},"value":"5","status":"ok","fee":{"value":"20"}`), "fee alice> 20 native; create alice>coin 5 native"},
		"wrap":        {"transactions", row(between(alice, weth) + `"value":"5","status":"ok","fee":{"value":"20"},"raw_input":"0xd0e30db0"`), "wrap >alice 5 weth; fee alice> 20 native; native alice>weth 5 native"},
		"inner":       {"internal-transactions", row(sent + `"value":"5","type":"call","success":true,"index":2`), "internal alice>bob 5 native"},
		"top level":   {"internal-transactions", row(sent + `"value":"5","type":"call","success":true,"index":0`), ""},
		"failed call": {"internal-transactions", row(sent + `"value":"5","type":"call","success":false,"index":2`), ""},
		"destroyed":   {"internal-transactions", row(sent + `"value":"5","type":"selfdestruct","success":true,"index":2`), "selfdestruct alice>bob 5 native"},
		"token":       {"token-transfers", row(sent + token(coin, "ERC-20") + `"total":{"value":"5","decimals":"6"}`), "token alice>bob 5 coin"},
		"mint":        {"token-transfers", row(between(none, alice) + token(coin, "ERC-20") + `"total":{"value":"5"}`), "mint >alice 5 coin"},
		"one of one":  {"token-transfers", row(sent + token(coin, "ERC-721") + `"total":{"token_id":"77"}`), "token alice>bob 1 erc721:coin/77"},
		"copies":      {"token-transfers", row(sent + token(coin, "ERC-1155") + `"total":{"token_id":"78","value":"3"}`), "token alice>bob 3 erc1155:coin/78"},
		"wrap, told":  {"token-transfers", row(between(none, alice) + token(weth, "ERC-20") + `"total":{"value":"5"}`), "wrap >alice 5 weth"},
		"withdrawal":  {"withdrawals", row(`"amount":"3402931175000000000","receiver":{"hash":"` + alice + `"}`), "withdrawal >alice 3402931175000000000 native"},
		"older names": {"token-transfers", `{"block":7,"timestamp":"2024-01-01T00:00:00Z","tx_hash":"0x` + strings.Repeat("1", 64) + `","from":"` + alice + `","to":"` + bob + `","token":{"address":"` + coin + `"},"total":{"value":"5"}}`, "token alice>bob 5 coin"},
	} {
		a, _ := graph.ParseAddress(graphtest.Ethereum(), alice)
		h, err := client(t, "blockscout", lists(t, map[string]string{test.list: test.row}), nil).History(t.Context(), a)
		if err != nil {
			t.Errorf("%s: %v", name, err)
		} else if got := moves(t, h); got != test.want {
			t.Errorf("%s:\n got  %s\n want %s", name, got, test.want)
		}
	}
}
