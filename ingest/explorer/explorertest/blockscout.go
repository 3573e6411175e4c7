package explorertest

import (
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"spoor/graph"
)

func (s *Server) blockscout(path string, q url.Values, m Moods) (int, any) {
	parts := strings.Split(strings.Trim(path, "/"), "/")
	absent := object{"message": "Not found"}
	if slices.Contains(m.Missing, parts[len(parts)-1]) {
		return http.StatusNotFound, absent
	}
	switch {
	case path == "/blocks":
		return http.StatusOK, object{"items": []object{{"height": s.head + m.Confirmed, "type": "block"}}, "next_page_params": nil}
	case len(parts) >= 2 && parts[0] == "transactions":
		hash, err := graph.ParseHash(parts[1])
		t := s.book.find(hash)
		if err != nil || t == nil {
			return http.StatusNotFound, absent
		}
		if len(parts) == 2 {
			return http.StatusOK, t.blockscout()
		}
		return s.blockscoutPage(parts[2], q, m, func(t *tx) bool { return false }, func(m *move) bool { return m.hash == hash })
	case len(parts) == 3 && parts[0] == "addresses":
		a, err := graph.ParseAddress(s.chain, parts[1])
		if err != nil {
			return http.StatusUnprocessableEntity, object{"errors": []string{"Invalid format"}}
		}
		return s.blockscoutPage(parts[2], q, m, func(t *tx) bool { return t.from == a || t.to == a }, func(m *move) bool { return m.touches(a) })
	}
	return http.StatusNotFound, absent
}

// blockscoutPage is a page of a list, newest first; the key of the next page is
// how many rows it is from the end, under a name as good as any.
func (s *Server) blockscoutPage(list string, q url.Values, m Moods, mine func(*tx) bool, moved func(*move) bool) (int, any) {
	var rows []object
	switch list {
	case "transactions":
		for i := range s.book.txs {
			if t := &s.book.txs[i]; mine(t) {
				rows = append(rows, t.blockscout())
			}
		}
	case "internal-transactions":
		for i, v := range pick(s.book.inner, moved) {
			r := v.blockscout()
			r["index"], r["type"], r["success"], r["created_contract"] = v.n+1, "call", true, nil
			if i%2 == 0 {
				delete(r, "block_number")
				r["block"] = v.block.Height // as older versions say
			}
			rows = append(rows, r)
		}
	case "token-transfers":
		for _, v := range pick(s.book.tokens, moved) {
			r := v.blockscout()
			info := s.book.infos[v.Asset]
			standard := map[graph.Standard]string{graph.ERC20: "ERC-20", graph.ERC721: "ERC-721", graph.ERC1155: "ERC-1155"}[v.Asset.Standard]
			total := object{"value": v.Amount.Dec(), "decimals": strconv.Itoa(info.Decimals)}
			if v.Asset.Standard != graph.ERC20 {
				total["token_id"] = v.Asset.TokenID.Dec()
			}
			if v.Asset.Standard == graph.ERC721 {
				delete(total, "value")
			}
			r["token"] = object{"address_hash": v.Asset.Contract.String(), "symbol": info.Symbol, "decimals": strconv.Itoa(info.Decimals), "type": standard}
			r["total"], r["type"], r["log_index"], r["block_hash"] = total, "token_transfer", v.n, "0x"+v.block.Hash.String()
			rows = append(rows, r)
		}
	case "withdrawals":
		for _, v := range pick(s.book.withdrawals, moved) {
			rows = append(rows, object{"index": v.n, "amount": v.Amount.Dec(), "block_number": v.block.Height, "timestamp": clock(v.block.Time), "receiver": object{"hash": v.To.String()}})
		}
	default:
		return http.StatusNotFound, object{"message": "Not found"}
	}
	slices.Reverse(rows)
	start := min(whole(q.Get("items_count"), 0), len(rows))
	end := min(start+m.Page, len(rows))
	page := object{"items": append([]object{}, rows[start:end]...), "next_page_params": nil}
	if end < len(rows) {
		page["next_page_params"] = object{"items_count": end, "block_number": 1, "filter": nil}
	}
	return http.StatusOK, page
}

func clock(at int64) string {
	return time.Unix(at, 0).UTC().Format("2006-01-02T15:04:05.000000Z")
}

func (t *tx) blockscout() object {
	status, result := "ok", "success"
	if t.failed {
		status, result = "error", "Reverted"
	}
	return object{"hash": "0x" + t.hash.String(), "block_number": t.block.Height, "timestamp": clock(t.block.Time), "position": t.index, "status": status, "result": result,
		"from": object{"hash": t.from.String()}, "to": object{"hash": t.to.String()}, "created_contract": nil, "value": t.value.Dec(), "type": 2,
		"fee": object{"type": "actual", "value": t.fee.Dec()}, "gas_used": "100000", "gas_price": "1", "raw_input": t.input, "method": nil}
}

func (m *move) blockscout() object {
	return object{"transaction_hash": "0x" + m.hash.String(), "block_number": m.block.Height, "timestamp": clock(m.block.Time),
		"from": object{"hash": zero(m.From)}, "to": object{"hash": zero(m.To)}, "value": m.Amount.Dec()}
}
