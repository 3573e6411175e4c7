import assert from "node:assert/strict";
import { test } from "node:test";
import { apply, command, says, type Command } from "../src/commands";
import { begin, redo, run, undo } from "../src/history";
import type { Board, Box } from "../src/model";
import { empty, question, read, request, settle, shown, type View } from "../src/picture";

const box = (key: string, x: number, y: number): Box =>
	({ key, x, y, width: 100, height: 50, column: 0, kind: "address", arrived: [], ends: [], labels: [], lines: [] }) as unknown as Box;
const board = (...boxes: Box[]): Board => ({ left: 0, top: 0, width: 1, height: 1, columns: [], boxes, arrows: [], folded: 0, hidden: 0, outside: 0, hidden_arrows: 0, elements: 0, notes: [] });

const all: Command[] = [
	command("trace", { id: "t1", method: "lifo", yaml: "name: x" }),
	command("open", { key: "fold:1" }),
	command("open", { key: "fold:2" }),
	command("close", { key: "fold:1" }),
	command("expand", { address: "a:1", direction: "in", top: 5, order: "amount" }),
	command("expand", { address: "a:1", direction: "out", top: 7, order: "newest", asset: "a/slip44:60", min_raw: "10" }),
	command("unexpand", { address: "a:1" }),
	command("collapse", { entity: "e" }),
	command("separate", { entity: "e" }),
	command("hide", { key: "a:1" }),
	command("hide", { key: "a:2" }),
	command("show", { keys: ["a:1"] }),
	command("pin", { key: "a:3", x: 10.4, y: 20.6 }),
	command("unpin", { key: "a:3" }),
	command("note", { key: "a:3", text: "ask them" }),
	command("colour", { key: "a:3", colour: "sky" }),
	command("mode", { mode: "time" }),
	command("asset", { asset: "a/slip44:60" }),
	command("time", { since: "2026-01-01T00:00:00Z", until: "2026-01-02T00:00:00Z" }),
	command("single", { on: true }),
	command("path", { from: "a:1", to: "a:3" }),
	command("nopath", {}),
	command("tidy", {}),
	command("start", { refs: ["ethereum:0x1"] }),
];

test("every command can be undone and done again", () => {
	let h = begin(empty);
	const views: View[] = [h.view];
	for (const c of all) {
		h = run(h, c);
		assert.ok(says(c, (key) => key) !== "");
		views.push(h.view);
	}
	const end = h.view;
	for (let i = all.length - 1; i >= 0; i--) {
		h = undo(h);
		// Places of boxes that were seen since are kept; all else is as it was.
		assert.deepEqual({ ...h.view, seen: null }, { ...views[i], seen: null });
	}
	assert.equal(undo(h), h);
	for (const _ of all) h = redo(h);
	assert.deepEqual(h.view, end);
	assert.equal(redo(h), h);
});

test("a new command forgets what was undone", () => {
	let h = run(run(begin(empty), command("hide", { key: "1" })), command("hide", { key: "2" }));
	h = run(undo(h), command("hide", { key: "3" }));
	assert.deepEqual(h.view.hide, ["1", "3"]);
	assert.equal(h.undone.length, 0);
});

test("nothing placed ever moves", () => {
	let h = begin(apply(empty, command("trace", { id: "t", method: "fifo", yaml: "" })));
	h = { ...h, view: settle(h.view, board(box("a", 1, 2), box("b", 3, 4))) };
	h = run(h, command("expand", { address: "a", direction: "out", top: 1, order: "amount" }));
	h = { ...h, view: settle(h.view, board(box("a", 1, 2), box("b", 3, 4), box("c", 5, 6))) };
	assert.deepEqual(request(h.view)["placed"], { a: [1, 2], b: [3, 4], c: [5, 6] });
	// Undone and done again, c comes back to where it was.
	assert.deepEqual(request(redo(undo(h)).view)["placed"], { a: [1, 2], b: [3, 4], c: [5, 6] });
	// A box moved by hand goes back when that is undone.
	h = run(h, command("pin", { key: "b", x: 100, y: 100 }));
	assert.deepEqual((request(h.view)["placed"] as Record<string, unknown>)["b"], [100, 100]);
	assert.deepEqual((request(undo(h).view)["placed"] as Record<string, unknown>)["b"], [3, 4]);
	// Unpinned it stays.
	h = run(h, command("unpin", { key: "b" }));
	assert.deepEqual((request(h.view)["placed"] as Record<string, unknown>)["b"], [100, 100]);
	// Tidying forgets places, undoing it brings them back.
	h = run(h, command("tidy", {}));
	assert.deepEqual(request(h.view)["placed"], {});
	assert.deepEqual((request(undo(h).view)["placed"] as Record<string, unknown>)["b"], [100, 100]);
});

test("of very many places those drawn last are sent", () => {
	let view = settle(empty, board(box("first", 1, 1)));
	for (let i = 0; i < 30; i++) view = settle(view, board(box("first", 1, 1), ...Array.from({ length: 50 }, (_, k) => box(`b${i}-${k}`, i, k))));
	const placed = request(view)["placed"] as Record<string, unknown>;
	assert.equal(Object.keys(placed).length, 1000);
	assert.deepEqual(placed["first"], [1, 1]);
	assert.deepEqual(placed["b29-49"], [29, 49]);
	assert.equal(placed["b0-0"], undefined);
});

test("a box stands elsewhere by time", () => {
	const view = settle(apply(settle(empty, board(box("a", 1, 2))), command("mode", { mode: "time" })), board(box("a", 9, 9)));
	assert.deepEqual(request(view)["placed"], { a: [9, 9] });
	assert.deepEqual(request(apply(view, command("mode", { mode: "hops" })))["placed"], { a: [1, 2] });
});

test("only what changes the picture asks for it again", () => {
	const view = apply(empty, command("trace", { id: "t", method: "fifo", yaml: "" }));
	const same = (c: Command) => assert.equal(question(apply(view, c)), question(view), c.op);
	const other = (c: Command) => assert.notEqual(question(apply(view, c)), question(view), c.op);
	same(command("note", { key: "a", text: "x" }));
	same(command("colour", { key: "a", colour: "red" }));
	assert.equal(question(settle(view, board(box("a", 1, 2)))), question(view));
	for (const c of all) if (!["note", "colour", "close", "unexpand", "separate", "show", "unpin", "nopath", "tidy"].includes(c.op)) other(c);
});

test("tidying asks for the picture again", () => {
	const view = settle(apply(empty, command("trace", { id: "t", method: "fifo", yaml: "" })), board(box("a", 1, 2)));
	assert.notEqual(question(apply(view, command("tidy", {}))), question(view));
});

test("a saved view is read back, and anything else is refused", () => {
	let view: View = empty;
	for (const c of all.slice(0, -1)) view = apply(view, c);
	assert.deepEqual(read(JSON.parse(JSON.stringify(view))), view);
	for (const wrong of [null, [], 3, "x", { mode: "spiral" }, { open: "x" }, { placed: {} }, { single: 1 }, { path: ["a"] }, { notes: null }, { pinned: { hops: { a: [1] } } }, { expand: [{}] }, { hide: [1] }])
		assert.throws(() => read(wrong), JSON.stringify(wrong));
});

test("a link has the places of what is drawn only", () => {
	const view = settle(settle(empty, board(box("a", 1, 2), box("b", 3, 4))), board(box("a", 1, 2)));
	assert.deepEqual(shown(view, board(box("a", 1, 2))).seen.hops, { a: [1, 2] });
});
