// Package passage tells which arrival from a bridge continues which departure
// into it.
//
// A departure and an arrival are facts, each stated on its own ledger (see
// graph.Event). That they are the two sides of one passage is derived where both
// carry the same key ([ByKey]), and attributed where only recipient, asset,
// amount and delay say so ([Model.Match]). A key is proof; a match is an opinion
// with a score, measured against decoys ([Model.Placebo]), and is for people to
// accept: nothing follows value along one by itself.
//
//	passage.go   sides and links
//	key.go       links by key, and what is wrong with releases
//	learn.go     what a bridge maps, charges and takes, learned from links
//	match.go     links without a key
//	survey.go    all of it for what ledgers state
//	placebo.go   how often the same rule links what does not belong together
package passage
