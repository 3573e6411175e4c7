// The time brush: bins of a histogram, and the part of them that is chosen.
import { parseRaw, permille } from "./amount";
import type { Histogram } from "./model";

/** Range is a choice of bins, both ends included. */
export interface Range {
	from: number;
	to: number;
}

/** heights are lengths of bars in thousandths of the tallest; what is not nothing is seen. */
export function heights(h: Histogram): number[] {
	const values = h.bins.map((bin) => parseRaw(bin.raw));
	const tallest = values.reduce((most, v) => (v > most ? v : most), 0n);
	return values.map((v) => (v === 0n ? 0 : Math.max(20, permille(v, tallest))));
}

/** chosen is the range of bins that a view's times stand for. Bins follow one another. */
export function chosen(h: Histogram, since: string, until: string): Range {
	const last = h.bins.length - 1;
	let from = 0;
	if (since !== "") while (from < last && Date.parse(h.bins[from + 1]!.since) <= Date.parse(since)) from++;
	let to = last;
	if (until !== "") while (to > from && Date.parse(h.bins[to - 1]!.until) >= Date.parse(until)) to--;
	return { from, to };
}

/** times are what a range asks of the board: nothing, if it is all of it. */
export function times(h: Histogram, { from, to }: Range): { since: string; until: string } {
	const last = h.bins.length - 1;
	if (from <= 0 && to >= last) return { since: "", until: "" };
	return { since: h.bins[from]?.since ?? "", until: h.bins[to]?.until ?? "" };
}

/** slide moves one end of a range, which never passes the other. */
export function slide(range: Range, end: keyof Range, to: number, last: number): Range {
	return end === "from" ? { ...range, from: Math.min(Math.max(0, to), range.to) } : { ...range, to: Math.max(Math.min(last, to), range.from) };
}
