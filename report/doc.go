// Package report writes what a trace found, for people who have to check it:
// an evidence folder of CSV tables with a manifest ([Write]), single results
// for other programs ([CSV], [JSON], [NDJSON]) and a summary for the terminal
// ([Summary]).
//
// Nothing is computed here that the trace does not say; what is checked is
// that the books balance ([Check]), before a single byte is written.
//
//	table.go        what a table is: columns that say what they mean and how a row fills them
//	text.go         texts of strangers, made harmless
//	movements.go    trace.csv, and one file for each other table
//	dictionary.go   dictionary.csv, made from the tables themselves
//	check.go        the conservation law
//	rates.go        how often rules of chance are wrong
//	exits.go        exits.csv, hypotheses about mixers
//	graphml.go      the trace as a graph for other programs
//	page.go         the report for people, one file
//	requests.go     what services are asked, a file for each
//	manifest.go     what the evidence was computed from
//	folder.go       written whole or not at all
//	summary.go      the terminal
//	section.go      the same in parts, for other ways of showing it
//	advice.go       what to do next
package report
