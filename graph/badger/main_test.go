package badger_test

import (
	"os"
	"testing"
)

// crashEnv is set in child processes that TestCrash starts and kills.
const crashEnv = "SPOOR_CRASH_DIR"

func TestMain(m *testing.M) {
	if dir := os.Getenv(crashEnv); dir != "" {
		crashChild(dir)
		return
	}
	// Stores are made and synced by the hundred here; in memory that is quick.
	if info, err := os.Stat("/dev/shm"); err == nil && info.IsDir() && os.Getenv("TMPDIR") == "" {
		if err := os.Setenv("TMPDIR", "/dev/shm"); err != nil {
			panic(err)
		}
	}
	os.Exit(m.Run())
}
