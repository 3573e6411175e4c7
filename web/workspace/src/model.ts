// What the server answers. Amounts are text: numbers of JSON would round them.

export interface Amount {
	asset: string;
	symbol: string;
	decimals: number | null;
	raw: string;
	text: string;
}

export type Statement = "fact" | "derived" | "attributed";

export interface Label {
	name: string;
	source: string;
	category: string;
	confidence: number;
}

export interface Ending {
	reason: string;
	says: string;
	amounts: Amount[];
}

export interface Box {
	key: string;
	kind: "address" | "fold" | "entity";
	chain: string;
	address: string;
	members: number;
	labels: Label[];
	entity: { id: string; size: number; rules: string[] } | null;
	role: string[];
	ends: Ending[];
	arrived: Amount[];
	held: Amount[];
	passed: Amount[];
	taint_permille: number;
	partial: string;
	choke: { rank: number; amounts: Amount[] } | null;
	frozen: boolean;
	statement: Statement;
	lines: string[];
	line_classes: string[];
	x: number;
	y: number;
	width: number;
	height: number;
	column: number;
	url: string;
	rows_url?: string;
}

export interface Arrow {
	key: string;
	from: string;
	to: string;
	kind: "transfer" | "joint" | "swap" | "bridge" | "relation";
	statement: Statement;
	amounts: Amount[];
	steps: number;
	first: string;
	last: string;
	wide: number;
	path: string;
	highlighted: boolean;
	rows_url: string;
}

export interface Board {
	left: number;
	top: number;
	width: number;
	height: number;
	columns: { x: number; text: string }[];
	boxes: Box[];
	arrows: Arrow[];
	folded: number;
	hidden: number;
	outside: number;
	hidden_arrows: number;
	elements: number;
	notes: string[];
}

export interface TraceRow {
	id: string;
	case: string;
	method: string;
	state: "running" | "finished" | "failed" | "cancelled";
	error: string;
	transactions_read: number;
	block: number;
	milliseconds: number;
	url: string;
	hop?: number;
	reached?: number;
	ended?: { reason: string; amounts: Amount[] }[];
}

export interface Trace extends TraceRow {
	next_steps: { Text: string; Statement: Statement }[] | null;
	tables: { name: string; url: string; csv: string }[] | null;
	yaml: string;
}

export interface CaseRow {
	slug: string;
	name: string;
	method: string;
	seeds: number;
	version: string;
	problem: string;
}

export interface Case extends CaseRow {
	yaml: string;
	traces: TraceRow[];
}

export interface Histogram {
	asset: string;
	symbol: string;
	decimals?: number | null;
	bins: { since: string; until: string; raw: string; text: string; steps: number }[];
}

export interface Counts {
	transfers: number;
	counterparties: number;
	exact: boolean;
	cut?: string;
}
