package main

import (
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/cobra/doc"
)

func (p *program) manCommand() *cobra.Command {
	var dir string
	cmd := &cobra.Command{
		Use:   "man",
		Short: "Write the manual pages",
		Long: `Write the manual: the page spoor(1) on standard output, or with --dir the pages
of all commands into a folder.`,
		Example: "  spoor man | man -l -\n  spoor man --dir /usr/local/share/man/man1",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			// A fixed date, so that the pages are the same whenever they are made.
			date := time.Unix(0, 0).UTC()
			header := &doc.GenManHeader{Title: "SPOOR", Section: "1", Source: "spoor", Manual: "spoor", Date: &date}
			if dir == "" {
				return doc.GenMan(cmd.Root(), header, p.out)
			}
			header.Title = "" // each page's own
			return doc.GenManTree(cmd.Root(), header, dir)
		},
	}
	cmd.Flags().StringVar(&dir, "dir", "", "folder to write the pages of all commands to")
	return cmd
}
