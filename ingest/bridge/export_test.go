package bridge

// ParseEvent lets tests build logs by the signatures of the table.
var ParseEvent = parseEvent

// Guid, DepositHash, MessageHash and Aliased are compared with computed vectors.
var (
	Guid        = guid
	DepositHash = depositHash
	MessageHash = messageHash
	Aliased     = aliased
	Unaliased   = unaliased
	Letters     = letters
)
