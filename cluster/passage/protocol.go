package passage

// Protocols differ in what their sides say of each other. What is not listed
// here keeps the rule: a key belongs to one departure and one arrival, which
// name the same recipient, and an amount told of the far side counts as there.
// Names and certainties are those of the table of bridges (ingest/bridge).
var protocols = map[string]trait{
	// A deposit may be filled in parts (its contracts' ABI).
	"across-v2": {parts: true},
	// The amount to be received is told in the sender's decimals: 6 of USDT on
	// Ethereum are 18 on BNB (LayerZero's OFT, "LD" for local decimals).
	"layerzero-v2": {ownUnits: true},
	"stargate-v2":  {ownUnits: true},
	// The arrival is not the end but what sets off another passage, so that whom
	// it names is a contract on the way, or nobody, perhaps on the chain of the
	// departure.
	"stargate-v2-bus": {relay: true},
	"arbitrum":        {relay: true},
	"arbitrum-retry":  {relay: true},
	// Keys that equal passages, or several of one transaction, share.
	"cctp-v2":          {strong: true},
	"stargate-v1":      {strong: true},
	"layerzero-v1":     {strong: true},
	"hop-l1":           {strong: true},
	"synapse":          {strong: true},
	"thorchain":        {strong: true},
	"harmony":          {strong: true},
	"axelar-its":       {strong: true},
	"avalanche-bridge": {strong: true},
}

// trait is how a protocol departs from the rule.
type trait struct {
	parts    bool // what left once may come out in several parts
	ownUnits bool // the far amount is told in units of the near asset
	relay    bool // the arrival may hand over to another passage
	strong   bool // the key is not unique by construction
}

// KeyConfidence is the confidence of a link by a protocol's key, 0 to 100, that
// one departure carries.
func KeyConfidence(protocol string) int {
	if protocols[protocol].strong {
		return StrongKey
	}
	return SureKey
}

// Confidence of links by key.
const (
	SureKey     = 100 // the protocol numbers or hashes every passage
	StrongKey   = 95  // equal passages would share the key, and none is known that does
	SharedKey   = 90  // several do: the earliest departure is taken for the earliest arrival
	UnprovenKey = 20  // unlisted emitters state both sides: they can be one person's
)
