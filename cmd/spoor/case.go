package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"spoor/trace"
)

func (p *program) caseCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "case",
		Short: "Write case files and add to them",
		Long: `A case file says what was stolen, how it is followed and how far, and what its
analyst claims: labels, links that are accepted, notes. It is the whole input of a
trace besides the ledgers and lists of labels. These commands write it; any editor
does as well.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(p.caseNewCommand(), p.caseLinkCommand(), p.caseNoteCommand(), p.caseShowCommand())
	return cmd
}

func (p *program) caseNewCommand() *cobra.Command {
	var o traceOptions
	var file string
	cmd := &cobra.Command{
		Use:   "new NAME --seed REF...",
		Short: "Write a case file",
		Long: `Write a new case file, NAME.yaml in the current folder unless --file says where. A
file that is there is not replaced. Flags are those of spoor trace.`,
		Example: `  spoor case new heist --seed ethereum:0xTXHASH
  spoor case new "the heist of May" --file heist.yaml --seed bitcoin:TXHASH:out:1 --method haircut`,
		Args: oneArgument("a name", "spoor case new heist --seed ethereum:0xTXHASH"),
		RunE: func(_ *cobra.Command, args []string) error {
			c := o.flags
			c.Name = args[0]
			if file == "" {
				if strings.ContainsAny(c.Name, `/\`) || strings.HasPrefix(c.Name, ".") || c.Name == "" {
					return advice{usagef("%q is no name of a file", c.Name), "say where to write it with --file"}
				}
				file = c.Name + ".yaml"
			}
			if err := c.Check(); err != nil {
				return inCase(err)
			}
			text, err := c.YAML()
			if err != nil {
				return err
			}
			if _, err := os.Lstat(file); err == nil {
				return advice{fmt.Errorf("%s is there already", file), "choose another name or --file; spoor case link and note add to a case"}
			}
			if err := replaceFile(file, text); err != nil {
				return err
			}
			p.say("case: %s", file)
			return nil
		},
	}
	o.addAsked(cmd)
	cmd.Flags().StringVar(&o.flags.Note, "note", "", "what the case is about")
	cmd.Flags().StringVar(&file, "file", "", "the file to write (default NAME.yaml)")
	return cmd
}

func (p *program) caseNoteCommand() *cobra.Command {
	return &cobra.Command{
		Use:     "note CASE.yaml TEXT",
		Short:   "Add a paragraph to the note of a case",
		Long:    `Add a paragraph to the note of a case. All else of the file stays as it is.`,
		Example: `  spoor case note heist.yaml "the exchange answered on 4 May"`,
		Args:    cobra.ExactArgs(2),
		RunE: func(_ *cobra.Command, args []string) error {
			text := strings.TrimSpace(args[1])
			if text == "" {
				return usagef("the note is empty")
			}
			return p.editCase(args[0], func(file []byte) ([]byte, bool, error) { return trace.AddNote(file, text) })
		},
	}
}

// oneArgument wants one argument and tells what it is.
func oneArgument(what, example string) cobra.PositionalArgs {
	return func(_ *cobra.Command, args []string) error {
		if len(args) != 1 {
			return advice{usagef("want %s, got %d arguments", what, len(args)), example}
		}
		return nil
	}
}

// editCase replaces a case file with what a function makes of it.
func (p *program) editCase(path string, edit func([]byte) ([]byte, bool, error)) error {
	before, err := os.ReadFile(path)
	if err != nil {
		return fmt.Errorf("case: %w", err)
	}
	after, kept, err := edit(before)
	if err != nil {
		err = fmt.Errorf("%s: %w", path, err)
		if errors.Is(err, trace.ErrCase) || errors.Is(err, trace.ErrSeed) {
			return inCase(err)
		}
		return err
	}
	if err := replaceFile(path, after); err != nil {
		return err
	}
	if !kept {
		p.warn("note: %s was written anew; its comments and order could not be kept", path)
	}
	return nil
}

// replaceFile writes a file whole or not at all, in place of a former one, whose
// permissions it keeps.
func replaceFile(path string, text []byte) (err error) {
	mode := os.FileMode(0o644)
	if real, err := filepath.EvalSymlinks(path); err == nil {
		path = real
	}
	if info, err := os.Stat(path); err == nil {
		mode = info.Mode().Perm()
	}
	draft, err := os.CreateTemp(filepath.Dir(path), ".case-*")
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, os.Remove(draft.Name()))
		}
	}()
	_, err = draft.Write(text)
	err = errors.Join(err, draft.Chmod(mode), draft.Sync(), draft.Close())
	if err != nil {
		return err
	}
	return os.Rename(draft.Name(), path)
}

func (p *program) caseShowCommand() *cobra.Command {
	var output format
	cmd := &cobra.Command{
		Use:     "show CASE.yaml",
		Short:   "Tell what a case asks and claims",
		Long:    `Tell what a case asks and claims: seeds, method, bounds, labels, links, note.`,
		Example: "  spoor case show heist.yaml",
		Args:    oneArgument("a case file", "spoor case show case.yaml"),
		RunE: func(_ *cobra.Command, args []string) error {
			o := traceOptions{file: args[0]}
			c, err := o.read()
			if err != nil {
				return err
			}
			return printRows(p.out, output, []column[caseRow]{
				{"what", false, func(r *caseRow) string { return r.What }},
				{"value", false, func(r *caseRow) string { return r.Value }},
				{"detail", false, func(r *caseRow) string { return r.Detail }},
			}, each(caseRows(c)))
		},
	}
	output.addFlag(cmd)
	return cmd
}

// A caseRow is one thing that a case says.
type caseRow struct {
	What   string `json:"what"`
	Value  string `json:"value"`
	Detail string `json:"detail"`
}

func caseRows(c trace.Case) (rows []caseRow) {
	add := func(what, value, detail string) {
		if value != "" {
			rows = append(rows, caseRow{what, value, detail})
		}
	}
	bound := func(what string, n int) {
		if n != 0 {
			add(what, strconv.Itoa(n), "")
		}
	}
	add("name", c.Name, "")
	for _, paragraph := range strings.Split(c.Note, "\n") {
		add("note", paragraph, "")
	}
	method := c.Method
	if method == "" {
		method = "fifo"
	}
	add("method", method, "")
	add("direction", c.Direction, "")
	for _, seed := range c.Seeds {
		add("seed", seed, "")
	}
	add("share", c.Share, "")
	add("min_amount", c.MinAmount, "")
	bound("max_hops", c.MaxHops)
	add("until", c.Until, "")
	bound("max_transactions", c.MaxTransactions)
	bound("service_transfers", c.ServiceTransfers)
	add("coinjoin", c.CoinJoin, "")
	for _, l := range c.Labels {
		add("label", l.Chain+":"+l.Address, strings.Join([]string{l.Name, l.Category, l.Behaviour, "confidence " + strconv.Itoa(l.Confidence)}, ", "))
	}
	for _, l := range c.Links {
		add("link", l.From+" -> "+l.To, fmt.Sprintf("%s, confidence %d", l.Rule, l.Confidence))
	}
	return rows
}
