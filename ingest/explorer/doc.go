// Package explorer reads the history of one address from a block explorer's
// API: Etherscan V2 ([Etherscan], also what others offer in its likeness) or
// Blockscout's REST API ([Blockscout]).
//
// A history is a part of the blocks it names, stored with Knowledge Partial.
// The same movement seen from the histories of both its ends is the same row
// (kind, ends, asset, amount), so graph.Union stores it once; rows that are
// equal inside one history stay as many as the API lists. APIs give token
// transfers no place in the ledger, so they have the place of a file's row.
//
//	value of a transaction    its own row, if it succeeded
//	fee                       gas used × effective price, of what the address sent
//	inner calls               the list of internal transactions, which leaves the
//	                          top-level value out; failed ones are passed over
//	tokens                    the lists of ERC-20, ERC-721 and ERC-1155 transfers
//	wrapping                  derived, see wrap.go: no list has WETH9's events
//	withdrawals               from the beacon chain, where the chain has one
//
// What an address earned by making blocks is in none of these lists: it shows
// as value whose arrival was not read.
//
// Nothing is cut in silence. A list the API does not have, or does not show
// past its window, lowers the coverage of the heights concerned and is named in
// [History].Gaps.
package explorer
