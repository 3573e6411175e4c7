package main

import (
	"context"
	"errors"
	"slices"

	"github.com/spf13/cobra"

	"spoor/graph"
	"spoor/ingest/bitcoin"
)

// Where the credentials of a Bitcoin node are looked for. A flag would show
// them to everybody on the machine.
const (
	rpcUserVariable     = "SPOOR_RPC_USER"
	rpcPasswordVariable = "SPOOR_RPC_PASSWORD" //nolint:gosec // the name of a variable
)

// cookieFlag names the file with the credentials of a Bitcoin node.
type cookieFlag struct{ path string }

func (f *cookieFlag) add(cmd *cobra.Command) {
	cmd.Flags().StringVar(&f.path, "rpc-cookie-file", "", "cookie file of a Bitcoin node; "+rpcUserVariable+" and "+rpcPasswordVariable+" may hold name and password instead")
}

// auth is what the environment and the flag tell, nil if neither does.
func (f *cookieFlag) auth(p *program) (bitcoin.Auth, error) {
	user, password := p.env(rpcUserVariable), p.env(rpcPasswordVariable)
	switch {
	case f.path != "" && user != "":
		return nil, usagef("--rpc-cookie-file and %s: want one of them", rpcUserVariable)
	case f.path != "":
		return bitcoin.CookieFile(f.path), nil
	case user != "" && password == "":
		return nil, usagef("%s is set and %s is not", rpcUserVariable, rpcPasswordVariable)
	case user == "" && password != "":
		return nil, usagef("%s is set and %s is not", rpcPasswordVariable, rpcUserVariable)
	case user != "":
		return bitcoin.Password(user, password), nil
	}
	return nil, nil
}

// storedBlocks tells which blocks a ledger has whole, with the forms of their
// transactions, from one snapshot.
type storedBlocks struct {
	ledger graph.Ledger
	view   graph.View
	whole  []graph.Coverage
}

func (s *storedBlocks) hash(height uint32) (hash graph.Hash, whole bool, err error) {
	if s.view == nil {
		if s.view, err = s.ledger.View(context.Background()); err != nil {
			return hash, false, err
		}
		rows, err := s.view.Coverage()
		if err != nil {
			return hash, false, err
		}
		s.whole = slices.DeleteFunc(slices.Clone(rows), func(c graph.Coverage) bool {
			return !c.Address.IsZero() || c.Know.Transfers != graph.Full
		})
	}
	if !slices.ContainsFunc(s.whole, func(c graph.Coverage) bool { return c.From <= height && height <= c.To }) {
		return hash, false, nil
	}
	header, err := s.view.Header(height)
	if errors.Is(err, graph.ErrNotFound) {
		return hash, false, nil
	}
	if err != nil || header.Hash.IsZero() {
		return header.Hash, false, err
	}
	whole, err = s.formed(height)
	return header.Hash, whole, err
}

// formed reports whether the forms of a block's transactions are known, which a
// store did not keep once: its first tells for all.
func (s *storedBlocks) formed(height uint32) (bool, error) {
	size, err := s.view.Size()
	if err != nil || size.Forms == size.Txs {
		return err == nil, err
	}
	tx, err := s.view.Tx(graph.Position{Block: height})
	return err == nil && tx.Form.Known, err
}

func (s *storedBlocks) close() error {
	if s.view == nil {
		return nil
	}
	return s.view.Close()
}
