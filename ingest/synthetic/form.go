package synthetic

import (
	"spoor/graph"
)

// formOf is how an owner's wallet writes a transaction. Habits are drawn by the
// owner's home, and kept for ever; no draw of the ledger depends on them. The
// order of inputs and outputs is not told.
func formOf(home uint64, height uint32, hash graph.Hash, inputs, outputs int) graph.Form {
	habit := home * 0x9e3779b97f4a7c15 >> 56 // the golden ratio spreads the serials
	has := func(of uint64) bool { return habit&of != 0 }
	f := graph.Form{Known: true, Version: 2, Size: sizeOf(inputs, outputs), Replaceable: graph.AnswerOf(!has(4)), LowR: graph.Yes}
	if has(1) && has(2) {
		f.Version = 1
	}
	if has(8) && height > 0 {
		f.LockTime = height - 1
	}
	if !has(16) { // signs once: R is low in half of the signatures
		f.LowR = graph.AnswerOf(inputs == 1 && hash[0] < 128)
	}
	return f
}

// sizeOf is the size in virtual bytes of a transaction of usual scripts.
func sizeOf(inputs, outputs int) uint32 { return uint32(11 + 68*inputs + 31*outputs) }
