// Package graphtest says what a graph.Store is, as tests: Suite takes the
// constructor of an engine and checks every promise, against Model, a store in
// memory that is simple enough to be right. Tests of what reads a store use
// Model too, and Data for real ledgers kept outside the repository.
package graphtest
