package bridge

import (
	"bytes"

	"github.com/ethereum/go-ethereum/common"

	"spoor/graph"
)

// state reads passages of Polygon's state bridge. A predicate locks, then the
// sender numbers the state; on Polygon the receiver logs the number when the
// state has been carried out, after the tokens were issued.
func state(s *side) ([]graph.Event, error) {
	if s.row.Side == "departure" {
		e, err := s.event()
		if err != nil {
			return nil, err
		}
		for _, w := range s.witnesses("polygon-pos", "StateSynced") {
			data, _ := w.args.at("data").([]byte)
			if w.at > s.at && bytes.Contains(data, common.LeftPadBytes([]byte(e.Far.Recipient), 32)) {
				e.Key, err = words(w.args.at("id"))
				return []graph.Event{e}, err
			}
		}
		return nil, errNoMessage
	}
	if done, _ := s.args.at("success").(bool); !done {
		return nil, nil
	}
	e, err := s.event()
	if err != nil {
		return nil, err
	}
	if e.Key, err = words(s.args.at("stateId")); err != nil {
		return nil, err
	}
	from := 0
	for i := range s.tx.Logs[:s.at] {
		if l := &s.tx.Logs[i]; l.Address == s.log.Address && len(l.Topics) > 0 && l.Topics[0] == s.log.Topics[0] {
			from = i
		}
	}
	var issued []movement
	for _, m := range s.movements() {
		if m.at >= from && m.at < s.at && m.from == (common.Address{}) {
			issued = append(issued, m)
		}
	}
	if len(issued) == 1 {
		e.Subject, e.Asset, e.Amount = s.address(issued[0].to), s.erc20(issued[0].token), issued[0].amount
	}
	return []graph.Event{e}, nil
}
