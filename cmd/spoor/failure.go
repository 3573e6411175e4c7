package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"syscall"

	"spoor/graph"
	"spoor/ingest"
)

// errPartial ends a command whose result is there but not complete.
var errPartial = errors.New("the result is partial")

// errSaid ends a command that has written what was wrong itself.
var errSaid = errors.New("said already")

// A usageError is a command line that cannot be understood.
type usageError struct{ err error }

func (e *usageError) Error() string { return e.err.Error() }
func (e *usageError) Unwrap() error { return e.err }

func usagef(format string, args ...any) error { return &usageError{fmt.Errorf(format, args...)} }

// hintFor is what a user can do about an error, "" if there is nothing to say.
func hintFor(err error) string {
	var advised interface{ Hint() string }
	if errors.As(err, &advised) {
		return advised.Hint()
	}
	for _, known := range []struct {
		err  error
		hint string
	}{
		{graph.ErrInUse, "wait until the other spoor has ended, or choose another store with --db"},
		{graph.ErrDamaged, "spoor check tells what is damaged; ingest into a fresh --db to replace it"},
		{graph.ErrFork, "the store and the source hold different branches of the chain; ingest this one into another --db"},
		{syscall.ENOSPC, "free some disk space and run the same command again: it goes on where it stopped"},
		{context.Canceled, "interrupted; run the same command again"},
	} {
		if errors.Is(err, known.err) {
			return known.hint
		}
	}
	if usage := (*usageError)(nil); errors.As(err, &usage) {
		return "add --help to the command to see how it is used"
	}
	if problem := (ingest.Problem{}); errors.As(err, &problem) {
		return "correct it in the source, or pass over what cannot be used with --on-error skip"
	}
	for _, known := range []struct {
		err  error
		hint string
	}{
		{graph.ErrNotFound, "spoor stats tells which chains and blocks are in the store"},
		{fs.ErrNotExist, "is the path right? It is taken from the current folder"},
		{fs.ErrPermission, "is it yours to read and write?"},
	} {
		if errors.Is(err, known.err) {
			return known.hint
		}
	}
	return ""
}
