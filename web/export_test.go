package web

import (
	"context"
	"net"
	"time"
)

// ServeWithin is Serve with another time for the headers of requests.
func ServeWithin(ctx context.Context, l net.Listener, s *Server, headers time.Duration) error {
	return s.serve(ctx, l, headers)
}
