//go:build !unix

package main

import "io/fs"

// peakMemory is not known on this system.
func peakMemory() (size, bool) { return 0, false }

// allocated is the length of a file.
func allocated(info fs.FileInfo) size { return size(info.Size()) }
