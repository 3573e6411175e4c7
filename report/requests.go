package report

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"slices"
	"strings"
	"unicode"

	"spoor/cluster"
	"spoor/graph"
	"spoor/trace"
)

// requestsFolder is the folder of the freeze requests, a file for each service
// that can act.
const requestsFolder = "requests"

// ability is what somebody can do about value.
type ability string

const (
	canCredit ability = "service" // it has credited an account with what arrived, and can freeze that
	canFreeze ability = "issuer"  // it issues the token, and can freeze it where it lies
	canHold   ability = "bridge"  // value is on its way through it
)

// acting are the categories of services that have customers and can freeze what
// one of them was credited. A pool or a vault has nobody who could.
var acting = []string{"exchange", "deposit_wallet", "hot_wallet", "cold_wallet", "payment_processor", "gambling", "market", "defi_custody"}

// request is what one service is asked.
type request struct {
	ability ability
	name    string // as labels call it; the shortest of several
	stops   []int  // of the trace
}

// file is where the request is written. The name is for people, the digest
// keeps two apart that are called alike.
func (r *request) file() string {
	slug := strings.Map(func(c rune) rune {
		switch {
		case c < unicode.MaxASCII && (unicode.IsLetter(c) || unicode.IsDigit(c)):
			return unicode.ToLower(c)
		}
		return '-'
	}, r.name)
	slug = strings.Join(strings.FieldsFunc(slug, func(c rune) bool { return c == '-' }), "-")
	sum := sha256.Sum256([]byte(string(r.ability) + "\x00" + r.name))
	return fmt.Sprintf("%s/%s-%s-%s.md", requestsFolder, r.ability, cmp.Or(slug[:min(len(slug), 40)], "unnamed"), hex.EncodeToString(sum[:4]))
}

// asks is who can act on what a stop ended in, "" if nobody is known who could.
func asks(s *trace.Stop) (a ability, name string) {
	switch s.Reason {
	case trace.StopService:
		if name, _, _ := strings.Cut(cluster.OwnerName(s.Label), " ("); slices.Contains(acting, s.Label.Category) && name != "unnamed exchange" {
			return canCredit, s.Label.Name
		}
	case trace.StopAtRest, trace.StopFrozen:
		return canFreeze, s.Freezable.Name
	case trace.StopBridge:
		return canHold, s.Label.Name
	}
	return "", ""
}

// requests are the freeze requests that a trace gives reason for, in order of
// their ends. A trace backward, or by a measure of reach, gives none.
func requests(t *trace.Trace) (list []*request) {
	if !t.Method.Conserves || t.Backward() {
		return nil
	}
	type key struct {
		ability ability
		owner   string
	}
	at := make(map[key]*request)
	for i := range t.Stops {
		s := &t.Stops[i]
		a, name := asks(s)
		if name == "" {
			continue
		}
		k := key{a, name}
		if a == canCredit {
			k.owner = cmp.Or(cluster.OwnerName(s.Label), name) // all wallets of one owner
		}
		r := at[k]
		if r == nil {
			r = &request{ability: a, name: name}
			at[k] = r
			list = append(list, r)
		}
		if len(name) < len(r.name) || len(name) == len(r.name) && name < r.name {
			r.name = name
		}
		r.stops = append(r.stops, i)
	}
	return list
}

// maxCited bounds the movements that a request lists; the rest is counted and
// stands in trace.csv.
const maxCited = 100

// unlinked keeps readers of Markdown from making a link of what looks like one.
var unlinked = strings.NewReplacer("://", "\\://", "www.", "www\\.", "WWW.", "WWW\\.")

// marked is a text of strangers in Markdown: visible, and nothing in it is
// taken for markup.
func marked(text string) string {
	var b strings.Builder
	for _, r := range claim(text) {
		switch {
		case r == '<':
			b.WriteString("&lt;")
		case r == '>':
			b.WriteString("&gt;")
		case r == '&':
			b.WriteString("&amp;")
		case strings.ContainsRune("\\`*_[]#!|~@", r):
			b.WriteRune('\\')
			b.WriteRune(r)
		default:
			b.WriteRune(r)
		}
	}
	return unlinked.Replace(b.String())
}

// write writes the request as Markdown that reads as plain text too.
func (r *request) write(w io.Writer, t *trace.Trace) error {
	var b strings.Builder
	say := func(format string, args ...any) { fmt.Fprintf(&b, format+"\n", args...) }
	names := assetNames(t)
	say("# %s: %s\n", map[ability]string{canCredit: "Request to freeze and preserve", canFreeze: "Request to freeze a token where it lies", canHold: "Request to hold and to tell the destination"}[r.ability], marked(r.name))
	say("- To: %s (find the compliance or law enforcement contact; who this is rests on the labels below: check it first)", marked(r.name))
	say("- From: [name, organisation, and your authority or the victim's power of attorney]")
	say("- Reference: [case or police report number]")
	say("- Date, and when an answer is needed: [date], [date]")
	say("- Contact: [secure address]\n")
	say("## What happened\n")
	if t.Case.Name != "" {
		say("Case: %s\n", marked(t.Case.Name))
	}
	say("Value was moved without its owner's consent, as the person named above declares, in these transactions or from these addresses:\n")
	for i := range t.Seeds {
		s := &t.Seeds[i]
		if i > 0 && t.Seeds[i-1].Seed == s.Seed && t.Seeds[i-1].Asset.Asset == s.Asset.Asset && t.Seeds[i-1].Address == s.Address {
			continue
		}
		say("- `%s`: %s at `%s`", plainCode(s.Seed), amountOf(&s.Asset, &s.Amount, names), s.Address)
	}
	say("\nIt was followed through the public ledgers by the method %s (%s). The parts that follow say of every line what kind of statement it is: a *fact* is read from a ledger, what is *derived* is computed from facts by that method, and what is *attributed* rests on a label or a heuristic, with its source and confidence. They say where value went, and nothing of what anybody knew or intended.\n", t.Method.Name, t.Method.Sentence)
	r.ended(say, t, names)
	r.cited(say, t, names)
	r.asked(say)
	say("## Attached\n")
	say("The evidence folder this file is part of: `trace.csv` (all movements, by the numbers cited above), `stops.csv` (all ends), `conservation.csv` (the books, which balance to the base unit), `coverage.csv` (what was read of the ledgers), `dictionary.csv` (what every column means) and `manifest.json` (versions, parameters, label lists, digests of all files). `spoor trace case.yaml --out again` computes it again, to the same bytes.")
	_, err := io.WriteString(w, b.String())
	return err
}

// plainCode is a text inside backquotes.
func plainCode(text string) string { return strings.ReplaceAll(claim(text), "`", "'") }

func amountOf(info *graph.AssetInfo, amount *graph.Amount, names map[graph.Asset]string) string {
	if units := info.Units(*amount); units != "" {
		return units + " " + marked(names[info.Asset])
	}
	return amount.Dec() + " base units of " + marked(names[info.Asset])
}

// ended lists what reached the service, or lies where it can freeze it.
func (r *request) ended(say func(string, ...any), t *trace.Trace, names map[graph.Asset]string) {
	say("## %s\n", map[ability]string{canCredit: "What reached you", canFreeze: "What lies at addresses, in your token", canHold: "What went into your bridge, and was not seen to come out"}[r.ability])
	for _, at := range r.stops {
		s := &t.Stops[at]
		say("- %s of the value declared above, at `%s` on %s, between %s and %s (stops.csv, row %d)", amountOf(&s.Asset, &s.Tainted, names), s.Address, graph.ChainOf(s.Asset.Asset.Chain).Alias, instant(s.First), instant(s.Last), at+1)
		say("  - token or coin (fact): `%s`", s.Asset.Asset)
		say("  - the amount is derived, by the method named above")
		if s.Label.Name != "" {
			say("  - whose address it is, is attributed: %s (%s) says %s, confidence %d", marked(s.Label.Name), marked(s.Label.Category), marked(s.Label.Source), s.Confidence)
		}
		if r.ability == canFreeze {
			say("  - that its issuer can freeze it is attributed: says %s, confidence %d", marked(s.Freezable.Source), s.Freezable.Confidence)
		}
		if s.Reason == trace.StopFrozen {
			say("  - it is frozen (fact): %s", marked(s.Rule))
		} else {
			say("  - decided by: %s", marked(s.Rule))
		}
		if s.Heuristic != "" {
			say("  - how often that rule is wrong, as measured: %s", marked(cluster.ErrorRate(s.Heuristic)))
		}
	}
	say("")
}

// cited lists the movements into the addresses of the request.
func (r *request) cited(say func(string, ...any), t *trace.Trace, names map[graph.Asset]string) {
	type place struct {
		address graph.Address
		asset   graph.Asset
	}
	wanted := make(map[place]bool)
	for _, at := range r.stops {
		wanted[place{t.Stops[at].Address, t.Stops[at].Asset.Asset}] = true
	}
	say("## The transactions\n")
	n := 0
	for i := range t.Steps {
		s := &t.Steps[i]
		if s.To.IsZero() || s.Tainted.IsZero() || !wanted[place{s.To, s.Asset.Asset}] {
			continue
		}
		if n++; n > maxCited {
			continue
		}
		from := ""
		if !s.From.IsZero() {
			from = fmt.Sprintf(" from `%s`", s.From)
		}
		say("- %s, block %d of %s, transaction `%s`, position `%s`: %s%s to `%s` (%s); of it %s come from the value declared (derived; trace.csv, row %d)", instant(s.Time), s.At.Block, graph.ChainOf(s.Chain).Alias,
			s.Tx.Text(graph.ChainOf(s.Chain).Family), s.At.Seq, amountOf(&s.Asset, &s.Amount, names), from, s.To, statement(s), amountOf(&s.Asset, &s.Tainted, names), i+1)
	}
	switch {
	case n == 0:
		say("None: the value was there when it was declared stolen.")
	case n > maxCited:
		say("\n%d more are in trace.csv.", n-maxCited)
	}
	say("")
}

func (r *request) asked(say func(string, ...any)) {
	say("## What is asked\n")
	switch r.ability {
	case canCredit:
		say("1. Freeze for now, as far as your rules and the law allow, what was credited for these transactions, and what was bought with it.")
		say("2. Preserve the records of the accounts that were credited: identity, logins with addresses and devices, deposits, orders, withdrawals.")
		say("3. Confirm whether these addresses are yours, and tell where legal process is to be sent.")
		say("4. If it has left you, tell or preserve by which transactions.\n")
	case canFreeze:
		say("1. Freeze the token at these addresses, as far as your rules and the law allow; for what is frozen already, say what you need to return it.")
		say("2. Confirm the balances at these addresses and the block at which you looked: they may have changed since the blocks that were read.")
		say("3. Tell where legal process is to be sent.\n")
	case canHold:
		say("1. Hold these passages if they are not delivered yet, as far as your rules and the law allow.")
		say("2. Tell to which ledger, address and transaction they were delivered.")
		say("3. Preserve what you know of who sent them, and tell where legal process is to be sent.\n")
	}
	say("Only an authority can compel this. Where no order is attached, it is a request.\n")
}
