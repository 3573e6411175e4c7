// The keyboard map: one list, for the keys and for the help that shows them.
import type { Actions } from "./actions";
import { colours } from "./words";

export interface Key {
	keys: string[]; // as KeyboardEvent.key, with modifiers before: Control+z
	shown: string;
	says: string;
	group: "Go" | "Look" | "Change" | "Keep";
	run: (a: Actions) => void;
}

const nudge = 20;

export const map: Key[] = [
	{ group: "Go", keys: ["ArrowRight"], shown: "→", says: "along an arrow to the next box", run: (a) => a.step("right") },
	{ group: "Go", keys: ["ArrowLeft"], shown: "←", says: "back along an arrow", run: (a) => a.step("left") },
	{ group: "Go", keys: ["ArrowUp"], shown: "↑", says: "to the box above", run: (a) => a.step("up") },
	{ group: "Go", keys: ["ArrowDown"], shown: "↓", says: "to the box below", run: (a) => a.step("down") },
	{ group: "Go", keys: ["."], shown: ".", says: "around the arrows of the box", run: (a) => a.nextArrow(1) },
	{ group: "Go", keys: [","], shown: ",", says: "the other way around", run: (a) => a.nextArrow(-1) },
	{ group: "Go", keys: ["Home"], shown: "Home", says: "to the first box", run: (a) => a.edge("first") },
	{ group: "Go", keys: ["End"], shown: "End", says: "to the last box", run: (a) => a.edge("last") },
	{ group: "Go", keys: ["Enter"], shown: "Enter", says: "the details; opens what is folded", run: (a) => a.enter() },
	{ group: "Go", keys: ["Shift+Enter"], shown: "Shift Enter", says: "the page of the address, in a new tab", run: (a) => a.page() },
	{ group: "Go", keys: ["/"], shown: "/", says: "search", run: () => document.getElementById("find")?.focus() },
	{ group: "Go", keys: ["Escape"], shown: "Esc", says: "back to the board; there, select nothing", run: (a) => a.back() },

	{ group: "Look", keys: ["+", "="], shown: "+", says: "larger", run: (a) => a.zoom(1.25) },
	{ group: "Look", keys: ["-"], shown: "-", says: "smaller", run: (a) => a.zoom(0.8) },
	{ group: "Look", keys: ["0"], shown: "0", says: "the whole picture", run: (a) => a.fit() },
	{ group: "Look", keys: ["t"], shown: "t", says: "columns by hops or by time", run: (a) => a.mode() },
	{ group: "Look", keys: ["s"], shown: "s", says: "single transfers or sums", run: (a) => a.single() },
	{ group: "Look", keys: ["m"], shown: "m", says: "choose the method", run: () => document.getElementById("method")?.focus() },
	{ group: "Look", keys: ["v"], shown: "v", says: "as a picture or as a table", run: (a) => (a.w.table.value = !a.w.table.value) },
	{ group: "Look", keys: ["w"], shown: "w", says: "light or dark", run: (a) => a.w.say(`theme: ${a.theme.next()}`) },
	{ group: "Look", keys: ["?"], shown: "?", says: "this help", run: (a) => (a.w.dialog.value = "help") },

	{ group: "Change", keys: ["e"], shown: "e", says: "expand: what else paid it or was paid by it", run: (a) => a.expand() },
	{ group: "Change", keys: ["o"], shown: "o", says: "open what is folded, or close it again", run: (a) => a.fold() },
	{ group: "Change", keys: ["h"], shown: "h", says: "hide the box", run: (a) => a.hide() },
	{ group: "Change", keys: ["H"], shown: "H", says: "show what is hidden", run: (a) => a.showAll() },
	{ group: "Change", keys: ["p"], shown: "p", says: "pin the box where it is, or unpin it", run: (a) => a.pin() },
	{ group: "Change", keys: ["Shift+ArrowRight"], shown: "Shift →", says: "move the box; likewise with the other arrows", run: (a) => a.nudge(nudge, 0) },
	{ group: "Change", keys: ["Shift+ArrowLeft"], shown: "", says: "", run: (a) => a.nudge(-nudge, 0) },
	{ group: "Change", keys: ["Shift+ArrowUp"], shown: "", says: "", run: (a) => a.nudge(0, -nudge) },
	{ group: "Change", keys: ["Shift+ArrowDown"], shown: "", says: "", run: (a) => a.nudge(0, nudge) },
	{ group: "Change", keys: ["n"], shown: "n", says: "write a note on the box", run: (a) => a.note() },
	...colours.map((colour, i): Key => ({ group: "Change", keys: [String(i + 1)], shown: i === 0 ? `1 – ${colours.length}` : "", says: `colour it ${colours.map((c) => c.name).join(", ")}; the same again takes it off`, run: (a) => a.colour(colour.name) })),
	{ group: "Change", keys: ["c"], shown: "c", says: "its entity as one box, or its addresses", run: (a) => a.collapse() },
	{ group: "Change", keys: ["C"], shown: "C", says: "every entity as one box, or all their addresses", run: (a) => a.entities() },
	{ group: "Change", keys: ["g"], shown: "g", says: "mark a path: on its one end, then on the other", run: (a) => a.path() },
	{ group: "Change", keys: ["y"], shown: "y", says: "tidy: place anew what is not pinned", run: (a) => a.tidy() },

	{ group: "Keep", keys: ["u", "Control+z"], shown: "u", says: "undo", run: (a) => a.w.undo() },
	{ group: "Keep", keys: ["U", "Control+Z", "Control+y"], shown: "U", says: "do again", run: (a) => a.w.redo() },
	{ group: "Keep", keys: ["l"], shown: "l", says: "copy the link to this view", run: (a) => void a.copy() },
];

/** keyOf names the key of an event as the map does. */
export function keyOf(event: { key: string; ctrlKey: boolean; metaKey: boolean; altKey: boolean; shiftKey: boolean }): string {
	if (event.altKey) return "";
	const command = event.ctrlKey || event.metaKey ? "Control+" : "";
	// Shift is in the key itself, but for keys that have no capital.
	const shift = event.shiftKey && event.key.length > 1 ? "Shift+" : "";
	return command + shift + event.key;
}

const byKey = new Map(map.flatMap((entry) => entry.keys.map((key): [string, Key] => [key, entry])));

/** press runs what a key stands for, and says whether it stands for anything. */
export function press(a: Actions, event: KeyboardEvent): boolean {
	const target = event.target as Element | null;
	if (target?.closest("input, select, textarea, dialog, [role=slider], [role=menu]")) return false;
	const entry = byKey.get(keyOf(event));
	if (!entry) return false;
	const there = target === document.body || target?.closest("#board");
	// Elsewhere than on the board arrows scroll, Enter presses and letters mean nothing.
	const single = event.key.length === 1 && !event.ctrlKey && !event.metaKey;
	const moves = event.key === "Enter" || event.key === "Home" || event.key === "End" || event.key.startsWith("Arrow");
	if ((moves || single) && !there) return false;
	if (single && event.key !== "?" && !a.letters.on.value) return false;
	entry.run(a);
	return true;
}
