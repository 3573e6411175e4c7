package graph

import (
	"bytes"
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"iter"
)

// ErrPack is returned for a pack that cannot be kept beside what is there.
var ErrPack = errors.New("the pack cannot be kept")

// Digest is the SHA-256 of a file's bytes: the identity of a pack.
type Digest [sha256.Size]byte

// DigestOf is the digest of a file's bytes.
func DigestOf(file []byte) Digest { return sha256.Sum256(file) }

// String is the digest as 64 hex digits.
func (d Digest) String() string { return hex.EncodeToString(d[:]) }

// IsZero reports whether there is no digest.
func (d Digest) IsZero() bool { return d == Digest{} }

// Compare orders digests by their bytes.
func (d Digest) Compare(o Digest) int { return bytes.Compare(d[:], o[:]) }

// Pack is one version of a list of labels: one file, named by its digest. A
// newer version of the list is another pack, and both are kept until one is
// removed. Packs are comparable values.
type Pack struct {
	Digest  Digest
	Name    string // of the file, without its folder
	Format  string // in which it is written
	Options string // what was said beside the file when it was read, "" if nothing

	Title       string
	Creator     string
	Description string
	Licence     string // of labels that name none
	URI         string // where it was published
	Date        int64  // of its last change, in unix seconds; 0 if not known

	Size    int64 // bytes
	Rows    int   // of the file, without its header
	Refused int   // rows that are no label
	Labels  int   // one a row that was not refused; more where a row speaks for several chains
	Actors  int
}

// Compare orders packs by name, title and digest.
func (p *Pack) Compare(o *Pack) int {
	return cmp.Or(cmp.Compare(p.Name, o.Name), cmp.Compare(p.Title, o.Title), p.Digest.Compare(o.Digest))
}

// Actor is a person or organisation that labels may point at, as a pack
// describes it. A claim like a label.
type Actor struct {
	ID            string
	Label         string // name
	URI           string
	Categories    []string
	Jurisdictions []string // country codes
	Aliases       []string
	Context       string // further references, JSON as the source writes it
	Date          int64  // of its last change, in unix seconds; 0 if not known
	Pack          Digest
}

// LabelFilter chooses among labels. Its zero value chooses all.
type LabelFilter struct {
	Category string  // of this category only
	Pack     Digest  // of this pack only
	Chain    ChainID // of this chain only
}

// Takes reports whether the filter chooses a label.
func (f LabelFilter) Takes(l *Label) bool {
	return (f.Category == "" || f.Category == l.Category) && (f.Pack.IsZero() || f.Pack == l.Pack) && (f.Chain == "" || f.Chain == l.Address.Chain)
}

// Labels keeps packs of labels beside the ledgers.
//
// Promises, tested by graphtest.Suite for every engine:
//
//   - Import and Remove are atomic: after a crash at any point the next open
//     shows all of a call or nothing of it.
//   - Import is repeatable: a digest that is there already changes nothing.
//   - Labels come back as they were, each with the digest of its pack, and are
//     never merged: what two packs say of an address stands side by side.
//   - Nothing depends on the order in which packs were imported.
type Labels interface {
	// Import keeps a pack with its actors and labels, and reports whether it is
	// new. p.Labels and p.Actors must count them. A digest that is there with
	// other Options is ErrPack: the two would not be told apart.
	Import(ctx context.Context, p Pack, actors []Actor, labels iter.Seq2[Label, error]) (added bool, err error)
	// Packs lists the packs, in the order of Pack.Compare.
	Packs(ctx context.Context) ([]Pack, error)
	// Remove forgets a pack and all it says, ErrNotFound if it is not there.
	Remove(ctx context.Context, pack Digest) error
	// Of lists what is claimed about an address, in the order of Label.Compare;
	// nil if nothing is.
	Of(ctx context.Context, a Address) ([]Label, error)
	// Actor lists what is claimed about an actor, by pack; nil if nothing is.
	Actor(ctx context.Context, id string) ([]Actor, error)
	// All yields the chosen labels by address and then as Of does. Addresses
	// ascend by chain, length and bytes. It shows one state of the packs,
	// whatever is imported meanwhile.
	All(ctx context.Context, f LabelFilter) iter.Seq2[Label, error]
}

// maxLabelText bounds what a label says, in bytes: engines write it in one row.
const maxLabelText = 1 << 16

// Check reports whether the label may be kept in a pack, ErrPack if not.
func (l *Label) Check() error {
	texts := len(l.Name) + len(l.Category) + len(l.Behaviour) + len(l.Source) + len(l.Grade) + len(l.Abuse) + len(l.Concepts) + len(l.Actor) +
		len(l.Kind) + len(l.Currency) + len(l.Note) + len(l.URI) + len(l.Licence)
	switch {
	case texts > maxLabelText:
		return fmt.Errorf("%w: a label of %s has %d bytes of text, want %d at most", ErrPack, l.Address.CAIP10(), texts, maxLabelText)
	case l.Address.IsZero():
		return fmt.Errorf("%w: label %.40q has no address", ErrPack, l.Name)
	case l.Name == "" || l.Source == "":
		return fmt.Errorf("%w: a label of %s has no name or no source", ErrPack, l.Address.CAIP10())
	case l.Confidence < 0 || l.Confidence > 100:
		return fmt.Errorf("%w: confidence %d of %s is not between 0 and 100", ErrPack, l.Confidence, l.Address.CAIP10())
	}
	return nil
}

// maxActorID is the length of an actor's id in bytes; engines have it in keys.
const maxActorID = 255

// Check reports whether the actor may be kept in a pack, ErrPack if not.
func (a *Actor) Check() error {
	if a.ID == "" || len(a.ID) > maxActorID {
		return fmt.Errorf("%w: actor %.40q: want an id of 1 to %d bytes", ErrPack, a.ID, maxActorID)
	}
	return nil
}

// Check reports whether the pack may be kept with so many labels and actors,
// ErrPack if not.
func (p *Pack) Check(labels, actors int) error {
	switch {
	case p.Digest.IsZero():
		return fmt.Errorf("%w: %q has no digest", ErrPack, p.Name)
	case labels != p.Labels || actors != p.Actors:
		return fmt.Errorf("%w: %q has %d labels and %d actors, and says %d and %d", ErrPack, p.Name, labels, actors, p.Labels, p.Actors)
	}
	return nil
}

// Same reports whether a pack is another reading of one with its digest,
// ErrPack if it was read in another format or with other options.
func (p *Pack) Same(o *Pack) error {
	if p.Options != o.Options || p.Format != o.Format {
		return fmt.Errorf("%w: %s is there, read as %s with %q and not as %s with %q; remove it first", ErrPack, p.Digest, p.Format, p.Options, o.Format, o.Options)
	}
	return nil
}
