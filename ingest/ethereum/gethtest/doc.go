// Package gethtest runs a real geth in the process of a test. All of it stands
// behind the build tag geth, because geth's node needs modules that nothing
// else of spoor does.
package gethtest
