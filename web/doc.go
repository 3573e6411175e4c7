// Package web shows what a store holds, and what a trace found in it, to a
// browser and to programs: one address for each thing, answered as HTML, JSON
// or CSV. It works without JavaScript, loads nothing from elsewhere and changes
// nothing in the store; what it writes are cases, as files.
//
//	server.go     the parts put together, and the life of a listener
//	guard.go      who may ask, from where, and how much
//	format.go     one answer as HTML, JSON or CSV
//	problem.go    what goes wrong, as an answer
//	ledger.go     snapshots, opened for one request and closed with it
//	row.go        transfers, events, labels and coverage as rows
//	search.go, address.go, relations.go, entity.go, path.go, bridges.go, tx.go,
//	block.go, coverage.go
//	              one page each, with its API
//	dealing.go    a bounded reading of with whom an address has dealt
//	owner.go      entities, as rows
//	case.go       cases, kept as files in casefile.go
//	casework.go   their boards and logs; caselog.go the file of a log
//	flow          pictures of traces and ledgers, laid out by the server
//	board.go      them as an answer, and the page of the workspace: board_ledger.go what
//	              they take from ledgers, board_rows.go what is behind them
//	job.go        traces that run and have run
//	trace.go      their pages, evidence.go their tables
//	metrics.go    numbers for Prometheus, on a listener of their own
//	pages, assets templates and the style sheet, embedded
//
// Every request has a deadline and a budget: what would need more is counted,
// cut with a cursor, or refused, never loaded whole.
package web
