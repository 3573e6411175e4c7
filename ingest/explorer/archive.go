package explorer

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"time"
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
	Request   string    `json:"request"` // without any key
	SHA256    string    `json:"sha256"`  // of the body as received
	Size      int       `json:"size"`    // bytes of it
	Retrieved time.Time `json:"retrieved"`
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

// Keep stores the answer to a request.
func (a *Archive) Keep(request string, body []byte, at time.Time) (Answer, error) {
	answer := Answer{Request: request, SHA256: digestOf(body), Size: len(body), Retrieved: at.UTC().Truncate(time.Second)}
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
	a.known[request] = answer
	return answer, nil
}

func (a *Archive) path(digest string) string { return filepath.Join(a.dir, digest+".json.gz") }

func digestOf(body []byte) string {
	sum := sha256.Sum256(body)
	return hex.EncodeToString(sum[:])
}
