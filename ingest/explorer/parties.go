package explorer

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"spoor/graph"
)

// transferTopic is keccak256("Transfer(address,address,uint256)").
const transferTopic = "0xddf252ad1be2c89b69c2b068fc378daa952ba7f163c4a11628f55a4df523b3ef"

// parties reads who is named by the token transfers in a transaction's receipt
// and by its inner calls. Only names are taken from here: what moved is told by
// the histories of those named, so that no movement is stored in two ways.
func (e *etherscan) parties(ctx context.Context, hash graph.Hash) (parties []graph.Address, err error) {
	receipt := e.query("proxy", "eth_getTransactionReceipt")
	receipt.Set("txhash", hash.Text(graph.AccountFamily))
	inner := e.query("account", "txlistinternal")
	inner.Set("txhash", hash.Text(graph.AccountFamily))
	var named, called []graph.Address
	err = e.ask(ctx, receipt, false, func(result json.RawMessage) (err error) {
		named, err = e.namedIn(result)
		return err
	})
	if err != nil && !errors.Is(err, errMissing) {
		return nil, err
	}
	err = e.ask(ctx, inner, false, func(result json.RawMessage) error {
		var page []etherscanRow
		if err := json.Unmarshal(result, &page); len(result) > 0 && err != nil {
			return retryable{error: fmt.Errorf("the result is no list of rows: %w", err)}
		}
		called = nil
		c := cells{chain: e.Chain}
		for i := range page {
			r := &page[i]
			if r.Value.text == "0" || r.IsError.text == "1" {
				continue
			}
			called = append(called, c.maybeAddress("from", r.From), c.maybeAddress("to", r.To), c.maybeAddress("contractAddress", r.ContractAddress))
		}
		return c.err
	})
	if err != nil && !errors.Is(err, errMissing) {
		return nil, err
	}
	return slices.DeleteFunc(append(named, called...), graph.Address.IsZero), nil
}

// namedIn are the ends of the token transfers in a receipt.
func (e *etherscan) namedIn(receipt json.RawMessage) (named []graph.Address, err error) {
	var r struct {
		Logs []struct{ Topics []string }
	}
	if err := json.Unmarshal(receipt, &r); err != nil {
		return nil, retryable{error: fmt.Errorf("the receipt cannot be read: %w", err)}
	}
	for _, l := range r.Logs {
		if len(l.Topics) < 3 || !strings.EqualFold(l.Topics[0], transferTopic) {
			continue
		}
		for _, word := range l.Topics[1:3] {
			const padding = "0x000000000000000000000000"
			if digits, ok := strings.CutPrefix(strings.ToLower(word), padding); ok && len(digits) == 40 && strings.Trim(digits, "0") != "" {
				a, err := graph.ParseAddress(e.Chain, "0x"+digits)
				if err != nil {
					return nil, fmt.Errorf("topic of a log: %w", err)
				}
				named = append(named, a)
			}
		}
	}
	return named, nil
}
