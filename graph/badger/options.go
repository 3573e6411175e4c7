package badger

import (
	"log/slog"

	badgerdb "github.com/dgraph-io/badger/v4"
	badgeroptions "github.com/dgraph-io/badger/v4/options"
)

// Options tune a store. The zero value works.
type Options struct {
	// Memory bounds what one open ledger keeps in memory for caches, write
	// buffers and sorting, in bytes. Default 1 GiB, at least 64 MiB.
	Memory int64
	// ReadOnly opens the store beside other readers, for views only. Default
	// false: the store is opened alone.
	ReadOnly bool
	// Verify is the size of a ledger, in bytes, up to which every block of
	// every table is checked when it is opened. Larger ledgers are checked as
	// they are read, and whole by VerifyTables. Default 1 GiB; negative for
	// never.
	Verify int64
	// Logger gets what the engine has to say beyond errors. Default: nothing.
	Logger *slog.Logger
}

func (o Options) withDefaults() Options {
	if o.Memory == 0 {
		o.Memory = 1 << 30
	}
	o.Memory = max(o.Memory, 64<<20)
	if o.Verify == 0 {
		o.Verify = 1 << 30
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	return o
}

// tuned are Badger's options as measured for rows of this shape: few keys,
// values of some kilobytes, written in large calls.
func (o Options) tuned(dir string) badgerdb.Options {
	memtable := min(max(o.Memory/16, 16<<20), 64<<20)
	return badgerdb.DefaultOptions(dir).
		WithDetectConflicts(false). // one writer
		WithSyncWrites(true).
		WithMetricsEnabled(false).
		WithLogger(nil).
		WithReadOnly(o.ReadOnly).
		WithBypassLockGuard(true). // the store has its own lock
		WithMemTableSize(memtable).
		WithNumMemtables(3).
		WithNumLevelZeroTables(20).
		WithNumLevelZeroTablesStall(60).
		WithBaseTableSize(min(16<<20, memtable)).
		WithNumCompactors(2).
		WithValueLogFileSize(64 << 20).
		WithVerifyValueChecksum(true).
		WithChecksumVerificationMode(badgeroptions.OnBlockRead).
		WithCompression(badgeroptions.Snappy).
		WithBlockCacheSize(o.Memory / 4)
}

// Shares of Options.Memory beside Badger's own.
func (o Options) loadBuffer() int { return int(o.Memory / 4) }

func (o Options) cachedAddresses() int { return int(o.Memory / 8 / 160) }
