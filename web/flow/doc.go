// Package flow draws where value went: a picture of a trace for people, from
// the theft on the left, a column for each number of movements since, to where
// it ended on the right.
//
//	graph.go   what is drawn: the largest addresses of each column, the others folded
//	order.go   which is above which: few crossings, by barycentres
//	place.go   where: near what it is joined to, nothing overlapping
//
// A picture shows no fact that the tables do not have, and says how much of
// them it leaves out. Equal traces give equal pictures.
package flow
