package main

import (
	"bytes"
	"context"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestWithoutData measures on generated data alone: what is absent is named,
// what is measured is what is published, to the byte, and what the program
// prints with its rules.
func TestWithoutData(t *testing.T) {
	out := filepath.Join(t.TempDir(), "accuracy.md")
	var messages bytes.Buffer
	if err := run(context.Background(), []string{"-data", t.TempDir(), "-out", out}, &messages); err != nil {
		t.Fatal(err)
	}
	for _, set := range []string{"btc-coinjoins", "btc-emulated-wasabi2", "etherclust-bionic", "nomad-bridge", "mftracer"} {
		if !strings.Contains(messages.String(), "skipped, "+set+"/") {
			t.Errorf("%s is not said to be skipped:\n%s", set, &messages)
		}
	}
	page, err := os.ReadFile(out)
	if err != nil {
		t.Fatal(err)
	}
	published, err := os.ReadFile(filepath.Join("..", "..", "docs", "accuracy.md"))
	if err != nil {
		t.Fatal(err)
	}
	// What needs no data must be on the published page as it is here.
	measured := 0
	for _, section := range strings.Split(string(page), "\n## ")[1:] {
		title, body, _ := strings.Cut(section, "\n")
		if strings.Contains(body, "Not measured: `") || strings.HasPrefix(title, "Rates ") {
			continue
		}
		measured++
		if !strings.Contains(string(published), "\n## "+title+"\n"+strings.TrimRight(body, "\n")+"\n") {
			t.Errorf("docs/accuracy.md is out of date: %s; run make eval", title)
		}
	}
	if measured < 4 {
		t.Errorf("only %d sections measured", measured)
	}
}

func TestWrongInput(t *testing.T) {
	for _, args := range [][]string{{"-nonsense"}, {"something"}} {
		if err := run(context.Background(), args, io.Discard); err == nil {
			t.Errorf("%q is understood", args)
		}
	}
}

func TestShares(t *testing.T) {
	for _, c := range []struct {
		n, m int
		want string
	}{{0, 0, "none"}, {0, 7, "0.0 %"}, {7, 7, "100.0 %"}, {1, 3, "33.3 %"}, {1, 1000, "0.10 %"}, {999, 1000, "99.90 %"}, {999_999, 1_000_000, "over 99.99 %"}, {1, 1_000_000, "below 0.01 %"}} {
		if got := share(c.n, c.m); got != c.want {
			t.Errorf("%d of %d: %s, want %s", c.n, c.m, got, c.want)
		}
	}
}
