package report_test

import (
	"crypto/sha256"
	"encoding/hex"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"spoor/report"
	"spoor/trace"
)

// TestRequests: there is one for each service that can act, with what reached it
// and what is asked, and nothing in it that the trace does not say.
func TestRequests(t *testing.T) {
	tr := run(t, "fifo")
	for i := range tr.Stops { // an issuer who can freeze what lies, with a hostile name
		if s := &tr.Stops[i]; s.Reason == trace.StopAtRest && !s.Asset.Asset.IsNative() {
			s.Freezable.Name, s.Freezable.Source, s.Freezable.Confidence = "Issuer](http://evil.example)\u202e<script>`", "list", 60
		}
	}
	e := write(t, tr)
	files, err := filepath.Glob(filepath.Join(e.dir, "requests", "*.md"))
	if err != nil || len(files) != 2 {
		t.Fatal(files, err)
	}
	manifest, err := report.ReadManifest(e.dir)
	if err != nil {
		t.Fatal(err)
	}
	listed := map[string]string{}
	for _, f := range manifest.Files {
		listed[f.Name] = f.SHA256
	}
	texts := map[string]string{}
	for _, file := range files {
		name := "requests/" + filepath.Base(file)
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		sum := sha256.Sum256(text)
		if listed[name] != hex.EncodeToString(sum[:]) {
			t.Errorf("%s: the manifest has the digest %q", name, listed[name])
		}
		if !regexp.MustCompile(`^requests/(service|issuer|bridge)-[a-z0-9-]+-[0-9a-f]{8}\.md$`).MatchString(name) {
			t.Errorf("file %q", name)
		}
		kind, _, _ := strings.Cut(filepath.Base(file), "-")
		texts[kind] = string(text)
		for _, part := range []string{"# Request to freeze", "## What happened", "## The transactions", "## What is asked", "[case or police report number]", "attributed", "derived", "(fact)", "by the method fifo"} {
			if !strings.Contains(string(text), part) {
				t.Errorf("%s does not say %q", name, part)
			}
		}
	}
	for _, part := range []string{"An Exchange", account(6).String(), "says list, confidence 80", "position `call:0`"} {
		if !strings.Contains(texts["service"], part) {
			t.Errorf("the request to the exchange does not say %q:\n%s", part, texts["service"])
		}
	}
	for _, part := range []string{"Issuer](", "http://", "\u202e", "<script>", "An Exchange"} {
		if strings.Contains(texts["issuer"], part) {
			t.Errorf("the request to the issuer says %q:\n%s", part, texts["issuer"])
		}
	}
	steps, err := report.NextSteps(tr)
	if err != nil {
		t.Fatal(err)
	}
	named := 0
	for _, s := range steps {
		if s.Request != "" {
			named++
			if listed[s.Request] == "" {
				t.Errorf("step %q names %q, which is not there", s.Text, s.Request)
			}
		}
	}
	if named < 2 {
		t.Errorf("only %d steps name a request", named)
	}
	// A folder with requests is replaced like any other; what is not ours in it is not.
	if err := report.Write(e.dir, tr, manifestOf()); err != nil {
		t.Error(err)
	}
	if err := os.WriteFile(filepath.Join(e.dir, "requests", "sent.eml"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := report.Write(e.dir, tr, manifestOf()); err == nil || !strings.Contains(err.Error(), "requests/sent.eml") {
		t.Errorf("a letter in the folder is lost: %v", err)
	}
	// Reach is no amount, so nobody is asked for one.
	if _, err := os.Stat(filepath.Join(write(t, run(t, "poison")).dir, "requests")); !os.IsNotExist(err) {
		t.Errorf("requests by poison: %v", err)
	}
}

func manifestOf() report.Manifest { return manifest }

// TestPage: one file that loads and runs nothing, with every text of strangers
// escaped, tables bounded and counted, and kinds of statements apart.
func TestPage(t *testing.T) {
	tr := run(t, "fifo")
	tr.Stops[0].Label.Name = "<script>alert(1)</script>\u202e" // still balanced
	first := tr.Unknowns[0]
	for range 120 {
		tr.Unknowns = append(tr.Unknowns, first)
	}
	page := string(write(t, tr).file("report.html"))
	for _, part := range []string{"<script", "javascript:", " src=", "<link", "href=", "url(", "@import", "\u202e"} {
		if strings.Contains(page, part) {
			t.Errorf("the page has %q", part)
		}
	}
	for _, part := range []string{"default-src &#39;none&#39;", "=the incident: evidence", "&lt;script&gt;alert(1)", "What can be done next", "Books", "● fact", "◆ derived", "▲ attributed",
		"Rows 1 to 50 of 121; all are in unknowns.csv", "requests/service-an-exchange-", "Not looked at"} {
		if !strings.Contains(page, part) && !strings.Contains(page, strings.ReplaceAll(part, "&#39;", "'")) {
			t.Errorf("the page does not say %q", part)
		}
	}
	for _, tag := range []string{"table", "tr", "td", "th", "h2", "p", "ul", "ol", "li"} {
		if opened, closed := len(regexp.MustCompile(`<`+tag+`[ >]`).FindAllString(page, -1)), strings.Count(page, "</"+tag+">"); opened != closed {
			t.Errorf("%d %s opened, %d closed", opened, tag, closed)
		}
	}
}
