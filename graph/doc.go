// Package graph is the vocabulary of spoor and the contract of its store.
//
// A [Chain] is a public ledger. Value in an [Asset] rests at an [Address] and
// moves as a [Transfer], whose [Position] in the ledger is its identity.
// Transfers come in a [Tx], transactions in a [Block]; a block is what ingest
// writes and what a reorganisation takes back.
//
// Everything here was read from a ledger: a fact. What is inferred (entities,
// links) or claimed by somebody (labels) has types of its own, so that the two
// never share a field; see [Statement].
//
// A [Store] keeps one [Ledger] per chain. Addresses and assets are interned to
// dense numbers there, because an address is met hundreds of times and its
// twenty or more bytes would be most of the disk. A [View] is a consistent
// snapshot that speaks those numbers ([Move], [Entry]) and translates them back.
//
// The package imports nothing else of spoor and contains no engine.
package graph
