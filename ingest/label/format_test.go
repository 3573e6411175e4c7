package label_test

import (
	"bytes"
	"compress/gzip"
	"reflect"
	"strings"
	"testing"

	"spoor/graph"
	"spoor/ingest/label"
)

func read(t *testing.T, text string, o label.Options) *label.List {
	t.Helper()
	l, err := label.Read([]byte(text), o)
	if err != nil {
		t.Fatal(err)
	}
	if l.Pack.Digest != graph.DigestOf([]byte(text)) || l.Pack.Size != int64(len(text)) || l.Pack.Labels != len(l.Labels) || l.Pack.Refused != len(l.Refused) || l.Pack.Actors != len(l.Actors) {
		t.Fatalf("the pack does not count what is in it: %+v", l.Pack)
	}
	return l
}

// refusals are the lines and reasons of refused rows.
func refusals(l *label.List) map[int]string {
	said := map[int]string{}
	for _, r := range l.Refused {
		said[r.Line] = r.Reason
	}
	return said
}

func same(t *testing.T, got, want any) {
	t.Helper()
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got  %+v\nwant %+v", got, want)
	}
}

const one, two = "0x1111111111111111111111111111111111111111", "0x2222222222222222222222222222222222222222"

const fullPack = `# a comment
title: Pack
creator: Makers
description: >
  what it
  holds
owner: somebody
is_public: true
label: from the header
source: https://example.org/header
currency: ETH
confidence: service_data
category: exchange
abuse: scam
actor: kraken
tag_type: actor
lastmod: 2020-01-02
is_cluster_definer: true
concepts: [hot_wallet, exchange]
context: '{"a": "b"}'
tags:
# the first takes all from the header

- address: ` + one + `
- address: "` + two + `"
  label: 'own: label'
  source: https://example.org/own
  currency: USDT
  network: BSC
  confidence: web_crawl
  category: user
  abuse: ransomware
  actor: binance
  tag_type: mention
  lastmod: "2021-04-21T10:00:00Z"
  is_cluster_definer: False
  concepts:
  - victim
  context: |
    {"spoor": 1}
- {address: 1BoatSLRHtKNngkdXEeobR76b53LETtpyT, currency: BTC, confidence: 33, lastmod: 1577923200, category: null}
`

func TestTagPack(t *testing.T) {
	l := read(t, fullPack, label.Options{Name: "dir/pack.yaml", Licence: "MIT"})
	pack := l.Pack.Digest
	first := graph.Label{Address: address(t, "ethereum", one), Name: "from the header", Category: "exchange", Source: "Makers", Confidence: 50, Grade: "service_data",
		Abuse: "scam", Concepts: "hot_wallet|exchange", Actor: "kraken", Kind: "actor", Definer: true, Note: `{"a": "b"}`, URI: "https://example.org/header",
		Licence: "MIT", Date: 1577923200, Pack: pack}
	second := graph.Label{Address: address(t, "bnb", two), Name: "own: label", Category: "user", Source: "Makers", Confidence: 20, Grade: "web_crawl", Abuse: "ransomware",
		Concepts: "victim", Actor: "binance", Kind: "mention", Currency: "USDT", Note: "{\"spoor\": 1}\n", URI: "https://example.org/own", Licence: "MIT", Date: 1618999200, Pack: pack}
	third := first
	third.Address, third.Confidence, third.Grade, third.Category = address(t, "bitcoin", "1BoatSLRHtKNngkdXEeobR76b53LETtpyT"), 33, "", ""
	same(t, l.Labels, []graph.Label{first, second, third})
	same(t, l.Pack, graph.Pack{Digest: pack, Name: "pack.yaml", Format: "tagpack", Options: "licence=MIT", Title: "Pack", Creator: "Makers", Description: "what it holds\n",
		Licence: "MIT", Date: 1618999200, Size: int64(len(fullPack)), Rows: 3, Labels: 3})
	if l.Foreign != nil || l.Refused != nil {
		t.Errorf("foreign %v, refused %v", l.Foreign, l.Refused)
	}
}

// TestTagPackRefuses counts every tag that is no label, with its line and reason.
func TestTagPackRefuses(t *testing.T) {
	head := "title: t\ncreator: c\nlabel: l\nsource: s\ncurrency: ETH\nconfidence: forensic\ntags:\n"
	tags := []struct{ text, reason string }{
		{"- address: " + one, ""},
		{"- address: " + one + "\n  colour: red", "unknown field"},
		{"- {address: LQ3zCCHYSnHSgcF2b1vhtKAHk6xzbCqSRA, currency: LTC}", "no chain for LTC"},
		{"- {address: TEAqwfMhXLaomXhZ8KeMhx3njGmQEDnsUR, currency: USDT}", "no chain for USDT"},
		{"- tx_hash: \"0x00\"", "labels a transaction"},
		{"- label: x", "no address"},
		{"- {address: " + one + ", label: \"\"}", "no name"},
		{"- {address: " + one + ", source: null}", "no source"},
		{"- {address: " + one + ", currency: null}", "no currency"},
		{"- {address: 0x12}", "not an address of ethereum"},
		{"- {address: " + one + ", confidence: certain}", "confidence"},
		{"- {address: " + one + ", confidence: 101}", "confidence"},
		{"- {address: " + one + ", lastmod: yesterday}", "date"},
		{"- {address: " + one + ", is_cluster_definer: maybe}", "neither true nor false"},
		{"- {address: " + one + ", concepts: [\"a|b\"]}", "not a concept"},
		{"- {address: [" + one + "], label: l}", "not an address of ethereum"},
		{"- just text", "malformed tag"},
		{"- [" + one + "]", "malformed tag"},
		{"- {address: " + one + ", label: *alias}", "malformed tag"},
		{"- {address: " + one + ", concepts: [miner, made_up]}", ""},
	}
	text, line, want := head, 8, map[int]string{}
	for _, tag := range tags {
		if tag.reason != "" {
			want[line] = tag.reason
		}
		text += tag.text + "\n"
		line += 1 + strings.Count(tag.text, "\n")
	}
	l := read(t, text, label.Options{Name: "p.yaml"})
	same(t, refusals(l), want)
	same(t, l.Foreign, []string{"made_up"})
	if l.Pack.Rows != len(tags) || l.Pack.Labels != 2 {
		t.Errorf("%d rows, %d labels", l.Pack.Rows, l.Pack.Labels)
	}
	if r := l.Reasons(); r[0].Reason != "malformed tag" || r[0].Rows != 3 {
		t.Errorf("the most frequent reason is %+v", r[0])
	}
	_, err := label.Read([]byte(text), label.Options{Name: "p.yaml", Strict: true})
	if err == nil || !strings.Contains(err.Error(), `p.yaml:9: unknown field "colour" in line 10`) {
		t.Errorf("strict: %v", err)
	}
}

func TestPacksRefusedWhole(t *testing.T) {
	for name, c := range map[string]struct{ text, want string }{
		"unknown field":    {"title: t\ncreator: c\ncolour: red\ntags: []\n", `p:3: unknown field "colour"`},
		"include":          {"title: t\ncreator: c\nheader: !include h.yaml\ntags: []\n", `p:3: unknown field "header"`},
		"included title":   {"title: !include h.yaml\ncreator: c\ntags: []\n", "p:1: a tag, want text; anchors, aliases and includes are not read"},
		"no title":         {"creator: c\ntags: []\n", "needs a title, a creator and tags"},
		"no tags":          {"title: t\ncreator: c\ntags: 7\n", "p:3: tags: a integer, want a list"},
		"twice":            {"title: t\ntitle: u\ncreator: c\ntags: []\n", "[2:1] mapping key \"title\" already defined"},
		"two documents":    {"title: t\ncreator: c\ntags: []\n---\ntitle: u\n", "2 YAML documents"},
		"broken":           {"title: [\ntags: []\n", "line and column"},
		"broken in a list": {"title: t\ncreator: c\ntags:\n- address: [1\n- address: 2\n", "["},
		"unknown actor":    {"title: t\ncreator: c\nactors:\n- id: x\nstranger: 1\n", `p:5: unknown field "stranger"`},
	} {
		l, err := label.Read([]byte(c.text), label.Options{Name: "p"})
		if err == nil || l != nil || !strings.Contains(err.Error(), c.want) || !strings.Contains(err.Error(), "not a list of labels: p") {
			t.Errorf("%s: got %v, %v; want an error with %q", name, l, err, c.want)
		}
	}
}

// A long pack is read in pieces; lines are those of the file.
func TestLongTagPack(t *testing.T) {
	const n = 5_000
	var text strings.Builder
	text.WriteString("title: t\ncreator: c\ntags:\n\n  # indented entries\n")
	for i := range n {
		name := "name"
		if i%1000 == 999 {
			name = "\"\"" // refused
		}
		text.WriteString("  - address: \"" + one + "\"\n    label: " + name + "\n    context: |\n      - no entry\n\n      # no comment\n")
	}
	text.WriteString("source: s\ncurrency: ETH\nconfidence: forensic\n") // a header below the tags
	l := read(t, text.String(), label.Options{Name: "long"})
	if l.Pack.Rows != n || l.Pack.Refused != n/1000 {
		t.Fatalf("%d rows, %d refused", l.Pack.Rows, l.Pack.Refused)
	}
	for i, r := range l.Refused {
		if want := 6 + 6*(1000*i+999); r.Line != want {
			t.Errorf("refusal %d in line %d, want %d", i, r.Line, want)
		}
	}
	for i := range l.Labels {
		if l.Labels[i].Note != "- no entry\n\n# no comment\n" || l.Labels[i].URI != "s" {
			t.Fatalf("label %d: %+v", i, l.Labels[i])
		}
	}
}

func TestActorPack(t *testing.T) {
	l := read(t, `title: Actors
creator: c
lastmod: 2022-01-01
actors:
- id: kraken
  label: Kraken
  uri: https://www.kraken.com
  categories: [exchange]
  jurisdictions: [US, GB]
  aliases:
  - krk
  context:
    uris: [https://blog.kraken.com]
    github_organisation: krakenfx
- {id: x, label: X, context: '{"refs": []}', lastmod: 2023-05-06}
- {label: nobody}
- {id: y}
- {id: z, label: Z, colour: red}
`, label.Options{Name: "a.yaml"})
	same(t, l.Actors, []graph.Actor{
		{ID: "kraken", Label: "Kraken", URI: "https://www.kraken.com", Categories: []string{"exchange"}, Jurisdictions: []string{"US", "GB"}, Aliases: []string{"krk"},
			Context: `{"github_organisation":"krakenfx","uris":["https://blog.kraken.com"]}`, Date: 1640995200, Pack: l.Pack.Digest},
		{ID: "x", Label: "X", Context: `{"refs": []}`, Date: 1683331200, Pack: l.Pack.Digest},
	})
	same(t, refusals(l), map[int]string{16: "no id", 17: "no name", 18: "unknown field"})
	if l.Pack.Rows != 5 || l.Pack.Format != "actorpack" || l.Pack.Date != 1683331200 {
		t.Errorf("pack %+v", l.Pack)
	}
}

const sdn = `<?xml version="1.0" standalone="yes"?>
<sdnList xmlns="https://example.org/sdn">
  <publshInformation><Publish_Date>09/27/2024</Publish_Date><Record_Count>2</Record_Count></publshInformation>
  <sdnEntry>
    <uid>36</uid><firstName>A.</firstName><lastName>PERSON</lastName><sdnType>Individual</sdnType>
    <programList><program>CYBER2</program><program>DPRK3</program></programList>
    <idList>
      <id><uid>1</uid><idType>Passport</idType><idNumber>123</idNumber></id>
      <id><uid>2</uid><idType>Digital Currency Address - XBT</idType><idNumber>1BoatSLRHtKNngkdXEeobR76b53LETtpyT</idNumber></id>
      <id><uid>3</uid><idType>Digital Currency Address - ETH</idType><idNumber>` + one + `</idNumber></id>
      <id><uid>4</uid><idType>Digital Currency Address - XMR</idType><idNumber>4</idNumber></id>
    </idList>
  </sdnEntry>
  <sdnEntry><uid>37</uid><lastName>SHIP</lastName></sdnEntry>
</sdnList>
`

func TestOFAC(t *testing.T) {
	l := read(t, sdn, label.Options{Name: "sdn.xml"})
	boat := graph.Label{Address: address(t, "bitcoin", "1BoatSLRHtKNngkdXEeobR76b53LETtpyT"), Name: "PERSON, A.", Source: "OFAC SDN list", Abuse: "sanction",
		Confidence: 60, Grade: "authority_data", Note: "CYBER2; DPRK3", URI: "https://sanctionssearch.ofac.treas.gov/Details.aspx?id=36", Licence: "US government work",
		Date: 1727395200, Pack: l.Pack.Digest}
	eth := boat
	eth.Address = address(t, "ethereum", one)
	same(t, l.Labels, []graph.Label{boat, eth})
	same(t, refusals(l), map[int]string{4: "no chain for XMR"})
	if l.Pack.Date != 1727395200 || l.Pack.Rows != 3 || l.Pack.Title != "OFAC SDN list" {
		t.Errorf("pack %+v", l.Pack)
	}
	for name, text := range map[string]string{"other XML": "<Sanctions></Sanctions>", "cut off": sdn[:700], "nothing": "<"} {
		if _, err := label.Read([]byte(text), label.Options{Name: "x.xml"}); err == nil {
			t.Errorf("%s: no error", name)
		}
	}

	text := "1BoatSLRHtKNngkdXEeobR76b53LETtpyT\n\nnonsense\r\n"
	list := read(t, text, label.Options{Name: "sanctioned_addresses_XBT.txt"})
	if len(list.Labels) != 1 || list.Labels[0].Abuse != "sanction" || list.Labels[0].Address != boat.Address || list.Pack.Format != "ofac-list" {
		t.Errorf("%+v", list)
	}
	same(t, refusals(list), map[int]string{3: "not an address of bitcoin"})
	told := read(t, text, label.Options{Name: "list.txt", Chain: "bitcoin"})
	if len(told.Labels) != 1 || told.Pack.Options != "chain=bitcoin" {
		t.Errorf("%+v", told)
	}
	if _, err := label.Read([]byte(text), label.Options{Name: "list.txt"}); err == nil {
		t.Error("a list of nobody's addresses was read")
	}
}

func TestShapes(t *testing.T) {
	for name, c := range map[string]struct {
		text, format string
		want         []graph.Label
		refused      map[int]string
	}{
		"etherscan": {"chain,address,name,labels\n" +
			"ethereum," + one + ",Uniswap: Router,dex|defi\n" +
			"fantom," + two + ",,phish-hack\n" +
			"ethereum," + two + ",,\n" +
			"mars," + two + ",x,y\n", "etherscan",
			[]graph.Label{
				{Address: address(t, "ethereum", one), Name: "Uniswap: Router", Category: "defi_dex", Concepts: "dex|defi", Source: "me", Confidence: 20, Grade: "web_crawl"},
				{Address: address(t, "eip155:250", two), Name: "phish-hack", Abuse: "phishing", Concepts: "phish-hack", Source: "me", Confidence: 20, Grade: "web_crawl"},
			}, map[int]string{4: "no name", 5: "no chain for mars"}},
		"graphsense": {"address,currency,network,label,category,abuse,actor,confidence,cluster_definer,pack,source\n" +
			one + ",ETH,,Hot,exchange,,kraken,forensic,True,walls,https://x\n" +
			"1BoatSLRHtKNngkdXEeobR76b53LETtpyT,USDT,,Omni,,scam,,,,walls,\n" +
			one + ",DOGE,,x,,,,,,p,\n" +
			one + ",ETH,,short\n", "graphsense-csv",
			[]graph.Label{
				{Address: address(t, "ethereum", one), Name: "Hot", Category: "exchange", Actor: "kraken", Confidence: 50, Grade: "forensic", Definer: true, Source: "GraphSense TagPack walls", URI: "https://x"},
				{Address: address(t, "bitcoin", "1BoatSLRHtKNngkdXEeobR76b53LETtpyT"), Name: "Omni", Abuse: "scam", Currency: "USDT", Confidence: 5, Source: "GraphSense TagPack walls"},
			}, map[int]string{4: "no chain for DOGE", 5: "number of fields"}},
		"spellbook": {"chain,address,name,category,model\n" +
			"bnb," + one + ",Binance 1,institution,cex_bnb\nethereum," + two + ",Thief,hackers,h\nethereum,,x,y,z\n", "spellbook",
			[]graph.Label{
				{Address: address(t, "bnb", one), Name: "Binance 1", Category: "exchange", Source: "spellbook cex_bnb", Confidence: 20, Grade: "web_crawl"},
				{Address: address(t, "ethereum", two), Name: "Thief", Abuse: "hacking", Source: "spellbook h", Confidence: 20, Grade: "web_crawl"},
			}, map[int]string{4: "no address"}},
		"pools": {"chain,pool,symbol,currency_contract,denomination\n" +
			"avalanche_c," + one + ",AVAX," + two + ",10\nbnb," + one + ",,,\n", "spellbook-pools",
			[]graph.Label{{Address: address(t, "avalanche", one), Name: "Tornado Cash 10 AVAX", Category: "mixing_service", Behaviour: "mixer_pool", Source: "spellbook tornado_cash",
				Confidence: 50, Grade: "service_data", Note: "asset=" + two + ";denomination=10"}}, map[int]string{3: "no name"}},
		"ofac": {"currency,address\nARB," + one + "\nUSDT,TEAqwfMhXLaomXhZ8KeMhx3njGmQEDnsUR\n", "ofac-csv",
			[]graph.Label{{Address: address(t, "arbitrum", one), Name: "OFAC SDN digital currency address", Abuse: "sanction", Source: "OFAC SDN list", Licence: "US government work",
				Confidence: 60, Grade: "authority_data"}}, map[int]string{3: "no chain for USDT"}},
		"lines in a field": {"chain,address,name,labels\nethereum," + one + ",\"tags:\nactors: 1\",x\n", "etherscan",
			[]graph.Label{{Address: address(t, "ethereum", one), Name: "tags:\nactors: 1", Concepts: "x", Source: "me", Confidence: 20, Grade: "web_crawl"}}, map[int]string{}},
		"ours": {"category,chain,address,name,abuse,concepts,actor,kind,currency,definer,uri,licence,date,from,until,note,behaviour,confidence\n" +
			"exchange,BSC," + one + ",N,scam,hot_wallet,a,mention,USDT,true,u,l,2024-01-02,2020-01-01,2021-01-01T00:00:01Z,n,pool,7\n" +
			",ethereum," + one + ",N,,,,,,,,,,,,,,\n" +
			"exchange,ethereum," + one + ",N,,,,,,,,,,2022-01-01,2021-01-01,,,\n", "csv",
			[]graph.Label{
				{Address: address(t, "bnb", one), Name: "N", Category: "exchange", Behaviour: "pool", Source: "me", Confidence: 7, Abuse: "scam", Concepts: "hot_wallet", Actor: "a", Kind: "mention",
					Currency: "USDT", Definer: true, Note: "n", URI: "u", Licence: "l", Date: 1704153600, From: 1577836800, Until: 1609459201},
				{Address: address(t, "ethereum", one), Name: "N", Source: "me", Confidence: 5},
			}, map[int]string{4: "never valid"}},
	} {
		t.Run(name, func(t *testing.T) {
			l := read(t, c.text, label.Options{Name: "list.csv", Source: "me"})
			for i := range l.Labels {
				l.Labels[i].Pack = graph.Digest{}
			}
			same(t, l.Labels, c.want)
			same(t, refusals(l), c.refused)
			if l.Pack.Format != c.format || l.Pack.Rows != len(c.want)+len(c.refused) {
				t.Errorf("pack %+v", l.Pack)
			}
			var z bytes.Buffer
			w := gzip.NewWriter(&z)
			_, _ = w.Write([]byte(c.text))
			_ = w.Close()
			if packed := read(t, z.String(), label.Options{Name: "list.csv.gz", Source: "me", Format: c.format}); packed.Pack.Labels != l.Pack.Labels || packed.Pack.Digest == l.Pack.Digest {
				t.Errorf("compressed: %+v", packed.Pack)
			}
		})
	}
}

// The taxonomy has no circle, and every parent is in it.
func TestConcepts(t *testing.T) {
	for child, ancestor := range map[string]string{"defi_dex": "service", "pyramid_scheme": "financial_crime", "hot_wallet": "behaviour", "coinjoin": "gray_usage", "exchange": "exchange"} {
		if !label.Within(child, ancestor) {
			t.Errorf("%s is not within %s", child, ancestor)
		}
	}
	if label.Within("service", "exchange") || label.Within("", "service") || label.IsConcept("made_up") || !label.IsConcept("atm") {
		t.Error("a concept is where it is not")
	}
}
