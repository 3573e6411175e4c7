package label_test

import (
	"errors"
	"os"
	"reflect"
	"slices"
	"strings"
	"testing"

	"spoor/graph"
	"spoor/ingest/label"
)

const head = "chain,address,name,category,behaviour,source,confidence\n"

const tornado100 = "0xA160cdAB225685dA1d56aa342Ad8841c3b53f291"

func address(t testing.TB, chain, text string) graph.Address {
	t.Helper()
	c, err := graph.ParseChain(chain)
	if err != nil {
		t.Fatal(err)
	}
	a, err := graph.ParseAddress(c, text)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func builtin(t testing.TB) []graph.Label {
	t.Helper()
	list, err := label.Builtin()
	if err != nil {
		t.Fatal(err)
	}
	return list.Labels
}

func TestBuiltin(t *testing.T) {
	labels := builtin(t)
	concepts := []string{"burn", "mixing_service", "defi_bridge", "defi_dex", "defi_lending", "defi_staking", "defi_token", "service"}
	type key struct {
		at   graph.Address
		name string
	}
	seen := map[key]bool{}
	for _, l := range labels {
		if k := (key{l.Address, l.Name}); seen[k] {
			t.Errorf("%s is %q twice", l.Address.CAIP10(), l.Name)
		} else {
			seen[k] = true
		}
		if !slices.Contains(concepts, l.Category) {
			t.Errorf("%s: category %q", l.Name, l.Category)
		}
		if l.Source == "services.csv" || l.Source == "" {
			t.Errorf("%s: nobody says so", l.Name)
		}
		if l.Confidence <= 0 || l.Confidence > 100 {
			t.Errorf("%s: confidence %d", l.Name, l.Confidence)
		}
	}
}

// Checksums only guard addresses of mixed case; the table must write it.
func TestBuiltinIsWrittenWithChecksums(t *testing.T) {
	text, err := os.ReadFile("services.csv")
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(strings.TrimSpace(string(text)), "\n")[1:]
	if len(lines) < 200 {
		t.Fatalf("only %d rows", len(lines))
	}
	for _, line := range lines {
		fields := strings.SplitN(line, ",", 3)
		chain := fields[0]
		if chain == "evm" {
			chain = "ethereum"
		}
		if a := address(t, chain, fields[1]); a.String() != fields[1] {
			t.Errorf("%s: the checksum writing is %s", fields[1], a)
		}
	}
}

func TestBuiltinAnswers(t *testing.T) {
	set := label.NewSet(builtin(t))
	for _, c := range []struct{ chain, address, name, category, behaviour string }{
		{"ethereum", tornado100, "Tornado Cash 100 ETH", "mixing_service", "mixer_pool"},
		{"ethereum", "0xd90e2f925DA726b50C4Ed8D0Fb90Ad053324F31b", "Tornado Cash router", "mixing_service", "mixer_router"},
		{"ethereum", "0xC02aaA39b223FE8D0A0e5C4F27eAD9083C756Cc2", "WETH", "defi_token", "wrap_1to1"},
		// One address, another contract on each chain.
		{"bnb", "0x1E34A77868E19A6647b1f2F47B51ed72dEDE95DD", "Tornado Cash 100 BNB", "mixing_service", "mixer_pool"},
		{"polygon", "0x1E34A77868E19A6647b1f2F47B51ed72dEDE95DD", "Tornado Cash 100 MATIC", "mixing_service", "mixer_pool"},
		// The same contract everywhere.
		{"ethereum", "0xBA12222222228d8Ba445958a75a0704d566BF2C8", "Balancer v2 vault", "defi_dex", "singleton_vault"},
		{"base", "0xBA12222222228d8Ba445958a75a0704d566BF2C8", "Balancer v2 vault", "defi_dex", "singleton_vault"},
		{"gnosis", "0x0000000000000000000000000000000000000000", "Zero address", "burn", "burn"},
		{"ethereum", "0x000000000000000000000000000000000000dEaD", "Burn address (dEaD)", "burn", "burn"},
	} {
		got := set.Of(address(t, c.chain, c.address))
		if len(got) != 1 || got[0].Name != c.name || got[0].Category != c.category || got[0].Behaviour != c.behaviour {
			t.Errorf("%s:%s: %+v, want %s", c.chain, c.address, got, c.name)
		}
	}
	if got := set.Of(address(t, "polygon", tornado100)); got != nil {
		t.Errorf("a label of Ethereum holds on Polygon: %+v", got)
	}
}

func TestReadCSV(t *testing.T) {
	text := "\ufeffaddress,chain,category,name,confidence,source\r\n" +
		tornado100 + ",ethereum,mixing_service,\"Pool, the big one\",service_data,me\r\n" +
		strings.ToLower(tornado100) + ",eip155:56,exchange,Somebody,7,\r\n" +
		"1BoatSLRHtKNngkdXEeobR76b53LETtpyT,bitcoin,exchange,Boat,,\r\n"
	list, err := label.Read([]byte(text), label.Options{Name: "mine.csv", Strict: true})
	if err != nil {
		t.Fatal(err)
	}
	got := list.Labels
	pack := graph.DigestOf([]byte(text))
	want := []graph.Label{
		{Address: address(t, "ethereum", tornado100), Name: "Pool, the big one", Category: "mixing_service", Source: "me", Confidence: 50, Grade: "service_data", Pack: pack},
		{Address: address(t, "bnb", tornado100), Name: "Somebody", Category: "exchange", Source: "mine.csv", Confidence: 7, Pack: pack},
		{Address: address(t, "bitcoin", "1BoatSLRHtKNngkdXEeobR76b53LETtpyT"), Name: "Boat", Category: "exchange", Source: "mine.csv", Confidence: 5, Pack: pack},
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got  %+v\nwant %+v", got, want)
	}
}

func TestReadCSVRefuses(t *testing.T) {
	row := "ethereum," + tornado100 + ",N,exchange,,s,50\n"
	for name, c := range map[string]struct{ text, want string }{
		"nothing":            {"", "is empty"},
		"no header":          {row, "unknown column"},
		"missing column":     {"chain,address,name\n", "no column category"},
		"column twice":       {"chain,chain\n", "twice"},
		"unknown column":     {"chain,address,name,category,colour\n", `unknown column "colour"`},
		"bad checksum":       {head + row + strings.Replace(row, "0xA160", "0xa160", 1), "mine.csv:3: "},
		"checksum hint":      {head + strings.Replace(row, "0xA160", "0xa160", 1), "EIP-55"},
		"short address":      {head + "ethereum,0x12,N,exchange,,s,50\n", "40 hex digits"},
		"unknown chain":      {head + "mars," + tornado100 + ",N,exchange,,s,50\n", "unknown chain"},
		"Bitcoin is not EVM": {head + "evm,1BoatSLRHtKNngkdXEeobR76b53LETtpyT,N,exchange,,s,50\n", "40 hex digits"},
		"no name":            {head + "ethereum," + tornado100 + ",,exchange,,s,50\n", "needs a name"},
		"confidence":         {head + "ethereum," + tornado100 + ",N,exchange,,s,101\n", "0 to 100"},
		"negative":           {head + "ethereum," + tornado100 + ",N,exchange,,s,-1\n", "0 to 100"},
		"confidence word":    {head + "ethereum," + tornado100 + ",N,exchange,,s,certain\n", "service_data"},
		"too few fields":     {head + "ethereum\n", "line 2"},
		"bare quote":         {head + "ethereum," + tornado100 + ",a\"b,exchange,,s,50\n", "line 2"},
		"not UTF-8":          {head + "ethereum," + tornado100 + ",\xff,exchange,,s,50\n", "UTF-8"},
		"line after a break": {head + "ethereum," + tornado100 + ",\"a\nb\",exchange,,s,50\n" + "x\n", "line 4"},
	} {
		list, err := label.Read([]byte(c.text), label.Options{Name: "mine.csv", Format: "csv", Strict: true})
		if err == nil || !errors.Is(err, label.ErrList) || !strings.Contains(err.Error(), c.want) || !strings.Contains(err.Error(), "mine.csv") {
			t.Errorf("%s: got %v, %v; want an error with %q", name, list, err, c.want)
		}
		if list != nil {
			t.Errorf("%s: labels of a bad list: %+v", name, list)
		}
	}
}

func TestSetOrder(t *testing.T) {
	a, b := address(t, "ethereum", tornado100), address(t, "bnb", tornado100)
	list := []graph.Label{
		{Address: a, Name: "x", Category: "c", Source: "two", Confidence: 10},
		{Address: a, Name: "y", Category: "c", Source: "one", Confidence: 10},
		{Address: b, Name: "z", Category: "c", Source: "one", Confidence: 5},
		{Address: a, Name: "w", Category: "c", Source: "three", Confidence: 90},
		{Address: a, Name: "w", Category: "c", Source: "three", Confidence: 90},
	}
	backwards := slices.Clone(list)
	slices.Reverse(backwards)
	for _, set := range []*label.Set{label.NewSet(list), label.NewSet(backwards[:2], backwards[2:])} {
		names := ""
		for _, l := range set.Of(a) {
			names += l.Name
		}
		if names != "wyx" {
			t.Errorf("labels %s, want the surest first and equal ones once: wyx", names)
		}
		names = ""
		for _, l := range set.All() {
			names += l.Name
		}
		if names != "wyxz" {
			t.Errorf("all labels %s, want wyxz", names)
		}
	}
}
