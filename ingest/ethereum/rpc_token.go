package ethereum

import (
	"bytes"
	"context"
	"errors"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/common/hexutil"
	"github.com/ethereum/go-ethereum/rpc"

	"spoor/graph"
	"spoor/ingest"
)

// Selectors of what a token says about itself (ERC-20, optional there).
const (
	symbolSelector   = "0x95d89b41" // symbol()
	decimalsSelector = "0x313ce567" // decimals()
)

// TokenSource is who says what a node's Describe returns.
const TokenSource = "the token's contract, by rpc"

// tokenGas bounds what a contract may do to answer; tokens behind a proxy take
// about 30,000.
const tokenGas = hexutil.Uint64(300_000)

// maxSymbol is the longest symbol that is believed, in bytes.
const maxSymbol = 64

var _ ingest.Describer = (*Node)(nil)

// Describe asks the contracts of ERC-20 tokens for their symbols and decimals,
// as of the newest block. What a contract does not say, or not in a form that
// makes sense, stays unknown: such tokens are left out. A contract can say
// whatever it likes, also that it is another token.
func (n *Node) Describe(ctx context.Context, assets []graph.Asset) ([]graph.AssetInfo, error) {
	var tokens []graph.Asset
	for _, a := range assets {
		if a.Standard == graph.ERC20 {
			tokens = append(tokens, a)
		}
	}
	var infos []graph.AssetInfo
	for len(tokens) > 0 {
		var some []graph.AssetInfo
		var done int
		err := n.heads.attempt(ctx, n.heads.o.Retries, nil, func(ctx context.Context, e *endpoint) (err error) {
			if err := n.sameChain(ctx, e); err != nil {
				return err
			}
			done = min(len(tokens), max(1, e.limit()/2))
			some, err = describe(ctx, e, tokens[:done])
			return err
		})
		if err != nil {
			return infos, followable(err)
		}
		infos, tokens = append(infos, some...), tokens[done:]
	}
	return infos, nil
}

func describe(ctx context.Context, e *endpoint, tokens []graph.Asset) ([]graph.AssetInfo, error) {
	answers := make([]hexutil.Bytes, 2*len(tokens))
	elems := make([]rpc.BatchElem, len(answers))
	for i := range elems {
		call := map[string]any{"to": common.BytesToAddress(tokens[i/2].Contract.Bytes()), "gas": tokenGas, "data": symbolSelector}
		if i%2 == 1 {
			call["data"] = decimalsSelector
		}
		elems[i] = rpc.BatchElem{Method: "eth_call", Args: []any{call, "latest"}, Result: &answers[i]}
	}
	if err := e.batch(ctx, "what tokens say", elems); err != nil {
		fault := (*Fault)(nil)
		if errors.As(err, &fault) && fault.Kind == FaultTooLarge && len(elems) > 2 {
			e.fewer(len(elems), fault.Fewer)
			fault.Kind = FaultTransient // asked again for less
		}
		return nil, err
	}
	for i := range elems {
		if elems[i].Error == nil {
			continue
		}
		answers[i] = nil
		if !contractFailed(elems[i].Error) {
			if fault := e.fault("what "+tokens[i/2].Contract.String()+" says (eth_call)", elems[i].Error); fault.Code == 0 || fault.Kind != FaultTransient && fault.Kind != FaultTooLarge {
				return nil, fault
			}
		}
	}
	var infos []graph.AssetInfo
	for i, token := range tokens {
		info := graph.AssetInfo{Asset: token, Symbol: symbolOf(answers[2*i]), Decimals: decimalsOf(answers[2*i+1]), Source: TokenSource}
		if info.Symbol != "" || info.Decimals >= 0 {
			infos = append(infos, info)
		}
	}
	return infos, nil
}

// contractFailed reports whether it is the contract that failed, not the node. A
// contract chooses the text of its own failure, and could pretend to be a rate
// limit.
func contractFailed(err error) bool {
	coded := rpc.Error(nil)
	if !errors.As(err, &coded) {
		return false
	}
	text := strings.ToLower(coded.Error())
	return coded.ErrorCode() == 3 || strings.HasPrefix(text, "execution reverted") || strings.HasPrefix(text, "out of gas") ||
		strings.HasPrefix(text, "invalid opcode") || strings.HasPrefix(text, "invalid jump") || strings.HasPrefix(text, "stack ") ||
		strings.HasPrefix(text, "vm execution error")
}

// symbolOf reads a symbol from an answer: a string of the ABI, or 32 bytes
// padded with zeros, as the first tokens have. "" if it is neither.
func symbolOf(answer []byte) string {
	var text []byte
	switch {
	case len(answer) == 32:
		text = bytes.TrimRight(answer, "\x00")
	case len(answer) >= 64 && isWord(answer[:32], 32) && isWord(answer[32:64], int(answer[63])) && len(answer) >= 64+int(answer[63]):
		text = answer[64 : 64+int(answer[63])]
	}
	if len(text) > maxSymbol || !utf8.Valid(text) || bytes.ContainsFunc(text, func(r rune) bool { return !unicode.IsPrint(r) }) {
		return ""
	}
	return strings.TrimSpace(string(text))
}

// decimalsOf reads decimals from an answer, -1 if it holds none: 77 are as many
// as an amount has.
func decimalsOf(answer []byte) int {
	if len(answer) != 32 || !isWord(answer, int(answer[31])) || answer[31] > 77 {
		return -1
	}
	return int(answer[31])
}

// isWord reports whether a word is a number below 256.
func isWord(word []byte, number int) bool {
	for _, b := range word[:31] {
		if b != 0 {
			return false
		}
	}
	return int(word[31]) == number
}
