package cluster

import (
	"context"
	"slices"

	"github.com/ethereum/go-ethereum/common"
	"github.com/holiman/uint256"

	"spoor/graph"
)

// LinkRole says what the object of a link is to its subject.
type LinkRole uint8

// The roles. None of them is a reason to take two addresses for one owner's: a
// funder may be anybody, a factory serves all, an owner of a Safe is one of
// several.
const (
	LinkFunder   LinkRole = iota + 1 // gave an account the coin for its first transactions
	LinkCreator                      // made the contract: an account, or a contract
	LinkDeployer                     // paid for the transaction in which a contract made the contract
	LinkOwner                        // may sign for the Safe
	LinkDelegate                     // is the code that the account runs (EIP-7702)
)

// String is the role's name.
func (r LinkRole) String() string {
	return [...]string{"", "funder", "creator", "deployer", "owner", "delegate"}[r]
}

// Link is a relation between two addresses that a transaction shows.
type Link struct {
	Role            LinkRole
	Subject, Object graph.Address // Object is the Role of Subject
	At              graph.Position
	Tx              graph.Hash
	Until           graph.Position // where it ended, zero if it has not
	Rule            string         // what tells it
	Confidence      int            // that the relation is as said, 0 to 100
}

// Confidences of links.
const (
	sureChain   = 100 // the chain itself shows it
	sureFactory = 95  // stated by a contract that a known factory of Safes has made
	sureSigned  = 60  // signed, but perhaps void
	sureClaimed = 30  // stated by a contract that may be anybody's
	sureFirst   = 30  // the first coin known, in a history known from its start
	sureEarly   = 15  // the same, where earlier history is not known
)

// safeFactories make Safes and nothing else, at the same address on every
// chain: 1.3.0 and 1.4.1 (services.csv).
var safeFactories = []common.Address{
	common.HexToAddress("0xa6B71E26C5e0845f74c812102Ca7114b6a896AB2"),
	common.HexToAddress("0x4e1DCf7AD4e460CfD30791CCC4F9c8a4f820ec67"),
}

// fundingDust is below what a plain payment costs at 1 Gwei a unit of gas: it
// funds nothing, and may be there to be seen.
var fundingDust = uint256.NewInt(21_000 * 1_000_000_000)

// Links lists what an address is linked to, as subject or object, in ledger
// order; funders only of the address itself.
func Links(ctx context.Context, view graph.View, a graph.Address) ([]Link, error) {
	var links []Link
	for s, err := range view.Events(ctx, a, graph.Position{}) {
		if err != nil {
			return nil, err
		}
		switch s.Kind {
		case graph.Created:
			links = append(links, statedLink(LinkCreator, &s, sureChain, sureClaimed))
		case graph.OwnerAdded:
			links = append(links, statedLink(LinkOwner, &s, sureClaimed, sureClaimed))
		case graph.OwnerRemoved:
			end(links, LinkOwner, &s)
		case graph.Delegated:
			if s.Protocol == "eip-7702" { // a signature alone ends nothing for sure
				end(links, LinkDelegate, &s)
			}
			if !s.Object.IsZero() {
				l := statedLink(LinkDelegate, &s, sureChain, sureClaimed)
				if s.Protocol != "eip-7702" {
					l.Confidence = sureSigned
				}
				links = append(links, l)
			}
		}
	}
	if err := sureOfSafes(ctx, view, links); err != nil {
		return nil, err
	}
	deployers, err := deployersOf(view, a, links)
	if err != nil {
		return nil, err
	}
	links = append(links, deployers...)
	funder, found, err := funderOf(ctx, view, a)
	if err != nil {
		return nil, err
	}
	if found {
		links = append(links, funder)
	}
	slices.SortStableFunc(links, func(a, b Link) int { return a.At.Compare(b.At) })
	return links, nil
}

// statedLink is the link that an event states; what the chain shows has no
// emitter.
func statedLink(role LinkRole, s *graph.Stated, chain, claimed int) Link {
	l := Link{Role: role, Subject: s.Subject, Object: s.Object, At: s.At, Tx: s.Tx, Rule: s.Protocol, Confidence: claimed}
	if s.Emitter.IsZero() {
		l.Confidence = chain
	}
	return l
}

// end notes where links of a subject ended: of an owner that one, of a delegate
// whichever there is.
func end(links []Link, role LinkRole, s *graph.Stated) {
	for i := range links {
		l := &links[i]
		if l.Role == role && l.Subject == s.Subject && l.Until == (graph.Position{}) && (role != LinkOwner || l.Object == s.Object) {
			l.Until = s.At
		}
	}
}

// sureOfSafes raises the confidence of what Safes of the known factories state.
func sureOfSafes(ctx context.Context, view graph.View, links []Link) error {
	known := map[graph.Address]bool{}
	for i := range links {
		l := &links[i]
		safe := l.Subject
		if l.Role != LinkOwner && (l.Role != LinkCreator || !isSafeFactory(l.Object)) {
			continue
		}
		made, asked := known[safe]
		if !asked {
			for s, err := range view.Events(ctx, safe, graph.Position{}) {
				if err != nil {
					return err
				}
				if made = s.Kind == graph.Created && s.Subject == safe && isSafeFactory(s.Object) && (s.Emitter.IsZero() || s.Emitter == s.Object); made {
					break
				}
			}
			known[safe] = made
		}
		if made {
			l.Confidence = max(l.Confidence, sureFactory)
		}
	}
	return nil
}

func isSafeFactory(a graph.Address) bool {
	return !a.IsZero() && slices.Contains(safeFactories, common.BytesToAddress(a.Bytes()))
}

// deployersOf finds who paid for the making of a contract by a contract: a
// factory's child belongs to the factory's user.
func deployersOf(view graph.View, a graph.Address, links []Link) ([]Link, error) {
	var found []Link
	for _, l := range links {
		if l.Role != LinkCreator || l.Subject != a {
			continue
		}
		tx, err := view.Tx(l.At)
		if err != nil {
			return nil, err
		}
		payer, several := graph.ID(0), false
		for i := range tx.Moves {
			if m := &tx.Moves[i]; m.Kind.IsFee() {
				several = several || payer != 0 && payer != m.From
				payer = m.From
			}
		}
		if payer == 0 || several {
			continue
		}
		who, err := view.Address(payer)
		if err != nil {
			return nil, err
		}
		same := func(k Link) bool { return k.Role == LinkDeployer && k.Tx == l.Tx && k.Object == who }
		if who != l.Object && !slices.ContainsFunc(found, same) {
			found = append(found, Link{Role: LinkDeployer, Subject: a, Object: who, At: l.At, Tx: l.Tx, Rule: "fee payer", Confidence: l.Confidence})
		}
	}
	return found, nil
}

// funderOf finds who gave an account its first coin: the value of a
// transaction of another account, before it paid anybody itself. What protocols
// and contracts pay names nobody. Amounts that could pay for nothing are passed
// over, and so are tokens, which anyone can make appear.
func funderOf(ctx context.Context, view graph.View, a graph.Address) (Link, bool, error) {
	id, err := view.ID(a)
	if isAbsent(err) {
		return Link{}, false, nil
	}
	if err != nil {
		return Link{}, false, err
	}
	if nature, err := natureAt(ctx, view, a); err != nil || nature == NatureContract {
		return Link{}, false, err
	}
	for e, err := range view.History(ctx, id, graph.Position{}) {
		switch {
		case err != nil:
			return Link{}, false, err
		case e.Asset != graph.NativeID || e.Amount.IsZero():
			continue
		case e.Out:
			return Link{}, false, nil // it had coin before
		case e.Amount.Lt(fundingDust):
			continue
		case e.Peer == 0 || e.Kind != graph.KindNative && e.Kind != graph.KindTransfer:
			return Link{}, false, nil
		}
		if nature, err := NatureOf(ctx, view, e.Peer, e.At.Next()); err != nil || nature == NatureContract {
			return Link{}, false, err
		}
		return fundedBy(view, a, &e)
	}
	return Link{}, false, nil
}

func fundedBy(view graph.View, a graph.Address, e *graph.Entry) (Link, bool, error) {
	who, err := view.Address(e.Peer)
	if err != nil {
		return Link{}, false, err
	}
	tx, err := view.Tx(e.At)
	if err != nil {
		return Link{}, false, err
	}
	rows, err := view.Coverage()
	if err != nil {
		return Link{}, false, err
	}
	l := Link{Role: LinkFunder, Subject: a, Object: who, At: e.At, Tx: tx.Hash, Rule: "first coin", Confidence: sureEarly}
	if graph.Covers(rows, a, 0, e.At.Block) {
		l.Confidence = sureFirst
	}
	return l, true, nil
}
