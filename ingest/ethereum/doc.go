// Package ethereum reads EVM ledgers. [Decode] turns a [Block] (header,
// transactions with receipts, logs and call frames, as complete as a source
// has them) into the transfers of a graph.Block; it is a pure function, so that
// every source gives the same transfers for the same block. Sources are one
// file each: [ETL] reads ethereum-etl exports and [RLP] reads geth exports,
// era1 archives and YAML files of header, body and receipts.
//
// # Which movement is told by what
//
// Each movement of value has one witness, so nothing is counted twice:
//
//   - The value of a transaction comes from the transaction, if it succeeded;
//     never from its root call frame, which must agree with it.
//   - Values of inner calls come from call frames only. Logs in which the native
//     coin shows itself as a token (Polygon's 0x…1010, Celo, zkSync Era, and
//     EIP-7708 on any chain) repeat them and are passed over. Without frames an
//     EIP-7708 log does tell a movement, but at another place than the frame
//     would; stored, it would double once traces are read. Such logs are used to
//     name exactly whose balance is incomplete.
//   - Token transfers come from logs.
//   - What transactions state besides (contracts created, owners of a Safe,
//     EIP-7702 delegations, freezes by issuers) comes from call frames, logs
//     and authorization lists: the files events*.go, one a subject.
//   - Fees come from receipts; rewards from reward rows of traces where there
//     are any, else from the chain's schedule and the uncle headers.
//
// Whatever cannot be told for sure is not stored: it is counted by reason, the
// block's Knowledge says so, and the accounts we can name are in
// [Decoded].Incomplete.
package ethereum
