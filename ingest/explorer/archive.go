package explorer

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/ethereum/go-ethereum/common"

	"spoor/graph"
)

// Archive keeps the raw answers of APIs in a folder: what was seen, when, and
// by which request, so that it can be shown to others and need not be asked
// again.
//
//	SHA256.json.gz  an answer, named by the digest of what was received
//	index.ndjson    one line a request, in the order of asking; a later line replaces an earlier one
type Archive struct {
	dir string

	mu    sync.Mutex
	known map[string]Answer
}

// Answer is one line of an archive's index.
type Answer struct {
	Chain     graph.ChainID `json:"chain"`   // that the API was asked about
	Request   string        `json:"request"` // without any key
	SHA256    string        `json:"sha256"`  // of the body as received
	Size      int           `json:"size"`    // bytes of it
	Retrieved time.Time     `json:"retrieved"`
}

const indexName = "index.ndjson"

// OpenArchive opens the archive in a folder, which is made if there is none.
func OpenArchive(dir string) (*Archive, error) {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, fmt.Errorf("archive: %w", err)
	}
	a := &Archive{dir: dir, known: map[string]Answer{}}
	index, err := os.ReadFile(filepath.Join(dir, indexName))
	if errors.Is(err, fs.ErrNotExist) {
		return a, nil
	} else if err != nil {
		return nil, fmt.Errorf("archive: %w", err)
	}
	lines := bufio.NewScanner(bytes.NewReader(index))
	lines.Buffer(nil, len(index)+1)
	for n := 1; lines.Scan(); n++ {
		var answer Answer
		if err := json.Unmarshal(lines.Bytes(), &answer); err != nil {
			if !bytes.HasSuffix(index, []byte("\n")) && bytes.HasSuffix(index, lines.Bytes()) {
				break // the last line was cut off by a crash; its answer is asked for again
			}
			return nil, fmt.Errorf("archive: %s:%d: %w; remove the line to ask again", filepath.Join(dir, indexName), n, err)
		}
		a.known[answer.Request] = answer
	}
	if n := len(index); n > 0 && index[n-1] != '\n' { // so that the next line begins on its own
		whole := bytes.LastIndexByte(index, '\n') + 1
		if err := os.Truncate(filepath.Join(dir, indexName), int64(whole)); err != nil {
			return nil, fmt.Errorf("archive: %w", err)
		}
	}
	return a, nil
}

// Find is the answer to a request, if it was asked before. An answer that is
// not what was received is an error.
func (a *Archive) Find(request string) (body []byte, answer Answer, found bool, err error) {
	a.mu.Lock()
	answer, found = a.known[request]
	a.mu.Unlock()
	if !found {
		return nil, answer, false, nil
	}
	path := a.path(answer.SHA256)
	packed, err := os.ReadFile(path)
	if err == nil {
		var r *gzip.Reader
		if r, err = gzip.NewReader(bytes.NewReader(packed)); err == nil {
			body, err = io.ReadAll(r)
		}
	}
	if err == nil && digestOf(body) != answer.SHA256 {
		err = errors.New("its digest is another")
	}
	if err != nil {
		return nil, answer, false, fmt.Errorf("archive: %s is not what was received: %w; remove it and its line in %s to ask again", path, err, indexName)
	}
	return body, answer, true, nil
}

// Keep stores the body of an answer.
func (a *Archive) Keep(answer Answer, body []byte) (Answer, error) {
	var packed bytes.Buffer
	w := gzip.NewWriter(&packed)
	_, err := w.Write(body)
	if err = errors.Join(err, w.Close()); err != nil {
		return answer, fmt.Errorf("archive: %w", err)
	}
	line, err := json.Marshal(answer)
	if err != nil {
		return answer, fmt.Errorf("archive: %w", err)
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	// The answer is in place, whole, before the index names it.
	path := a.path(answer.SHA256)
	if err := os.WriteFile(path+".tmp", packed.Bytes(), 0o644); err != nil {
		return answer, fmt.Errorf("archive: %w", err)
	}
	if err := os.Rename(path+".tmp", path); err != nil {
		return answer, fmt.Errorf("archive: %w", err)
	}
	f, err := os.OpenFile(filepath.Join(a.dir, indexName), os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o644)
	if err != nil {
		return answer, fmt.Errorf("archive: %w", err)
	}
	_, err = f.Write(append(line, '\n'))
	if err = errors.Join(err, f.Close()); err != nil {
		return answer, fmt.Errorf("archive: %w", err)
	}
	a.known[answer.Request] = answer
	return answer, nil
}

// subjects are the addresses and transactions of EVM chains in a request.
var subjects = regexp.MustCompile(`\b0x(?:[0-9a-fA-F]{64}|[0-9a-fA-F]{40})\b`)

// About are the answers to requests that name one of the addresses or
// transactions, in order of the requests: whatever was kept of them, by this
// run or another, so that it does not matter which run asked. Each is read and
// is what was received, or there is an error.
func (a *Archive) About(ctx context.Context, addresses map[graph.Address]bool, txs map[graph.Hash]bool) ([]Answer, error) {
	a.mu.Lock()
	known := slices.Collect(maps.Values(a.known))
	a.mu.Unlock()
	about := slices.DeleteFunc(known, func(answer Answer) bool {
		for _, text := range subjects.FindAllString(answer.Request, -1) {
			if len(text) == 2+64 && txs[graph.Hash(common.HexToHash(text))] ||
				len(text) == 2+40 && addresses[graph.EVMAddress(answer.Chain, common.HexToAddress(text))] {
				return false
			}
		}
		return true
	})
	slices.SortFunc(about, func(x, y Answer) int { return strings.Compare(x.Request, y.Request) })
	for _, answer := range about {
		if _, _, _, err := a.Find(answer.Request); err != nil {
			return nil, err
		}
		if err := ctx.Err(); err != nil {
			return nil, err
		}
	}
	return about, nil
}

func (a *Archive) path(digest string) string { return filepath.Join(a.dir, digest+".json.gz") }

func digestOf(body []byte) string {
	sum := sha256.Sum256(body)
	return hex.EncodeToString(sum[:])
}
