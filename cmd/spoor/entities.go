package main

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/spf13/cobra"

	"spoor/cluster"
	"spoor/graph"
	"spoor/graph/badger"
)

// ruleFlags choose what entities are computed by.
type ruleFlags struct {
	rules, without []string
	at             uint32
	guard          cluster.Guard
}

func (f *ruleFlags) add(cmd *cobra.Command) {
	flags := cmd.Flags()
	flags.StringArrayVar(&f.rules, "rule", nil, "rule that counts, instead of the default ones; may be repeated (spoor cluster rules lists them)")
	flags.StringArrayVar(&f.without, "without", nil, "rule that does not count; may be repeated")
	flags.Uint32Var(&f.at, "at", 0, "entities as of this block (default the last)")
	flags.IntVar(&f.guard.CoSpend, "guard-cospend", cluster.DefaultGuard.CoSpend, "addresses from which two entities are not joined by a co-spend; negative for never")
	flags.IntVar(&f.guard.Behaviour, "guard-behaviour", cluster.DefaultGuard.Behaviour, "addresses from which two entities are not joined by any other rule; negative for never")
}

// choice is what the flags say, without vetoes and labels.
func (f *ruleFlags) choice(cmd *cobra.Command) (c cluster.Choice, err error) {
	c.Rules, c.Guard = cluster.DefaultRules(), f.guard
	if len(f.rules) > 0 {
		c.Rules = 0
	}
	for _, name := range f.rules {
		r, err := cluster.ParseRule(name)
		if err != nil {
			return c, usagef("--rule: %w", err)
		}
		c.Rules = c.Rules.With(r)
	}
	for _, name := range f.without {
		r, err := cluster.ParseRule(name)
		if err != nil {
			return c, usagef("--without: %w", err)
		}
		c.Rules = c.Rules.Without(r)
	}
	if c.Rules == 0 {
		return c, usagef("no rule is left: --without takes away all that --rule gives")
	}
	if cmd.Flags().Changed("at") {
		c.UpTo = &f.at
	}
	return c, nil
}

// clusterLabels are the labels that evidence and entities are computed with: the
// built-in pack and the packs of the store.
func clusterLabels(ctx context.Context, store graph.Store) ([]graph.Label, error) {
	book, err := openLabelBook(nil)
	if err != nil {
		return nil, err
	}
	all := book.lists.All()
	packs, err := store.Labels(ctx)
	if err != nil {
		return nil, err
	}
	for l, err := range packs.All(ctx, graph.LabelFilter{}) {
		if err != nil {
			return nil, err
		}
		all = append(all, l)
	}
	return inLabelOrder(all), nil
}

func inLabelOrder(list []graph.Label) []graph.Label {
	slices.SortFunc(list, func(a, b graph.Label) int { return a.Compare(&b) })
	return slices.Compact(list)
}

// An entityBook opens the entities of a store's chains for traces. Nil opens
// none.
type entityBook struct {
	store *badger.Store
	kept  []graph.Label          // that evidence depends on
	sound map[graph.ChainID]bool // logs that were read to the end already
	more  []graph.Label          // of the command's files
}

func openEntityBook(ctx context.Context, store *badger.Store, labels *labelBook) (*entityBook, error) {
	kept, err := clusterLabels(ctx, store)
	return &entityBook{store: store, kept: kept, sound: map[graph.ChainID]bool{}, more: labels.lists.All()}, err
}

// update brings the evidence of the chains that were clustered up to date.
func (b *entityBook) update(ctx context.Context) error {
	if b == nil {
		return nil
	}
	chains, err := b.store.Chains(ctx)
	if err != nil {
		return err
	}
	for _, chain := range chains {
		if err := b.updateChain(ctx, chain); err != nil {
			return err
		}
	}
	return nil
}

// updateChain does so for one chain.
func (b *entityBook) updateChain(ctx context.Context, chain graph.Chain) error {
	if !isClustered(b.store, chain) {
		return nil
	}
	_, _, err := updateCluster(ctx, b.store, chain, b.kept, 0, !b.sound[chain.ID])
	b.sound[chain.ID] = err == nil
	return err
}

// open computes the entities of every chain that was clustered. Call done when
// they are no longer used.
func (b *entityBook) open(ctx context.Context) (entities map[graph.ChainID]*cluster.Entities, done func() error, err error) {
	entities = make(map[graph.ChainID]*cluster.Entities)
	var opened []*clustered
	done = func() (err error) {
		for _, c := range opened {
			err = errors.Join(err, c.close())
		}
		return err
	}
	if b == nil {
		return entities, done, nil
	}
	chains, err := b.store.Chains(ctx)
	if err != nil {
		return nil, done, err
	}
	for _, chain := range chains {
		c, err := openEntities(ctx, b.store, chain, b.kept, cluster.Choice{Labels: b.more})
		if errors.Is(err, cluster.ErrNoLog) {
			continue
		}
		if err != nil {
			return nil, done, err
		}
		opened = append(opened, c)
		entities[chain.ID] = c.Entities
	}
	return entities, done, nil
}

// clustered is the entities of one ledger, open.
type clustered struct {
	*cluster.Entities
	chain  graph.Chain
	view   graph.View
	log    *cluster.Log
	vetoes []cluster.Veto
	behind uint32 // blocks that the ledger has above the evidence
}

func (c *clustered) close() error { return errors.Join(c.view.Close(), c.log.Close()) }

// errStale is returned for evidence that is not of the ledger as it is.
type errStale struct{ chain graph.Chain }

func (e errStale) Error() string {
	return fmt.Sprintf("the evidence of %s is of other blocks, rules or labels than there are now", e.chain.Alias)
}

func (errStale) Hint() string {
	return "spoor cluster brings it up to date; spoor trace --no-entities goes without"
}

// openEntities computes the entities of a chain from the evidence there is,
// cluster.ErrNoLog if there is none. Close them.
func openEntities(ctx context.Context, store *badger.Store, chain graph.Chain, labels []graph.Label, choice cluster.Choice) (*clustered, error) {
	log, err := cluster.OpenLog(store.Folder(chain), chain)
	if err != nil {
		err = fmt.Errorf("entities of %s: %w", chain.Alias, err)
		if errors.Is(err, graph.ErrDamaged) {
			err = advice{err, evidenceHint}
		}
		return nil, err
	}
	ledger, err := store.Ledger(ctx, chain)
	if err != nil {
		return nil, errors.Join(err, log.Close())
	}
	view, err := ledger.View(ctx)
	if err != nil {
		return nil, errors.Join(err, log.Close())
	}
	c := &clustered{chain: chain, view: view, log: log}
	if err := c.compute(ctx, store.Folder(chain), labels, choice); err != nil {
		return nil, errors.Join(err, c.close())
	}
	return c, nil
}

func (c *clustered) compute(ctx context.Context, dir string, labels []graph.Label, choice cluster.Choice) error {
	state, behind, err := c.log.State(ctx, c.view)
	if err != nil {
		return err
	}
	found := c.log.Basis().Found
	asked := cluster.Search{Chain: c.chain, Rules: found, Labels: labels}
	if state == cluster.Stale || asked.Basis() != c.log.Basis() || choice.Rules.Of(c.chain.Family)&^found != 0 {
		return errStale{c.chain}
	}
	c.behind = behind
	if c.vetoes, err = cluster.ReadVetoes(dir, c.chain); err != nil {
		return err
	}
	choice.Vetoes, choice.Labels = c.vetoes, inLabelOrder(slices.Concat(labels, choice.Labels))
	if c.Entities, err = cluster.Compute(ctx, c.log, c.view, choice); errors.Is(err, graph.ErrDamaged) {
		size, errSize := c.view.Size()
		if _, errLog := c.log.Sound(size.Addresses); errSize == nil && errLog != nil {
			err = advice{err, evidenceHint} // the log is, the ledger need not be
		}
	}
	return err
}

// updateCluster brings the evidence of a ledger up to its tip, and reports
// what it did, and why all was found anew, if it was. It is what cluster, follow
// and trace --fetch call; check reads all of the log first.
func updateCluster(ctx context.Context, store *badger.Store, chain graph.Chain, labels []graph.Label, rules cluster.RuleSet, check bool) (u cluster.Updated, why error, err error) {
	ledger, err := store.Ledger(ctx, chain)
	if err != nil {
		return u, nil, err
	}
	view, err := ledger.View(ctx)
	if err != nil {
		return u, nil, err
	}
	defer func() { err = errors.Join(err, view.Close()) }()
	dir := store.Folder(chain)
	search, err := cluster.Search{Chain: chain, Rules: rules, Labels: labels}.AsBefore(dir)
	if err != nil {
		return u, nil, err
	}
	log, why, err := cluster.EditLog(dir, chain, search.Basis())
	if err != nil {
		return u, nil, err
	}
	defer func() { err = errors.Join(err, log.Close()) }()
	if check {
		if err := log.Check(); err != nil {
			return u, why, err
		}
	}
	u, err = log.Update(ctx, view, search.Finder(ctx, view))
	return u, why, err
}

// isClustered reports whether a chain was ever clustered.
func isClustered(store *badger.Store, chain graph.Chain) bool {
	log, err := cluster.OpenLog(store.Folder(chain), chain)
	if err != nil {
		return !errors.Is(err, cluster.ErrNoLog)
	}
	_ = log.Close() // opened for reading
	return true
}
