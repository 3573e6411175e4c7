package label

import (
	"bytes"
	"cmp"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"regexp"
	"strings"

	"spoor/graph"
)

// The list of the Office of Foreign Assets Control is a work of the US
// government, and so in the public domain in the United States.
const (
	ofacSource  = "OFAC SDN list"
	ofacLicence = "US government work"
	ofacName    = "OFAC SDN digital currency address" // where the list names nobody
	ofacAbuse   = "sanction"
	ofacEntry   = "https://sanctionssearch.ofac.treas.gov/Details.aspx?id="
)

// ofacShape is the table of all sanctioned addresses of
// 0xB10C/ofac-sanctioned-digital-currency-addresses.
var ofacShape = shape{format: formatOFACCSV, parse: parseOFAC, address: "address", required: 2, columns: []string{"currency", "address"}}

func parseOFAC(r *reading, field func(string) string) ([]graph.Label, error) {
	return r.sanctioned(graph.Label{Name: ofacName}, cmp.Or(field("currency"), r.options.Chain), field("address"))
}

// sanctioned completes the label of an address on the list.
func (r *reading) sanctioned(l graph.Label, currency, address string) ([]graph.Label, error) {
	l.Abuse, l.Source, l.Licence = ofacAbuse, ofacSource, ofacLicence
	var err error
	if l.Confidence, l.Grade, err = r.confidence("", "authority_data"); err != nil {
		return nil, err
	}
	l.Address, l.Currency, err = listed(currency, "", address)
	return []graph.Label{l}, err
}

// listName is how the generator names a list of one currency.
var listName = regexp.MustCompile(`^sanctioned_addresses_([A-Za-z0-9]+)\.txt(\.gz)?$`)

func currencyOfFile(name string) string {
	if m := listName.FindStringSubmatch(name); m != nil {
		return m[1]
	}
	return ""
}

// readOFACList reads the sanctioned addresses of one currency, one a line. The
// currency is in the name of the file, or told by --chain.
func readOFACList(r *reading, text []byte) error {
	currency := cmp.Or(r.options.Chain, currencyOfFile(r.options.Name))
	if currency == "" {
		return errors.New(": whose addresses are these? name the file sanctioned_addresses_XBT.txt, or tell the currency with --chain")
	}
	for i, line := range strings.Split(string(text), "\n") {
		if line = strings.TrimSpace(line); line == "" {
			continue
		}
		labels, err := r.sanctioned(graph.Label{Name: ofacName}, currency, line)
		if err := r.row(i+1, line, labels, err); err != nil {
			return err
		}
	}
	return nil
}

// sdnEntry is one entry of the list, as far as labels need it.
type sdnEntry struct {
	UID       string `xml:"uid"`
	FirstName string `xml:"firstName"`
	LastName  string `xml:"lastName"`
	Type      string `xml:"sdnType"`
	Programs  struct {
		Program []string `xml:"program"`
	} `xml:"programList"`
	IDs struct {
		ID []struct {
			Type   string `xml:"idType"`
			Number string `xml:"idNumber"`
		} `xml:"id"`
	} `xml:"idList"`
}

// digitalCurrency begins the type of an id that is an address; the currency
// follows.
const digitalCurrency = "Digital Currency Address - "

// readOFACXML reads the SDN list (sdn.xml of the Treasury). A row is an id that
// is a digital currency address; all other ids are about something else.
func readOFACXML(r *reading, text []byte) error {
	r.list.Pack.Title, r.list.Pack.Creator = ofacSource, "Office of Foreign Assets Control"
	r.list.Pack.Licence = cmp.Or(r.list.Pack.Licence, ofacLicence)
	d := xml.NewDecoder(bytes.NewReader(text))
	for root := true; ; {
		token, err := d.Token()
		line, _ := d.InputPos()
		if errors.Is(err, io.EOF) && !root {
			return nil
		}
		if err != nil {
			return at(line, "%w", err)
		}
		element, ok := token.(xml.StartElement)
		switch {
		case !ok:
		case root && element.Name.Local != "sdnList":
			return at(line, "the element %.40q: want the SDN list, sdn.xml; other editions are not read", element.Name.Local)
		case element.Name.Local == "Publish_Date":
			var day string
			if err := d.DecodeElement(&day, &element); err != nil {
				return at(line, "%w", err)
			}
			if r.list.Pack.Date, err = ParseDate(strings.TrimSpace(day)); err != nil {
				return at(line, "%w", err)
			}
		case element.Name.Local == "sdnEntry":
			var e sdnEntry
			if err := d.DecodeElement(&e, &element); err != nil {
				return at(line, "%w", err)
			}
			if err := r.sdn(&e, line); err != nil {
				return err
			}
		}
		root = root && !ok
	}
}

// sdn books the addresses of an entry that begins at a line.
func (r *reading) sdn(e *sdnEntry, line int) error {
	name := e.LastName
	if e.FirstName != "" {
		name = fmt.Sprintf("%s, %s", e.LastName, e.FirstName)
	}
	for _, id := range e.IDs.ID {
		currency, ok := strings.CutPrefix(id.Type, digitalCurrency)
		if !ok {
			continue
		}
		l := graph.Label{Name: cmp.Or(name, ofacName), Note: strings.Join(e.Programs.Program, "; "), Date: r.list.Pack.Date}
		if e.UID != "" {
			l.URI = ofacEntry + e.UID
		}
		labels, err := r.sanctioned(l, strings.TrimSpace(currency), id.Number)
		if err := r.row(line, id.Number, labels, err); err != nil {
			return err
		}
	}
	return nil
}
