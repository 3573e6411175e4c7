package graph

import (
	"errors"
	"fmt"
	"strings"

	"github.com/holiman/uint256"
)

// Amount is an exact count of an asset's base units (wei, satoshi), from 0 to
// 2^256-1. It is never converted to a float.
type Amount = uint256.Int

// ErrAmount is returned for text that is not an unsigned integer below 2^256.
var ErrAmount = errors.New("not an amount")

// ParseAmount reads a decimal integer of base units. It accepts digits only: a
// sign, a decimal point, an exponent, blanks or a value of 2^256 and more are
// errors, and never zero.
func ParseAmount(text string) (Amount, error) {
	var a Amount
	switch {
	case text == "":
		return a, fmt.Errorf("%w: empty; want an integer of base units", ErrAmount)
	case text[0] == '-':
		return a, fmt.Errorf("%w: %.80q is negative; amounts are unsigned", ErrAmount, text)
	}
	for i := 0; i < len(text); i++ {
		if text[i] < '0' || text[i] > '9' {
			return a, fmt.Errorf("%w: %.80q; want an integer of base units, digits only", ErrAmount, text)
		}
	}
	digits := strings.TrimLeft(text, "0")
	if digits == "" {
		return a, nil
	}
	if err := a.SetFromDecimal(digits); err != nil {
		return Amount{}, fmt.Errorf("%w: %.80q is 2^256 or more", ErrAmount, text)
	}
	return a, nil
}

// FormatUnits writes an amount of base units as a decimal number of whole
// units, exactly: FormatUnits(1500, 3) is "1.5". Trailing zeros are dropped.
func FormatUnits(a Amount, decimals uint8) string {
	text := a.Dec()
	if decimals == 0 || a.IsZero() {
		return text
	}
	if missing := int(decimals) + 1 - len(text); missing > 0 {
		text = strings.Repeat("0", missing) + text
	}
	point := len(text) - int(decimals)
	fraction := strings.TrimRight(text[point:], "0")
	if fraction == "" {
		return text[:point]
	}
	return text[:point] + "." + fraction
}
