package badger

import (
	"bytes"
	"os"
	"reflect"
	"regexp"
	"strings"
	"testing"

	"spoor/graph"
)

var labelPrefixes = map[string]byte{"pack": prefixPack, "label": prefixLabel, "actor": prefixActor}

func TestLabelPrefixes(t *testing.T) {
	seen := map[byte]string{prefixState: "state"}
	page, err := os.ReadFile("../../docs/schema.md")
	if err != nil {
		t.Fatal(err)
	}
	for name, p := range labelPrefixes {
		if other, ok := seen[p]; ok {
			t.Errorf("%s and %s share the prefix %c", name, other, p)
		}
		seen[p] = name
		if !strings.Contains(string(page), "| `"+string(p)+"` | "+name+" |") {
			t.Errorf("docs/schema.md does not tell of %s rows, prefix %c", name, p)
		}
	}
	source, err := os.ReadFile("labels_schema.go")
	if err != nil {
		t.Fatal(err)
	}
	if n := len(regexp.MustCompile(`(?m)^\tprefix\w+ += '.'$`).FindAll(source, -1)); n != len(labelPrefixes) {
		t.Errorf("labels_schema.go has %d prefixes, the test knows %d", n, len(labelPrefixes))
	}
}

// The labels of an address are the rows with its prefix, and no other address's
// rows are, whatever the bytes.
func TestLabelKeys(t *testing.T) {
	var keys [][]byte
	addresses := []graph.Address{
		graph.EVMAddress("eip155:1", [20]byte{1}),
		graph.EVMAddress("eip155:1", [20]byte{1, 0, 1}),
		graph.EVMAddress("eip155:10", [20]byte{1}),
		graph.ScriptAddress(graph.Bitcoin, append([]byte{0, 20}, make([]byte, 20)...)),
		graph.ScriptAddress(graph.Bitcoin, append([]byte{0, 32}, make([]byte, 32)...)),
	}
	for _, a := range addresses {
		keys = append(keys, appendOfPack(labelPrefix(a), 1<<31, 7))
	}
	for i, a := range addresses {
		got, err := addressOfLabelKey(keys[i])
		if err != nil || got != a || packOfKey(keys[i]) != 1<<31 {
			t.Errorf("%s came back as %s, %v", a.CAIP10(), got.CAIP10(), err)
		}
		for j := range keys {
			if bytes.HasPrefix(keys[j], labelPrefix(a)) != (i == j) {
				t.Errorf("the key of %s and the prefix of %s", addresses[j].CAIP10(), a.CAIP10())
			}
		}
	}
}

// FuzzLabelValues decodes arbitrary bytes: errors or what is written again as
// the same.
func FuzzLabelValues(f *testing.F) {
	l := graph.Label{Name: "n", Source: "s", Confidence: 50, Definer: true, Date: -1, From: 2, Until: 1 << 60, Licence: "x"}
	p := graph.Pack{Digest: graph.Digest{1}, Name: "p", Labels: 9, Size: 1 << 40}
	a := graph.Actor{Label: "l", Aliases: []string{"", "b"}}
	key := []byte("k")
	for _, r := range []row{encodeLabel(key, &l), encodePack(key, &p), encodeActor(key, &a)} {
		f.Add(r.value[:len(r.value)-sealLen])
	}
	plain := func(r row) []byte { return r.value[:len(r.value)-sealLen] }
	f.Fuzz(func(t *testing.T, value []byte) {
		if got, err := decodeLabel(key, value); err == nil {
			if back, err := decodeLabel(key, plain(encodeLabel(key, &got))); err != nil || back != got {
				t.Fatalf("label %+v, %v, want %+v", back, err, got)
			}
		}
		if got, err := decodePack(key, value); err == nil && got.Size >= 0 {
			if back, err := decodePack(key, plain(encodePack(key, &got))); err != nil || back != got {
				t.Fatalf("pack %+v, %v, want %+v", back, err, got)
			}
		}
		if got, err := decodeActor(key, value); err == nil {
			if back, err := decodeActor(key, plain(encodeActor(key, &got))); err != nil || !reflect.DeepEqual(back, got) {
				t.Fatalf("actor %+v, %v, want %+v", back, err, got)
			}
		}
		_, _ = addressOfLabelKey(value)
	})
}
