// The words and signs of the workspace. Nothing is told by colour alone: a kind
// has a shape, a letter or a dash, and a word.
import type { Amount, Arrow, Box, Statement } from "./model";
import { visibleLines } from "./visible";

export const shapes: Record<Statement, string> = { fact: "●", derived: "◆", attributed: "▲" };

/** methods are those of trace.Methods that follow amounts; a test in Go compares them. */
export const methods: [name: string, sentence: string][] = [
	["fifo", "what came in first goes out first"],
	["lifo", "what came in last goes out first"],
	["haircut", "every payment carries the pool's share of taint"],
	["poison", "one tainted unit taints everything that leaves; a measure of reach, not of amounts"],
	["tiho", "tainted value goes out first, to the largest recipient first"],
];

/** kinds of arrows: the letter drawn on them, and what they are. */
export const kinds: Record<Arrow["kind"], { letter: string; word: string; says: string }> = {
	transfer: { letter: "", word: "transfer", says: "value that was followed from the seeds" },
	joint: { letter: "J", word: "joint transaction", says: "a transaction that joins inputs: who paid whom is not recorded" },
	swap: { letter: "S", word: "swap", says: "one asset was exchanged for another" },
	bridge: { letter: "B", word: "bridge", says: "value left one ledger and came out on another" },
	relation: { letter: "R", word: "plain transfers", says: "transfers of the ledger that were not followed from the seeds" },
};

/** colours that an investigator gives: each with a letter and a pattern of its own. Okabe and Ito's palette. */
export const colours: { name: string; letter: string; pattern: "plain" | "lines" | "dots" | "grid" | "slant" | "waves" }[] = [
	{ name: "orange", letter: "O", pattern: "lines" },
	{ name: "sky", letter: "S", pattern: "dots" },
	{ name: "green", letter: "G", pattern: "slant" },
	{ name: "yellow", letter: "Y", pattern: "grid" },
	{ name: "red", letter: "R", pattern: "plain" },
	{ name: "purple", letter: "P", pattern: "waves" },
];

/** amountText is an exact amount with the name of its asset. */
export function amountText(a: Amount): string {
	const name = a.symbol === "" || a.symbol.length > 16 ? `of ${a.asset}` : a.symbol;
	return a.text === "" ? `${a.raw} base units ${name}` : `${a.text} ${name}`;
}

const list = (amounts: Amount[]) => amounts.map(amountText).join(", ");

/** assetName is what an asset calls itself and the chain it is on, or its whole name. */
export function assetName(a: Amount): string {
	return a.symbol === "" || a.symbol.length > 16 ? a.asset : `${a.symbol}, ${a.asset.split("/")[0]}`;
}

/** nameOf is what a box is called where there is room for a line. */
export function nameOf(box: Box): string {
	if (box.kind === "fold") return box.lines[0] ?? "others, folded";
	const label = box.labels[0]?.name;
	const of = box.kind === "entity" ? `entity of ${box.address}` : box.address;
	return label ? `${label}, ${of}` : of;
}

/** describe is a box for who does not see it. */
export function describe(box: Box, more: { note: string | undefined; colour: string | undefined; pinned: boolean }): string {
	const parts = [
		box.kind === "fold" ? `${box.members} addresses folded into one` : nameOf(box),
		box.role.join(", "),
		box.arrived.length ? `${list(box.arrived)} from the seeds arrived` : "",
		box.kind !== "fold" && box.arrived.length ? `taint ${percent(box.taint_permille)}` : "",
		...box.ends.map((end) => `${end.says}: ${list(end.amounts)}`),
		box.choke ? `choke point ${box.choke.rank}` : "",
		box.frozen ? "frozen by the issuer" : "",
		box.partial ? `partial: ${box.partial}` : "",
		box.statement,
		colours.some((c) => c.name === more.colour) ? `coloured ${more.colour}` : "",
		more.pinned ? "pinned" : "",
		more.note ? `note: ${visibleLines(more.note)}` : "",
	];
	return parts.filter(Boolean).join("; ");
}

/** describeArrow is an arrow for who does not see it. */
export function describeArrow(arrow: Arrow, name: (key: string) => string): string {
	const what = arrow.amounts.length ? list(arrow.amounts) : kinds[arrow.kind].says;
	return `${kinds[arrow.kind].word} from ${name(arrow.from)} to ${name(arrow.to)}: ${what}; ${counted(arrow.steps, "movement", "movements")}; ${arrow.statement}`;
}

/** percent writes thousandths. */
export function percent(permille: number): string {
	return permille > 0 && permille < 1 ? "under 0.1 %" : `${permille / 10} %`;
}

/** counted is a number of things. */
export function counted(n: number, one: string, several: string): string {
	return `${n} ${n === 1 ? one : several}`;
}
