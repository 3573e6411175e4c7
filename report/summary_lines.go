package report

import (
	"fmt"
	"math/big"
	"slices"
	"unicode/utf8"

	pretty "github.com/jedib0t/go-pretty/v6/table"

	"spoor/graph"
	"spoor/trace"
)

// line is a sum of one asset under one key, and the addresses it is made of.
type line[K comparable] struct {
	key       K
	info      graph.AssetInfo
	sum       big.Int
	addresses []graph.Address
	met       map[graph.Address]bool
}

func (l *line[K]) of() (graph.AssetInfo, *big.Int) { return l.info, &l.sum }

// places names the addresses of a line: three of them in full, the rest
// counted.
func (l *line[K]) places() string {
	const shown = 3
	places := ""
	for i, a := range l.addresses {
		if i == shown {
			return places + fmt.Sprintf(" and %d more", len(l.addresses)-shown)
		}
		if i > 0 {
			places += ", "
		}
		places += a.String()
	}
	return places
}

// sums adds up amounts by key and asset, in order of first appearance.
type sums[K comparable] struct {
	list []*line[K]
	at   map[lineKey[K]]*line[K]
}

type lineKey[K comparable] struct {
	key   K
	asset graph.Asset
}

func newSums[K comparable]() *sums[K] { return &sums[K]{at: make(map[lineKey[K]]*line[K])} }

func (s *sums[K]) add(key K, info graph.AssetInfo, amount *big.Int, where graph.Address) {
	k := lineKey[K]{key, info.Asset}
	l := s.at[k]
	if l == nil {
		l = &line[K]{key: key, info: info, met: make(map[graph.Address]bool)}
		s.at[k] = l
		s.list = append(s.list, l)
	}
	l.sum.Add(&l.sum, amount)
	if !where.IsZero() && !l.met[where] {
		l.met[where] = true
		l.addresses = append(l.addresses, where)
	}
}

// capped prints for each asset its largest lines, then one for all others,
// then the sum of all, so that nothing is hidden by the cap. lead are the cells
// before those that tell the lines apart.
func capped[K comparable](s *summary, all []*line[K], cells func(*line[K]) []any, lead ...any) []pretty.Row {
	var order []graph.Asset
	byAsset := make(map[graph.Asset][]*line[K])
	for _, l := range all {
		if byAsset[l.info.Asset] == nil {
			order = append(order, l.info.Asset)
		}
		byAsset[l.info.Asset] = append(byAsset[l.info.Asset], l)
	}
	slices.SortStableFunc(order, func(a, b graph.Asset) int { return s.rank(a) - s.rank(b) })
	var rows []pretty.Row
	for _, asset := range order {
		lines := byAsset[asset]
		info := lines[0].info
		shown := lines
		if len(lines) > s.o.Top {
			shown = largest(lines, s.o.Top)
		}
		total, rest := new(big.Int), new(big.Int)
		for _, l := range lines {
			total.Add(total, &l.sum)
		}
		rest.Set(total)
		for _, l := range shown {
			rest.Sub(rest, &l.sum)
			rows = append(rows, append(pretty.Row{s.units(info, &l.sum), s.name(info)}, cells(l)...))
		}
		if others := len(lines) - len(shown); others > 0 {
			rows = append(rows, slices.Concat(pretty.Row{s.units(info, rest), s.name(info)}, lead, pretty.Row{fmt.Sprintf("%d others", others)}))
		}
		if len(lines) > 1 {
			rows = append(rows, slices.Concat(pretty.Row{s.units(info, total), s.name(info)}, lead, pretty.Row{"Σ"}))
		}
	}
	return rows
}

// largest are the n largest lines, in the order they had.
func largest[K comparable](lines []*line[K], n int) []*line[K] {
	bySize := slices.Clone(lines)
	slices.SortStableFunc(bySize, func(a, b *line[K]) int { return b.sum.Cmp(&a.sum) })
	keep := make(map[*line[K]]bool, n)
	for _, l := range bySize[:n] {
		keep[l] = true
	}
	return slices.DeleteFunc(slices.Clone(lines), func(l *line[K]) bool { return !keep[l] })
}

// rank is the place of an asset in the books, which order all lists.
func (s *summary) rank(a graph.Asset) int {
	return slices.IndexFunc(s.t.Balances, func(b trace.Balance) bool { return b.Asset.Asset == a })
}

// maxName is the number of characters from which a symbol is no name but a
// message to the reader.
const maxName = 16

// assetNames gives every asset of a trace a name of its own: its symbol; where
// two share one, or it has none or an overlong one, what tells them apart.
func assetNames(t *trace.Trace) map[graph.Asset]string {
	infos := make(map[graph.Asset]graph.AssetInfo)
	for i := range t.Balances {
		infos[t.Balances[i].Asset.Asset] = t.Balances[i].Asset
	}
	for i := range t.Seeds {
		infos[t.Seeds[i].Asset.Asset] = t.Seeds[i].Asset
	}
	for i := range t.Stops {
		infos[t.Stops[i].Asset.Asset] = t.Stops[i].Asset
	}
	for i := range t.Unknowns {
		infos[t.Unknowns[i].Asset.Asset] = t.Unknowns[i].Asset
	}
	uses := make(map[string]int)
	for _, info := range infos {
		uses[claim(info.Symbol)]++
	}
	names := make(map[graph.Asset]string, len(infos))
	for asset, info := range infos {
		name := claim(info.Symbol)
		switch {
		case name != "" && uses[name] == 1 && utf8.RuneCountInString(name) <= maxName:
		case asset.IsNative():
			name += " (" + graph.ChainOf(asset.Chain).Alias + ")"
		case name == "" || utf8.RuneCountInString(name) > maxName:
			name = asset.Text()
		default:
			name += " (" + graph.ChainOf(asset.Chain).Alias + " " + asset.Text() + ")"
		}
		names[asset] = name
	}
	return names
}
