package ethereum

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/ethereum/go-ethereum/common"

	"spoor/graph"
)

// frameTypes are the names of geth's callTracer.
var frameTypes = map[string]FrameType{"CALL": Call, "CALLCODE": CallCode, "DELEGATECALL": DelegateCall, "STATICCALL": StaticCall,
	"CREATE": Create, "CREATE2": Create, "SELFDESTRUCT": Selfdestruct, "SUICIDE": Selfdestruct}

// maxDepth is the EVM's bound on nested calls, and one for a SELFDESTRUCT in
// the deepest.
const maxDepth = 1026

// CallTracerFrame reads the result of geth's callTracer for one transaction. A
// frame with an error did not happen, nor did anything below it.
func CallTracerFrame(result []byte) (*Frame, error) {
	var f tracerFrame
	if err := json.Unmarshal(result, &f); err != nil {
		return nil, fmt.Errorf("call frame: %w", err)
	}
	return f.frame(0)
}

type tracerFrame struct {
	Type  string
	From  common.Address
	To    *common.Address
	Value *string
	Error string
	Calls []tracerFrame
}

func (t *tracerFrame) frame(depth int) (*Frame, error) {
	if depth > maxDepth {
		return nil, errors.New("call frames deeper than the EVM allows")
	}
	f := &Frame{Type: frameTypes[strings.ToUpper(t.Type)], From: t.From, To: t.To, Failed: t.Error != ""}
	if f.Type == 0 {
		return nil, fmt.Errorf("call frame of unknown type %.40q", t.Type)
	}
	switch {
	case t.Value != nil:
		var v balance
		if err := v.UnmarshalJSON([]byte(*t.Value)); err != nil {
			return nil, fmt.Errorf("call frame: %w", err)
		}
		f.Value = &v.Amount
	case f.Type == StaticCall || f.Type == DelegateCall:
		f.Value = new(graph.Amount)
	}
	for i := range t.Calls {
		call, err := t.Calls[i].frame(depth + 1)
		if err != nil {
			return nil, err
		}
		f.Calls = append(f.Calls, call)
	}
	return f, nil
}
