package cluster

import (
	"encoding/csv"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"spoor/graph"
)

// Veto is somebody's statement that two addresses do not share an owner: no
// evidence joins their entities.
type Veto struct {
	A, B graph.Address // A before B
	Note string        // why
}

// VetoName is the name of the file of vetoes in the folder of its ledger.
const VetoName = "vetoes.csv"

var vetoHeader = []string{"chain", "a", "b", "note"}

// NewVeto is the veto between two addresses of one chain.
func NewVeto(a, b graph.Address, note string) (Veto, error) {
	switch {
	case a.Chain != b.Chain:
		return Veto{}, errors.New("a veto is between two addresses of one chain")
	case a == b:
		return Veto{}, fmt.Errorf("%s shares an owner with itself", a)
	case strings.ContainsFunc(note, func(r rune) bool { return r < ' ' }):
		return Veto{}, errors.New("the note of a veto is one line without control characters")
	case a.Compare(b) > 0:
		a, b = b, a
	}
	return Veto{a, b, note}, nil
}

// ReadVetoes reads the vetoes in a ledger's folder, in order of addresses.
func ReadVetoes(dir string, chain graph.Chain) ([]Veto, error) {
	path := filepath.Join(dir, VetoName)
	f, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	defer func() { _ = f.Close() }()
	in := csv.NewReader(f)
	in.FieldsPerRecord = len(vetoHeader)
	records, err := in.ReadAll()
	if err != nil {
		return nil, fmt.Errorf("%w: %s: %w", graph.ErrDamaged, path, err)
	}
	if len(records) == 0 || !slices.Equal(records[0], vetoHeader) {
		return nil, fmt.Errorf("%w: %s does not begin with %s", graph.ErrDamaged, path, strings.Join(vetoHeader, ","))
	}
	var list []Veto
	for i, record := range records[1:] {
		v, err := readVeto(chain, record)
		if err != nil {
			return nil, fmt.Errorf("%w: %s:%d: %w", graph.ErrDamaged, path, i+2, err)
		}
		list = append(list, v)
	}
	return list, nil
}

func readVeto(chain graph.Chain, record []string) (Veto, error) {
	if record[0] != string(chain.ID) {
		return Veto{}, fmt.Errorf("it is of chain %.80q", record[0])
	}
	a, err := graph.ParseAddress(chain, record[1])
	if err != nil {
		return Veto{}, err
	}
	b, err := graph.ParseAddress(chain, record[2])
	if err != nil {
		return Veto{}, err
	}
	return NewVeto(a, b, record[3])
}

// WriteVetoes replaces the vetoes in a ledger's folder, whole or not at all.
func WriteVetoes(dir string, chain graph.Chain, list []Veto) error {
	slices.SortFunc(list, func(a, b Veto) int {
		if c := a.A.Compare(b.A); c != 0 {
			return c
		}
		return a.B.Compare(b.B)
	})
	var text strings.Builder
	out := csv.NewWriter(&text)
	if err := out.Write(vetoHeader); err != nil {
		return err
	}
	for _, v := range list {
		if err := out.Write([]string{string(chain.ID), v.A.String(), v.B.String(), v.Note}); err != nil {
			return err
		}
	}
	out.Flush()
	if err := out.Error(); err != nil {
		return err
	}
	return writeWhole(filepath.Join(dir, VetoName), []byte(text.String()))
}
