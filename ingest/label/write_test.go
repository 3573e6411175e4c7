package label_test

import (
	"bytes"
	"slices"
	"strings"
	"testing"

	"spoor/graph"
	"spoor/ingest/label"
)

// roundTrip writes labels in each format and fails unless they come back as
// they were, but for their pack.
func roundTrip(t *testing.T, labels []graph.Label) {
	t.Helper()
	want := slices.Clone(labels)
	for i := range want {
		want[i].Pack = graph.Digest{}
	}
	for name, write := range map[string]func(*bytes.Buffer) error{
		"tagpack": func(b *bytes.Buffer) error {
			return label.WriteTagPack(b, graph.Pack{Title: "t: \u202e", Creator: "c # x"}, want)
		},
		"csv": func(b *bytes.Buffer) error { return label.WriteCSV(b, want) },
	} {
		var b, again bytes.Buffer
		if err := write(&b); err != nil {
			t.Fatal(err)
		}
		l, err := label.Read(b.Bytes(), label.Options{Name: "x", Strict: true})
		if err != nil {
			t.Fatalf("%s: %v\n%.500s", name, err, b.String())
		}
		for i := range l.Labels {
			l.Labels[i].Pack = graph.Digest{}
		}
		if len(l.Labels) != len(want) {
			t.Fatalf("%s: %d labels, want %d", name, len(l.Labels), len(want))
		}
		for i := range want {
			if l.Labels[i] != want[i] {
				t.Fatalf("%s: label %d\n got %+v\nwant %+v\n%.500s", name, i, l.Labels[i], want[i], b.String())
			}
		}
		if write(&again) != nil || !bytes.Equal(again.Bytes(), b.Bytes()) {
			t.Fatalf("%s: two times, two texts", name)
		}
		if strings.ContainsRune(b.String(), '\u202e') && name == "tagpack" {
			t.Fatalf("%s holds what cannot be seen", name)
		}
	}
}

func TestRoundTrip(t *testing.T) {
	full := graph.Label{Address: address(t, "arbitrum", one), Name: "a \u202e b: \"c\" #d \\ é 🙂 \U000e0001\t\n- x", Category: "exchange", Behaviour: "hot_wallet", Source: "who: me",
		Confidence: 80, Abuse: "scam", Concepts: "a|b: c", Actor: "kraken", Kind: "mention", Currency: "USDT", Definer: true,
		Note: `{"spoor": {"x": 1}}`, URI: "https://example.org/?a=b&c", Licence: "MIT", Date: 1618999201, From: -86400, Until: 1 << 33}
	labels := []graph.Label{full, {Address: address(t, "bitcoin", "1BoatSLRHtKNngkdXEeobR76b53LETtpyT"), Name: "true", Abuse: "scam", Source: "c # x", Grade: "web_crawl", Confidence: 20, URI: "~"}}
	for _, change := range []func(*graph.Label){
		func(l *graph.Label) { l.Note = `{"context": "x", "spoor": {"behaviour": "pool"}}` },
		func(l *graph.Label) { l.Note, l.Grade, l.Confidence = "plain", "forensic", 50 },
		func(l *graph.Label) { l.URI, l.From, l.Until, l.Licence, l.Behaviour = "", 0, 0, "", "" },
		func(l *graph.Label) { l.Address = address(t, "eip155:250", two) },
		func(l *graph.Label) { l.Name, l.Confidence = "0x10", 0 },
		func(l *graph.Label) { l.Name, l.Confidence = " blank ", 100 },
	} {
		l := full
		change(&l)
		labels = append(labels, l)
	}
	roundTrip(t, labels)
	roundTrip(t, nil)
	roundTrip(t, builtin(t))
}
