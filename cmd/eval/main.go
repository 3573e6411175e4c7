// Eval measures what spoor's rules, traces and matchers get right and wrong and
// writes docs/accuracy.md: make eval. It is a program of its own, as users of
// spoor have nothing to ask of it, and its figures hold for a version, not for
// a store.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	err := run(ctx, os.Args[1:], os.Stderr)
	stop()
	switch {
	case errors.Is(err, flag.ErrHelp):
		os.Exit(2)
	case err != nil:
		fmt.Fprintln(os.Stderr, "eval:", err)
		os.Exit(1)
	}
}

// run measures everything and writes the page.
func run(ctx context.Context, args []string, messages io.Writer) error {
	flags := flag.NewFlagSet("eval", flag.ContinueOnError)
	flags.SetOutput(messages)
	data := flags.String("data", os.Getenv("SPOOR_DATA"), "folder of the real data (SPOOR_DATA)")
	out := flags.String("out", "docs/accuracy.md", "file to write")
	if err := flags.Parse(args); err != nil {
		return err
	}
	if flags.NArg() > 0 {
		return fmt.Errorf("unknown argument %q", flags.Arg(0))
	}
	b, err := newBench(*data, messages)
	if err != nil {
		return err
	}
	page, err := b.measure(ctx)
	if err := errors.Join(err, b.close()); err != nil {
		return err
	}
	if err := os.WriteFile(*out, page, 0o644); err != nil { //nolint:gosec // a page of documentation
		return err
	}
	return b.outdated()
}
