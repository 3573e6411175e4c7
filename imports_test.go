// Package spoor_test holds what concerns the project as a whole.
package spoor_test

import (
	"go/parser"
	"go/token"
	"io/fs"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

const module = "spoor/"

// mayImport is the one-way rule: what of ours a package may import. A name
// ending in /... stands for a package and all below it. cmd knows everything.
var mayImport = []struct {
	pkg     string
	imports []string
}{
	{"graph", nil},
	{"graph/badger", []string{"graph"}},
	{"graph/graphtest", []string{"graph"}},
	{"cluster/eval", []string{"graph", "cluster/...", "ingest/..."}},        // reads data to measure rules on; nothing needs it to run
	{"trace/eval", []string{"graph", "cluster/...", "trace", "ingest/..."}}, // likewise, traces
	{"ingest", []string{"graph"}},
	{"ingest/bridge", []string{"graph"}},
	{"ingest/ethereum", []string{"graph", "ingest", "ingest/bridge"}},
	{"ingest/bitcoin", []string{"graph", "ingest", "ingest/bridge"}},
	{"ingest/...", []string{"graph", "ingest"}},
	{"cluster", []string{"graph"}},
	{"cluster/...", []string{"graph", "cluster"}},
	{"trace/...", []string{"graph", "cluster/..."}},
	{"report/...", []string{"graph", "cluster/...", "trace"}},
	{"web", []string{"graph", "cluster/...", "trace", "report", "web/..."}},
	{"web/...", []string{"graph", "cluster/...", "trace", "report"}},
	{"cmd/...", []string{"graph/...", "ingest/...", "cluster/...", "trace/...", "report/...", "web/...", "cmd/..."}},
}

// testsMayImport is what tests may use beside that: a store to run on, ledgers
// to fill it with, and a trace that reads them meanwhile.
var testsMayImport = []string{"graph", "graph/badger", "graph/graphtest", "ingest/...", "trace"}

// onlyIn are foreign packages that belong to one place.
var onlyIn = map[string]string{
	"github.com/dgraph-io/badger":     "graph/badger",
	"github.com/spf13/cobra":          "cmd/...",
	"github.com/rogpeppe/go-internal": "cmd/...",
}

func TestImportsRunOneWay(t *testing.T) {
	files := 0
	err := filepath.WalkDir(".", func(name string, e fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if e.IsDir() {
			if base := e.Name(); name != "." && (strings.HasPrefix(base, ".") || slices.Contains([]string{"testdata", "zz", "out", "node_modules"}, base)) {
				return filepath.SkipDir
			}
			return nil
		}
		if filepath.Ext(name) != ".go" || filepath.Dir(name) == "." {
			return nil
		}
		files++
		file, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.ImportsOnly)
		if err != nil {
			return err
		}
		pkg := filepath.ToSlash(filepath.Dir(name))
		for _, spec := range file.Imports {
			imported, err := strconv.Unquote(spec.Path.Value)
			if err != nil {
				return err
			}
			if why := forbidden(pkg, strings.HasSuffix(name, "_test.go"), imported); why != "" {
				t.Errorf("%s imports %s: %s", name, imported, why)
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if files == 0 {
		t.Fatal("no files found")
	}
}

// forbidden is why a package may not import another, "" if it may.
func forbidden(pkg string, test bool, imported string) string {
	for foreign, home := range onlyIn {
		if (imported == foreign || strings.HasPrefix(imported, foreign+"/")) && !within(pkg, home) {
			return "it belongs into " + home
		}
	}
	target, ours := strings.CutPrefix(imported, module)
	if !ours || target == pkg {
		return ""
	}
	if test && slices.ContainsFunc(testsMayImport, func(name string) bool { return within(target, name) }) {
		return ""
	}
	for _, rule := range mayImport {
		if !within(pkg, rule.pkg) {
			continue
		}
		if slices.ContainsFunc(rule.imports, func(name string) bool { return within(target, name) }) {
			return ""
		}
		return "imports run cmd -> web -> report -> trace -> cluster -> graph and ingest -> graph"
	}
	return "the package is in no rule; add it to mayImport"
}

func within(pkg, name string) bool {
	if tree, ok := strings.CutSuffix(name, "/..."); ok {
		return pkg == tree || strings.HasPrefix(pkg, tree+"/")
	}
	return pkg == path.Clean(name)
}

func TestForbidden(t *testing.T) {
	for _, test := range []struct {
		pkg      string
		test     bool
		imported string
		want     bool
	}{
		{"graph", false, "spoor/trace", true},
		{"graph", false, "github.com/dgraph-io/badger/v4", true},
		{"graph", true, "spoor/graph/graphtest", false},
		{"graph/badger", false, "github.com/dgraph-io/badger/v4", false},
		{"trace", false, "spoor/graph/badger", true},
		{"trace", true, "spoor/graph/badger", false},
		{"trace", false, "spoor/cluster", false},
		{"trace", false, "spoor/report", true},
		{"trace", true, "spoor/report", true},
		{"ingest/bitcoin", false, "spoor/ingest", false},
		{"ingest/bitcoin", false, "spoor/ingest/ethereum", true},
		{"ingest", false, "spoor/ingest/bitcoin", true},
		{"ingest/ethereum", false, "spoor/ingest/bridge", false},
		{"ingest/bridge", false, "spoor/ingest/ethereum", true},
		{"ingest/explorer", false, "spoor/ingest/bridge", true},
		{"cmd/spoor", false, "spoor/graph/badger", false},
		{"report", false, "github.com/spf13/cobra", true},
		{"somewhere", false, "spoor/graph", true},
	} {
		if got := forbidden(test.pkg, test.test, test.imported) != ""; got != test.want {
			t.Errorf("%s importing %s: forbidden %v, want %v", test.pkg, test.imported, got, test.want)
		}
	}
}
