// Package synthetic makes ledgers of our own: benign traffic of any size
// ([Traffic]) and scripted thefts whose outcome is known exactly ([Script]).
// The demo, the benchmarks and the tests of the trace stand on it.
//
// A ledger is a pure function of its options. Nothing in it is real: addresses
// are hashes of names, heights are far from any real tip. Its money is sound,
// though: nobody sends what they do not have, every input spends an existing
// output once, and fees are paid, so that every check of a real ledger holds.
//
// What a trace must find is never computed by tracing. The script keeps books
// ([Truth]) while it writes each transaction, oldest money first.
package synthetic
