package label

import (
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"strings"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/lexer"
	"github.com/goccy/go-yaml/parser"
)

// A pair is one field of a mapping in a YAML file.
type pair struct {
	key   string
	line  int
	value ast.Node
}

// parseYAML is the mapping that a text is, which stands below so many lines of
// a file. The library panics at some broken files; that is an error here.
func parseYAML(text []byte, below int) (pairs []pair, err error) {
	defer func() {
		if broken := recover(); broken != nil {
			pairs, err = nil, at(below+1, "cannot be read as YAML: %v", broken)
		}
	}()
	tokens := lexer.Tokenize(string(text))
	for _, t := range tokens {
		t.Position.Line += below
	}
	file, err := parser.Parse(tokens, 0)
	if err != nil {
		return nil, fmt.Errorf(": line and column %s", yaml.FormatError(err, false, false))
	}
	var documents []*ast.DocumentNode
	for _, d := range file.Docs {
		if d.Body != nil {
			documents = append(documents, d)
		}
	}
	if len(documents) != 1 {
		return nil, fmt.Errorf(": has %d YAML documents, want one", len(documents))
	}
	return fieldsOf(documents[0].Body)
}

// fieldsOf are the fields of a mapping. The parser has refused those that are
// there twice.
func fieldsOf(node ast.Node) ([]pair, error) {
	mapping, ok := node.(*ast.MappingNode)
	if !ok {
		return nil, at(lineOf(node), "a %s, want fields and values", kindOf(node))
	}
	var pairs []pair
	for _, v := range mapping.Values {
		key, err := scalar(v.Key)
		if err != nil {
			return nil, err
		}
		pairs = append(pairs, pair{key, lineOf(v.Key), v.Value})
	}
	return pairs, nil
}

func lineOf(node ast.Node) int {
	if node != nil {
		if t := node.GetToken(); t != nil && t.Position != nil {
			return t.Position.Line
		}
	}
	return 0
}

func kindOf(node ast.Node) string {
	if node == nil {
		return "missing value"
	}
	return strings.ToLower(node.Type().String())
}

// scalar is a value as it is written; numbers and dates stay text. Null is "".
func scalar(node ast.Node) (string, error) {
	switch n := node.(type) {
	case nil:
		return "", nil
	case *ast.NullNode:
		return "", nil
	case *ast.StringNode:
		return n.Value, nil
	case *ast.LiteralNode:
		return n.Value.Value, nil
	case *ast.IntegerNode, *ast.FloatNode, *ast.BoolNode, *ast.InfinityNode, *ast.NanNode:
		return node.GetToken().Value, nil
	}
	return "", at(lineOf(node), "a %s, want text; anchors, aliases and includes are not read", kindOf(node))
}

// list is a sequence of texts, or one text.
func list(node ast.Node) ([]string, error) {
	sequence, ok := node.(*ast.SequenceNode)
	if !ok {
		text, err := scalar(node)
		if err != nil || text == "" {
			return nil, err
		}
		return []string{text}, nil
	}
	var texts []string
	for _, n := range sequence.Values {
		text, err := scalar(n)
		if err != nil {
			return nil, err
		}
		texts = append(texts, text)
	}
	return texts, nil
}

// text is a value as text, a mapping or sequence as JSON.
func text(node ast.Node) (string, error) {
	switch node.(type) {
	case *ast.MappingNode, *ast.SequenceNode:
		value, err := plainValue(node, 0)
		if err != nil {
			return "", err
		}
		written, err := json.Marshal(value)
		return string(written), err
	}
	return scalar(node)
}

// maxDepth of values inside values.
const maxDepth = 32

func plainValue(node ast.Node, depth int) (any, error) {
	if depth > maxDepth {
		return nil, at(lineOf(node), "more than %d values inside one another", maxDepth)
	}
	switch n := node.(type) {
	case *ast.SequenceNode:
		values := []any{}
		for _, item := range n.Values {
			v, err := plainValue(item, depth+1)
			if err != nil {
				return nil, err
			}
			values = append(values, v)
		}
		return values, nil
	case *ast.MappingNode:
		pairs, err := fieldsOf(n)
		if err != nil {
			return nil, err
		}
		values := map[string]any{} // JSON sorts them
		for _, p := range pairs {
			if values[p.key], err = plainValue(p.value, depth+1); err != nil {
				return nil, err
			}
		}
		return values, nil
	case nil, *ast.NullNode:
		return nil, nil
	}
	return scalar(node)
}

// entries yields the values of the list that the field key of a file is: in
// the field, and in the pieces that were taken out of it.
func entries(p pair, pieces []piece) iter.Seq2[ast.Node, error] {
	return func(yield func(ast.Node, error) bool) {
		switch n := p.value.(type) {
		case *ast.SequenceNode:
			for _, item := range n.Values {
				if !yield(item, nil) {
					return
				}
			}
		case nil, *ast.NullNode:
		default:
			yield(nil, at(p.line, "%s: a %s, want a list", p.key, kindOf(p.value)))
			return
		}
		for _, part := range pieces {
			fields, err := parseYAML(part.text, part.below)
			if err != nil {
				yield(nil, err)
				return
			}
			for item, err := range entries(fields[0], nil) {
				if !yield(item, err) || err != nil {
					return
				}
			}
		}
	}
}

// inRow makes an error about a place in the file the reason of a row.
func inRow(reason string, err error) error {
	if because := (*rowError)(nil); err == nil || errors.As(err, &because) {
		return err
	}
	return refuse(reason, "%s", strings.TrimPrefix(err.Error(), ":"))
}
