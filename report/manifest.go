package report

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"spoor/cluster"
	"spoor/graph"
	"spoor/trace"
)

// Manifest is what the evidence was computed from. The caller tells what only
// it knows (the first block of fields); Write fills in the rest. It holds no
// time of its making: two runs give the same bytes.
type Manifest struct {
	Tool    string        `json:"tool"`              // "spoor"
	Version string        `json:"version"`           // of the tool
	Commit  string        `json:"commit,omitempty"`  // it was built from
	Go      string        `json:"go,omitempty"`      // compiler
	Rerun   []string      `json:"rerun,omitempty"`   // command, from inside the folder
	Labels  []LabelSource `json:"labels"`            // in order of asking
	Answers []Answer      `json:"answers,omitempty"` // kept ones of APIs, by request

	Format       int            `json:"format"` // of the folder
	Case         string         `json:"case"`
	Method       methodText     `json:"method"`
	Parameters   parameters     `json:"parameters"`
	Tips         []tipText      `json:"tips"`
	Coverage     []coverageText `json:"coverage"`
	Entities     []entitiesText `json:"entities"`     // what they were computed from, by chain; none where nothing was clustered
	Heuristics   []rateText     `json:"heuristics"`   // that the trace rests on, with what was measured of them
	Exits        *exitsText     `json:"exits"`        // null: it was not asked where value came out of mixers
	Transactions int            `json:"transactions"` // evaluated
	Notes        []string       `json:"notes"`
	Text         textRules      `json:"text"`
	Files        []File         `json:"files"` // every other file of the folder
}

// LabelSource is one list of labels that the trace asked.
type LabelSource struct {
	Name   string `json:"name"`
	SHA256 string `json:"sha256"` // of the file, or of the built-in list
	Size   int64  `json:"size"`   // bytes
	Labels int    `json:"labels"`

	Options string `json:"options,omitempty"` // with which the file was imported
	Licence string `json:"licence,omitempty"`
	Kept    bool   `json:"kept,omitempty"` // in the store, not named on the command line
}

// Answer is what an API told of an address or transaction of the trace.
type Answer struct {
	Chain     graph.ChainID `json:"chain"`
	Request   string        `json:"request"` // without any key
	SHA256    string        `json:"sha256"`  // of what was received, by which it is kept
	Size      int           `json:"size"`    // bytes of it
	Retrieved time.Time     `json:"retrieved"`
}

// File is one file of an evidence folder.
type File struct {
	Name   string `json:"name"`
	SHA256 string `json:"sha256"`
	Size   int64  `json:"size"` // bytes
	Rows   *int   `json:"rows,omitempty"`
}

type methodText struct {
	Name      string `json:"name"`
	Sentence  string `json:"sentence"`
	Conserves bool   `json:"conserves"`
	Fees      string `json:"fees"`
	Rounding  string `json:"rounding"`
}

type parameters struct {
	Direction        string   `json:"direction"`
	Seeds            []string `json:"seeds"`
	Share            string   `json:"share"`
	MinAmount        string   `json:"min_amount"`
	MaxHops          int      `json:"max_hops"`
	Until            string   `json:"until"`
	MaxTransactions  int      `json:"max_transactions"`
	ServiceTransfers int      `json:"service_transfers"`
	CoinJoin         string   `json:"coinjoin"`

	ServiceSigns *serviceSigns `json:"service_signs"` // null: none was looked for
}

// serviceSigns are the thresholds of cluster.ServiceShape.
type serviceSigns struct {
	Transfers    int   `json:"transfers"`
	Scan         int   `json:"scan"`
	Payers       int   `json:"payers"`
	Payees       int   `json:"payees"`
	AgeSeconds   int64 `json:"age_seconds"`
	Day          int   `json:"payers_and_payees_in_a_day"`
	Swept        int   `json:"swept_payers"`
	SweepIn      int   `json:"swept_in_for_one_out"`
	SweepOut     int   `json:"swept_out"`
	SweepPercent int   `json:"swept_percent"`
}

func newServiceSigns(transfers int) *serviceSigns {
	if transfers < 0 {
		return nil
	}
	s := trace.ServiceShape(transfers)
	return &serviceSigns{s.Transfers, s.Scan, s.Payers, s.Payees, s.Age, s.Day, s.Swept, s.SweepIn, s.SweepOut, s.SweepShare}
}

type tipText struct {
	Chain  graph.ChainID `json:"chain"`
	Alias  string        `json:"alias"`
	Height uint32        `json:"height"`
	Hash   string        `json:"hash"`
	Time   string        `json:"time"`
	Final  uint32        `json:"final_block"` // blocks above it may still have been replaced
}

type coverageText struct {
	Chain     graph.ChainID `json:"chain"`
	Address   string        `json:"address,omitempty"`
	From      uint32        `json:"from_block"`
	To        uint32        `json:"to_block"`
	Transfers string        `json:"transfers"`
	Logs      string        `json:"logs"`
	Traces    string        `json:"traces"`
	Source    string        `json:"source"`
}

// entitiesText is what the entities of a chain were computed from. The digest
// is of the positions, rules and confidences of the evidence, in ledger order.
type entitiesText struct {
	Chain    graph.ChainID `json:"chain"`
	Height   uint32        `json:"height"`
	Rules    []ruleText    `json:"rules"`
	Guard    cluster.Guard `json:"guard"`
	Evidence uint64        `json:"evidence"`
	SHA256   string        `json:"evidence_sha256"`
	Vetoes   []vetoText    `json:"vetoes"`
}

type ruleText struct {
	Name      string `json:"name"`
	Source    string `json:"source"`
	ErrorRate string `json:"error_rate"`
}

// exitsText is what was looked at for exits.csv.
type exitsText struct {
	Deposits   int      `json:"deposits"`          // of stolen value, that were looked at
	LeftOut    int      `json:"deposits_left_out"` // as there are too many
	Candidates int      `json:"candidates"`        // found
	Listed     int      `json:"candidates_listed"`
	Notes      []string `json:"notes"`
}

func newExitsText(x *trace.Exits) *exitsText {
	if x == nil {
		return nil
	}
	text := exitsText{Deposits: len(x.Deposits), LeftOut: x.LeftOut, Notes: []string{}}
	text.Listed, text.Candidates = candidates(x)
	for _, note := range x.Notes {
		text.Notes = append(text.Notes, prose(note))
	}
	return &text
}

type rateText struct {
	Name      string `json:"name"`
	ErrorRate string `json:"error_rate"`
}

type vetoText struct {
	A    string `json:"a"`
	B    string `json:"b"`
	Note string `json:"note"`
}

func newEntitiesText(c *trace.Clustering) entitiesText {
	e := entitiesText{Chain: c.Chain.ID, Height: c.UpTo, Rules: []ruleText{}, Guard: c.Guard, Evidence: c.Pieces, SHA256: c.Evidence.String(), Vetoes: []vetoText{}}
	for _, info := range c.Rules {
		e.Rules = append(e.Rules, ruleText{info.Name, info.Source, info.ErrorRate})
	}
	for _, v := range c.Vetoes {
		e.Vetoes = append(e.Vetoes, vetoText{v.A.String(), v.B.String(), claim(v.Note)})
	}
	return e
}

type textRules struct {
	CSV    string `json:"csv"`
	Claims string `json:"claims"`
}

// toolName marks an evidence folder as ours.
const toolName = "spoor"

const (
	roundingSentence = "amounts are integers of base units; where a share of one is taken, every part is rounded down and the units left over go to the largest fractions, ties to the first"
	feesSentence     = "fees leave their payer like a payment, of their own kind; of a UTXO transaction the fee is what the outputs leave"
	csvSentence      = "UTF-8, RFC 4180 with CRLF and a header row; an apostrophe is put before a cell that a spreadsheet could take for a formula, and before one that begins with an apostrophe"
	claimsSentence   = `control, bidirectional and invisible characters of texts that strangers chose are written as escapes, backslashes are doubled, and what is beyond 200 characters is counted`
)

// complete fills in what the trace tells.
func (m Manifest) complete(t *trace.Trace, files []File) Manifest {
	c := &t.Case
	m.Tool, m.Format = toolName, 1
	m.Case = c.Name
	m.Method = methodText{t.Method.Name, t.Method.Sentence, t.Method.Conserves, feesSentence, roundingSentence}
	m.Parameters = parameters{c.Direction, c.Seeds, c.Share, c.MinAmount, c.MaxHops, c.Until, c.MaxTransactions, c.ServiceTransfers, c.CoinJoin, newServiceSigns(c.ServiceTransfers)}
	m.Transactions = t.Transactions
	m.Text = textRules{csvSentence, claimsSentence}
	m.Files = files
	m.Tips, m.Coverage, m.Notes, m.Entities = []tipText{}, []coverageText{}, []string{}, []entitiesText{}
	m.Exits = newExitsText(t.Exits)
	m.Heuristics = []rateText{}
	for _, name := range heuristics(t) {
		m.Heuristics = append(m.Heuristics, rateText{name, cluster.ErrorRate(name)})
	}
	for i := range t.Clusterings {
		m.Entities = append(m.Entities, newEntitiesText(&t.Clusterings[i]))
	}
	for _, tip := range t.Tips {
		m.Tips = append(m.Tips, tipText{tip.Chain.ID, tip.Chain.Alias, tip.Height, tip.Hash.Text(tip.Chain.Family), instant(tip.Time), tip.Chain.FinalHeight(tip.Height)})
	}
	for _, k := range t.Coverage {
		m.Coverage = append(m.Coverage, coverageText{k.Chain, k.Address.String(), k.From, k.To,
			k.Know.Transfers.String(), k.Know.Logs.String(), k.Know.Traces.String(), claim(k.Source)})
	}
	for _, note := range t.Notes {
		m.Notes = append(m.Notes, prose(note))
	}
	if m.Labels == nil {
		m.Labels = []LabelSource{}
	}
	return m
}

// ReadManifest reads the manifest of an evidence folder.
func ReadManifest(dir string) (m Manifest, err error) {
	data, err := os.ReadFile(filepath.Join(dir, manifestFile))
	if err == nil {
		err = json.Unmarshal(data, &m)
	}
	if err != nil {
		err = fmt.Errorf("manifest: %w", err)
	}
	return m, err
}

func (m Manifest) encode() ([]byte, error) {
	data, err := json.MarshalIndent(m, "", "  ")
	return append(data, '\n'), err
}
