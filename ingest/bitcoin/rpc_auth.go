package bitcoin

import (
	"errors"
	"fmt"
	"os"
	"strings"

	"spoor/ingest"
)

// Auth finds the name and password for a node. It is asked before every
// request, because Bitcoin Core writes a new cookie at each start.
type Auth func() (user, password string, err error)

// ErrCredentials is returned where a node refuses the credentials, or they
// cannot be found.
var ErrCredentials = errors.New("no access to the node")

// Password is a fixed name and password.
func Password(user, password string) Auth {
	return func() (string, string, error) { return user, password, nil }
}

// CookieFile reads the file that Bitcoin Core keeps its password of the day in:
// one line, name and password with a colon between.
func CookieFile(path string) Auth {
	return func() (string, string, error) {
		text, err := os.ReadFile(path)
		if err != nil {
			return "", "", ingest.Advise(fmt.Errorf("%w: cookie file: %w", ErrCredentials, err),
				"Bitcoin Core keeps it as .cookie in its data folder while it runs (and that of the network below it)")
		}
		line, _, _ := strings.Cut(string(text), "\n")
		user, password, found := strings.Cut(strings.TrimSuffix(line, "\r"), ":")
		if !found || user == "" {
			return "", "", ingest.Advise(fmt.Errorf("%w: %s is not a cookie file: want one line USER:PASSWORD", ErrCredentials, path),
				"give the file .cookie of the node's data folder")
		}
		return user, password, nil
	}
}
