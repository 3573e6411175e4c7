package report

import (
	"encoding/hex"
	"strconv"

	"spoor/cluster"
	"spoor/cluster/passage"
	"spoor/graph"
)

// PassageRow is a passage over a bridge, a side of one, or what is wrong with
// one. Amounts are base units.
type PassageRow struct {
	Status      string  `json:"status"` // linked, matched, departure, arrival, or what is wrong
	Bridge      string  `json:"bridge"`
	SrcTime     string  `json:"src_time"`
	SrcChain    string  `json:"src_chain"`
	SrcTx       string  `json:"src_tx"`
	SrcPosition string  `json:"src_position"`
	DstChain    string  `json:"dst_chain"`
	DstTx       string  `json:"dst_tx"`
	DstPosition string  `json:"dst_position"`
	Key         string  `json:"key"`
	SrcAsset    string  `json:"src_asset"`
	SrcAmount   string  `json:"src_amount_raw"`
	DstAsset    string  `json:"dst_asset"`
	DstAmount   string  `json:"dst_amount_raw"`
	Sender      string  `json:"sender"`
	Recipient   string  `json:"recipient"`
	Delay       *int64  `json:"delay_s"`
	Statement   string  `json:"statement"`
	Rule        string  `json:"rule"`
	Confidence  int     `json:"confidence"`
	Score       float64 `json:"score"`
	Rivals      int     `json:"rivals"`
	Detail      string  `json:"detail"`
	ErrorRate   string  `json:"error_rate"` // of the rule, as measured; "" of what is read from a ledger
}

// PassageFields are the columns of passages.
func PassageFields() []Field[PassageRow] {
	return []Field[PassageRow]{
		{"status", false, func(r *PassageRow) string { return r.Status }},
		{"bridge", false, func(r *PassageRow) string { return r.Bridge }},
		{"src_time", false, func(r *PassageRow) string { return r.SrcTime }},
		{"src_chain", false, func(r *PassageRow) string { return r.SrcChain }},
		{"src_tx", false, func(r *PassageRow) string { return r.SrcTx }},
		{"src_position", false, func(r *PassageRow) string { return r.SrcPosition }},
		{"dst_chain", false, func(r *PassageRow) string { return r.DstChain }},
		{"dst_tx", false, func(r *PassageRow) string { return r.DstTx }},
		{"dst_position", false, func(r *PassageRow) string { return r.DstPosition }},
		{"key", false, func(r *PassageRow) string { return r.Key }},
		{"src_asset", false, func(r *PassageRow) string { return r.SrcAsset }},
		{"src_amount_raw", true, func(r *PassageRow) string { return r.SrcAmount }},
		{"dst_asset", false, func(r *PassageRow) string { return r.DstAsset }},
		{"dst_amount_raw", true, func(r *PassageRow) string { return r.DstAmount }},
		{"sender", false, func(r *PassageRow) string { return r.Sender }},
		{"recipient", false, func(r *PassageRow) string { return r.Recipient }},
		{"delay_s", true, func(r *PassageRow) string {
			if r.Delay == nil {
				return ""
			}
			return strconv.FormatInt(*r.Delay, 10)
		}},
		{"statement", false, func(r *PassageRow) string { return r.Statement }},
		{"rule", false, func(r *PassageRow) string { return r.Rule }},
		{"confidence", true, func(r *PassageRow) string { return strconv.Itoa(r.Confidence) }},
		{"score", true, func(r *PassageRow) string {
			if r.Rule != passage.RuleMatch {
				return ""
			}
			return strconv.FormatFloat(r.Score, 'f', 3, 64)
		}},
		{"rivals", true, func(r *PassageRow) string {
			if r.Rule != passage.RuleMatch {
				return ""
			}
			return strconv.Itoa(r.Rivals)
		}},
		{"detail", false, func(r *PassageRow) string { return r.Detail }},
		{"error_rate", false, func(r *PassageRow) string { return r.ErrorRate }},
	}
}

// LinkedPassage is a passage of which both sides are known.
func LinkedPassage(l *passage.Link) PassageRow {
	r := PassageRow{Status: "linked", Statement: string(l.Statement), Rule: l.Rule, Confidence: l.Confidence, Score: l.Score, Rivals: l.Rivals, ErrorRate: cluster.ErrorRate(l.Rule)}
	if l.Rule == passage.RuleMatch {
		r.Status = "matched"
		r.Detail = "a candidate"
		if l.Strong() {
			r.Detail = "strong: no rival"
		}
	}
	r.leaves(&l.Departure)
	r.arrives(&l.Arrival)
	delay := l.Delay()
	r.Delay = &delay
	return r
}

// OddPassage is a release that no lock explains.
func OddPassage(a *passage.Anomaly) PassageRow {
	r := PassageRow{Status: string(a.Kind), Statement: string(graph.Derived), Rule: passage.RuleKey, Confidence: 100, Detail: a.Detail, ErrorRate: cluster.ErrorRate(passage.RuleKey)}
	if a.Of != nil {
		r.leaves(a.Of)
		delay := a.Arrival.Time - a.Of.Time
		r.Delay = &delay
	} else {
		r.SrcChain = a.Arrival.Far.Chain
	}
	r.arrives(&a.Arrival)
	return r
}

// LonePassage is a side without a partner, which is a fact.
func LonePassage(s *passage.Side) PassageRow {
	r := PassageRow{Status: s.Kind.String(), Statement: string(graph.Fact), Confidence: 100}
	if s.Kind == graph.Departure {
		r.leaves(s)
		r.DstChain = s.Far.Chain
	} else {
		r.arrives(s)
		r.SrcChain = s.Far.Chain
	}
	return r
}

func (r *PassageRow) leaves(s *passage.Side) {
	r.Bridge, r.Key = s.Protocol, rawHex(s.Key)
	r.SrcTime, r.SrcChain, r.SrcTx, r.SrcPosition = Instant(s.Time), string(s.Chain), s.Tx.Text(graph.ChainOf(s.Chain).Family), s.At.String()
	r.SrcAsset, r.SrcAmount, r.Sender, r.Recipient = assetText(s), s.Amount.Dec(), s.Subject.String(), rawHex(s.Far.Recipient)
}

func (r *PassageRow) arrives(s *passage.Side) {
	r.Bridge, r.Key = s.Protocol, rawHex(s.Key)
	r.DstChain, r.DstTx, r.DstPosition = string(s.Chain), s.Tx.Text(graph.ChainOf(s.Chain).Family), s.At.String()
	r.DstAsset, r.DstAmount, r.Recipient = assetText(s), s.Amount.Dec(), s.Subject.String()
}

// assetText is the asset of a side, "" if it does not tell.
func assetText(s *passage.Side) string {
	if s.Asset == (graph.Asset{}) {
		return ""
	}
	return s.Asset.Text()
}

// rawHex writes bytes that mean something on another chain, or nowhere.
func rawHex(raw string) string {
	if raw == "" {
		return ""
	}
	return "0x" + hex.EncodeToString([]byte(raw))
}
