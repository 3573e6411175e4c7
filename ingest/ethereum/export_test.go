package ethereum

import (
	"encoding/json"

	"spoor/graph"
)

// RPCBlock is the block that a node's answers tell, traces in either form.
func RPCBlock(chain graph.Chain, block, receipts, traces []byte) (Block, error) {
	c, err := NewConverter(chain, nil)
	if err != nil {
		return Block{}, err
	}
	b, err := parseRPCBlock(chain.ID, block)
	if err != nil {
		return Block{}, err
	}
	var rows []json.RawMessage
	if err := json.Unmarshal(receipts, &rows); err != nil {
		return Block{}, err
	}
	if err := b.setReceipts(rows); err != nil {
		return Block{}, err
	}
	if b.setCallTracer(traces) != nil {
		_ = b.setParity(traces) // then there are none
	}
	return b.finish(c)
}

// TokenAnswers is what is believed of the answers of a token's contract.
func TokenAnswers(symbol, decimals []byte) (string, int) {
	return symbolOf(symbol), decimalsOf(decimals)
}
