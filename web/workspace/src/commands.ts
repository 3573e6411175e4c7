// Commands are all that changes a view. They are undone and redone, and in a
// case each is a line of its log.
import { empty, type Expansion, type Mode, type View } from "./picture";

interface Arguments {
	start: { refs: string[] };
	trace: { id: string; method: string; yaml: string };
	open: { key: string };
	close: { key: string };
	expand: Expansion;
	unexpand: { address: string };
	collapse: { entity: string };
	separate: { entity: string };
	hide: { key: string };
	show: { keys: string[] };
	pin: { key: string; x: number; y: number };
	unpin: { key: string };
	note: { key: string; text: string };
	colour: { key: string; colour: string };
	mode: { mode: Mode };
	asset: { asset: string };
	time: { since: string; until: string };
	single: { on: boolean };
	path: { from: string; to: string };
	nopath: Record<string, never>;
	tidy: Record<string, never>;
}

export type Op = keyof Arguments;
export type Command = { [O in Op]: { op: O; args: Arguments[O] } }[Op];

/** command makes one. */
export function command<O extends Op>(op: O, args: Arguments[O]): Command {
	return { op, args } as Command;
}

const without = <T>(list: T[], item: T): T[] => list.filter((other) => other !== item);
const including = <T>(list: T[], item: T): T[] => [...without(list, item), item];

function set<T>(record: Record<string, T>, key: string, value: T | undefined): Record<string, T> {
	const copy = { ...record };
	if (value === undefined) delete copy[key];
	else copy[key] = value;
	return copy;
}

/** apply is the view that a command makes of another. */
export function apply(view: View, { op, args }: Command): View {
	switch (op) {
		case "start":
			return { ...empty, mode: view.mode, start: args.refs };
		case "trace":
			return { ...view, trace: args.id, yaml: args.yaml };
		case "open":
			return { ...view, open: including(view.open, args.key) };
		case "close":
			return { ...view, open: without(view.open, args.key) };
		case "expand":
			return { ...view, expand: [...view.expand.filter((e) => e.address !== args.address || e.direction !== args.direction), args] };
		case "unexpand":
			return { ...view, expand: view.expand.filter((e) => e.address !== args.address) };
		case "collapse":
			return { ...view, collapse: including(view.collapse, args.entity) };
		case "separate":
			return { ...view, collapse: args.entity === "all" ? [] : without(without(view.collapse, args.entity), "all") };
		case "hide":
			return { ...view, hide: including(view.hide, args.key) };
		case "show":
			return { ...view, hide: view.hide.filter((key) => !args.keys.includes(key)) };
		case "pin":
			return { ...view, pinned: { ...view.pinned, [view.mode]: set(view.pinned[view.mode], args.key, [Math.round(args.x), Math.round(args.y)]) } };
		case "unpin": {
			// It stays where it stands; only tidying may move it now.
			const at = view.pinned[view.mode][args.key];
			return {
				...view,
				pinned: { ...view.pinned, [view.mode]: set(view.pinned[view.mode], args.key, undefined) },
				seen: { ...view.seen, [view.mode]: set(view.seen[view.mode], args.key, at ?? view.seen[view.mode][args.key]) },
			};
		}
		case "note":
			return { ...view, notes: set(view.notes, args.key, args.text === "" ? undefined : args.text) };
		case "colour":
			return { ...view, colours: set(view.colours, args.key, args.colour === "" ? undefined : args.colour) };
		case "mode":
			return { ...view, mode: args.mode };
		case "asset":
			return { ...view, asset: args.asset };
		case "time":
			return { ...view, since: args.since, until: args.until };
		case "single":
			return { ...view, single: args.on };
		case "path":
			return { ...view, path: [args.from, args.to] };
		case "nopath":
			return { ...view, path: null };
		case "tidy":
			return { ...view, seen: { ...view.seen, [view.mode]: {} }, tidied: view.tidied + 1 };
	}
}

/** says tells what a command does, in words. */
export function says({ op, args }: Command, name: (key: string) => string): string {
	switch (op) {
		case "start":
			return `start from ${args.refs.join(", ")}`;
		case "trace":
			return `trace by ${args.method}`;
		case "open":
			return `open ${name(args.key)}`;
		case "close":
			return `close ${name(args.key)}`;
		case "expand":
			return `expand ${args.direction === "in" ? "what paid" : "what was paid by"} ${name(args.address)}, ${args.order === "amount" ? "the largest" : "the newest"} ${args.top}`;
		case "unexpand":
			return `take back the expansion of ${name(args.address)}`;
		case "collapse":
			return args.entity === "all" ? "draw every entity as one box" : `draw the entity of ${name(args.entity)} as one box`;
		case "separate":
			return args.entity === "all" ? "draw the addresses of entities one by one" : `draw the addresses of the entity of ${name(args.entity)} one by one`;
		case "hide":
			return `hide ${name(args.key)}`;
		case "show":
			return args.keys.length === 1 ? `show ${name(args.keys[0]!)}` : `show ${args.keys.length} hidden boxes`;
		case "pin":
			return `pin ${name(args.key)}`;
		case "unpin":
			return `unpin ${name(args.key)}`;
		case "note":
			return args.text === "" ? `remove the note on ${name(args.key)}` : `note on ${name(args.key)}`;
		case "colour":
			return args.colour === "" ? `no colour for ${name(args.key)}` : `colour ${name(args.key)} ${args.colour}`;
		case "mode":
			return args.mode === "time" ? "columns by time" : "columns by hops";
		case "asset":
			return args.asset === "" ? "every asset" : `only ${args.asset}`;
		case "time":
			return args.since === "" && args.until === "" ? "all times" : `only ${args.since} to ${args.until}`;
		case "single":
			return args.on ? "single transfers" : "transfers between two boxes as one arrow";
		case "path":
			return `mark the path from ${name(args.from)} to ${name(args.to)}`;
		case "nopath":
			return "mark no path";
		case "tidy":
			return "place anew what is not pinned";
	}
}
