package web_test

import (
	"fmt"
	"os"
	"regexp"
	"strings"
	"testing"

	"spoor/trace"
)

// The workspace is told the methods and the policy of the pages; both are
// compared with what is built, as it is embedded.
func TestWorkspaceAssets(t *testing.T) {
	script, err := os.ReadFile("assets/workspace.js")
	if err != nil {
		t.Fatal(err)
	}
	sheet, err := os.ReadFile("assets/workspace.css")
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range trace.Methods() {
		want := fmt.Sprintf("[%q,%q]", m.Name, m.Sentence)
		if is := strings.Contains(string(script), want); is == m.Ranks {
			t.Errorf("%s in workspace.js: %t; web/workspace/src/words.ts lists the methods that follow amounts", want, is)
		}
	}
	for _, forbidden := range []string{"eval(", "new Function", "sourceMappingURL"} {
		if strings.Contains(string(script), forbidden) {
			t.Errorf("workspace.js has %s", forbidden)
		}
	}
	// Names of languages are no places to load from.
	names := map[string]bool{"http://www.w3.org/2000/svg": true, "http://www.w3.org/1999/xhtml": true, "http://www.w3.org/1998/Math/MathML": true, "http://graphml.graphdrawing.org/xmlns": true}
	for _, url := range regexp.MustCompile(`https?://[\w./-]+`).FindAllString(string(script)+string(sheet), -1) {
		if !names[url] {
			t.Errorf("the workspace names %s", url)
		}
	}
	if strings.Contains(string(sheet), "@import") || strings.Contains(string(sheet), "url(") {
		t.Error("workspace.css loads something")
	}
}
