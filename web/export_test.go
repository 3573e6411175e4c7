package web

import (
	"context"
	"net"
	"time"
)

// Record is what a log is added to.
type Record = record

// AddToLog adds commands to an empty log, and returns how many lines it has then.
func AddToLog(to Record, ops ...string) (int, error) {
	var list []command
	for _, op := range ops {
		list = append(list, command{Op: op})
	}
	tail := logTail{}
	_, err := tail.add(to, time.Unix(0, 0), list...)
	return tail.lines, err
}

// ServeWithin is Serve with another time for the headers of requests.
func ServeWithin(ctx context.Context, l net.Listener, s *Server, headers time.Duration) error {
	return s.serve(ctx, l, headers)
}

// Gate is a way to open a store at which each waits.
func Gate(open func(context.Context) (*Reading, error), wait func()) func(context.Context) (*Reading, error) {
	return func(ctx context.Context) (*Reading, error) {
		wait()
		return open(ctx)
	}
}
