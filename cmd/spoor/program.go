package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"runtime/debug"
	"strings"

	"github.com/spf13/cobra"
	"golang.org/x/term"
)

// A program is one run of spoor: where it writes, and the flags that every
// command has.
type program struct {
	out, err io.Writer
	env      func(string) string

	db     string
	memory size
	quiet  bool

	began bool // flags and arguments were understood
}

// The exit codes.
const (
	exitOK      = 0
	exitFailed  = 1
	exitUsage   = 2
	exitPartial = 3
)

// run executes a command line and returns the exit code.
func (p *program) run(ctx context.Context, args []string) int {
	root := p.root()
	root.SetArgs(args)
	err := root.ExecuteContext(ctx)
	usage := (*usageError)(nil)
	switch {
	case err == nil:
		return exitOK
	case errors.Is(err, errPartial):
		p.explain(err)
		return exitPartial
	case !p.began, errors.As(err, &usage):
		p.explain(usagef("%w", err))
		return exitUsage
	}
	p.explain(err)
	return exitFailed
}

func (p *program) root() *cobra.Command {
	root := &cobra.Command{
		Use:   "spoor",
		Short: "Follow stolen value through public ledgers",
		Long: `spoor follows stolen value through public ledgers: it keeps what was read from
chains in a local store, traces an incident through it, and writes evidence in
which every movement names the block it was read from.

Data goes to standard output, progress and messages to standard error. The exit
code is 0 when all went well, 1 when it failed, 2 when the command line was not
understood, and 3 when there is a result but it is partial.`,
		SilenceErrors:     true,
		SilenceUsage:      true,
		DisableAutoGenTag: true,
		Args:              cobra.NoArgs,
		RunE:              func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
		PersistentPreRunE: func(*cobra.Command, []string) error {
			p.began = true
			if p.memory > 0 {
				debug.SetMemoryLimit(int64(p.memory))
			}
			return nil
		},
	}
	root.SetOut(p.out)
	root.SetErr(p.err)
	flags := root.PersistentFlags()
	flags.StringVar(&p.db, "db", cmp.Or(p.env("SPOOR_DB"), "./spoor-data"), "folder of the store; SPOOR_DB sets the default")
	flags.Lookup("db").DefValue = "./spoor-data"
	flags.Var(&p.memory, "memory", "memory the store may use, such as 512MiB or 4GiB")
	flags.Lookup("memory").DefValue = "1GiB"
	flags.BoolVarP(&p.quiet, "quiet", "q", false, "no progress and no summaries on standard error")
	root.AddCommand(
		p.ingestCommand(),
		p.followCommand(),
		p.exportCommand(),
		p.labelCommand(),
		p.showCommand(),
		p.clusterCommand(),
		p.whyCommand(),
		p.entityCommand(),
		p.pathCommand(),
		p.traceCommand(),
		p.bridgesCommand(),
		p.exitsCommand(),
		p.caseCommand(),
		p.serveCommand(),
		p.demoCommand(),
		p.checkCommand(),
		p.statsCommand(),
		p.compactCommand(),
		p.versionCommand(),
		p.manCommand(),
	)
	return root
}

// say writes a message for people, unless they want none.
func (p *program) say(format string, args ...any) {
	if !p.quiet {
		p.warn(format, args...)
	}
}

// warn writes a message that --quiet does not suppress.
func (p *program) warn(format string, args ...any) {
	_, _ = fmt.Fprintf(p.err, format+"\n", args...) // nowhere left to report to
}

// explain writes an error as one line, and as another what can be done.
func (p *program) explain(err error) {
	if errors.Is(err, errSaid) {
		return
	}
	p.warn("spoor: %s", oneLine(err.Error()))
	if hint := hintFor(err); hint != "" {
		p.warn("hint: %s", oneLine(hint))
	}
}

func oneLine(text string) string {
	return strings.Join(strings.FieldsFunc(text, func(r rune) bool { return r == '\n' || r == '\r' }), "; ")
}

// terminal reports whether a writer is a terminal.
func terminal(w io.Writer) bool {
	f, ok := w.(*os.File)
	return ok && term.IsTerminal(int(f.Fd()))
}
