package web_test

import (
	"bufio"
	"context"
	"errors"
	"net"
	"net/http"
	"os"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"spoor/web"
)

// pipes is a listener whose connections are in this process: they need no file.
type pipes struct {
	made   chan net.Conn
	closed chan struct{}
	once   sync.Once
}

func newPipes() *pipes { return &pipes{made: make(chan net.Conn), closed: make(chan struct{})} }

func (p *pipes) Accept() (net.Conn, error) {
	select {
	case c := <-p.made:
		return c, nil
	case <-p.closed:
		return nil, net.ErrClosed
	}
}

func (p *pipes) Close() error {
	p.once.Do(func() { close(p.closed) })
	return nil
}

func (p *pipes) Addr() net.Addr { return &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: 1} }

// dial is the client's end of a connection.
func (p *pipes) dial() (net.Conn, error) {
	client, server := net.Pipe()
	select {
	case p.made <- server:
		return client, nil
	case <-p.closed:
		return nil, errors.New("the server has ended")
	}
}

// Ten thousand listen to a trace where so many may; who comes then is told to
// come again, pages are served beside them, and what each costs is bounded.
func TestTenThousandListeners(t *testing.T) {
	listeners, more := 10_000, 500
	if os.Getenv("SPOOR_LONG") == "" {
		listeners, more = 1000, 50
	}
	w := newWorld(t)
	c, open := gated(t, w, func(config *web.Config) { config.Limits.Streams = listeners })
	path := c.ask("POST", "/traces", string(w.yaml)).header.Get("Location") + "/progress"
	l := newPipes()
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- c.s.Serve(ctx, l) }()
	t.Cleanup(func() {
		stop()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
	held := func() uint64 {
		runtime.GC()
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		return m.HeapInuse + m.StackInuse
	}
	before := held()
	var mu sync.Mutex
	admitted, refused, over := 0, 0, 0
	var first, done sync.WaitGroup
	listen := func(told func(status int)) {
		defer done.Done()
		conn, err := l.dial()
		if err != nil {
			t.Error(err)
			told(0)
			return
		}
		defer conn.Close() //nolint:errcheck // the server has closed it, or will
		_, err = conn.Write([]byte("GET " + path + " HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n"))
		response, failed := http.ReadResponse(bufio.NewReaderSize(conn, 512), nil)
		if err != nil || failed != nil {
			t.Error(err, failed)
			told(0)
			return
		}
		defer response.Body.Close() //nolint:errcheck // read to its end
		lines := bufio.NewReaderSize(response.Body, 128)
		event, _ := lines.ReadString('\n')
		status := response.StatusCode
		if status == 503 && response.Header.Get("Retry-After") == "" || status == 200 && event != "event: progress\n" {
			t.Errorf("%d %q", status, event)
		}
		told(status)
		for err == nil {
			var line string
			if line, err = lines.ReadString('\n'); line == "event: end\n" {
				mu.Lock()
				over++
				mu.Unlock()
			}
		}
	}
	join := func(n int, want int) {
		for range n {
			first.Add(1)
			done.Add(1)
			go listen(func(status int) {
				mu.Lock()
				defer mu.Unlock()
				switch status {
				case 200:
					admitted++
				case 503:
					refused++
				}
				if status != want && status != 0 {
					t.Errorf("status %d, want %d", status, want)
				}
				first.Done()
			})
		}
		first.Wait()
	}
	began := time.Now()
	join(listeners, 200)
	joined := time.Since(began)
	each := int64(held()-before) / int64(listeners)
	join(more, 503)
	slowest := time.Duration(0)
	for range 20 {
		asked := time.Now()
		c.expect("/coverage", 200)
		c.expect(strings.TrimSuffix(path, "/progress"), 200)
		slowest = max(slowest, time.Since(asked))
	}
	t.Logf("%d listen after %s, with %d KiB each, their own ends included, %d MiB in all; %d were refused; two pages take %s at most", admitted, joined.Round(time.Millisecond), each>>10, each*int64(listeners)>>20, refused, slowest.Round(time.Millisecond))
	if admitted != listeners || refused != more {
		t.Errorf("%d admitted, %d refused", admitted, refused)
	}
	if each > 96<<10 {
		t.Errorf("a listener costs %d bytes", each)
	}
	if slowest > time.Minute {
		t.Errorf("pages take %s", slowest)
	}
	open() // the trace ends, and everybody is told
	done.Wait()
	if over != listeners {
		t.Errorf("%d of %d were told the end", over, listeners)
	}
}

// Who listens and reads nothing is hung up on, and gives the place to others.
func TestListenerWhoDoesNotRead(t *testing.T) {
	if os.Getenv("SPOOR_LONG") == "" {
		t.Skip("takes as long as the server is patient: set SPOOR_LONG")
	}
	w := newWorld(t)
	c, _ := gated(t, w, func(config *web.Config) { config.Limits.Streams = 1 })
	path := c.ask("POST", "/traces", string(w.yaml)).header.Get("Location") + "/progress"
	l := newPipes()
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- c.s.Serve(ctx, l) }()
	t.Cleanup(func() {
		stop()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
	ask := func() net.Conn {
		conn, err := l.dial()
		if err != nil {
			t.Fatal(err)
		}
		if _, err := conn.Write([]byte("GET " + path + " HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")); err != nil {
			t.Fatal(err)
		}
		return conn
	}
	silent := ask()
	defer silent.Close() //nolint:errcheck // the server has closed it
	for began := time.Now(); time.Since(began) < 20*time.Second; time.Sleep(500 * time.Millisecond) {
		conn := ask()
		response, err := http.ReadResponse(bufio.NewReader(conn), nil)
		if err != nil {
			t.Fatal(err)
		}
		_ = conn.Close() // the status is all
		if response.StatusCode == 200 {
			t.Logf("hung up on after %s", time.Since(began).Round(time.Second))
			return
		}
	}
	t.Error("the place is not given free")
}
