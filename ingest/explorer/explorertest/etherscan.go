package explorertest

import (
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"spoor/graph"
)

type object = map[string]any

func (s *Server) etherscan(q url.Values, m Moods) any {
	action := q.Get("action")
	if slices.Contains(m.Missing, action) {
		return object{"status": "0", "message": "NOTOK", "result": "Error! Missing Or invalid Action name"}
	}
	_, number, _ := strings.Cut(string(s.chain.ID), ":")
	if q.Get("chainid") != number {
		return notOK("Missing or unsupported chainid parameter (required for v2 api)")
	}
	switch q.Get("module") + "." + action {
	case "proxy.eth_blockNumber":
		return object{"jsonrpc": "2.0", "id": 83, "result": heightText(s.head + m.Confirmed)}
	case "proxy.eth_getTransactionByHash":
		return object{"jsonrpc": "2.0", "id": 1, "result": s.nodeTx(q.Get("txhash"))}
	case "proxy.eth_getTransactionReceipt":
		return object{"jsonrpc": "2.0", "id": 1, "result": s.receipt(q.Get("txhash"))}
	case "account.txlist", "account.txlistinternal", "account.tokentx", "account.tokennfttx", "account.token1155tx", "account.txsBeaconWithdrawal":
	default:
		return object{"status": "0", "message": "NOTOK", "result": "Error! Missing Or invalid Action name"}
	}
	if hash, err := graph.ParseHash(q.Get("txhash")); err == nil && action == "txlistinternal" {
		rows := []object{}
		for _, m := range pick(s.book.inner, func(m *move) bool { return m.hash == hash }) {
			r := m.etherscan()
			delete(r, "hash") // as it is known
			rows = append(rows, r)
		}
		return object{"status": "1", "message": "OK", "result": rows}
	}
	a, err := graph.ParseAddress(s.chain, q.Get("address"))
	if err != nil {
		return notOK("Error! Invalid address format")
	}
	page, offset := whole(q.Get("page"), 1), whole(q.Get("offset"), 10_000)
	if page*offset > m.Window {
		return object{"status": "0", "message": fmt.Sprintf("Result window is too large, PageNo x Offset size must be less than or equal to %d", m.Window), "result": nil}
	}
	if m.Most > 0 {
		offset = min(offset, m.Most)
	}
	from, to := uint32(whole(q.Get("startblock"), 0)), uint32(whole(q.Get("endblock"), 1<<32-1))
	rows := slices.DeleteFunc(s.book.etherscanList(action, a), func(r object) bool {
		height := uint32(whole(r["blockNumber"].(string), 0))
		return height < from || height > to
	})
	rows = rows[min(len(rows), (page-1)*offset):min(len(rows), page*offset)]
	if len(rows) == 0 {
		return object{"status": "0", "message": "No transactions found", "result": []object{}}
	}
	return object{"status": "1", "message": "OK", "result": rows}
}

// transferTopic is keccak256("Transfer(address,address,uint256)").
const transferTopic = "0xddf252ad1be2c89b69c2b068fc378daa952ba7f163c4a11628f55a4df523b3ef"

func (s *Server) receipt(text string) any {
	hash, err := graph.ParseHash(text)
	if err != nil || s.book.find(hash) == nil {
		return nil
	}
	logs := []object{}
	for _, m := range pick(s.book.tokens, func(m *move) bool { return m.hash == hash }) {
		logs = append(logs, object{"address": strings.ToLower(m.Asset.Contract.String()), "logIndex": heightText(uint32(m.n)), "data": fmt.Sprintf("0x%x", m.Amount.Bytes32()),
			"topics": []string{transferTopic, "0x" + strings.Repeat("0", 24) + strings.ToLower(zero(m.From)[2:]), "0x" + strings.Repeat("0", 24) + strings.ToLower(zero(m.To)[2:])}})
	}
	return object{"transactionHash": "0x" + hash.String(), "status": "0x1", "logs": logs}
}

func whole(text string, otherwise int) int {
	n, err := strconv.Atoi(text)
	if err != nil {
		return otherwise
	}
	return n
}

func (s *Server) nodeTx(text string) any {
	hash, err := graph.ParseHash(text)
	if err != nil {
		return nil
	}
	t := s.book.find(hash)
	if t == nil {
		return nil
	}
	return object{"hash": "0x" + t.hash.String(), "blockHash": "0x" + t.block.Hash.String(), "blockNumber": heightText(t.block.Height), "transactionIndex": heightText(t.index),
		"from": strings.ToLower(t.from.String()), "to": strings.ToLower(t.to.String()), "input": t.input}
}

func (b *book) etherscanList(action string, a graph.Address) []object {
	var rows []object
	switch action {
	case "txlist":
		for _, g := range pick(b.genesis, func(m *move) bool { return m.touches(a) }) {
			rows = append(rows, object{"blockNumber": decimal(g.block.Height), "timeStamp": strconv.FormatInt(g.block.Time, 10), "hash": "GENESIS_" + strings.ToLower(a.String()[2:]),
				"from": "GENESIS", "to": strings.ToLower(a.String()), "value": g.Amount.Dec(), "isError": "0"})
		}
		for i := range b.txs {
			if t := &b.txs[i]; t.from == a || t.to == a {
				rows = append(rows, t.etherscan())
			}
		}
	case "txlistinternal":
		for _, m := range pick(b.inner, func(m *move) bool { return m.touches(a) }) {
			r := m.etherscan()
			delete(r, "transactionIndex")
			delete(r, "blockHash")
			r["type"], r["isError"], r["errCode"], r["input"], r["contractAddress"] = "call", "0", "", "", ""
			rows = append(rows, r)
		}
	case "txsBeaconWithdrawal":
		for _, m := range pick(b.withdrawals, func(m *move) bool { return m.touches(a) }) {
			var gwei graph.Amount
			gwei.SetUint64(1_000_000_000)
			gwei.Div(&m.Amount, &gwei)
			rows = append(rows, object{"withdrawalIndex": strconv.Itoa(m.n), "validatorIndex": "1", "address": strings.ToLower(a.String()), "amount": gwei.Dec(),
				"blockNumber": decimal(m.block.Height), "timestamp": strconv.FormatInt(m.block.Time, 10)})
		}
	default:
		standard := map[string]graph.Standard{"tokentx": graph.ERC20, "tokennfttx": graph.ERC721, "token1155tx": graph.ERC1155}[action]
		for _, m := range pick(b.tokens, func(m *move) bool { return m.touches(a) && m.Asset.Standard == standard }) {
			r := m.etherscan()
			info := b.infos[m.Asset]
			r["contractAddress"], r["tokenSymbol"], r["tokenName"], r["tokenDecimal"] = strings.ToLower(m.Asset.Contract.String()), info.Symbol, info.Symbol, strconv.Itoa(info.Decimals)
			r["gas"], r["gasUsed"], r["gasPrice"], r["input"] = "100000", "1", "1", "deprecated"
			switch standard {
			case graph.ERC721:
				delete(r, "value")
				r["tokenID"] = m.Asset.TokenID.Dec()
			case graph.ERC1155:
				delete(r, "value")
				r["tokenID"], r["tokenValue"] = m.Asset.TokenID.Dec(), m.Amount.Dec()
			}
			rows = append(rows, r)
		}
	}
	return rows
}

func (t *tx) etherscan() object {
	failed, status := "0", "1"
	if t.failed {
		failed, status = "1", "0"
	}
	return object{"blockNumber": decimal(t.block.Height), "blockHash": "0x" + t.block.Hash.String(), "timeStamp": strconv.FormatInt(t.block.Time, 10), "hash": "0x" + t.hash.String(),
		"nonce": "0", "transactionIndex": decimal(t.index), "from": strings.ToLower(t.from.String()), "to": strings.ToLower(t.to.String()), "value": t.value.Dec(),
		"gas": "100000", "gasPrice": t.fee.Dec(), "gasUsed": "1", "cumulativeGasUsed": "1", "isError": failed, "txreceipt_status": status, "input": t.input,
		"contractAddress": "", "confirmations": "100", "methodId": t.input[:min(10, len(t.input))], "functionName": ""}
}

func (m *move) etherscan() object {
	return object{"blockNumber": decimal(m.block.Height), "blockHash": "0x" + m.block.Hash.String(), "timeStamp": strconv.FormatInt(m.block.Time, 10), "hash": "0x" + m.hash.String(),
		"transactionIndex": decimal(m.index), "from": strings.ToLower(zero(m.From)), "to": strings.ToLower(zero(m.To)), "value": m.Amount.Dec(), "confirmations": "100"}
}

func decimal(n uint32) string { return strconv.FormatUint(uint64(n), 10) }
