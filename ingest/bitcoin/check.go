package bitcoin

import (
	"errors"
	"fmt"
	"time"

	"github.com/btcsuite/btcd/blockchain"
	"github.com/btcsuite/btcd/btcutil/v2"
	"github.com/btcsuite/btcd/chaincfg/v2"
	"github.com/btcsuite/btcd/wire/v2"
)

// maxBlock is the greatest size of a serialised block in bytes (BIP 141: its
// weight is at most 4,000,000, and no byte weighs less than one).
const maxBlock = 4_000_000

// checkHeader checks a header's proof of work.
func checkHeader(header *wire.BlockHeader, params *chaincfg.Params) error {
	return blockchain.CheckBlockHeaderSanity(header, params.PowLimit, moment(header.Timestamp), blockchain.BFNone)
}

// checkBlock checks what a block says of itself: proof of work, the merkle
// root, the shape of its transactions, the witness commitment and, where the
// rules demand it, the height in its coinbase.
func checkBlock(block *btcutil.Block, height uint32, params *chaincfg.Params) error {
	header := &block.MsgBlock().Header
	if err := blockchain.CheckBlockSanity(block, params.PowLimit, moment(header.Timestamp)); err != nil {
		return err
	}
	if err := blockchain.ValidateWitnessCommitment(block); err != nil {
		return err
	}
	if int64(height) < int64(params.BIP0034Height) {
		return nil
	}
	stated, err := blockchain.ExtractCoinbaseHeight(block.Transactions()[0])
	if err != nil {
		return err
	}
	if int64(stated) != int64(height) {
		return fmt.Errorf("the coinbase states height %d (BIP 34)", stated)
	}
	return nil
}

// statedHeight is the height in a block's coinbase, if the rules bind it.
func statedHeight(block *btcutil.Block, params *chaincfg.Params) (uint32, bool) {
	if block.MsgBlock().Header.Version < 2 || len(block.Transactions()) == 0 || !blockchain.IsCoinBase(block.Transactions()[0]) {
		return 0, false
	}
	height, err := blockchain.ExtractCoinbaseHeight(block.Transactions()[0])
	if err != nil || height < params.BIP0034Height {
		return 0, false
	}
	return uint32(height), true
}

// decodeBlock reads one serialised block and nothing after it.
func decodeBlock(raw []byte) (*btcutil.Block, error) {
	block, err := btcutil.NewBlockFromBytes(raw)
	if err != nil {
		return nil, err
	}
	if size := block.MsgBlock().SerializeSize(); size != len(raw) {
		return nil, fmt.Errorf("the block ends after %d of %d bytes", size, len(raw))
	}
	if len(block.Transactions()) == 0 {
		return nil, errors.New("the block has no transactions")
	}
	return block, nil
}

// moment is a clock that stands still: blocks of the past are not checked
// against the time of day.
type moment time.Time

func (m moment) AdjustedTime() time.Time         { return time.Time(m) }
func (m moment) AddTimeSample(string, time.Time) {}
func (m moment) Offset() time.Duration           { return 0 }
