package main

import (
	"context"
	"errors"
	"fmt"

	"spoor/graph"
	"spoor/ingest"
	"spoor/ingest/ethereum"
	"spoor/trace"
)

// tokenNames asks a node what new tokens are called. A node that does not
// answer is no reason to end anything: they are asked for another time.
type tokenNames struct {
	p     *program
	chain graph.Chain
	names *ingest.Names
	said  string // the last reason why there was no answer
}

func (p *program) newTokenNames(ledger graph.Ledger, by ingest.Describer) *tokenNames {
	return &tokenNames{p: p, chain: ledger.Chain(), names: ingest.NewNames(ledger, by)}
}

// notice asks when the head of a followed chain is reached. A nil receiver
// never asks.
func (t *tokenNames) notice(ctx context.Context, n ingest.Notice) error {
	switch {
	case t == nil:
	case n.What == ingest.Reorganise:
		t.names.Again()
	case n.What == ingest.Reached:
		_, err := t.ask(ctx)
		return err
	}
	return nil
}

// ask asks about every token of which nobody has said anything.
func (t *tokenNames) ask(ctx context.Context) (described int, err error) {
	described, err = t.names.Describe(ctx)
	fault := (*ethereum.Fault)(nil)
	switch {
	case err == nil, ctx.Err() != nil:
		return described, nil
	case errors.Is(err, ingest.ErrUnavailable), errors.Is(err, ingest.ErrMoved), errors.As(err, &fault):
		if text := oneLine(err.Error()); t.said != text {
			t.said = text
			t.p.say("%s: what tokens are called is not known: %s", t.chain.Alias, text)
		}
		return described, nil
	}
	return described, fmt.Errorf("names of tokens: %w", err)
}

// nameTokens asks about all tokens of a ledger that was read.
func (p *program) nameTokens(ctx context.Context, store graph.Store, chain graph.Chain, nodes []string, settings ethereum.RPCOptions, meter *ingest.Meter) error {
	ledger, err := store.Ledger(ctx, chain)
	if err != nil {
		return err
	}
	node, err := ethereum.NewNode(chain, nodes, meter, settings)
	if err != nil {
		return err
	}
	defer node.Close()
	described, err := p.newTokenNames(ledger, node).ask(ctx)
	meter.Count("tokens that say what they are called", uint64(described))
	return err
}

// tokensOf lists the tokens of a chain in a trace of which nobody has said
// anything.
func tokensOf(t *trace.Trace, chain graph.ChainID) (tokens []graph.Asset) {
	for _, b := range t.Balances {
		if info := b.Asset; info.Asset.Chain == chain && info.Source == "" && !info.Asset.IsNative() {
			tokens = append(tokens, info.Asset)
		}
	}
	return tokens
}

// named traces a case in which every token was asked for its name: a trace is
// made, the node says what the tokens in it are called, and if that is any of
// them it is made again, for amounts of the case may be in whole units.
func (o *traceOptions) named(ctx context.Context, p *program, store graph.Store, c trace.Case, known trace.Known, entities *entityBook) (*trace.Trace, error) {
	nodes, err := p.nodeAddresses(o.rpc)
	if err != nil {
		return nil, err
	}
	chain, err := ethereum.RPCChain(ctx, nodes, ethereum.RPCOptions{})
	if err != nil {
		return nil, err
	}
	node, err := ethereum.NewNode(chain, nodes, ingest.NewMeter(ingest.Stop), ethereum.RPCOptions{})
	if err != nil {
		return nil, usagef("--rpc: %w", err)
	}
	defer node.Close()
	t, err := traceStore(ctx, store, c, known, entities)
	if err != nil {
		return nil, err
	}
	tokens := tokensOf(t, chain.ID)
	if len(tokens) == 0 {
		return t, nil
	}
	infos, err := node.Describe(ctx, tokens)
	if err != nil {
		return nil, err
	}
	p.say("%s: %d of %d tokens say what they are called", chain.Alias, len(infos), len(tokens))
	ledger, err := store.Ledger(ctx, chain)
	if err != nil {
		return nil, err
	}
	if err := ledger.Describe(ctx, infos...); err != nil {
		return nil, err
	}
	return traceStore(ctx, store, c, known, entities)
}
