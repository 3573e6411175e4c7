package main

import (
	"strconv"

	"spoor/cluster"
	"spoor/cluster/passage"
	"spoor/graph"
)

// A bridgeRow is a passage, a side of one, or what is wrong with one, as
// printed.
type bridgeRow struct {
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

var bridgeColumns = []column[bridgeRow]{
	{"status", false, func(r *bridgeRow) string { return r.Status }},
	{"bridge", false, func(r *bridgeRow) string { return r.Bridge }},
	{"src_time", false, func(r *bridgeRow) string { return r.SrcTime }},
	{"src_chain", false, func(r *bridgeRow) string { return r.SrcChain }},
	{"src_tx", false, func(r *bridgeRow) string { return r.SrcTx }},
	{"src_position", false, func(r *bridgeRow) string { return r.SrcPosition }},
	{"dst_chain", false, func(r *bridgeRow) string { return r.DstChain }},
	{"dst_tx", false, func(r *bridgeRow) string { return r.DstTx }},
	{"dst_position", false, func(r *bridgeRow) string { return r.DstPosition }},
	{"key", false, func(r *bridgeRow) string { return r.Key }},
	{"src_asset", false, func(r *bridgeRow) string { return r.SrcAsset }},
	{"src_amount_raw", true, func(r *bridgeRow) string { return r.SrcAmount }},
	{"dst_asset", false, func(r *bridgeRow) string { return r.DstAsset }},
	{"dst_amount_raw", true, func(r *bridgeRow) string { return r.DstAmount }},
	{"sender", false, func(r *bridgeRow) string { return r.Sender }},
	{"recipient", false, func(r *bridgeRow) string { return r.Recipient }},
	{"delay_s", true, func(r *bridgeRow) string {
		if r.Delay == nil {
			return ""
		}
		return strconv.FormatInt(*r.Delay, 10)
	}},
	{"statement", false, func(r *bridgeRow) string { return r.Statement }},
	{"rule", false, func(r *bridgeRow) string { return r.Rule }},
	{"confidence", true, func(r *bridgeRow) string { return strconv.Itoa(r.Confidence) }},
	{"score", true, func(r *bridgeRow) string {
		if r.Rule != passage.RuleMatch {
			return ""
		}
		return strconv.FormatFloat(r.Score, 'f', 3, 64)
	}},
	{"rivals", true, func(r *bridgeRow) string {
		if r.Rule != passage.RuleMatch {
			return ""
		}
		return strconv.Itoa(r.Rivals)
	}},
	{"detail", false, func(r *bridgeRow) string { return r.Detail }},
	{"error_rate", false, func(r *bridgeRow) string { return r.ErrorRate }},
}

func linkedBridgeRow(l *passage.Link) bridgeRow {
	r := bridgeRow{Status: "linked", Statement: string(l.Statement), Rule: l.Rule, Confidence: l.Confidence, Score: l.Score, Rivals: l.Rivals, ErrorRate: cluster.ErrorRate(l.Rule)}
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

func oddBridgeRow(a *passage.Anomaly) bridgeRow {
	r := bridgeRow{Status: string(a.Kind), Statement: string(graph.Derived), Rule: passage.RuleKey, Confidence: 100, Detail: a.Detail, ErrorRate: cluster.ErrorRate(passage.RuleKey)}
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

// loneBridgeRow is a side without a partner, which is a fact.
func loneBridgeRow(s *passage.Side) bridgeRow {
	r := bridgeRow{Status: s.Kind.String(), Statement: string(graph.Fact), Confidence: 100}
	if s.Kind == graph.Departure {
		r.leaves(s)
		r.DstChain = s.Far.Chain
	} else {
		r.arrives(s)
		r.SrcChain = s.Far.Chain
	}
	return r
}

func (r *bridgeRow) leaves(s *passage.Side) {
	r.Bridge, r.Key = s.Protocol, hexText(s.Key)
	r.SrcTime, r.SrcChain, r.SrcTx, r.SrcPosition = timeText(s.Time), string(s.Chain), s.Tx.Text(graph.ChainOf(s.Chain).Family), s.At.String()
	r.SrcAsset, r.SrcAmount, r.Sender, r.Recipient = assetText(s), s.Amount.Dec(), s.Subject.String(), hexText(s.Far.Recipient)
}

func (r *bridgeRow) arrives(s *passage.Side) {
	r.Bridge, r.Key = s.Protocol, hexText(s.Key)
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
