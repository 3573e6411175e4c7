// Package bitcoin reads Bitcoin and its test networks: block files as Bitcoin
// Core keeps them, and bitcoin-etl exports.
//
// Decode turns a block into transfers and is pure; BlockFiles and ETL are the
// sources, which find blocks, put them in order of height and look up what
// their inputs spend.
//
// An input says only which output it spends. Its address and amount come from
// the outputs made earlier in the same run or, for older ones, from the ledger
// (a Lookup). Where neither knows the output, the input is left out, because an
// amount that is not known must not look like zero, and the block counts as
// known in part.
//
// A source is no validating node: it checks what protects a reader against
// damaged or foreign files (proof of work, merkle roots, amounts, BIP 34
// heights, most work among the branches present), not signatures, difficulty
// adjustments or double spends.
package bitcoin
