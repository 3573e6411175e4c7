package explorer

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"net/url"
	"strconv"
	"strings"

	"spoor/graph"
	"spoor/ingest"
)

// Etherscan reads an API in the manner of Etherscan V2, such as
// https://api.etherscan.io/v2/api.
func Etherscan(o Options) (*Client, error) {
	c, err := newClient(o)
	if err != nil {
		return nil, err
	}
	return &Client{client: c, api: &etherscan{c}}, nil
}

type etherscan struct{ *client }

// The lists of an address, in the order of asking.
const (
	listTxs         = "transactions"
	listInner       = "internal transactions"
	listERC20       = "ERC-20 transfers"
	listERC721      = "ERC-721 transfers"
	listERC1155     = "ERC-1155 transfers"
	listWithdrawals = "withdrawals"
)

var etherscanLists = []struct{ name, action string }{
	{listTxs, "txlist"},
	{listInner, "txlistinternal"},
	{listERC20, "tokentx"},
	{listERC721, "tokennfttx"},
	{listERC1155, "token1155tx"},
	{listWithdrawals, "txsBeaconWithdrawal"},
}

// etherscanAnswer is the frame of every answer. Actions of module proxy answer
// as a node does.
type etherscanAnswer struct {
	Status  cell            `json:"status"`
	Message cell            `json:"message"`
	Result  json.RawMessage `json:"result"`
	Error   *struct {
		Message string `json:"message"`
	} `json:"error"`
}

// etherscanResult is the result of an answer, nil for "nothing found". Refusals
// come as text in result or message, and are told by words that all servers of
// this kind have used so far; any other is an error that shows the text.
func etherscanResult(body []byte) (json.RawMessage, error) {
	var a etherscanAnswer
	if err := json.Unmarshal(body, &a); err != nil {
		return nil, notJSON(err, body)
	}
	if a.Error != nil {
		return nil, refusal(a.Error.Message)
	}
	result := bytes.TrimSpace(a.Result)
	switch {
	case a.Status.text == "1", !a.Status.set && len(result) > 0:
		return result, nil
	case !a.Status.set:
		return nil, retryable{error: fmt.Errorf("the answer has neither status nor result: %.120q", body)}
	}
	message := a.Message.text
	if string(result) == "[]" && (strings.HasPrefix(message, "No ") || strings.HasPrefix(message, "OK")) {
		return nil, nil
	}
	if strings.HasPrefix(message, "No ") && strings.HasSuffix(message, "found") {
		return nil, nil
	}
	var text string
	if len(result) > 0 && result[0] == '"' {
		if err := json.Unmarshal(result, &text); err != nil {
			return nil, err
		}
	}
	if text == "" || text == message {
		return nil, refusal(message)
	}
	return nil, refusal(message + ": " + text)
}

func refusal(text string) error {
	lower := strings.ToLower(text)
	has := func(words ...string) bool {
		for _, w := range words {
			if strings.Contains(lower, w) {
				return true
			}
		}
		return false
	}
	err := fmt.Errorf("the API says %.200q", text)
	switch {
	case has("rate limit", "too many requests", "timeout", "temporarily", "try again", "busy", "maximum rate"):
		return retryable{error: err}
	case has("api key", "apikey", "not authorized", "unauthorized", "upgrade your", "api pro"):
		return fmt.Errorf("%w: %w", ErrKey, err)
	case has("result window"):
		return fmt.Errorf("%w: %w", errWindow, err)
	case has("action name", "unknown action", "unknown module", "module name", "invalid action", "not supported", "not available", "not found", "the method"):
		return fmt.Errorf("%w: %w", errMissing, err)
	}
	return err
}

func (e *etherscan) query(module, action string) url.Values {
	_, number, _ := strings.Cut(string(e.Chain.ID), ":")
	return url.Values{"chainid": {number}, "module": {module}, "action": {action}}
}

// ask passes the result of a call; result is nil where there is nothing.
func (e *etherscan) ask(ctx context.Context, query url.Values, fresh bool, read func(result json.RawMessage) error) error {
	maxAge := e.MaxAge
	if !fresh {
		maxAge = 0
	}
	return e.get(ctx, "", query, "", maxAge, func(body []byte) error {
		result, err := etherscanResult(body)
		if err != nil {
			return redacted(err, e.Key)
		}
		return read(result)
	})
}

// redacted keeps a key that a server repeats out of an error.
func redacted(err error, key string) error {
	if text := err.Error(); key != "" && redact(text, key) != text {
		for _, known := range []error{ErrKey, errMissing, errWindow} {
			if errors.Is(err, known) {
				return fmt.Errorf("%w: %s", known, redact(text, key))
			}
		}
		var r retryable
		if errors.As(err, &r) {
			return retryable{errors.New(redact(text, key)), r.after}
		}
		return errors.New(redact(text, key))
	}
	return err
}

func (e *etherscan) head(ctx context.Context) (height uint32, err error) {
	for _, q := range []url.Values{e.query("proxy", "eth_blockNumber"), e.query("block", "eth_block_number")} {
		err = e.ask(ctx, q, true, func(result json.RawMessage) error {
			n, err := quantity(result)
			if err == nil && n > math.MaxUint32 {
				err = fmt.Errorf("block %d is beyond any chain", n)
			}
			height = uint32(n)
			return err
		})
		if !errors.Is(err, errMissing) {
			break
		}
	}
	return height, err
}

// quantity reads a number as nodes write it, "0x1b4".
func quantity(raw json.RawMessage) (uint64, error) {
	var text string
	if err := json.Unmarshal(raw, &text); err != nil {
		return 0, retryable{error: fmt.Errorf("%.80q is no number: %w", raw, err)}
	}
	n, err := strconv.ParseUint(strings.TrimPrefix(text, "0x"), 16, 64)
	if err != nil || !strings.HasPrefix(text, "0x") {
		return 0, retryable{error: fmt.Errorf("%.80q is no number such as 0x1b4", text)}
	}
	return n, nil
}

func (e *etherscan) list(ctx context.Context, a graph.Address, from, to uint32) (rows, []Gap, error) {
	var all rows
	var gaps []Gap
	has := map[string]bool{}
	for _, list := range etherscanLists {
		if list.name == listWithdrawals && !beacon(e.Chain) {
			continue
		}
		p := pager{etherscan: e, address: a, list: list.name, action: list.action, to: to}
		found, err := p.all(ctx, from)
		if errors.Is(err, errMissing) && list.name != listTxs {
			gaps = append(gaps, Gap{List: list.name, From: from, To: to, Why: "the API does not have them", All: true})
			continue
		}
		if err != nil {
			return all, nil, fmt.Errorf("%s of %s: %w", list.name, a, err)
		}
		has[list.name] = true
		gaps = append(gaps, p.gaps...)
		for i := range found {
			if err := e.take(&all, list.name, &found[i]); err != nil {
				where := fmt.Sprintf("%s of %s, block %s, transaction %s", list.name, a, found[i].BlockNumber.text, found[i].Hash.text)
				if err := e.Meter.Problem(ingest.Problem{Where: where, Reason: "row that cannot be read", Err: err}); err != nil {
					return all, nil, err
				}
				gaps = append(gaps, found[i].gap(list.name, from, to))
			}
		}
	}
	all.tokens = e.once(all.tokens, has)
	return all, gaps, nil
}

// once drops collections from the list of ERC-20 transfers, where some servers
// repeat them, if they have a list of their own.
func (e *etherscan) once(tokens []tokenRow, has map[string]bool) []tokenRow {
	kept := tokens[:0]
	for _, t := range tokens {
		if t.repeated && has[listERC721] {
			e.Meter.Pass("collection in the list of ERC-20 transfers, which has a list of its own", 1)
			continue
		}
		kept = append(kept, t)
	}
	return kept
}

// locate finds a transaction by its hash.
func (e *etherscan) locate(ctx context.Context, hash graph.Hash) (sent Sent, err error) {
	q := e.query("proxy", "eth_getTransactionByHash")
	q.Set("txhash", hash.Text(graph.AccountFamily))
	err = e.ask(ctx, q, false, func(result json.RawMessage) error {
		sent = Sent{Hash: hash}
		var tx *struct {
			Hash, BlockHash, From, To     cell
			BlockNumber, TransactionIndex *string
		}
		if err := json.Unmarshal(result, &tx); err != nil {
			return retryable{error: fmt.Errorf("transaction %s: %w", hash, err)}
		}
		if tx == nil || tx.BlockNumber == nil || tx.TransactionIndex == nil {
			return fmt.Errorf("transaction %s: %w", hash.Text(graph.AccountFamily), graph.ErrNotFound)
		}
		c := cells{chain: e.Chain}
		sent.From, sent.To = c.address("from", tx.From), c.maybeAddress("to", tx.To)
		for _, n := range []struct {
			text string
			into *uint32
			most uint64
		}{{*tx.BlockNumber, &sent.Block, math.MaxUint32}, {*tx.TransactionIndex, &sent.Index, firstUnplaced - 1}} {
			v, err := quantity(json.RawMessage(strconv.Quote(n.text)))
			if err != nil || v > n.most {
				return fmt.Errorf("transaction %s: %.40q is no place", hash, n.text)
			}
			*n.into = uint32(v)
		}
		if c.maybeHash("hash", tx.Hash) != hash {
			c.fail("hash", fmt.Errorf("asked for %s, got %s", hash, tx.Hash.text))
		}
		return c.err
	})
	return sent, err
}

// movements are those of a transaction that the history of one party shows.
func (e *etherscan) movements(ctx context.Context, sent Sent, party graph.Address) (rows, []Gap, error) {
	return e.list(ctx, party, sent.Block, sent.Block)
}

func (e *etherscan) wholeTransactions() bool { return false }

// beacon reports whether a chain pays withdrawals in its blocks.
func beacon(c graph.Chain) bool {
	return c.ID == graph.Ethereum || c.ID == "eip155:100" || c.ID == "eip155:11155111"
}
