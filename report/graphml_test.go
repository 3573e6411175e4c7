package report_test

import (
	"bytes"
	"encoding/xml"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"spoor/report"
)

// nmtoken is what the schema takes for an id (xs:NMTOKEN).
var nmtoken = regexp.MustCompile(`^[\pL\pN._:-]+$`)

// TestGraphMLKeepsTheSchema reads the graph as the XSD of GraphML 1.0 has it:
// keys before the graph, then nodes and edges; ids of names, each once; ends that
// are nodes; data of declared keys, of their domain and type.
func TestGraphMLKeepsTheSchema(t *testing.T) {
	tr := run(t, "fifo")
	var out bytes.Buffer
	if err := report.GraphML(&out, tr); err != nil {
		t.Fatal(err)
	}
	if strings.Contains(out.String(), "\u202e") || strings.Contains(out.String(), "\u200b") {
		t.Error("texts of strangers are not made visible")
	}
	g := readGraph(t, out.Bytes())
	if len(g.rows) != len(tr.Steps) {
		t.Errorf("%d edges of movements, want %d", len(g.rows), len(tr.Steps))
	}
	for i, d := range g.rows {
		s := tr.Steps[i]
		if d["e_row"] != strconv.Itoa(i+1) || d["e_amount_raw"] != s.Amount.Dec() || d["e_tainted_raw"] != s.Tainted.Dec() || d["e_position"] != s.At.Seq.String() {
			t.Errorf("edge %d is %v", i+1, d)
		}
	}
	if g.kinds["transaction"] == 0 || g.kinds["nobody"] == 0 || g.kinds["address"] == 0 {
		t.Errorf("kinds of nodes %v: the fixture has Bitcoin and a fee that nobody earns", g.kinds)
	}
}

type readGraphML struct {
	rows  []map[string]string // data of the edges of movements, in order
	kinds map[string]int      // of nodes
}

// readGraph fails where the schema would.
func readGraph(t *testing.T, text []byte) readGraphML {
	t.Helper()
	types := map[string]string{}
	domain := map[string]string{}
	ids := map[string]bool{}
	nodes := map[string]bool{}
	g := readGraphML{kinds: map[string]int{}}
	attr := func(e xml.StartElement, name string) string {
		for _, a := range e.Attr {
			if a.Name.Local == name {
				return a.Value
			}
		}
		return ""
	}
	id := func(e xml.StartElement) string {
		name := attr(e, "id")
		if !nmtoken.MatchString(name) || ids[name] {
			t.Fatalf("%s has the id %q, again or no name", e.Name.Local, name)
		}
		ids[name] = true
		return name
	}
	allowed := map[string][]string{"": {"graphml"}, "graphml": {"key", "graph"}, "graph": {"node", "edge"}, "node": {"data"}, "edge": {"data"}, "key": nil, "data": nil}
	var path []string
	var of map[string]string // data of the element at hand
	var key, value string
	in := xml.NewDecoder(bytes.NewReader(text))
	graphs, edges := 0, 0
	for {
		token, err := in.Token()
		if token == nil {
			if len(path) > 0 || graphs != 1 {
				t.Fatalf("%v: open %v, %d graphs", err, path, graphs)
			}
			return g
		}
		switch e := token.(type) {
		case xml.StartElement:
			parent := ""
			if len(path) > 0 {
				parent = path[len(path)-1]
			}
			if !slices.Contains(allowed[parent], e.Name.Local) || e.Name.Space != "http://graphml.graphdrawing.org/xmlns" {
				t.Fatalf("%s in %q", e.Name.Local, parent)
			}
			path = append(path, e.Name.Local)
			switch e.Name.Local {
			case "key":
				name := id(e)
				if graphs > 0 || !slices.Contains([]string{"boolean", "int", "long", "float", "double", "string"}, attr(e, "attr.type")) || attr(e, "attr.name") == "" {
					t.Fatalf("key %v", e)
				}
				types[name], domain[name] = attr(e, "attr.type"), attr(e, "for")
			case "graph":
				if graphs++; attr(e, "edgedefault") != "directed" {
					t.Fatal("the graph is not directed")
				}
			case "node":
				if edges > 0 {
					t.Fatal("a node after an edge: readers in one pass would not know it")
				}
				nodes[id(e)] = true
				of = map[string]string{}
			case "edge":
				edges++
				of = map[string]string{}
				if id(e); !nodes[attr(e, "source")] || !nodes[attr(e, "target")] {
					t.Fatalf("edge between %q and %q, which are no nodes", attr(e, "source"), attr(e, "target"))
				}
			case "data":
				key, value = attr(e, "key"), ""
				if _, twice := of[key]; twice || domain[key] != path[len(path)-2] {
					t.Fatalf("data %q of a %s", key, path[len(path)-2])
				}
			}
		case xml.CharData:
			if len(path) > 0 && path[len(path)-1] == "data" {
				value += string(e)
			}
		case xml.EndElement:
			path = path[:len(path)-1]
			switch e.Name.Local {
			case "data":
				of[key] = value
				if types[key] == "int" || types[key] == "long" {
					if _, err := strconv.ParseInt(value, 10, map[string]int{"int": 32, "long": 64}[types[key]]); err != nil {
						t.Errorf("%s: %v", key, err)
					}
				}
			case "node":
				g.kinds[of["n_kind"]]++
			case "edge":
				if of["e_row"] != "" {
					g.rows = append(g.rows, of)
				}
			}
		}
	}
}
