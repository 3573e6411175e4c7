package cluster

import "spoor/graph"

// changeLockTime (BlockSci locktime): some wallets lock what they write to the
// newest block, so that miners gain nothing by going back, others lock nothing.
// Change is spent by a transaction that has a lock time if this one has. Wrong
// where a wallet's habit changed with its version, and where one locks only
// sometimes, as Bitcoin Core does while it is behind.
func changeLockTime(p *Payment, all Candidates) (Candidates, error) {
	return p.alike(all, func(then, now *habit) graph.Answer {
		if !then.Known || !now.Known {
			return graph.NotTold
		}
		return graph.AnswerOf((then.LockTime > 0) == (now.LockTime > 0))
	})
}
