// View is everything that makes the picture what it is: what was asked of the
// server, where boxes stand, and what the investigator wrote on them. It is
// what a deep link holds and what is kept beside a case.
import type { Board } from "./model";

export type Mode = "hops" | "time";
export type Place = [x: number, y: number];

export interface Expansion {
	address: string;
	direction: "in" | "out";
	top: number;
	order: "amount" | "newest";
	asset?: string;
	min_raw?: string;
	since?: string;
	until?: string;
}

/** Places by mode: a box stands elsewhere by time than by hops. */
export type Places = Record<Mode, Record<string, Place>>;

export interface View {
	trace: string; // id, "" without one
	yaml: string; // its case, by which the trace is found again when the server has forgotten it
	start: string[];
	mode: Mode;
	asset: string;
	since: string;
	until: string;
	open: string[];
	expand: Expansion[];
	collapse: string[];
	hide: string[];
	single: boolean;
	path: [from: string, to: string] | null;
	pinned: Places; // put there by hand
	seen: Places; // where the server put what was shown: it stays there
	notes: Record<string, string>;
	colours: Record<string, string>;
	tidied: number; // times that places were given up
}

const nowhere = (): Places => ({ hops: {}, time: {} });

export const empty: View = {
	trace: "", yaml: "", start: [], mode: "hops", asset: "", since: "", until: "", open: [], expand: [], collapse: [], hide: [],
	single: false, path: null, pinned: nowhere(), seen: nowhere(), notes: {}, colours: {}, tidied: 0,
};

/** most is how many places are sent back of boxes that were not put there by hand: those drawn last. A picture has far fewer. */
const most = 1000;

/** request is what is asked of POST /board for a view. */
export function request(view: View): Record<string, unknown> {
	const seen = Object.entries(view.seen[view.mode]).slice(-most);
	const asked: Record<string, unknown> = { mode: view.mode, placed: { ...Object.fromEntries(seen), ...view.pinned[view.mode] } };
	const say = (name: string, value: unknown, is: boolean) => {
		if (is) asked[name] = value;
	};
	say("trace", view.trace, view.trace !== "");
	say("start", view.start, view.start.length > 0);
	say("asset", view.asset, view.asset !== "");
	say("since", view.since, view.since !== "");
	say("until", view.until, view.until !== "");
	say("open", view.open, view.open.length > 0);
	say("expand", view.expand, view.expand.length > 0);
	say("collapse", view.collapse, view.collapse.length > 0);
	say("hide", view.hide, view.hide.length > 0);
	say("single", true, view.single);
	say("highlight", view.path, view.path !== null);
	return asked;
}

/** question is a request without the places that the server itself chose: when it differs, the picture must be asked for again. */
export function question(view: View): string {
	return JSON.stringify({ ...request(view), placed: view.pinned[view.mode], tidied: view.tidied });
}

/** settle notes where boxes were put, so that they stay. */
export function settle(view: View, board: Board): View {
	const drawn = new Map(board.boxes.filter((box) => !view.pinned[view.mode][box.key]).map((box): [string, Place] => [box.key, [box.x, box.y]]));
	const places = Object.fromEntries([...Object.entries(view.seen[view.mode]).filter(([key]) => !drawn.has(key)), ...drawn]);
	return { ...view, seen: { ...view.seen, [view.mode]: places } };
}

/** shown is a view without the places of boxes that are not drawn, for a link that is no longer than it must be. */
export function shown(view: View, board: Board | null): View {
	if (!board) return view;
	const keys = new Set(board.boxes.map((box) => box.key));
	const places = Object.fromEntries(Object.entries(view.seen[view.mode]).filter(([key]) => keys.has(key)));
	return { ...view, seen: { ...nowhere(), [view.mode]: places } };
}

type Check = (value: unknown) => boolean;

const isText: Check = (value) => typeof value === "string";
const isList = (of: Check): Check => (value) => Array.isArray(value) && value.every(of);
const isRecord = (of: Check): Check => (value) => typeof value === "object" && value !== null && !Array.isArray(value) && Object.values(value).every(of);
const isPlace: Check = (value) => Array.isArray(value) && value.length === 2 && value.every(Number.isSafeInteger);
const isPlaces: Check = (value) => isRecord(isRecord(isPlace))(value) && Object.keys(value as object).every((mode) => mode === "hops" || mode === "time");
const isExpansion: Check = (value) => isRecord((part) => isText(part) || Number.isSafeInteger(part))(value) && isText((value as Expansion).address) && Number.isSafeInteger((value as Expansion).top);

const kinds: Record<keyof View, Check> = {
	trace: isText, yaml: isText, start: isList(isText), mode: (value) => value === "hops" || value === "time", asset: isText, since: isText, until: isText,
	open: isList(isText), expand: isList(isExpansion), collapse: isList(isText), hide: isList(isText), single: (value) => typeof value === "boolean",
	path: (value) => value === null || (isList(isText)(value) && (value as string[]).length === 2), pinned: isPlaces, seen: isPlaces, notes: isRecord(isText), colours: isRecord(isText),
	tidied: Number.isSafeInteger,
};

/** read makes a view of what a link or a file holds; it throws on what is none. */
export function read(data: unknown): View {
	if (typeof data !== "object" || data === null || Array.isArray(data)) throw new Error("it holds no view");
	for (const [name, value] of Object.entries(data)) {
		const fits = Object.hasOwn(kinds, name) ? kinds[name as keyof View] : undefined;
		if (!fits) throw new Error(`it says "${name.slice(0, 40)}", which this version does not know`);
		if (!fits(value)) throw new Error(`its "${name}" is not of the right kind`);
	}
	const view: View = { ...empty, ...data };
	return { ...view, pinned: { ...nowhere(), ...view.pinned }, seen: { ...nowhere(), ...view.seen } };
}
