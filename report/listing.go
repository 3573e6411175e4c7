package report

import "time"

// Field is a column of rows that are printed and served: what a person or a
// program asks of a store, beside the tables of the evidence.
type Field[T any] struct {
	Name   string // as in JSON
	Number bool
	Text   func(*T) string
}

// Instant writes unix seconds as RFC 3339 in UTC.
func Instant(seconds int64) string { return time.Unix(seconds, 0).UTC().Format(time.RFC3339) }
