package badger

import "spoor/graph"

// nameCache keeps numbers of addresses and assets met lately, so that most are
// not looked up. It forgets in halves: what was not asked for again while half
// was filled is dropped.
type nameCache struct {
	limit      int
	fresh, old map[graph.Address]graph.ID
	assets     map[graph.Asset]graph.AssetID
}

func newNameCache(limit int) nameCache {
	c := nameCache{limit: max(limit/2, 1024)}
	c.clear()
	return c
}

func (c *nameCache) clear() {
	c.fresh, c.old = make(map[graph.Address]graph.ID), nil
	c.assets = make(map[graph.Asset]graph.AssetID)
}

func (c *nameCache) id(a graph.Address) (graph.ID, bool) {
	id, ok := c.fresh[a]
	if !ok {
		if id, ok = c.old[a]; ok {
			c.keep(a, id)
		}
	}
	return id, ok
}

func (c *nameCache) keep(a graph.Address, id graph.ID) {
	if len(c.fresh) >= c.limit {
		c.old, c.fresh = c.fresh, make(map[graph.Address]graph.ID)
	}
	c.fresh[a] = id
}

func (c *nameCache) keepAsset(a graph.Asset, n graph.AssetID) {
	if len(c.assets) >= c.limit {
		clear(c.assets)
	}
	c.assets[a] = n
}
