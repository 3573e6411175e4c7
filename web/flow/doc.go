// Package flow draws where value went: a picture for people, from the theft on
// the left, a column for each number of movements since or by time, to where it
// ended on the right.
//
//	model.go      what pictures need of a trace, kept as long as the trace
//	ask.go        what is asked of a picture, board.go what it is
//	draw.go       from the one to the other: what the asset and the times leave, and the
//	              units that boxes show
//	choose.go     the largest of each column have boxes, the others a pill
//	fill.go       what a box says
//	arrow.go      which boxes are joined, by what: rows.go the rows behind an arrow
//	way.go        the widest way between two boxes
//	place.go      where boxes stand: few crossings, nothing placed moves; axis.go by time
//	histogram.go  value by time
//
// A picture shows no fact that the tables do not have, sums exactly what it
// joins, and says how much it leaves out. Equal traces and asks give equal
// pictures.
package flow
