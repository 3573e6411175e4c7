// Pages of rows, from tables of the evidence and from histories of the ledger.
import type { Statement } from "./model";
import { visible } from "./visible";

export interface Page {
	columns: { name: string; statement?: Statement; meaning?: string }[];
	rows: string[][];
	told: string; // which rows of how many
	next: [parameter: string, value: string] | null;
}

interface Evidence {
	columns: { name: string; statement: Statement; meaning: string }[];
	rows: string[][];
	size: number;
	after: number;
	next: number;
}

interface Party {
	address: string;
	labels: { name: string }[] | null;
}

interface History {
	transfers: {
		time: string;
		direction?: string;
		kind: string;
		from: Party | null;
		to: Party | null;
		asset: string;
		symbol: string;
		amount_raw: string;
		amount: string | null;
		tx_hash: string;
		position: string;
	}[];
	next: string;
}

const party = (p: Party | null) => (p ? [p.address, ...(p.labels ?? []).map((l) => `▲ ${visible(l.name)}`)].join(" ") : "nobody");

/** pageOf reads an answer of either kind. */
export function pageOf(answer: Evidence | History): Page {
	if ("transfers" in answer) {
		const names = ["time", "direction", "kind", "from", "to", "amount", "asset", "amount_raw", "tx_hash", "position"];
		return {
			columns: names.map((name) => ({ name, statement: "fact" })),
			rows: answer.transfers.map((t) => [t.time, t.direction ?? "", t.kind, party(t.from), party(t.to), t.amount === null ? "" : `${t.amount} ${visible(t.symbol)}`, t.asset, t.amount_raw, t.tx_hash, t.position]),
			told: `${answer.transfers.length} transfers`,
			next: answer.next === "" ? null : ["cursor", answer.next],
		};
	}
	const last = answer.after + answer.rows.length;
	return {
		columns: answer.columns,
		rows: answer.rows,
		told: answer.rows.length ? `rows ${answer.after + 1} to ${last} of ${answer.size}` : `no rows of ${answer.size}`,
		next: answer.next === 0 ? null : ["after", String(answer.next)],
	};
}

/** withParameter is an address with one parameter changed. */
export function withParameter(url: string, name: string, value: string): string {
	const [path = "", query = ""] = url.split("?", 2);
	const asked = new URLSearchParams(query);
	asked.set(name, value);
	return `${path}?${asked}`;
}
