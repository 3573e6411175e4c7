package web

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"errors"
	"net"
	"net/http"
	"runtime/debug"
	"slices"
	"strings"
	"time"

	"github.com/go-chi/chi/v5"
)

// Access says who may ask.
type Access struct {
	// Token must be given with every request, as the password of HTTP basic
	// authentication or as a bearer token; "" asks for none.
	Token string
	// Hosts are the names and IP addresses, without port, by which the server
	// may be called beside localhost and loopback addresses. A page elsewhere
	// that makes its own name point here is refused by it (DNS rebinding).
	Hosts []string
}

// minToken keeps tokens from being guessed.
const minToken = 16

func (a Access) check() error {
	if a.Token != "" && len(a.Token) < minToken {
		return errors.New("the access token is too short: want 16 characters or more, such as openssl rand -hex 24 writes")
	}
	return nil
}

// called reports whether a Host header names this server.
func (a Access) called(host string) bool {
	name, _, err := net.SplitHostPort(host)
	if err != nil {
		name = host
	}
	name = strings.ToLower(strings.TrimSuffix(strings.Trim(name, "[]"), "."))
	if ip := net.ParseIP(name); name == "localhost" || ip != nil && ip.IsLoopback() {
		return true
	}
	return slices.ContainsFunc(a.Hosts, func(allowed string) bool { return strings.EqualFold(allowed, name) })
}

// knows reports whether a request carries the token.
func (a Access) knows(r *http.Request) bool {
	if a.Token == "" {
		return true
	}
	_, given, is := r.BasicAuth()
	if !is {
		given, is = strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	}
	// Digests have one length, so that the comparison tells nothing of it.
	want, got := sha256.Sum256([]byte(a.Token)), sha256.Sum256([]byte(given))
	return subtle.ConstantTimeCompare(want[:], got[:]) == 1 && is
}

// policy is what a browser may do with a page of ours: show it, with our own
// style sheet, script and images, and send its forms to us.
const policy = "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; connect-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'"

func setHeaders(h http.Header) {
	h.Set("Content-Security-Policy", policy)
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("X-Frame-Options", "DENY")
	// Not "no-referrer": with it browsers send "Origin: null" with our own
	// forms, and on plain HTTP nothing else tells them from those of others.
	h.Set("Referrer-Policy", "same-origin")
	h.Set("Cross-Origin-Resource-Policy", "same-origin")
	h.Set("Cross-Origin-Opener-Policy", "same-origin")
	h.Set("Permissions-Policy", "camera=(), geolocation=(), microphone=()")
	h.Set("Cache-Control", "private, no-store")
}

// guard asks of every request whether it may be answered, and bounds what it
// may cost.
func (s *Server) guard(next http.Handler) http.Handler {
	origin := http.NewCrossOriginProtection()
	origin.SetDenyHandler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.refuse(w, r, http.StatusForbidden, "this was sent by a page of another site")
	}))
	slots := make(chan struct{}, s.c.Limits.Requests)
	bounded := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !isStream(r) {
			select {
			case slots <- struct{}{}:
				defer func() { <-slots }()
			default:
				w.Header().Set("Retry-After", "1")
				s.refuse(w, r, http.StatusServiceUnavailable, "too many requests at the same time; try again")
				return
			}
			ctx, done := context.WithTimeout(r.Context(), s.c.Limits.RequestTime)
			defer done()
			r = r.WithContext(ctx)
		}
		r.Body = http.MaxBytesReader(w, r.Body, s.c.Limits.Body)
		next.ServeHTTP(w, r)
	})
	protected := origin.Handler(bounded)
	return http.HandlerFunc(func(plain http.ResponseWriter, r *http.Request) {
		began := time.Now()
		w := &answer{ResponseWriter: plain}
		r = withFormat(r)
		route := chi.NewRouteContext()
		r = r.WithContext(context.WithValue(r.Context(), chi.RouteCtxKey, route))
		defer func() {
			failure := recover()
			if failure == http.ErrAbortHandler { //nolint:errorlint // the very value, as in net/http
				panic(failure)
			}
			if failure != nil {
				s.c.Log.Error("panic", "what", failure, "stack", string(debug.Stack()))
				if w.status == 0 {
					s.refuse(w, r, http.StatusInternalServerError, "an error of the server; its log has it")
				}
			}
			s.account(w, r, route.RoutePattern(), time.Since(began))
		}()
		setHeaders(w.Header())
		switch {
		case !s.c.Access.called(r.Host):
			s.refuse(w, r, http.StatusMisdirectedRequest, "this server is not called by that name; use the address that spoor serve wrote, or allow the name with --host")
		case !s.c.Access.knows(r):
			w.Header().Set("WWW-Authenticate", `Basic realm="spoor: any name, and the access token as password", charset="UTF-8"`)
			s.refuse(w, r, http.StatusUnauthorized, "the access token is missing or wrong")
		default:
			protected.ServeHTTP(w, r)
		}
	})
}

// isStream reports whether a request listens to the progress of a trace, which
// may last as long as the trace and has its own limit.
func isStream(r *http.Request) bool {
	return strings.HasPrefix(r.URL.Path, "/traces/") && strings.HasSuffix(r.URL.Path, "/progress")
}

// account logs and counts a request. Nothing that was asked for is logged: what
// is looked into is nobody's business.
func (s *Server) account(w *answer, r *http.Request, route string, took time.Duration) {
	method := r.Method
	if route == "" {
		route, method = "none", "any" // both are the client's words, of which there is no end
	}
	s.metrics.requests.WithLabelValues(route, method, statusClass(w.status)).Inc()
	s.metrics.seconds.WithLabelValues(route).Observe(took.Seconds())
	s.c.Log.Info("request", "method", r.Method, "route", route, "status", w.status, "bytes", w.bytes, "ms", took.Milliseconds(), "from", r.RemoteAddr)
}

func statusClass(status int) string {
	if status < 100 || status > 599 {
		return "none"
	}
	return string(rune('0'+status/100)) + "xx"
}

// answer remembers what was answered, and says in which encoding texts are.
type answer struct {
	http.ResponseWriter
	status int
	bytes  int64
}

func (a *answer) WriteHeader(status int) {
	if a.status == 0 {
		a.status = status
		if kind := a.Header().Get("Content-Type"); kind == asHTML || kind == asCSV {
			a.Header().Set("Content-Type", kind+"; charset=utf-8")
		}
	}
	a.ResponseWriter.WriteHeader(status)
}

func (a *answer) Write(p []byte) (int, error) {
	if a.status == 0 {
		a.WriteHeader(http.StatusOK)
	}
	n, err := a.ResponseWriter.Write(p)
	a.bytes += int64(n)
	return n, err
}

// Unwrap lets http.ResponseController and streams reach the connection.
func (a *answer) Unwrap() http.ResponseWriter { return a.ResponseWriter }
