package flow

import (
	"cmp"
	"fmt"
	"math/big"
	"net/url"
	"slices"
	"strings"

	"spoor/graph"
	"spoor/trace"
)

// maxAmounts is how many assets a box tells of in its lines; others are counted.
const maxAmounts = 2

// pillSlots are the lines of a pill: its name, amounts, ends.
const pillSlots = 1 + maxAmounts + 1 + 1

// fill says of a box what the trace says of its units, summed exactly.
func (d *drawing) fill(b *Box, units []*unit) {
	arrived, passed, held, choked, brought := bigSums{}, bigSums{}, bigSums{}, bigSums{}, map[int32]*big.Int{}
	ends := map[trace.Reason]bigSums{}
	roles := roleSet(0)
	var owned *owner
	for _, u := range units {
		if u.beside != nil {
			b.Partial = u.beside.Partial
		}
		for _, l := range u.labels {
			if b.Kind != FoldBox {
				roles.add(roleOf(l))
			}
		}
		for _, at := range u.nodes {
			n := &d.m.nodes[at]
			arrived.add(d.arrived(at))
			passed.add(d.passed(at))
			for i := range n.holds {
				h := &n.holds[i]
				if d.asset != -1 && h.asset != d.asset {
					continue
				}
				if !d.windowed && !h.held.IsZero() {
					held.add([]assetAmount{{h.asset, h.held}})
				}
				if !h.passed.IsZero() && b.Kind == AddressBox {
					choked.add([]assetAmount{{h.asset, h.passed}})
				}
				if brought[h.asset] == nil {
					brought[h.asset] = new(big.Int)
				}
				brought[h.asset].Add(brought[h.asset], h.tainted.ToBig())
				if h.clean != nil {
					brought[h.asset].Add(brought[h.asset], h.clean.ToBig())
				}
			}
			for _, e := range n.ends {
				if d.asset != -1 && e.asset != d.asset {
					continue
				}
				if ends[e.reason] == nil {
					ends[e.reason] = bigSums{}
				}
				ends[e.reason].add([]assetAmount{{e.asset, e.amount}})
			}
			roles |= n.roles
			if !n.known {
				roles.add(roleOfEnd(n))
			}
			b.Frozen = b.Frozen || n.frozen
			b.Partial = cmp.Or(b.Partial, n.partial)
			owned = n.owner
			if b.Kind == AddressBox && n.choke > 0 {
				b.Choke = &Choke{Rank: n.choke}
			}
		}
	}
	b.Arrived, b.Passed, b.Held = d.list(arrived), d.list(passed), d.list(held)
	if b.Choke != nil {
		b.Choke.Amounts = d.list(choked)
	}
	b.Permille = d.permille(arrived, units, brought)
	b.Role = []string{}
	for i, role := range roleOrder {
		if roles&(1<<i) != 0 {
			b.Role = append(b.Role, role)
		}
	}
	b.Ends = []End{}
	for _, r := range reasons {
		if ends[r.reason] != nil {
			b.Ends = append(b.Ends, End{string(r.reason), r.says, d.list(ends[r.reason])})
		}
	}
	if b.Kind != FoldBox && owned != nil {
		b.Entity = &Entity{owned.name.CAIP10(), len(owned.members), append([]string{}, owned.rules...)}
	}
	b.write()
}

// permille is the part of what came in by the movements of the trace that is
// tainted, in the asset of which most came.
func (d *drawing) permille(arrived bigSums, units []*unit, brought map[int32]*big.Int) int {
	most, best := -1.0, int32(-1)
	for at, sum := range arrived {
		f, _ := new(big.Float).SetInt(sum).Float64()
		if part := d.m.share(at, f); sum.Sign() > 0 && (part > most || part == most && at < best) {
			most, best = part, at
		}
	}
	if best < 0 {
		return 0
	}
	tainted := new(big.Int)
	for _, u := range units {
		for _, at := range u.nodes {
			for i := range d.m.nodes[at].holds {
				if h := &d.m.nodes[at].holds[i]; h.asset == best {
					tainted.Add(tainted, h.tainted.ToBig())
				}
			}
		}
	}
	if all := brought[best]; all != nil && all.Sign() > 0 {
		return int(tainted.Mul(tainted, big.NewInt(1000)).Div(tainted, all).Int64())
	}
	return 1000 // what was declared stolen where it lay
}

// write puts into words what stands in a box.
func (b *Box) write() {
	b.Lines, b.Classes = []string{}, []string{}
	say := func(class, text string) { b.Lines, b.Classes = append(b.Lines, text), append(b.Classes, class) }
	switch b.Kind {
	case FoldBox:
		say("name", fmt.Sprintf("+%d others", b.Members))
	case EntityBox:
		say("name", fmt.Sprintf("%d addresses of one owner", b.Members))
	}
	if b.unit != nil {
		for _, line := range addressLines(b.unit.address) {
			say("id", line)
		}
	}
	if len(b.Labels) > 0 {
		say("claim", "▲ "+cut(b.Labels[0].Name))
	}
	for i, a := range b.Arrived {
		if i == maxAmounts {
			more := "and 1 more asset"
			if n := len(b.Arrived) - maxAmounts; n > 1 {
				more = fmt.Sprintf("and %d more assets", n)
			}
			say("amount", more)
			break
		}
		mark := "↓ "
		if b.Kind == FoldBox {
			mark = "Σ "
		}
		say("amount", mark+a.String())
	}
	if len(b.Ends) > 0 {
		names := make([]string, len(b.Ends))
		for i, e := range b.Ends {
			names[i] = e.Reason
		}
		say("end", cut("ended: "+strings.Join(names, ", ")))
	}
}

// cut shortens a line to the width of a box; the fields and the pages have all
// of it.
func cut(text string) string {
	const wide = 30
	if runes := []rune(text); len(runes) > wide {
		return string(runes[:wide-1]) + "…"
	}
	return text
}

// maxSymbol is the length from which a symbol is no name but a message.
const maxSymbol = 16

// String is the amount in whole units with the name of the asset; Asset says
// which it is.
func (a Amount) String() string {
	name := a.Symbol
	if name == "" || len(name) > maxSymbol {
		name = "of an asset without a short name"
	}
	if a.Text == "" {
		return a.Raw + " base units " + name
	}
	return a.Text + " " + name
}

// units writes base units as whole units, exactly.
func units(sum *big.Int, decimals int) string {
	digits := sum.String()
	if missing := decimals + 1 - len(digits); missing > 0 {
		digits = strings.Repeat("0", missing) + digits
	}
	text, fraction := digits[:len(digits)-decimals], strings.TrimRight(digits[len(digits)-decimals:], "0")
	if fraction != "" {
		text += "." + fraction
	}
	return text
}

// reasons are why branches end, in plain words.
var reasons = []struct {
	reason trace.Reason
	says   string
}{
	{trace.StopAtRest, "it still lies here"},
	{trace.StopFrozen, "it lies here, and the issuer of the asset lets it not move"},
	{trace.StopService, "it reached a service, which mixes it with what others own: ask it whose account was credited"},
	{trace.StopMixer, "it went into a mixer, out of which it is not followed"},
	{trace.StopBridge, "it left through a bridge, and its arrival was not found"},
	{trace.StopContract, "it went into a contract that nothing is known of"},
	{trace.StopBurn, "it was destroyed"},
	{trace.StopDust, "it is less than the case follows"},
	{trace.StopBudget, "a bound of the case cut the trace here"},
	{trace.StopUncovered, "what happened here was not read"},
	{trace.StopMint, "it was issued here"},
	{trace.StopReward, "the ledger itself paid it, or it was earned as fees"},
	{trace.StopUnknown, "it was spent although its arrival was not read"},
}

// roleOrder are the words for what a box is.
var roleOrder = []string{"victim", "source", "seed", "intermediate", "holder", "terminal", "counterparty", "exchange", "deposit", "mixer", "bridge", "pool", "service", "burn"}

// roleSet is a set of them.
type roleSet uint32

// add takes a role in; what is none is left out.
func (s *roleSet) add(role string) {
	if i := slices.Index(roleOrder, role); i >= 0 {
		*s |= 1 << i
	}
}

// roleOf is what a label says an address is.
func roleOf(l graph.Label) string {
	switch l.Behaviour {
	case "mixer_pool", "mixer_pool_variable", "shielded_pool", "mixer_router":
		return "mixer"
	case "pool", "singleton_vault":
		return "pool"
	case "bridge_eoa":
		return "bridge"
	case "burn":
		return "burn"
	case "router", "aggregator", "approval_hub", "flash_lender", "intent_settlement", "terminal_staking", "wrap_1to1":
		return "service"
	}
	switch l.Category {
	case "exchange", "hot_wallet":
		return "exchange"
	case "deposit_wallet":
		return "deposit"
	case "mixer", "mixing_service":
		return "mixer"
	case "bridge", "defi_bridge":
		return "bridge"
	case "defi_dex":
		return "pool"
	case "burn":
		return "burn"
	case "payment_processor", "gambling", "market", "defi_lending", "defi_staking":
		return "service"
	}
	return ""
}

// roleOfEnd is what an address is that holds nothing stolen.
func roleOfEnd(n *node) string {
	if n.hop < 0 && len(n.ends) == 0 && len(n.holds) == 0 {
		return "victim"
	}
	return "counterparty"
}

// pathOf is the page of an address.
func pathOf(kind string, a graph.Address) string {
	return "/" + kind + "/" + graph.ChainOf(a.Chain).Alias + "/" + url.PathEscape(a.String())
}

// Classed reports whether the box is drawn with a class.
func (b *Box) Classed(class string) bool {
	switch class {
	case "source":
		return slices.Contains(b.Role, "source")
	case "ends":
		return len(b.Ends) > 0
	}
	return b.Kind == class
}
