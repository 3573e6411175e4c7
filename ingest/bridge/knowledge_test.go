package bridge_test

import (
	"bytes"
	"encoding/csv"
	"os"
	"strings"
	"testing"

	"github.com/ethereum/go-ethereum/accounts/abi"

	"spoor/graph/graphtest"
	"spoor/ingest/bridge"
)

// The signatures that CONNECTOR took from real transactions are those of the
// table, indexed arguments included.
func TestSignaturesOfConnector(t *testing.T) {
	compared := 0
	for file, prefix := range map[string]string{"CelerNetwork": "celer", "Multichain": "multichain", "PolyNetwork": "poly", "StargateProtocol": "stargate-v1", "SynapseProtocol": "synapse", "Wormhole": "wormhole"} {
		text, err := os.ReadFile(graphtest.Data(t, "connector-pairs", "Knowledge", file+"_event.csv"))
		if err != nil {
			t.Fatal(err)
		}
		rows, err := csv.NewReader(bytes.NewReader(text)).ReadAll()
		if err != nil {
			t.Fatal(err)
		}
		for _, row := range rows[1:] {
			var want []string
			for part := range strings.SplitSeq(row[2], ",") {
				words := strings.Fields(part)
				indexed := ""
				if strings.HasPrefix(words[0], "index_topic") {
					indexed, words = " indexed", words[1:]
				}
				want = append(want, words[0]+indexed)
			}
			for _, p := range bridge.Table() {
				if p.Name != prefix {
					continue
				}
				for _, r := range p.Events {
					e, err := bridge.ParseEvent(r.Event)
					if err != nil || e.Name != row[1] || len(e.Inputs) != len(want) {
						continue
					}
					if got := types(e); got != strings.Join(want, ",") {
						t.Errorf("%s %s: %s, CONNECTOR has %s", p.Name, e.Name, got, strings.Join(want, ","))
					}
					compared++
				}
			}
		}
	}
	if compared < 13 {
		t.Errorf("%d signatures compared", compared)
	}
	t.Logf("%d signatures compared", compared)
}

func types(e abi.Event) string {
	var out []string
	for _, in := range e.Inputs {
		text := in.Type.String()
		if in.Indexed {
			text += " indexed"
		}
		out = append(out, text)
	}
	return strings.Join(out, ",")
}

// The listed addresses of Nomad are those of its data set.
func TestAddressesOfNomad(t *testing.T) {
	text, err := os.ReadFile(graphtest.Data(t, "nomad-bridge", "bridge_addresses.csv"))
	if err != nil {
		t.Fatal(err)
	}
	domains := map[string]string{"1": "6648936", "1284": "1650811245"}
	for _, p := range bridge.Table() {
		if p.Name != "nomad" {
			continue
		}
		for role, chains := range p.Emitters {
			for chain, addresses := range chains {
				for _, a := range addresses {
					if row := domains[chain] + "," + strings.ToLower(a) + "\n"; !strings.Contains(strings.ReplaceAll(string(text), "\r", ""), row) {
						t.Errorf("%s %s is not in the data: %s", role, chain, row)
					}
				}
			}
		}
	}
}

func BenchmarkEvents(b *testing.B) {
	l := transfer(token, alice, bob, n(1))
	fill := emit(b, "across-v3", "FilledRelay", "0xe35e9842fceaCA96570B734083f4a58e8F7C5f2A", word(token), word(mirror), n(1000), n(1), n(1), n(1), n(5), uint32(2), uint32(0), [32]byte{}, [32]byte{},
		word(alice), word(bob), [32]byte{}, fillInfo{word(bob), [32]byte{}, n(1), 0})
	plain, busy := on("1", hashA, l, l, l), on("42161", hashA, l, l, fill)
	b.Run("three transfers", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			bridge.Events(plain)
		}
	})
	b.Run("a passage", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			bridge.Events(busy)
		}
	})
}
