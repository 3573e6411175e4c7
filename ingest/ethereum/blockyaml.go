package ethereum

import (
	"bytes"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/ethereum/go-ethereum/core/types"
	"github.com/ethereum/go-ethereum/rlp"
)

// maxYAML bounds what is read as YAML, which has to be in memory as a whole.
const maxYAML = 256 << 20

// yamlBlock reads one block written as hex RLP under the keys header, body and
// receipts (github.com/ethereum/portal-spec-tests). Receipts are slim
// (eth/69) or full, and may be missing.
func yamlBlock(in io.Reader) (*rawBlock, error) {
	text, err := io.ReadAll(io.LimitReader(in, maxYAML+1))
	if err != nil {
		return nil, err
	}
	if len(bytes.TrimSpace(text)) == 0 {
		return nil, io.EOF
	}
	if len(text) > maxYAML {
		return nil, fmt.Errorf("YAML of more than %d bytes", maxYAML)
	}
	fields, err := yamlFields(string(text))
	if err != nil {
		return nil, fmt.Errorf("neither RLP nor era1 nor YAML with header, body and receipts: %w", err)
	}
	if fields["header"] == "" || fields["body"] == "" {
		return nil, errors.New("neither RLP nor era1 nor YAML with header, body and receipts: no header or no body")
	}
	b := &rawBlock{header: new(types.Header)}
	if err := hexRLP("header", fields["header"], b.header); err != nil {
		return nil, err
	}
	if err := hexRLP("body", fields["body"], &b.body); err != nil {
		return nil, err
	}
	if receipts, ok := fields["receipts"]; ok {
		var slim []*types.SlimReceipt
		b.receipts = types.Receipts{}
		if slimErr := hexRLP("receipts", receipts, &slim); slimErr != nil {
			if err := hexRLP("receipts", receipts, &b.receipts); err != nil {
				return nil, slimErr
			}
		}
		for _, r := range slim {
			b.receipts = append(b.receipts, (*types.Receipt)(r))
		}
	}
	return b, sound(b.header, &b.body)
}

// yamlFields reads the YAML that these files are: one plain or quoted scalar a
// line. YAML libraries take time quadratic in the length of a scalar, and
// these are as long as blocks.
func yamlFields(text string) (map[string]string, error) {
	fields := map[string]string{}
	n := 0
	for line := range strings.Lines(text) {
		n++
		line = strings.TrimSpace(line)
		if line == "" || line == "---" || strings.HasPrefix(line, "#") {
			continue
		}
		key, value, ok := strings.Cut(line, ":")
		if !ok {
			return nil, fmt.Errorf("line %d is not \"key: value\": %.40q", n, line)
		}
		if _, twice := fields[key]; twice {
			return nil, fmt.Errorf("line %d: a second %.40q", n, key)
		}
		value = strings.TrimSpace(value)
		if quote := value[:min(1, len(value))]; len(value) > 1 && (quote == `"` || quote == "'") && strings.HasSuffix(value, quote) {
			value = value[1 : len(value)-1]
		}
		fields[key] = value
	}
	return fields, nil
}

func hexRLP(key, text string, into any) error {
	raw, err := hex.DecodeString(strings.TrimPrefix(text, "0x"))
	if err != nil {
		return fmt.Errorf("%s: %w", key, err)
	}
	if err := rlp.DecodeBytes(raw, into); err != nil {
		return fmt.Errorf("%s: %w", key, err)
	}
	return nil
}
