package graph

// Label is a source's claim about an address. It is never a fact: it carries
// who says so and how sure they are.
type Label struct {
	Address    Address
	Name       string // of the owner or service, as the source writes it
	Category   string // GraphSense concept, such as "exchange" or "mixing_service"
	Behaviour  string // what a trace must do here (mixer_pool, router, pool …), "" if the source does not say
	Source     string
	Confidence int // 0 to 100, by the GraphSense vocabulary
}
