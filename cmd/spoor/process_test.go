package main

import (
	"bytes"
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"spoor/graph/badger"
	"spoor/ingest"
)

// testInterrupted sends the signal of Ctrl-C: the ingest ends with code 3 and a
// hint, and going on gives what a clean run gives.
func testInterrupted(t *testing.T, program binary) {
	transfers := writeTransfers(t, 800, 50)
	clean, stopped := filepath.Join(t.TempDir(), "clean"), filepath.Join(t.TempDir(), "stopped")
	program.run(t, clean, "ingest", "transfers", transfers)
	want := program.run(t, clean, "export", "transfers")

	for wait := 10 * time.Millisecond; ; wait *= 2 {
		cmd := program.command(stopped, "ingest", "transfers", "--bulk", "off", transfers)
		var stderr bytes.Buffer
		cmd.Stderr = &stderr
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		time.Sleep(wait)
		if err := cmd.Process.Signal(os.Interrupt); err != nil {
			t.Log(err) // it has ended
		}
		err := cmd.Wait()
		exit := (*exec.ExitError)(nil)
		switch {
		case err == nil:
			if got := program.run(t, stopped, "export", "transfers"); got != want {
				t.Fatal("the export differs from the clean run's")
			}
			return
		case !errors.As(err, &exit):
			t.Fatal(err)
		case exit.ExitCode() == exitPartial:
			if !strings.Contains(stderr.String(), "hint: run the same command again") {
				t.Fatalf("no hint: %s", stderr.String())
			}
			t.Logf("interrupted after %s", wait)
		case exit.ExitCode() != -1 && !strings.Contains(stderr.String(), "interrupted"):
			t.Fatalf("exit code %d: %s", exit.ExitCode(), stderr.String()) // -1: before the signal was caught
		}
	}
}

func TestStoreInUse(t *testing.T) {
	db := filepath.Join(t.TempDir(), "db")
	store, err := badger.Open(db, badger.Options{})
	if err != nil {
		t.Fatal(err)
	}
	_, stderr := spoor(t, exitFailed, "--db", db, "stats")
	if !strings.Contains(stderr, "in use by another process") || !strings.Contains(stderr, "hint: wait until the other spoor has ended") {
		t.Errorf("got %s", stderr)
	}
	if err := store.Close(); err != nil {
		t.Fatal(err)
	}
	spoor(t, exitOK, "--db", db, "stats")
}

// full is a disk without room.
type full struct{}

func (full) Write([]byte) (int, error) { return 0, errors.New("no space left on device") }

func TestFullDiskFailsAnExport(t *testing.T) {
	db := filepath.Join(t.TempDir(), "db")
	spoor(t, exitOK, "--db", db, "ingest", "transfers", writeTransfers(t, 2, 2))
	for _, args := range [][]string{{"export", "transfers"}, {"stats"}, {"stats", "-o", "csv"}, {"show", "1", "-o", "json"}, {"version"}} {
		var stderr bytes.Buffer
		p := &program{out: full{}, err: &stderr, env: os.Getenv}
		if code := p.run(context.Background(), append([]string{"--db", db}, args...)); code != exitFailed {
			t.Errorf("%v: exit code %d, %s", args, code, stderr.String())
		}
	}
}

func TestProgressIsOneLine(t *testing.T) {
	var out bytes.Buffer
	p := &program{err: &out, env: func(string) string { return "" }}
	if p.newProgress("ethereum") != nil {
		t.Error("a buffer is no terminal")
	}
	line := &progress{p: p, name: "ethereum"}
	line.show(ingest.Progress{Tally: ingest.Tally{Blocks: 7, Transfers: 30, Known: 2, Height: 9}, Rate: 15, Left: 90 * time.Second, Done: 40, Total: 100})
	line.show(ingest.Progress{Tally: ingest.Tally{Height: 10}, Left: -1})
	line.clear()
	want := "\r\x1b[Kethereum  block 9  30 transfers  15/s  2 blocks known  40%  1m30s left\r\x1b[Kethereum  block 10  0 transfers  0/s\r\x1b[K"
	if out.String() != want {
		t.Errorf("got %q, want %q", out.String(), want)
	}
}

func TestSizes(t *testing.T) {
	for text, want := range map[string]struct {
		bytes size
		text  string
	}{
		"512MiB": {512 << 20, "512MiB"}, "4GiB": {4 << 30, "4GiB"}, "2G": {2 << 30, "2GiB"}, "1GB": {1e9, "953.6MiB"},
		"1536MiB": {1536 << 20, "1.5GiB"}, "100": {100, "100B"}, "0": {0, "0B"}, "64 MiB": {64 << 20, "64MiB"},
	} {
		var s size
		if err := s.Set(text); err != nil || s != want.bytes || s.String() != want.text {
			t.Errorf("%s: %d (%s), %v", text, s, s.String(), err)
		}
	}
	for _, text := range []string{"", "-1", "1.5GiB", "GiB", "9999999TiB", "1PB", "18446744073709551615"} {
		var s size
		if err := s.Set(text); err == nil {
			t.Errorf("%q is taken as %d", text, s)
		}
	}
}
