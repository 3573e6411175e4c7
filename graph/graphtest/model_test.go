package graphtest_test

import (
	"testing"

	"spoor/graph"
	"spoor/graph/graphtest"
)

// The model is a store like any other.
func TestModel(t *testing.T) {
	models := map[string]*graphtest.Model{}
	graphtest.Suite(t, func(_ testing.TB, dir string) graph.Store {
		if models[dir] == nil {
			models[dir] = graphtest.NewModel()
		}
		return models[dir]
	})
}
