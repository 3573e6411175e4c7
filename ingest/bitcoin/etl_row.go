package bitcoin

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"encoding/hex"

	"github.com/btcsuite/btcd/btcutil/v2"

	"spoor/graph"
)

// etlRow is a line of a bitcoin-etl export: a block if it has a number, a
// transaction if it has a block_number. Public data sets hold the same rows
// with integers as text and times as dates, which are read too.
type etlRow struct {
	Hash string `json:"hash"`

	Number           integer `json:"number"`
	Timestamp        instant `json:"timestamp"`
	MerkleRoot       string  `json:"merkle_root"`
	TransactionCount integer `json:"transaction_count"`

	BlockNumber    integer     `json:"block_number"`
	BlockHash      string      `json:"block_hash"`
	BlockTimestamp instant     `json:"block_timestamp"`
	Index          integer     `json:"index"`
	IsCoinbase     *bool       `json:"is_coinbase"`
	Inputs         []etlInput  `json:"inputs"`
	Outputs        []etlOutput `json:"outputs"`
	InputCount     integer     `json:"input_count"`
	OutputCount    integer     `json:"output_count"`
	InputValue     integer     `json:"input_value"`
	OutputValue    integer     `json:"output_value"`
	Fee            integer     `json:"fee"`

	etlForm
}

// etlInput has value, type and addresses of the output it spends only after
// bitcoin-etl's enrich step; its script is its own and not that output's.
type etlInput struct {
	SpentHash  string   `json:"spent_transaction_hash"`
	SpentIndex integer  `json:"spent_output_index"`
	Type       string   `json:"type"`
	Addresses  []string `json:"addresses"`
	Value      integer  `json:"value"`
	ScriptHex  *string  `json:"script_hex"`
	Sequence   integer  `json:"sequence"`
}

type etlOutput struct {
	Index     integer  `json:"index"`
	ScriptHex *string  `json:"script_hex"`
	Type      string   `json:"type"`
	Addresses []string `json:"addresses"`
	Value     integer  `json:"value"`
}

// integer is an unsigned number that may be absent, written as a number or as
// text.
type integer struct {
	value uint64
	set   bool
}

func (i *integer) UnmarshalJSON(text []byte) error {
	s := string(text)
	if s == "null" {
		return nil
	}
	if len(s) >= 2 && s[0] == '"' {
		s = s[1 : len(s)-1]
	}
	n, err := strconv.ParseUint(s, 10, 64)
	if err != nil {
		return fmt.Errorf("%.40q is not an unsigned integer", s)
	}
	*i = integer{n, true}
	return nil
}

// instant is a time that may be absent: Unix seconds or a date.
type instant struct {
	unix int64
	set  bool
}

func (t *instant) UnmarshalJSON(text []byte) error {
	var i integer
	if err := i.UnmarshalJSON(text); err == nil {
		if i.value > 1<<40 {
			return fmt.Errorf("time %d is not in seconds", i.value)
		}
		*t = instant{int64(i.value), i.set}
		return nil
	}
	var s string
	if err := json.Unmarshal(text, &s); err != nil {
		return err
	}
	for _, layout := range []string{time.RFC3339, "2006-01-02 15:04:05 UTC", "2006-01-02 15:04:05.999999 UTC"} {
		if date, err := time.Parse(layout, s); err == nil {
			*t = instant{date.Unix(), true}
			return nil
		}
	}
	return fmt.Errorf("%.40q is no time", s)
}

// draft turns a transaction row into a draft and checks the sums it states.
func (r *etlRow) draft(chain graph.Chain, index uint32) (draft, error) {
	hash, err := graph.ParseHash(r.Hash)
	if err != nil {
		return draft{}, err
	}
	d := draft{index: index, hash: hash}
	coinbase, err := r.coinbase(index)
	if err != nil {
		return draft{}, err
	}
	if !coinbase {
		if err := r.spends(chain, &d); err != nil {
			return draft{}, err
		}
	}
	if r.OutputCount.set && r.OutputCount.value != uint64(len(r.Outputs)) {
		return draft{}, fmt.Errorf("%d outputs, output_count says %d", len(r.Outputs), r.OutputCount.value)
	}
	if len(r.Outputs) == 0 {
		return draft{}, errors.New("no outputs")
	}
	var sum uint64
	for i, out := range r.Outputs {
		if out.Index.set && out.Index.value != uint64(i) {
			return draft{}, fmt.Errorf("output %d stands in place %d", out.Index.value, i)
		}
		p, err := out.payment(chain)
		if err != nil {
			return draft{}, fmt.Errorf("output %d: %w", i, err)
		}
		d.pays = append(d.pays, p)
		if out.ScriptHex != nil {
			script, _ := hex.DecodeString(*out.ScriptHex) // payment has read it
			d.note(i, script)
		}
		if sum += p.satoshi; sum > btcutil.MaxSatoshi {
			return draft{}, fmt.Errorf("%w: the outputs have more than all there is", ErrValue)
		}
	}
	if r.OutputValue.set && r.OutputValue.value != sum {
		return draft{}, fmt.Errorf("%w: the outputs have %d satoshi, output_value says %d", ErrValue, sum, r.OutputValue.value)
	}
	if d.form, err = r.form(&d); err != nil {
		return draft{}, err
	}
	return d, r.checkFee(&d, sum)
}

// coinbase reports whether the transaction makes new coins. Only the first of
// a block does.
func (r *etlRow) coinbase(index uint32) (bool, error) {
	spends := slices.ContainsFunc(r.Inputs, func(in etlInput) bool { return strings.Trim(in.SpentHash, "0") != "" })
	if r.IsCoinbase == nil {
		return index == 0 && !spends, nil
	}
	if *r.IsCoinbase && spends {
		return false, errors.New("is_coinbase, yet it spends outputs")
	}
	return *r.IsCoinbase, nil
}

func (r *etlRow) spends(chain graph.Chain, d *draft) error {
	if r.InputCount.set && r.InputCount.value != uint64(len(r.Inputs)) {
		return fmt.Errorf("%d inputs, input_count says %d", len(r.Inputs), r.InputCount.value)
	}
	if len(r.Inputs) == 0 {
		return errors.New("no inputs, and no coinbase")
	}
	for i, in := range r.Inputs {
		prev, err := graph.ParseHash(in.SpentHash)
		if err != nil {
			return fmt.Errorf("input %d: spent_transaction_hash: %w", i, err)
		}
		if !in.SpentIndex.set || in.SpentIndex.value > 1<<32-1 {
			return fmt.Errorf("input %d: no spent_output_index", i)
		}
		if in.Value.value > btcutil.MaxSatoshi {
			return fmt.Errorf("%w: input %d has %d satoshi", ErrValue, i, in.Value.value)
		}
		d.spends = append(d.spends, spend{
			prev:    graph.OutPoint{Tx: prev, Index: uint32(in.SpentIndex.value)},
			claimed: in.Value.set,
			amount:  in.Value.value,
			address: exactAddress(chain, in.Type, in.Addresses),
		})
	}
	return nil
}

// checkFee compares input_value and fee, which mean something only if every
// input has a value.
func (r *etlRow) checkFee(d *draft, paid uint64) error {
	var sum uint64
	for _, s := range d.spends {
		if !s.claimed {
			return nil
		}
		if sum += s.amount; sum > btcutil.MaxSatoshi {
			return fmt.Errorf("%w: the inputs have more than all there is", ErrValue)
		}
	}
	switch {
	case len(d.spends) == 0:
	case r.InputValue.set && r.InputValue.value != sum:
		return fmt.Errorf("%w: the inputs have %d satoshi, input_value says %d", ErrValue, sum, r.InputValue.value)
	case sum < paid:
		return fmt.Errorf("%w: pays %d satoshi and has %d", ErrValue, paid, sum)
	case r.Fee.set && r.Fee.value != sum-paid:
		return fmt.Errorf("%w: inputs less outputs are %d satoshi, fee says %d", ErrValue, sum-paid, r.Fee.value)
	}
	return nil
}

// payment is what an output pays: to its script, or to its address where the
// file has no scripts. Both must agree.
func (out *etlOutput) payment(chain graph.Chain) (payment, error) {
	if !out.Value.set {
		return payment{}, errors.New("no value")
	}
	if out.Value.value > btcutil.MaxSatoshi {
		return payment{}, fmt.Errorf("%w: %d satoshi", ErrValue, out.Value.value)
	}
	stated := exactAddress(chain, out.Type, out.Addresses)
	if out.ScriptHex == nil {
		if stated.IsZero() {
			return payment{}, errors.New("no script_hex and no single address")
		}
		return payment{stated, out.Value.value}, nil
	}
	script, err := hex.DecodeString(*out.ScriptHex)
	if err != nil {
		return payment{}, fmt.Errorf("script_hex: %w", err)
	}
	address := graph.ScriptAddress(chain.ID, script)
	if !stated.IsZero() && stated != address {
		return payment{}, fmt.Errorf("the script pays %s, addresses says %s", address, stated)
	}
	return payment{address, out.Value.value}, nil
}

// exactAddress is the one address that a row gives, if its script type has
// one. For other types bitcoin-etl writes something else there: the address of
// a bare public key's hash, the keys of a multisig, a hash cut short.
func exactAddress(chain graph.Chain, scriptType string, addresses []string) graph.Address {
	exact := scriptType == "pubkeyhash" || scriptType == "scripthash" || strings.HasPrefix(scriptType, "witness_")
	if !exact || len(addresses) != 1 {
		return graph.Address{}
	}
	a, err := graph.ParseAddress(chain, addresses[0])
	if err != nil {
		return graph.Address{} // such as an address form younger than ours
	}
	return a
}
