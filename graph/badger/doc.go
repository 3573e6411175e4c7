// Package badger is the store engine on dgraph-io/badger.
//
// A store is a directory with one folder for each chain. What a ledger keeps
// is written once, packed, in the journal: the transactions of each block with
// addresses and assets as dense numbers. Everything else (an address's
// history, where a transaction is) is an index that can be computed from the
// journal. schema.go draws every key and value; docs/schema.md is the page.
//
// One call is one version. All rows of a call are written at the same
// timestamp, as many Badger transactions as it takes, and the row of the
// ledger's state last. A view reads at the version of that row, so it never
// sees part of a call; and whatever a crash leaves above it is put back on the
// next open to what it was.
//
// Load does not write through Badger's log: it sorts outside, builds a fresh
// generation of the ledger, and swaps generations by renaming a file.
package badger
