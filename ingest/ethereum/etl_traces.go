package ethereum

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"spoor/graph"
)

// traces builds the call frames of the block's transactions. Rows of Parity and
// of geth differ: geth has no reward rows, no transaction hash, and suicides
// without from, to and value.
func (x *extract) traces() error {
	if !x.known[&tracesTable] {
		return nil
	}
	x.out.Traces = graph.Full
	type placed struct {
		path  []int
		frame *Frame
		row   *row
	}
	frames := map[uint64][]placed{}
	var uncles []Payment
	for _, r := range x.rows[&tracesTable] {
		c := cells{row: r}
		switch c.text("trace_type") {
		case "reward", "genesis", "daofork":
			p := x.payment(&c)
			if c.err != nil {
				return c.err
			}
			if c.text("reward_type") == "uncle" {
				uncles = append(uncles, p)
				continue
			}
			x.out.Payments = append(x.out.Payments, p)
			continue
		}
		f := traceFrame(&c)
		path, err := tracePath(c.text("trace_address"))
		if err != nil {
			c.fail("trace_address", err)
		}
		index, hash := c.uint("transaction_index", 24), c.maybeHash("transaction_hash")
		if c.err != nil {
			return c.err
		}
		if _, seen := frames[index]; !seen {
			if _, err := x.transactionOf(r, hash, int(index)); err != nil {
				return err
			}
		}
		frames[index] = append(frames[index], placed{path, f, r})
	}
	x.out.Payments = append(x.out.Payments, uncles...)
	for i := range x.out.Txs {
		tx := &x.out.Txs[i]
		list := frames[uint64(tx.Index)]
		slices.SortStableFunc(list, func(a, b placed) int { return slices.Compare(a.path, b.path) })
		open := []*Frame{} // the frames from the root to the last one
		for j, p := range list {
			switch {
			case len(p.path) > len(open), len(p.path) > 0 && len(open) == 0:
				return fmt.Errorf("%s: frame %v has no parent; rows are missing", p.row.where(), p.path)
			case j > 0 && slices.Equal(p.path, list[j-1].path):
				return fmt.Errorf("%s: a second frame %v of the transaction", p.row.where(), p.path)
			}
			open = append(open[:len(p.path)], p.frame)
			if len(p.path) == 0 {
				tx.Root = p.frame
				continue
			}
			parent := open[len(open)-2]
			parent.Calls = append(parent.Calls, p.frame)
			if p.frame.Type == Selfdestruct && p.frame.Value == nil && parent.To != nil {
				p.frame.From = *parent.To // geth's rows: the caller is the contract that ends
			}
		}
		x.fromRoot(tx)
	}
	return nil
}

// fromRoot gives a transaction that only traces know what its first frame says.
func (x *extract) fromRoot(tx *Tx) {
	f := tx.Root
	if !tx.Nameless || f == nil || f.Value == nil {
		return
	}
	tx.Nameless, tx.From, tx.Value, tx.Status = false, f.From, *f.Value, StatusOK
	if f.Failed {
		tx.Status = StatusFailed
	}
	if f.Type == Create {
		tx.Created = f.To
	} else {
		tx.To = f.To
	}
}

func (x *extract) payment(c *cells) Payment {
	p := Payment{Kind: graph.KindReward, To: c.address("to_address"), Amount: c.amount("value")}
	switch c.text("trace_type") {
	case "genesis":
		p.Kind = graph.KindGenesis
	case "daofork":
		p.Kind, p.From = graph.KindTransfer, c.maybeAddress("from_address")
	}
	return p
}

func traceFrame(c *cells) *Frame {
	f := &Frame{To: c.maybeAddress("to_address"), Value: c.maybe("value"), Failed: c.has("error") || c.text("status") == "0"}
	switch c.text("trace_type") + " " + c.text("call_type") {
	case "call call", "call ":
		f.Type = Call
	case "call callcode":
		f.Type = CallCode
	case "call delegatecall":
		f.Type = DelegateCall
	case "call staticcall":
		f.Type = StaticCall
	case "create ", "create create", "create create2", "create2 ":
		f.Type = Create
	case "suicide ", "suicide suicide", "suicide selfdestruct", "selfdestruct ":
		f.Type = Selfdestruct
	default:
		c.fail("trace_type", fmt.Errorf("%.40q with call_type %.40q is none we know", c.text("trace_type"), c.text("call_type")))
	}
	if from := c.maybeAddress("from_address"); from != nil {
		f.From = *from
	} else if f.Type != Selfdestruct {
		c.fail("from_address", errors.New("empty"))
	}
	return f
}

// tracePath reads "0,1,2"; "" is the root.
func tracePath(text string) ([]int, error) {
	text = strings.Trim(text, "[] ")
	if text == "" {
		return nil, nil
	}
	var path []int
	for part := range strings.SplitSeq(text, ",") {
		n, err := strconv.ParseUint(strings.TrimSpace(part), 10, 31)
		if err != nil {
			return nil, fmt.Errorf("%.80q is no list of numbers", text)
		}
		path = append(path, int(n))
	}
	if len(path) > maxDepth {
		return nil, fmt.Errorf("%d levels, more than the EVM allows", len(path))
	}
	return path, nil
}
