package report

import "spoor/graph"

// FormRow is how a UTXO transaction was written, which its block tells. What is not
// told is null.
type FormRow struct {
	Known         bool    `json:"known"`
	Version       *int32  `json:"version"`
	LockTime      *uint32 `json:"lock_time"` // a height, or from 500000000 on a Unix time; 0 for none
	VirtualSize   *uint32 `json:"virtual_size"`
	Replaceable   *bool   `json:"replaceable"`   // BIP 125
	InputsSorted  *bool   `json:"inputs_sorted"` // BIP 69
	OutputsSorted *bool   `json:"outputs_sorted"`
	LowR          *bool   `json:"low_r"` // all signatures

	form graph.Form
}

// NewFormRow is nil on ledgers that have no forms.
func NewFormRow(chain graph.Chain, f graph.Form) *FormRow {
	if chain.Family != graph.UTXOFamily {
		return nil
	}
	row := &FormRow{Known: f.Known, form: f}
	if !f.Known {
		return row
	}
	version := int32(f.Version)
	row.Version, row.LockTime = &version, &f.LockTime
	if f.Size > 0 {
		row.VirtualSize = &f.Size
	}
	told := func(a graph.Answer) *bool {
		yes := a == graph.Yes
		if a == graph.NotTold {
			return nil
		}
		return &yes
	}
	row.Replaceable, row.InputsSorted, row.OutputsSorted, row.LowR = told(f.Replaceable), told(f.InputsSorted), told(f.OutputsSorted), told(f.LowR)
	return row
}

// String says it in words.
func (r *FormRow) String() string { return r.form.String() }
