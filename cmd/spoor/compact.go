package main

import (
	"context"

	"github.com/spf13/cobra"

	"spoor/graph/badger"
)

func (p *program) compactCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "compact",
		Short: "Rewrite the store to be smaller and faster to read",
		Long: `Rewrite the store to be smaller and faster to read: histories that grew block by
block are joined, and what was overwritten is left behind. It needs about twice
the size of the store in free disk space, and can be interrupted at any time.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return runCompact(cmd.Context(), p) },
	}
}

func runCompact(ctx context.Context, p *program) error {
	var before size
	err := p.alone(badger.Options{}, func(store *badger.Store) (err error) {
		if before, err = diskUsage(p.db); err != nil {
			return err
		}
		return store.Compact(ctx)
	})
	if err != nil {
		return err
	}
	after, err := diskUsage(p.db)
	p.say("disk: %s before, %s after", before.String(), after.String())
	return err
}
