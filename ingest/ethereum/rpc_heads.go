package ethereum

import (
	"context"
	"encoding/json"
	"strings"

	"spoor/ingest"
)

var _ ingest.Announcer = (*Node)(nil)

// Announce subscribes to the heads of the first node that is reached by
// WebSocket or IPC; over HTTP there is no way to be told. nil if there is no
// such node or it offers no subscription.
func (n *Node) Announce(ctx context.Context) <-chan struct{} {
	for _, e := range n.heads.nodes {
		if strings.HasPrefix(e.address, "http://") || strings.HasPrefix(e.address, "https://") {
			continue
		}
		if news := announce(ctx, e); news != nil {
			return news
		}
	}
	return nil
}

func announce(ctx context.Context, e *endpoint) <-chan struct{} {
	client, err := e.dial(ctx)
	if err != nil {
		return nil
	}
	e.sends(1)
	heads := make(chan json.RawMessage, 16)
	subscription, err := client.EthSubscribe(ctx, heads, "newHeads")
	if err != nil {
		return nil
	}
	news, lost := make(chan struct{}, 1), subscription.Err()
	go func() {
		defer close(news)
		defer subscription.Unsubscribe()
		for {
			select {
			case <-ctx.Done():
				return
			case err := <-lost: // Follow finds out itself whether the node is gone
				if err != nil && e.meter != nil {
					e.meter.Faulted(FaultTransient.String())
				}
				return
			case <-heads: // what it is, is asked for and checked like any other
				select {
				case news <- struct{}{}:
				default: // one is enough
				}
			}
		}
	}()
	return news
}
