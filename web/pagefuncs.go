package web

import (
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"html/template"
	"io/fs"
	"net/http"
	"net/url"
	"regexp"
	"strings"

	"spoor/graph"
	"spoor/report"
)

// pageFuncs is what templates may call.
var pageFuncs = template.FuncMap{
	"words":   words,
	"mark":    markOf,
	"visible": report.Visible,
	"json":    shownJSON,
	"ourPage": func(location string) bool { return strings.HasPrefix(location, "/cases/") },
	"lines":   report.VisibleLines,
	"seedOf": func(chain, ref string) string {
		return "/traces/new?" + url.Values{"seed": {chain + ":" + ref}}.Encode()
	},
	"workspace": func(name, value string) string { return "/workspace?" + url.Values{name: {value}}.Encode() },
	"number":    func(numbers []bool, i int) bool { return i < len(numbers) && numbers[i] },
	"alias":     func(chain string) string { return graph.ChainOf(graph.ChainID(chain)).Alias },
	"link": func(kind, chain, name string) string {
		return "/" + kind + "/" + graph.ChainOf(graph.ChainID(chain)).Alias + "/" + url.PathEscape(name)
	},
}

// mark tells a kind of statement by shape and word, so that colour is not
// needed.
type mark struct{ Shape, Word, Class string }

func markOf(statement any) mark {
	switch text := toText(statement); text {
	case string(graph.Fact):
		return mark{"●", text, text}
	case string(graph.Derived):
		return mark{"◆", text, text}
	case string(graph.Attributed):
		return mark{"▲", text, text}
	default:
		return mark{"○", text, "varies"}
	}
}

func toText(v any) string {
	switch v := v.(type) {
	case string:
		return v
	case graph.Statement:
		return string(v)
	}
	return ""
}

// word is a piece of a text, and where it leads to if it names something.
type word struct{ Text, URL string }

// named finds what may be a transaction hash or an address in a text. Labels
// can look like either: what it finds is only where to search.
var named = regexp.MustCompile(`(?:0x)?[0-9a-fA-F]{64}|0x[0-9a-fA-F]{40}|\b(?:bc1|tb1|bcrt1)[02-9ac-hj-np-z]{20,90}\b|\b[13mn2][1-9A-HJ-NP-Za-km-z]{25,39}\b`)

// words parts a text so that what it names can be followed.
func words(text string) (parts []word) {
	last := 0
	for _, at := range named.FindAllStringIndex(text, -1) {
		if at[0] > last {
			parts = append(parts, word{Text: text[last:at[0]]})
		}
		name := text[at[0]:at[1]]
		parts = append(parts, word{name, "/search?" + url.Values{"q": {name}}.Encode()})
		last = at[1]
	}
	if last < len(text) {
		parts = append(parts, word{Text: text[last:]})
	}
	return parts
}

//go:embed assets
var assets embed.FS

// hasAsset reports whether a file is embedded.
func hasAsset(name string) bool {
	_, err := fs.Stat(assets, "assets/"+name)
	return err == nil
}

var assetKinds = map[string]string{".css": "text/css; charset=utf-8", ".js": "text/javascript; charset=utf-8", ".svg": "image/svg+xml"}

// serveAsset serves what pages load. The suffix that says which format an
// answer has is taken off no asset: it is none of these.
func serveAsset(w http.ResponseWriter, r *http.Request) {
	name := r.PathValue("file")
	kind := assetKinds[name[max(strings.LastIndexByte(name, '.'), 0):]]
	data, err := fs.ReadFile(assets, "assets/"+name)
	if kind == "" || err != nil {
		http.NotFound(w, r)
		return
	}
	digest := sha256.Sum256(data)
	tag := `"` + hex.EncodeToString(digest[:8]) + `"`
	w.Header().Set("Content-Type", kind)
	w.Header().Set("Cache-Control", "no-cache")
	w.Header().Set("ETag", tag)
	if r.Header.Get("If-None-Match") == tag {
		w.WriteHeader(http.StatusNotModified)
		return
	}
	_, _ = w.Write(data) // who asked is gone
}
