// Package eval measures how often the rules of package cluster are right, on
// data with known answers or by a placebo. It returns numbers; who writes them
// down is elsewhere.
package eval
