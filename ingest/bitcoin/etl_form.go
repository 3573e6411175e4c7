package bitcoin

import (
	"cmp"
	"encoding/hex"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"spoor/graph"
)

// etlForm is what a transaction row tells of how the transaction was written. A
// block row has a version, too, which is its own.
type etlForm struct {
	Version     etlVersion `json:"version"`
	LockTime    integer    `json:"lock_time"`
	VirtualSize integer    `json:"virtual_size"`
}

// etlVersion is 32 bits that may be absent, and are written with a sign or
// without, as the node did that was asked.
type etlVersion struct {
	value uint32
	set   bool
}

func (v *etlVersion) UnmarshalJSON(text []byte) error {
	s := strings.Trim(string(text), `"`)
	if s == "null" {
		return nil
	}
	n, err := strconv.ParseInt(s, 10, 64)
	if err != nil || n < math.MinInt32 || n > math.MaxUint32 {
		return fmt.Errorf("%.40q is no version: want 32 bits", s)
	}
	*v = etlVersion{uint32(n), true}
	return nil
}

// form is how the transaction was written; unknown where the row has no version
// or no lock time. The rows have no witnesses, so of signatures they tell only
// what stands in scripts.
func (r *etlRow) form(d *draft) (graph.Form, error) {
	switch {
	case r.LockTime.value > math.MaxUint32:
		return graph.Form{}, fmt.Errorf("lock_time %d is beyond 32 bits", r.LockTime.value)
	case r.VirtualSize.value > maxBlock:
		return graph.Form{}, fmt.Errorf("virtual_size %d is beyond a block's", r.VirtualSize.value)
	case !r.Version.set || !r.LockTime.set:
		return graph.Form{}, nil
	}
	form := graph.Form{Known: true, Version: r.Version.value, LockTime: uint32(r.LockTime.value), Size: uint32(r.VirtualSize.value)}
	if len(d.spends) == 0 {
		return form, nil // a coinbase
	}
	spends := make([]graph.OutPoint, len(d.spends))
	signed := make([]signature, len(d.spends))
	var sequences []uint32
	for i, in := range r.Inputs {
		spends[i] = d.spends[i].prev
		if in.Sequence.value > math.MaxUint32 {
			return graph.Form{}, fmt.Errorf("input %d: sequence %d is beyond 32 bits", i, in.Sequence.value)
		}
		if in.Sequence.set {
			sequences = append(sequences, uint32(in.Sequence.value))
		}
		if in.ScriptHex != nil {
			script, err := hex.DecodeString(*in.ScriptHex)
			if err != nil {
				return graph.Form{}, fmt.Errorf("input %d: script_hex: %w", i, err)
			}
			signed[i] = signatureOf(script, nil)
		}
	}
	if form.Replaceable = replaceable(sequences); form.Replaceable == graph.No && len(sequences) < len(spends) {
		form.Replaceable = graph.NotTold
	}
	form.InputsSorted = inputsSorted(spends)
	form.OutputsSorted = r.outputsSorted()
	form.LowR = lowR(signed)
	return form, nil
}

// outputsSorted tells whether the outputs are in the order of BIP 69; it is not
// told where that hangs on a script that the row does not have.
func (r *etlRow) outputsSorted() graph.Answer {
	told := true
	sorted := slices.IsSortedFunc(r.Outputs, func(a, b etlOutput) int {
		if c := cmp.Compare(a.Value.value, b.Value.value); c != 0 {
			return c
		}
		if a.ScriptHex == nil || b.ScriptHex == nil {
			told = false
			return 0
		}
		// Hex digits of one case sort as the bytes do.
		return cmp.Compare(strings.ToLower(*a.ScriptHex), strings.ToLower(*b.ScriptHex))
	})
	if sorted && !told {
		return graph.NotTold
	}
	return graph.AnswerOf(sorted)
}
