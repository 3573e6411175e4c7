// What was done and can be undone, and what was undone and can be done again.
import { apply, type Command } from "./commands";
import type { View } from "./picture";

export interface History {
	view: View;
	done: { command: Command; before: View }[];
	undone: Command[];
}

export const begin = (view: View): History => ({ view, done: [], undone: [] });

/** run does a command; what had been undone is then gone. */
export function run(h: History, command: Command): History {
	return { view: apply(h.view, command), done: [...h.done, { command, before: h.view }], undone: [] };
}

/** undo takes the last command back. Boxes that have been placed since keep their places. */
export function undo(h: History): History {
	const last = h.done.at(-1);
	if (!last) return h;
	const { before, command } = last;
	const seen = { hops: { ...h.view.seen.hops, ...before.seen.hops }, time: { ...h.view.seen.time, ...before.seen.time } };
	return { view: { ...before, seen }, done: h.done.slice(0, -1), undone: [...h.undone, command] };
}

/** redo does again what was undone last. */
export function redo(h: History): History {
	const command = h.undone.at(-1);
	if (!command) return h;
	return { ...run(h, command), undone: h.undone.slice(0, -1) };
}
