package label

import (
	"slices"
	"strings"

	"github.com/goccy/go-yaml/ast"

	"spoor/graph"
)

// The fields of GraphSense's ActorPack schema.
var (
	actorPackFields = []string{"title", "creator", "description", "owner", "is_public", "actors"}
	actorFields     = []string{"id", "label", "uri", "lastmod", "categories", "jurisdictions", "aliases", "context"}
)

// readActorPack reads an ActorPack: who the actors are that tags name.
// Source: graphsense-lib, actorpack schema.
func readActorPack(r *reading, text []byte) error {
	rest, pieces := cutList(text, "actors")
	fields, err := parseYAML(rest, 0)
	if err != nil {
		return err
	}
	defaults := map[string]ast.Node{}
	var actors pair
	p := &r.list.Pack
	for _, f := range fields {
		var err error
		switch {
		case f.key == "title":
			p.Title, err = scalar(f.value)
		case f.key == "creator":
			p.Creator, err = scalar(f.value)
		case f.key == "description":
			p.Description, err = scalar(f.value)
		case f.key == "actors":
			actors = f
		case slices.Contains(actorFields, f.key):
			defaults[f.key] = f.value
		case !slices.Contains(actorPackFields, f.key):
			err = at(f.line, "unknown field %.40q; an ActorPack has %s", f.key, strings.Join(actorPackFields, ", "))
		}
		if err != nil {
			return err
		}
	}
	if p.Title == "" || p.Creator == "" || actors.key == "" {
		return at(1, "an ActorPack needs a title, a creator and actors")
	}
	for node, err := range entries(actors, pieces) {
		if err != nil {
			return err
		}
		a, err := readActor(node, defaults)
		if err == nil {
			a.Pack = p.Digest
			r.list.Actors = append(r.list.Actors, a)
			p.Date = max(p.Date, a.Date)
		}
		if err := r.row(lineOf(node), a.ID, nil, inRow("malformed actor", err)); err != nil {
			return err
		}
	}
	return nil
}

func readActor(node ast.Node, defaults map[string]ast.Node) (a graph.Actor, err error) {
	fields, err := fieldsOf(node)
	if err != nil {
		return a, err
	}
	for key, value := range defaults {
		if !slices.ContainsFunc(fields, func(f pair) bool { return f.key == key }) {
			fields = append(fields, pair{key, lineOf(value), value})
		}
	}
	for _, f := range fields {
		var date string
		switch f.key {
		case "id":
			a.ID, err = scalar(f.value)
		case "label":
			a.Label, err = scalar(f.value)
		case "uri":
			a.URI, err = scalar(f.value)
		case "lastmod":
			if date, err = scalar(f.value); err == nil {
				a.Date, err = ParseDate(date)
			}
		case "categories":
			a.Categories, err = list(f.value)
		case "jurisdictions":
			a.Jurisdictions, err = list(f.value)
		case "aliases":
			a.Aliases, err = list(f.value)
		case "context":
			a.Context, err = text(f.value)
		default:
			err = refuse("unknown field", "unknown field %.40q in line %d; an actor has %s", f.key, f.line, strings.Join(actorFields, ", "))
		}
		if err != nil {
			return a, err
		}
	}
	if a.Label == "" {
		return a, refuse("no name", "an actor needs a label")
	}
	if err := a.Check(); err != nil {
		return a, &rowError{"no id", err}
	}
	return a, nil
}
