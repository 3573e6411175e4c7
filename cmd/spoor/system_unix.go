//go:build unix

package main

import (
	"io/fs"
	"runtime"
	"syscall"
)

// peakMemory is the most memory the process has had resident.
func peakMemory() (size, bool) {
	var usage syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage); err != nil {
		return 0, false
	}
	if runtime.GOOS == "darwin" || runtime.GOOS == "ios" {
		return size(usage.Maxrss), true // bytes there, kilobytes elsewhere
	}
	return size(usage.Maxrss) << 10, true
}

// allocated is what a file takes on disk, which for one with holes is less
// than its length.
func allocated(info fs.FileInfo) size {
	if stat, ok := info.Sys().(*syscall.Stat_t); ok {
		return size(stat.Blocks) * 512
	}
	return size(info.Size())
}
