package main

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"spoor/graph/badger"
)

// served is a server that a script has started.
type served struct {
	cmd   *exec.Cmd
	at    string
	trace string // started last
	log   bytes.Buffer
	mu    sync.Mutex // guards log
	read  sync.WaitGroup
}

// serving finds the server of a script; scripts run at the same time.
var serving sync.Map // of work directory: *served

// scriptServe is
//
//	serve STATUS PATH [save=FILE]   ask the server, which is started if it does not run
//	serve post=BODY PATH            send a form and remember the trace it starts, {trace} in later paths
//	serve idle                      wait until the server has given the store free
//	serve stop                      interrupt it: it must end with code 0
func scriptServe(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) == 0 {
		ts.Fatalf("usage: serve status path [save=file] | post=body path | idle | stop")
	}
	dir := ts.MkAbs(".")
	found, running := serving.Load(dir)
	if !running {
		s := startServer(ts)
		serving.Store(dir, s)
		found = s
	}
	s := found.(*served)
	switch {
	case args[0] == "idle":
		for range 100 {
			time.Sleep(100 * time.Millisecond)
			if store, err := badger.Open(ts.MkAbs("db"), badger.Options{Memory: 64 << 20}); err == nil {
				ts.Check(store.Close())
				return
			}
		}
		ts.Fatalf("the server keeps the store")
	case args[0] == "stop":
		serving.Delete(dir)
		ts.Check(s.cmd.Process.Signal(os.Interrupt))
		err := s.cmd.Wait()
		s.read.Wait()
		_, printed := fmt.Fprint(ts.Stderr(), s.log.String())
		ts.Check(printed)
		ts.Check(err)
	case strings.HasPrefix(args[0], "post="):
		response, err := http.Post(s.at+args[1], "application/x-www-form-urlencoded", strings.NewReader(strings.TrimPrefix(args[0], "post=")))
		ts.Check(err)
		ts.Check(response.Body.Close())
		s.trace = filepath.Base(response.Header.Get("Location"))
		if response.StatusCode != http.StatusAccepted {
			ts.Fatalf("%s: %s", args[1], response.Status)
		}
	default:
		want, err := strconv.Atoi(args[0])
		ts.Check(err)
		response, err := http.Get(s.at + strings.ReplaceAll(args[1], "{trace}", s.trace))
		ts.Check(err)
		body, err := io.ReadAll(response.Body)
		ts.Check(err)
		ts.Check(response.Body.Close())
		if response.StatusCode != want {
			ts.Fatalf("%s: %s, want %d: %s", args[1], response.Status, want, body)
		}
		if len(args) == 3 {
			ts.Check(os.WriteFile(ts.MkAbs(strings.TrimPrefix(args[2], "save=")), body, 0o600))
		}
	}
}

func startServer(ts *testscript.TestScript) *served {
	s := &served{}
	path, err := exec.LookPath("spoor")
	ts.Check(err)
	s.cmd = exec.Command(path, "serve", "--listen", "127.0.0.1:0")
	s.cmd.Dir = ts.MkAbs(".")
	s.cmd.Env = append(os.Environ(), "SPOOR_DB="+ts.Getenv("SPOOR_DB"), "SPOOR_TOKEN="+ts.Getenv("SPOOR_TOKEN"))
	stderr, err := s.cmd.StderrPipe()
	ts.Check(err)
	ts.Check(s.cmd.Start())
	at := make(chan string, 1)
	s.read.Go(func() {
		for lines := bufio.NewScanner(stderr); lines.Scan(); {
			s.mu.Lock()
			s.log.WriteString(lines.Text() + "\n")
			s.mu.Unlock()
			if _, rest, ok := strings.Cut(lines.Text(), " at http://"); ok {
				at <- "http://" + strings.TrimSuffix(strings.Fields(rest)[0], "/")
			}
		}
		close(at)
	})
	ts.Defer(func() { _ = s.cmd.Process.Kill() }) // if the script has not stopped it
	select {
	case s.at = <-at:
	case <-time.After(20 * time.Second):
	}
	if s.at == "" {
		s.mu.Lock()
		defer s.mu.Unlock()
		ts.Fatalf("the server does not start: %s", s.log.String())
	}
	return s
}

func TestLoopback(t *testing.T) {
	for address, want := range map[string]string{
		"127.0.0.1:1": "", "[::1]:1": "", "localhost:1": "", "127.9.9.9:0": "",
		":8477": "0.0.0.0", "0.0.0.0:1": "0.0.0.0", "[::]:1": "::", "10.0.0.5:1": "10.0.0.5", "example.org:1": "example.org", "localhost.evil:1": "localhost.evil",
	} {
		if got, err := loopback(address); err != nil || got != want {
			t.Errorf("%s: %q, %v", address, got, err)
		}
	}
	if _, err := loopback("127.0.0.1"); err == nil {
		t.Error("an address without port is taken")
	}
}
