package label_test

import (
	"errors"
	"strings"
	"testing"

	"spoor/graph"
	"spoor/ingest/label"
)

// fuzz feeds a reader. Whatever it takes is counted, and comes back from our
// own formats as the same.
func fuzz(f *testing.F, format string, seeds ...string) {
	for _, s := range seeds {
		f.Add(s)
	}
	f.Add("")
	f.Fuzz(func(t *testing.T, text string) {
		for _, named := range []string{format, ""} {
			l, err := label.Read([]byte(text), label.Options{Name: "sanctioned_addresses_XBT.txt", Format: named})
			if err != nil {
				if l != nil || !errors.Is(err, label.ErrList) {
					t.Fatalf("got %v, %v", l, err)
				}
				continue
			}
			p := l.Pack
			if p.Labels != len(l.Labels) || p.Refused != len(l.Refused) || p.Actors != len(l.Actors) || p.Rows != p.Refused+p.Actors+rowsOf(text, l) {
				t.Fatalf("%d labels, %d actors and %d refused of %+v", len(l.Labels), len(l.Actors), len(l.Refused), p)
			}
			for i := range l.Labels {
				x := &l.Labels[i]
				if err := x.Check(); err != nil {
					t.Fatal(err)
				}
				back, err := graph.ParseAddress(graph.ChainOf(x.Address.Chain), x.Address.String())
				if err != nil || back != x.Address {
					t.Fatalf("%s does not read back: %s, %v", x.Address, back, err)
				}
			}
			if !strings.Contains(text, "\r") { // a break of lines for CSV
				roundTrip(t, l.Labels)
			}
		}
	})
}

// rowsOf counts the rows that became labels: as many as labels, but where one
// speaks for every EVM chain.
func rowsOf(text string, l *label.List) int {
	if l.Pack.Format == "csv" && strings.Contains(text, "evm") {
		return l.Pack.Rows - l.Pack.Refused // not told apart here
	}
	return len(l.Labels)
}

func FuzzOwnCSV(f *testing.F) {
	fuzz(f, "csv", head+"ethereum,"+tornado100+",N,exchange,,s,50\n",
		"chain,address,name,category\nevm,"+strings.ToLower(tornado100)+",\"a\nb\",exchange\n",
		"\xef\xbb\xbfcategory,name,address,chain,until\nexchange,Boat,1BoatSLRHtKNngkdXEeobR76b53LETtpyT,bitcoin,2022-01-01\n", head+"\"\n")
}

func FuzzTagPack(f *testing.F) {
	fuzz(f, "tagpack", fullPack, "title: t\ncreator: c\ntags: [{address: "+one+", label: l, source: s, currency: ETH}]\n", "tags:\n- *a\n", "tags:\n  - - -\n")
}

func FuzzActorPack(f *testing.F) {
	fuzz(f, "actorpack", "title: t\ncreator: c\nactors:\n- id: x\n  label: X\n  context: {a: [1, {b: c}]}\n")
}

func FuzzOFACXML(f *testing.F) {
	fuzz(f, "ofac-xml", sdn, "<sdnList/>", "<!DOCTYPE x><sdnList>&x;</sdnList>")
}

func FuzzOFACList(f *testing.F) {
	fuzz(f, "ofac-list", "1BoatSLRHtKNngkdXEeobR76b53LETtpyT\n\nx\n")
}

func FuzzShapes(f *testing.F) {
	for _, text := range []string{
		"chain,address,name,labels\nethereum," + one + ",Uniswap,dex|defi\n",
		"address,currency,network,label,category,abuse,actor,confidence,cluster_definer,pack,source\n" + one + ",ETH,,Hot,exchange,,kraken,forensic,True,walls,https://x\n",
		"chain,address,name,category,model\nbnb," + one + ",Binance 1,institution,cex_bnb\n",
		"chain,pool,symbol,currency_contract,denomination\navalanche_c," + one + ",AVAX," + two + ",10\n",
		"currency,address\nARB," + one + "\n",
	} {
		f.Add(text)
	}
	fuzz(f, "")
}
