package web_test

import (
	"context"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"

	"spoor/cluster"
	"spoor/graph"
	"spoor/web"
)

// owners computes the entities of a chain of the world, for a server.
func (w *world) owners(t *testing.T, chain graph.Chain, choice cluster.Choice) *cluster.Entities {
	t.Helper()
	dir := t.TempDir()
	view := must(must(w.store.Ledger(t.Context(), chain)).View(t.Context()))
	search := cluster.Search{Chain: chain, Labels: w.labels}
	edit, _, err := cluster.EditLog(dir, chain, search.Basis())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := edit.Update(t.Context(), view, search.Finder(t.Context(), view)); err != nil {
		t.Fatal(err)
	}
	if err := edit.Close(); err != nil {
		t.Fatal(err)
	}
	log := must(cluster.OpenLog(dir, chain))
	t.Cleanup(func() {
		if err := log.Close(); err != nil {
			t.Error(err)
		}
	})
	choice.Labels = w.labels
	return must(cluster.Compute(t.Context(), log, view, choice))
}

// clustered serves the world with the entities of two chains.
func (w *world) clustered(t *testing.T, choice cluster.Choice) (*client, map[graph.ChainID]*cluster.Entities) {
	t.Helper()
	known := map[graph.ChainID]*cluster.Entities{}
	for _, leg := range []graph.Chain{w.ethereum.Chain(), w.bitcoin.Chain()} {
		known[leg.ID] = w.owners(t, leg, choice)
	}
	var one sync.Mutex
	c := w.serve(t, func(config *web.Config) {
		open := config.Open
		config.Open = func(ctx context.Context) (*web.Reading, error) {
			r, err := open(ctx)
			if err == nil {
				r.Owners = func(ctx context.Context, chain graph.Chain, use func(web.Owners) error) error {
					e := known[chain.ID]
					if e == nil {
						return fmt.Errorf("%w: no evidence was looked for", web.ErrNoEntities)
					}
					one.Lock()
					defer one.Unlock()
					return use(web.Owners{Entities: e, View: must(must(w.store.Ledger(ctx, chain)).View(ctx))})
				}
			}
			return r, err
		}
	})
	return c, known
}

// largest is the members of the largest entity of a chain, by address.
func (w *world) largest(t *testing.T, e *cluster.Entities) (members []graph.Address) {
	t.Helper()
	view := must(must(w.store.Ledger(t.Context(), e.Chain())).View(t.Context()))
	best := graph.ID(1)
	for id := graph.ID(1); id <= graph.ID(must(view.Size()).Addresses); id++ {
		if e.Size(id) > e.Size(best) {
			best = id
		}
	}
	for _, id := range e.Members(best) {
		members = append(members, must(view.Address(id)))
	}
	slices.SortFunc(members, graph.Address.Compare)
	return members
}

type entityJSON struct {
	Entity, Missing, Next, Statement string
	Addresses                        int
	ByCoSpend                        int `json:"addresses_by_cospend"`
	Members                          []struct {
		Address string
		CoSpend bool `json:"by_cospend"`
	}
	Rules []struct {
		Rule, ErrorRate string
		Evidence        int
	}
	Held []struct{ Reason, A, B string } `json:"held_back"`
	Why  *struct {
		Joined bool
		Steps  []struct{ From, To, Rule, TxHash string }
		Held   []struct{ Reason, A, B string } `json:"held_back"`
	}
}

func entityPath(a graph.Address, query string) string {
	return "/entity/" + graph.ChainOf(a.Chain).Alias + "/" + url.PathEscape(a.String()) + "?" + query
}

func TestEntity(t *testing.T) {
	w := newWorld(t)
	c, known := w.clustered(t, cluster.Choice{})
	members := w.largest(t, known[graph.Bitcoin])
	if len(members) < 3 {
		t.Fatalf("the largest entity has %d addresses", len(members))
	}
	first, last := members[0], members[len(members)-1]
	got := read[entityJSON](c, entityPath(last, "limit=500"))
	if got.Entity != first.String() || got.Addresses != len(members) || got.ByCoSpend < 1 || got.ByCoSpend > got.Addresses || got.Statement != "attributed" || len(got.Rules) == 0 || got.Missing != "" {
		t.Fatalf("%+v", got)
	}
	// Pages go on where the last ended.
	var listed []string
	for after := ""; ; {
		page := read[entityJSON](c, entityPath(last, "limit=2&after="+after))
		for _, m := range page.Members {
			listed = append(listed, m.Address)
		}
		if after = page.Next; after == "" {
			break
		}
	}
	want := []string{}
	for _, m := range members {
		want = append(want, m.String())
	}
	if !slices.Equal(listed, want) {
		t.Errorf("pages list %v, want %v", listed, want)
	}
	rows := c.expect(entityPath(last, "format=csv&limit=1"), 200, "entity,chain,address,by_cospend,labels")
	if strings.Count(rows.body, "\r\n") != 1+len(members) {
		t.Errorf("the table: %s", rows.body)
	}
	// Why: a chain from one to the other.
	why := read[entityJSON](c, entityPath(last, "other="+first.String())).Why
	if why == nil || !why.Joined || len(why.Steps) == 0 || why.Steps[0].From != last.String() || why.Steps[len(why.Steps)-1].To != first.String() {
		t.Errorf("why: %+v", why)
	}
	page := c.page(entityPath(last, "other="+first.String()))
	for _, text := range []string{"by co-spends only", "The shortest chain of evidence", first.String(), "?other="} {
		if !strings.Contains(page, text) {
			t.Errorf("the page has no %q", text)
		}
	}
	if page := c.page(addressPath(last)); !strings.Contains(page, "and why</a>") || !strings.Contains(page, first.String()) {
		t.Error("the page of the address does not tell its owner")
	}
	// A counterparty's owner is told with it.
	related := false
	for pair := range w.known(t, w.bitcoin.Chain()) {
		if pair[0] == last.String() {
			r := c.ask("GET", relationsPath(must(graph.ParseAddress(w.bitcoin.Chain(), pair[1])), "top=200"), "")
			related = related || strings.Contains(r.body, `"id":"`+first.String()+`"`)
		}
	}
	if !related {
		t.Error("no relation tells an entity")
	}
	c.expect(entityPath(last, "other="+last.String()), 422, "twice")
	c.expect(entityPath(last, "other=nonsense"), 422)
	c.expect(entityPath(last, "after=nonsense"), 422)
	c.expect(entityPath(last, "limit=501"), 422)
	c.expect("/entity/ethereum/0x00000000000000000000000000000000000000ff", 404)
	// Where nothing was looked for, that is said.
	if got := read[entityJSON](c, entityPath(w.victim, "")); got.Missing == "" || len(got.Members) != 1 {
		t.Errorf("without evidence: %+v", got)
	}
	c.page(entityPath(w.victim, ""))
}

// What a veto parts is not joined, and says what was held back.
func TestEntityHeldBack(t *testing.T) {
	w := newWorld(t)
	_, free := w.clustered(t, cluster.Choice{})
	members := w.largest(t, free[graph.Bitcoin])
	first, last := members[0], members[len(members)-1]
	veto := must(cluster.NewVeto(first, last, "seen apart"))
	c, _ := w.clustered(t, cluster.Choice{Vetoes: []cluster.Veto{veto}})
	got := read[entityJSON](c, entityPath(last, "other="+first.String()))
	if got.Addresses >= len(members) || got.Why == nil || got.Why.Joined || len(got.Why.Held) == 0 || len(got.Held) == 0 || got.Held[0].Reason != "veto" {
		t.Errorf("%+v %+v", got, got.Why)
	}
	if page := c.page(entityPath(last, "other="+first.String())); !strings.Contains(page, "Evidence between them was held back") || !strings.Contains(page, "veto") {
		t.Error("the page does not say what was held back")
	}
	// With nobody they have anything to do with nothing was held back.
	if lone := read[entityJSON](c, entityPath(last, "other="+w.bitcoin.Truth.Seeds[0].To.String())); lone.Why == nil || lone.Why.Joined && len(lone.Why.Steps) == 0 {
		t.Errorf("%+v", lone.Why)
	}
}

// Of an entity that is larger than a request may read a part is listed, and the
// rest counted; as a table it is refused.
func TestEntityTooLarge(t *testing.T) {
	w := newWorld(t)
	_, known := w.clustered(t, cluster.Choice{})
	members := w.largest(t, known[graph.Bitcoin])
	c := w.serve(t, func(config *web.Config) {
		open := config.Open
		config.Limits.Scan = 2
		config.Open = func(ctx context.Context) (*web.Reading, error) {
			r, err := open(ctx)
			r.Owners = func(ctx context.Context, chain graph.Chain, use func(web.Owners) error) error {
				return use(web.Owners{Entities: known[chain.ID], View: must(must(w.store.Ledger(ctx, chain)).View(ctx))})
			}
			return r, err
		}
	})
	got := read[struct {
		Members   []struct{ Address string }
		Addresses int
		Unread    int `json:"members_unread"`
	}](c, entityPath(members[0], ""))
	if len(got.Members) != 2 || got.Addresses != len(members) || got.Unread != len(members)-2 {
		t.Errorf("%+v", got)
	}
	c.expect(entityPath(members[0], "format=csv"), 422, "spoor entity")
}
