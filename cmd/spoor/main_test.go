package main

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"spoor/graph"
	"spoor/graph/badger"
	"spoor/graph/graphtest"
)

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"spoor": main})
}

// TestScripts runs the command line as users do; see testdata/script.
func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir:                 "testdata/script",
		RequireExplicitExec: true,
		UpdateScripts:       os.Getenv("UPDATE_SCRIPTS") != "",
		Setup: func(e *testscript.Env) error {
			e.Setenv("SPOOR_DB", "db")
			return nil
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"code":     scriptCode,
			"gzip":     scriptGzip,
			"cut":      scriptCut,
			"damage":   scriptDamage,
			"state":    scriptState,
			"passages": scriptPassages,
			"serve":    scriptServe,
		},
	})
}

// code N CMD...: the command must end with exit code N.
func scriptCode(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: code N command [args...]")
	}
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	got := 0
	if err := ts.Exec(args[1], args[2:]...); err != nil {
		exit := (*exec.ExitError)(nil)
		if !errors.As(err, &exit) {
			ts.Fatalf("%v", err)
		}
		got = exit.ExitCode()
	}
	if got != want {
		ts.Fatalf("exit code %d, want %d", got, want)
	}
}

// gzip IN OUT: compress a file.
func scriptGzip(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: gzip in out")
	}
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	_, err := w.Write([]byte(ts.ReadFile(args[0])))
	ts.Check(err)
	ts.Check(w.Close())
	ts.Check(os.WriteFile(ts.MkAbs(args[1]), b.Bytes(), 0o600))
}

// cut FILE N: drop the last N bytes of a file.
func scriptCut(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: cut file bytes")
	}
	n, err := strconv.Atoi(args[1])
	ts.Check(err)
	data := ts.ReadFile(args[0])
	ts.Check(os.WriteFile(ts.MkAbs(args[0]), []byte(data[:len(data)-n]), 0o600))
}

// state DIR: make a store of ledgers that state things of every kind.
func scriptState(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: state dir")
	}
	store, err := badger.Open(ts.MkAbs(args[0]), badger.Options{Memory: 64 << 20})
	ts.Check(err)
	for _, chain := range []graph.Chain{graphtest.Ethereum(), graph.ChainOf("eip155:10")} {
		l, err := store.Ledger(context.Background(), chain)
		ts.Check(err)
		ts.Check(l.Apply(context.Background(), graphtest.Statements(chain, 2)...))
	}
	ts.Check(store.Close())
}

// damage DIR: change a byte in the middle of every table of a store.
func scriptDamage(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: damage dir")
	}
	tables := 0
	ts.Check(filepath.WalkDir(ts.MkAbs(args[0]), func(path string, e fs.DirEntry, err error) error {
		if err != nil || filepath.Ext(path) != ".sst" {
			return err
		}
		data, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		data[len(data)/3] ^= 0x40
		tables++
		return os.WriteFile(path, data, 0o600)
	}))
	if tables == 0 {
		ts.Fatalf("no table to damage")
	}
}
