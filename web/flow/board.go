package flow

import (
	"math/big"
	"slices"

	"spoor/graph"
	"spoor/report"
)

// Board is a trace, or a part of a ledger, as drawn. Lengths are in user units
// of SVG. Boxes that were expanded to the left of the first column have
// negative places: Left and Top are the corner of the picture.
type Board struct {
	Left    int      `json:"left"`
	Top     int      `json:"top"`
	Width   int      `json:"width"`
	Height  int      `json:"height"`
	Columns []Column `json:"columns" doc:"Headings: movements since the theft, or ticks of time"`
	Boxes   []*Box   `json:"boxes"`
	Arrows  []*Arrow `json:"arrows" doc:"Largest first"`

	Folded       int      `json:"folded" doc:"Addresses of the trace that are in pills"`
	Hidden       int      `json:"hidden" doc:"Addresses of the trace that were hidden by the request"`
	Outside      int      `json:"outside" doc:"Addresses of the trace of which the asset or the times of the request leave nothing, and those that only earned fees"`
	HiddenArrows int      `json:"hidden_arrows" doc:"Arrows between boxes drawn that are left out, the smallest"`
	Elements     int      `json:"elements" doc:"SVG elements that the boxes and arrows need"`
	Notes        []string `json:"notes"`
}

// Column is a heading.
type Column struct {
	X    int    `json:"x"`
	Text string `json:"text"`
}

// Kinds of boxes.
const (
	AddressBox = "address"
	FoldBox    = "fold"
	EntityBox  = "entity"
)

// Box is an address, a pill of several that are folded, or an entity whose
// members are shown as one. A box is as large in every picture, whatever is
// asked for, so that a placed one never grows into another.
type Box struct {
	Key       string          `json:"key" doc:"chain:address of an address, entity:chain:address of an entity, fold:… of a pill"`
	Kind      string          `json:"kind" enum:"address,fold,entity"`
	Chain     string          `json:"chain" doc:"CAIP-2; empty for pills"`
	Address   string          `json:"address" doc:"Of an entity that of its name; empty for pills"`
	Members   int             `json:"members" doc:"Addresses of the trace in it"`
	Labels    []Label         `json:"labels"`
	Entity    *Entity         `json:"entity"`
	Role      []string        `json:"role" doc:"What it is in the trace (source, seed, holder, victim …) or is said to be (exchange, deposit, mixer, bridge, pool, service …)"`
	Ends      []End           `json:"ends" doc:"Why branches end here"`
	Arrived   []Amount        `json:"arrived" doc:"Value from the seeds that arrived"`
	Held      []Amount        `json:"held" doc:"What of it is still here"`
	Passed    []Amount        `json:"passed" doc:"What of it left"`
	Permille  int             `json:"taint_permille" doc:"How much of what the movements of the trace brought here is from the seeds, in the asset of which most came"`
	Partial   string          `json:"partial" doc:"Why what is known of it is only a part; empty if nothing is known to be missing"`
	Choke     *Choke          `json:"choke"`
	Frozen    bool            `json:"frozen" doc:"The issuer of an asset keeps the address from moving it"`
	Statement graph.Statement `json:"statement" enum:"fact,derived,attributed"`
	Lines     []string        `json:"lines" doc:"What is written in the box, from above"`
	Classes   []string        `json:"line_classes" doc:"What each line is: name, id, claim, amount or end"`
	X         int             `json:"x"`
	Y         int             `json:"y"`
	Width     int             `json:"width"`
	Height    int             `json:"height"`
	Column    int             `json:"column"`
	URL       string          `json:"url"`

	unit *unit
}

// Label is a claim about an address, as it may be shown.
type Label struct {
	Name       string `json:"name"`
	Source     string `json:"source"`
	Category   string `json:"category"`
	Confidence int    `json:"confidence"`
}

// Entity is the owner that an address shares with others of the trace.
type Entity struct {
	ID    string   `json:"id" doc:"chain:address of its name"`
	Size  int      `json:"size" doc:"Its members in the trace"`
	Rules []string `json:"rules" doc:"What joins them"`
}

// End says why branches end at a box.
type End struct {
	Reason  string   `json:"reason"`
	Says    string   `json:"says" doc:"In plain words"`
	Amounts []Amount `json:"amounts"`
}

// Choke says how much of what ended had to pass a box.
type Choke struct {
	Rank    int      `json:"rank"`
	Amounts []Amount `json:"amounts"`
}

// Kinds of arrows.
const (
	TransferArrow = "transfer"
	JointArrow    = "joint"
	SwapArrow     = "swap"
	BridgeArrow   = "bridge"
	RelationArrow = "relation"
)

// Arrow is value that moved from one box to another.
type Arrow struct {
	Key         string          `json:"key"`
	From        string          `json:"from"`
	To          string          `json:"to"`
	Kind        string          `json:"kind" enum:"transfer,joint,swap,bridge,relation" doc:"joint: through transactions of which nobody can say which input paid which output; relation: of the ledger, not of the trace"`
	Statement   graph.Statement `json:"statement" enum:"fact,derived,attributed"`
	Amounts     []Amount        `json:"amounts" doc:"Value from the seeds; of a relation all that moved; empty where nobody can say who paid whom how much"`
	Steps       int             `json:"steps"`
	First       string          `json:"first"`
	Last        string          `json:"last"`
	Wide        int             `json:"wide" minimum:"1" maximum:"5" doc:"By the part of what was stolen"`
	Path        string          `json:"path" doc:"Of SVG"`
	Highlighted bool            `json:"highlighted"`
	RowsURL     string          `json:"rows_url" doc:"The rows behind it"`

	from, to *Box
}

// Amount is an exact sum in one asset. Sums may pass 2^256.
type Amount struct {
	Asset    string `json:"asset" doc:"CAIP-19"`
	Symbol   string `json:"symbol" doc:"What the asset calls itself, as it may be shown"`
	Decimals *int   `json:"decimals"`
	Raw      string `json:"raw" doc:"Base units"`
	Text     string `json:"text" doc:"Whole units, exactly; empty where nobody has said how many decimals there are"`
}

// NewAmount is a sum of an asset.
func NewAmount(info graph.AssetInfo, sum *big.Int) Amount {
	a := Amount{Asset: info.Asset.String(), Symbol: report.Visible(info.Symbol), Raw: sum.String()}
	if info.Decimals >= 0 {
		a.Decimals, a.Text = &info.Decimals, units(sum, info.Decimals)
	}
	return a
}

func newLabels(labels []graph.Label) []Label {
	list := make([]Label, len(labels))
	for i, l := range labels {
		list[i] = Label{report.Visible(l.Name), report.Visible(l.Source), report.Visible(l.Category), l.Confidence}
	}
	return slices.Compact(list)
}
