package trace

import (
	"container/heap"
	"context"
	"errors"
	"fmt"
	"slices"

	"spoor/graph"
)

// PathQuery asks how one address is connected with another on its ledger.
type PathQuery struct {
	From, To graph.Address
	Assets   []graph.Asset // in which value went; none: every one that From sent and To received
	Most     int           // paths of each asset; at least 1

	After, Until     int64 // Unix seconds, both included; 0: no bound
	MaxEntries       int   // entries of histories looked at, of all assets together; 0: no bound
	ServiceTransfers int   // addresses with as many transfers are not passed through; 0 is DefaultServiceTransfers, negative never
	Labels           func(graph.Address) []graph.Label
}

// Path is a way that value could have gone: each leg is later in the ledger
// than the one before and begins where that ended.
type Path struct {
	Asset graph.AssetInfo
	Width graph.Amount // the smallest of what its legs can carry besides the paths before it
	Legs  []Leg
}

// Leg is one movement of a path; on a UTXO ledger from an input to an output of
// one transaction.
type Leg struct {
	At       graph.Position // on a UTXO ledger of the output
	Tx       graph.Hash
	Time     int64
	From, To graph.Address
	Amount   graph.Amount
}

// Connection is what a search for paths has found.
type Connection struct {
	Paths    []Path          // by asset, then widest first
	Services []graph.Address // not passed through, by label or by what they do
	Behaving int             // of them, those told by what they do alone (cluster.ServiceRule)
	Poison   int             // movements not taken for legs, as they are address poisoning (cluster.Poisoned)
	Entries  int             // looked at
	Cut      bool            // MaxEntries was met: there may be more, or wider ones
}

// ErrPath is returned for a question that makes no sense.
var ErrPath = errors.New("no path can be asked for")

// Paths finds how value could have gone from one address to another: in ledger
// order, widest first (the bottleneck, found by Dijkstra's rule on widths). The
// second path of an asset is the widest when the first has taken its width off
// every leg, so that the widths of all paths together could have passed. Whether
// it was the same value in between is not asked: that is what a trace does. A
// swap ends a path; services are passed through within one transaction only.
// Address poisoning is no way: nobody chose to deal with whom it names.
func Paths(ctx context.Context, view graph.View, q PathQuery) (Connection, error) {
	if q.From.IsZero() || q.To.IsZero() || q.From.Chain != q.To.Chain {
		return Connection{}, fmt.Errorf("%w between %s and %s: want two addresses of one chain", ErrPath, q.From.CAIP10(), q.To.CAIP10())
	}
	if q.From == q.To {
		return Connection{}, fmt.Errorf("%w from %s to itself", ErrPath, q.From)
	}
	s := &pathSearch{q: q, l: newLedger(graph.ChainOf(q.From.Chain), view), used: make(map[graph.Position]graph.Amount), barred: make(map[graph.Position]bool), passes: make(map[graph.ID]bool)}
	var err error
	if s.from, err = view.ID(q.From); err != nil {
		return Connection{}, err
	}
	if s.to, err = view.ID(q.To); err != nil {
		return Connection{}, err
	}
	assets, err := s.assets(ctx)
	if err != nil {
		return Connection{}, err
	}
	for _, asset := range assets {
		info, err := s.l.asset(asset)
		if err != nil {
			return Connection{}, err
		}
		for range max(q.Most, 1) {
			path, err := s.genuine(ctx, asset)
			if err != nil {
				return Connection{}, err
			}
			if path == nil {
				break
			}
			path.Asset = info
			s.found.Paths = append(s.found.Paths, *path)
		}
	}
	slices.SortFunc(s.found.Services, graph.Address.Compare)
	return s.found, nil
}

// pathSearch is a search under way.
type pathSearch struct {
	q        PathQuery
	l        *ledger
	from, to graph.ID
	used     map[graph.Position]graph.Amount // by the paths found, of movements and outputs
	barred   map[graph.Position]bool         // movements that are address poisoning
	passes   map[graph.ID]bool               // whether an address is passed through
	found    Connection
}

// reached is a place that value of some width could have come to.
type reached struct {
	id     graph.ID
	at     graph.Position // of the movement that brought it; on a UTXO ledger the output
	width  graph.Amount
	hops   int
	before *reached
	amount graph.Amount   // of the movement
	first  graph.Position // on a UTXO ledger the input that a path begins with
}

type frontier []*reached

func (f frontier) Len() int      { return len(f) }
func (f frontier) Swap(i, j int) { f[i], f[j] = f[j], f[i] }
func (f frontier) Less(i, j int) bool {
	if c := f[i].width.Cmp(&f[j].width); c != 0 {
		return c > 0
	}
	if f[i].hops != f[j].hops {
		return f[i].hops < f[j].hops
	}
	return f[i].at.Compare(f[j].at) < 0
}
func (f *frontier) Push(x any) { *f = append(*f, x.(*reached)) }
func (f *frontier) Pop() any {
	old := *f
	last := old[len(old)-1]
	*f = old[:len(old)-1]
	return last
}

// genuine is the widest path left of which no leg is address poisoning, nil if
// there is none. Histories are judged only where a path was found, as few are.
func (s *pathSearch) genuine(ctx context.Context, asset graph.AssetID) (*Path, error) {
	for {
		end, err := s.widest(ctx, asset)
		if err != nil || end == nil {
			return nil, err
		}
		bad := false
		for r := end; r.before != nil && !s.utxo(); r = r.before {
			poison, err := s.l.isPoison(ctx, r.before.id, r.id, r.at)
			if err != nil {
				return nil, err
			}
			if poison {
				bad, s.barred[r.at] = true, true
				s.found.Poison++
			}
		}
		if !bad {
			return s.take(end)
		}
	}
}

// widest is the end of the widest path left in an asset, nil if there is none.
func (s *pathSearch) widest(ctx context.Context, asset graph.AssetID) (*reached, error) {
	var waiting frontier
	earliest := make(map[graph.ID]graph.Position) // arrivals that were gone on from; a later and narrower one leads nowhere new
	seen := make(map[graph.Position]bool)         // outputs
	start := &reached{id: s.from}
	start.width.SetAllOne()
	push := func(next *reached) { heap.Push(&waiting, next) }
	if err := s.leave(ctx, start, asset, push); err != nil {
		return nil, err
	}
	for len(waiting) > 0 {
		r := heap.Pop(&waiting).(*reached)
		if r.id == s.to {
			return r, nil
		}
		if s.utxo() {
			if seen[r.at] {
				continue
			}
			seen[r.at] = true
		} else {
			if at, been := earliest[r.id]; been && at.Compare(r.at) <= 0 {
				continue
			}
			earliest[r.id] = r.at
		}
		if err := s.leave(ctx, r, asset, push); err != nil {
			return nil, err
		}
	}
	return nil, nil
}

func (s *pathSearch) utxo() bool { return s.l.chain.Family == graph.UTXOFamily }

// leave yields where value goes next from a place.
func (s *pathSearch) leave(ctx context.Context, r *reached, asset graph.AssetID, next func(*reached)) error {
	if s.found.Cut {
		return nil
	}
	through, err := s.through(ctx, r.id)
	if err != nil || !through && s.utxo() {
		return err
	}
	from := graph.Position{}
	if r.before != nil {
		from = r.at.Next()
	}
	for e, err := range s.l.view.History(ctx, r.id, from) {
		if err != nil {
			return err
		}
		if !through && e.At.StartOf() != r.at.StartOf() {
			return nil
		}
		if s.found.Entries++; s.q.MaxEntries > 0 && s.found.Entries > s.q.MaxEntries {
			s.found.Entries, s.found.Cut = s.q.MaxEntries, true
			return nil
		}
		if !e.Out || e.Asset != asset || e.Kind.IsFee() {
			continue
		}
		if s.q.After != 0 || s.q.Until != 0 {
			header, err := s.l.headerAt(e.At.Block)
			if err != nil {
				return err
			}
			if s.q.After != 0 && header.Time < s.q.After || s.q.Until != 0 && header.Time > s.q.Until {
				continue // block times need not ascend: a later one may be within the bounds
			}
		}
		if s.utxo() {
			if r.before != nil && e.Spends != r.at {
				continue
			}
			err = s.spend(r, &e, next)
			if err == nil && r.before != nil {
				return nil // an output is spent once
			}
		} else {
			s.move(r, &e, next)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// move is one movement on an account ledger.
func (s *pathSearch) move(r *reached, e *graph.Entry, next func(*reached)) {
	if e.Peer == 0 || e.Peer == r.id || s.barred[e.At] {
		return
	}
	if width := s.room(e.At, e.Amount, r.width); !width.IsZero() {
		next(&reached{id: e.Peer, at: e.At, width: width, hops: r.hops + 1, before: r, amount: e.Amount})
	}
}

// spend goes from an input to every output of its transaction.
func (s *pathSearch) spend(r *reached, e *graph.Entry, next func(*reached)) error {
	width, first := r.width, graph.Position{}
	if r.before == nil {
		first = e.At
		width = s.room(first, e.Amount, width)
	}
	tx, err := s.l.view.Tx(e.At)
	if err != nil {
		return err
	}
	for i := range tx.Moves {
		m := &tx.Moves[i]
		if m.Kind != graph.KindOutput || m.To == 0 || m.To == r.id && r.before == nil {
			continue // what comes back to where the search begins is no way away from it
		}
		at := graph.Position{Block: tx.At.Block, Tx: tx.At.Tx, Seq: m.Seq}
		if room := s.room(at, m.Amount, width); !room.IsZero() {
			next(&reached{id: m.To, at: at, width: room, hops: r.hops + 1, before: r, amount: m.Amount, first: first})
		}
	}
	return nil
}

// room is what can still go a way: no more than comes, and no more than what
// the paths before have left of it.
func (s *pathSearch) room(at graph.Position, amount, width graph.Amount) graph.Amount {
	used := s.used[at]
	amount.Sub(&amount, &used)
	if width.Lt(&amount) {
		return width
	}
	return amount
}

// take writes a path down and takes its width off its legs.
func (s *pathSearch) take(end *reached) (*Path, error) {
	p := &Path{Width: end.width}
	use := func(at graph.Position) {
		used := s.used[at]
		used.Add(&used, &p.Width)
		s.used[at] = used
	}
	for r := end; r.before != nil; r = r.before {
		use(r.at)
		if r.first != (graph.Position{}) {
			use(r.first)
		}
		tx, err := s.l.view.Tx(r.at)
		if err != nil {
			return nil, err
		}
		leg := Leg{At: r.at, Tx: tx.Hash, Time: tx.Time, Amount: r.amount}
		if leg.From, err = s.l.address(r.before.id); err != nil {
			return nil, err
		}
		if leg.To, err = s.l.address(r.id); err != nil {
			return nil, err
		}
		p.Legs = append(p.Legs, leg)
	}
	slices.Reverse(p.Legs)
	return p, nil
}

// through reports whether value that came to an address may leave it in a
// later transaction on a path: not at services, whose customers' funds are one
// balance. The two ends may be services.
func (s *pathSearch) through(ctx context.Context, id graph.ID) (bool, error) {
	if id == s.from {
		return true, nil
	}
	if passes, known := s.passes[id]; known {
		return passes, nil
	}
	address, err := s.l.address(id)
	if err != nil {
		return false, err
	}
	passes := true
	if s.q.Labels != nil {
		for _, label := range s.q.Labels(address) {
			if reasonOf(label) != "" {
				passes = false
			}
		}
	}
	most := s.q.ServiceTransfers
	if most == 0 {
		most = DefaultServiceTransfers
	}
	if passes && most > 0 {
		_, proven, err := s.l.provenPool(ctx, id)
		if err != nil {
			return false, err
		}
		service, err := ServiceShape(most).Of(ctx, s.l.view, id)
		if err != nil {
			return false, err
		}
		passes = !proven && service.Sign == ""
		if !proven && service.Sign != "" {
			s.found.Behaving++
		}
	}
	if !passes {
		s.found.Services = append(s.found.Services, address)
	}
	s.passes[id] = passes
	return passes, nil
}

// assets are those asked for, or else what one end sent and the other received.
func (s *pathSearch) assets(ctx context.Context) ([]graph.AssetID, error) {
	var asked []graph.AssetID
	for _, a := range s.q.Assets {
		id, err := s.l.view.AssetID(a)
		if err != nil {
			return nil, err
		}
		asked = append(asked, id)
	}
	if len(asked) > 0 || s.utxo() {
		if len(asked) == 0 {
			asked = []graph.AssetID{graph.NativeID}
		}
		return asked, nil
	}
	sent := make(map[graph.AssetID]bool)
	for e, err := range s.l.view.History(ctx, s.from, graph.Position{}) {
		if err != nil {
			return nil, err
		}
		if e.Out && !e.Kind.IsFee() {
			sent[e.Asset] = true
		}
	}
	both := make(map[graph.AssetID]bool)
	for e, err := range s.l.view.History(ctx, s.to, graph.Position{}) {
		if err != nil {
			return nil, err
		}
		if !e.Out && sent[e.Asset] && !both[e.Asset] {
			both[e.Asset] = true
			asked = append(asked, e.Asset)
		}
	}
	type named struct {
		id    graph.AssetID
		asset graph.Asset
	}
	var order []named
	for _, id := range asked {
		info, err := s.l.asset(id)
		if err != nil {
			return nil, err
		}
		order = append(order, named{id, info.Asset})
	}
	slices.SortFunc(order, func(a, b named) int { return compareAssets(a.asset, b.asset) })
	for i := range order {
		asked[i] = order[i].id
	}
	return asked, nil
}
