package eval

import (
	"context"

	"spoor/cluster"
	"spoor/graph"
	"spoor/ingest"
	"spoor/ingest/synthetic"
)

// ServicesResult is how well services are told by their behaviour on a ledger
// where it is known who is one.
type ServicesResult struct {
	Shape    cluster.ServiceShape
	Services int            // addresses known to be services
	Found    int            // of them, taken for services
	Others   int            // all other addresses
	False    int            // of them, taken for services: the placebo rate is False of Others
	Busy     int            // others with as many movements as any sign needs
	Signs    map[string]int // verdicts by sign, right or wrong
}

// Services asks about every address of a ledger. known tells who is a service.
func Services(ctx context.Context, view graph.View, shape cluster.ServiceShape, known map[graph.Address]bool) (ServicesResult, error) {
	r := ServicesResult{Shape: shape, Signs: map[string]int{}}
	size, err := view.Size()
	if err != nil {
		return r, err
	}
	for id := graph.ID(1); id <= graph.ID(size.Addresses); id++ {
		a, err := view.Address(id)
		if err != nil {
			return r, err
		}
		service, err := shape.Of(ctx, view, id)
		if err != nil {
			return r, err
		}
		if service.Sign != "" {
			r.Signs[service.Sign]++
		}
		if known[a] {
			r.Services++
			if service.Sign != "" {
				r.Found++
			}
			continue
		}
		r.Others++
		if service.Sign != "" {
			r.False++
		}
		n, err := view.Entries(id, shape.Payers+shape.Payees)
		if err != nil {
			return r, err
		}
		if n >= shape.Payers+shape.Payees {
			r.Busy++
		}
	}
	return r, nil
}

// TrafficServices asks about every address of a week of generated traffic, whose
// exchanges are known. Popularity follows a power law, so some persons are paid
// by hundreds. The ledger must be empty.
func TrafficServices(ctx context.Context, ledger graph.Ledger, seed uint64) (ServicesResult, error) {
	traffic := synthetic.Traffic{Ledger: ledger.Chain(), Seed: seed, Transfers: 40_000, Interval: 7 * 86400 / 200}
	if _, err := ingest.Run(ctx, ledger, traffic, ingest.Options{Meter: ingest.NewMeter(ingest.Stop)}); err != nil {
		return ServicesResult{}, err
	}
	view, err := ledger.View(ctx)
	if err != nil {
		return ServicesResult{}, err
	}
	defer func() { _ = view.Close() }()
	known := map[graph.Address]bool{}
	for i := range synthetic.Hubs {
		known[traffic.Hub(i)] = true
	}
	return Services(ctx, view, cluster.DefaultServiceShape(), known)
}
