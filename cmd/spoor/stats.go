package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"strconv"

	"github.com/spf13/cobra"

	"spoor/graph"
	"spoor/graph/badger"
)

type statsOptions struct {
	output   format
	coverage bool
}

func (p *program) statsCommand() *cobra.Command {
	var o statsOptions
	cmd := &cobra.Command{
		Use:   "stats",
		Short: "Tell what the store holds",
		Long: `Tell what the store holds: for each chain its size, tip and first block, and
with --coverage the ranges of blocks that were read and how completely. What no
range names was not looked at.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return o.run(cmd.Context(), p) },
	}
	o.output.addFlag(cmd)
	cmd.Flags().BoolVar(&o.coverage, "coverage", false, "the ranges of blocks that were read, instead of sizes")
	return cmd
}

// A statsRow is what a store holds of one chain.
type statsRow struct {
	Chain     string `json:"chain"`
	Alias     string `json:"alias"`
	Blocks    uint64 `json:"blocks"`
	Whole     uint64 `json:"whole_blocks"` // known with all their transactions
	Txs       uint64 `json:"transactions"`
	Transfers uint64 `json:"transfers"`
	Addresses uint64 `json:"addresses"`
	Assets    uint64 `json:"assets"`
	Tip       uint32 `json:"tip"`
	TipHash   string `json:"tip_hash"`
	TipTime   string `json:"tip_time"`
	Final     uint32 `json:"final_block"` // blocks above it may still be replaced, as far as the store can tell
	Ranges    int    `json:"ranges"`      // of blocks without a gap or change between
}

var statsColumns = []column[statsRow]{
	{"chain", false, func(r *statsRow) string { return r.Chain }},
	{"alias", false, func(r *statsRow) string { return r.Alias }},
	{"blocks", true, func(r *statsRow) string { return strconv.FormatUint(r.Blocks, 10) }},
	{"whole_blocks", true, func(r *statsRow) string { return strconv.FormatUint(r.Whole, 10) }},
	{"transactions", true, func(r *statsRow) string { return strconv.FormatUint(r.Txs, 10) }},
	{"transfers", true, func(r *statsRow) string { return strconv.FormatUint(r.Transfers, 10) }},
	{"addresses", true, func(r *statsRow) string { return strconv.FormatUint(r.Addresses, 10) }},
	{"assets", true, func(r *statsRow) string { return strconv.FormatUint(r.Assets, 10) }},
	{"tip", true, func(r *statsRow) string { return strconv.FormatUint(uint64(r.Tip), 10) }},
	{"tip_hash", false, func(r *statsRow) string { return r.TipHash }},
	{"tip_time", false, func(r *statsRow) string { return r.TipTime }},
	{"final_block", true, func(r *statsRow) string { return strconv.FormatUint(uint64(r.Final), 10) }},
	{"ranges", true, func(r *statsRow) string { return strconv.Itoa(r.Ranges) }},
}

func (o *statsOptions) run(ctx context.Context, p *program) error {
	return p.with(func(store *badger.Store) error {
		chains, err := store.Chains(ctx)
		if err != nil {
			return err
		}
		var sizes []statsRow
		var ranges []coverageRow
		for _, chain := range chains {
			row, covered, err := o.chain(ctx, store, chain)
			if err != nil {
				return fmt.Errorf("stats %s: %w", chain.Alias, err)
			}
			sizes, ranges = append(sizes, row), append(ranges, covered...)
		}
		if o.coverage {
			return printRows(p.out, o.output, coverageColumns, each(ranges))
		}
		if err := printRows(p.out, o.output, statsColumns, each(sizes)); err != nil {
			return err
		}
		disk, err := diskUsage(p.db)
		limit := p.memoryLimit()
		p.say("disk: %s; memory: store limited to %s", disk.String(), limit.String())
		return err
	})
}

func (o *statsOptions) chain(ctx context.Context, store graph.Store, chain graph.Chain) (row statsRow, ranges []coverageRow, err error) {
	row = statsRow{Chain: string(chain.ID), Alias: chain.Alias}
	err = viewing(ctx, store, chain, func(view graph.View) error {
		tip, err := view.Tip()
		if err != nil {
			return err
		}
		size, err := view.Size()
		if err != nil {
			return err
		}
		coverage, err := view.Coverage()
		if err != nil {
			return err
		}
		row.Blocks, row.Txs, row.Transfers, row.Addresses, row.Assets = size.Blocks, size.Txs, size.Transfers, size.Addresses, size.Assets
		row.Tip, row.TipHash, row.TipTime = tip.Height, tip.Hash.Text(chain.Family), timeText(tip.Time)
		row.Final = finalBlock(chain, tip)
		for i := range coverage {
			c := &coverage[i]
			ranges = append(ranges, newCoverageRow(c))
			if c.Address.IsZero() {
				row.Ranges++
				if c.Know.Transfers == graph.Full {
					row.Whole += uint64(c.To-c.From) + 1
				}
			}
		}
		return nil
	})
	return row, ranges, err
}

// diskUsage sums what the files of the store take on disk.
func diskUsage(db string) (size, error) {
	var total size
	err := filepath.WalkDir(db, func(_ string, e fs.DirEntry, err error) error {
		if errors.Is(err, fs.ErrNotExist) {
			return nil // the engine tidies up beside us
		} else if err != nil || e.IsDir() {
			return err
		}
		info, err := e.Info()
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		} else if err != nil {
			return err
		}
		total += allocated(info)
		return nil
	})
	return total, err
}
