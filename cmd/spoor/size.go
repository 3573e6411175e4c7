package main

import (
	"fmt"
	"math/bits"
	"strconv"
	"strings"
)

// size is a number of bytes, as a flag: "512MiB", "4GiB", "1GB" or plain bytes.
type size int64

var sizeUnits = []struct {
	name  string
	bytes uint64
}{
	{"KiB", 1 << 10}, {"MiB", 1 << 20}, {"GiB", 1 << 30}, {"TiB", 1 << 40},
	{"kB", 1e3}, {"KB", 1e3}, {"MB", 1e6}, {"GB", 1e9}, {"TB", 1e12},
	{"K", 1 << 10}, {"M", 1 << 20}, {"G", 1 << 30}, {"T", 1 << 40}, {"B", 1},
}

// Set reads a size.
func (s *size) Set(text string) error {
	digits, unit := text, uint64(1)
	for _, u := range sizeUnits {
		if rest, ok := strings.CutSuffix(text, u.name); ok {
			digits, unit = rest, u.bytes
			break
		}
	}
	n, err := strconv.ParseUint(strings.TrimSpace(digits), 10, 64)
	high, low := bits.Mul64(n, unit)
	if err != nil || high != 0 || low > 1<<62 {
		return fmt.Errorf("%q is not a size; want a number of bytes, such as 512MiB or 4GiB", text)
	}
	*s = size(low)
	return nil
}

// String writes a size with one decimal in the largest unit below it.
func (s *size) String() string {
	n := int64(*s)
	for i := 3; i >= 0; i-- {
		if unit := int64(sizeUnits[i].bytes); n >= unit {
			if n%unit == 0 {
				return strconv.FormatInt(n/unit, 10) + sizeUnits[i].name
			}
			return strconv.FormatInt(n/unit, 10) + "." + strconv.FormatInt(n%unit*10/unit, 10) + sizeUnits[i].name
		}
	}
	return strconv.FormatInt(n, 10) + "B"
}

// Type names the flag's value in help texts.
func (s *size) Type() string { return "SIZE" }
