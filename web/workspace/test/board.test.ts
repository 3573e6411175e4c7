import assert from "node:assert/strict";
import { test } from "node:test";
import { chosen, heights, slide, times } from "../src/brushing";
import { fit, least, reveal, zoom } from "../src/camera";
import { between, middle, parse } from "../src/curve";
import { graphml } from "../src/export/graphml";
import { xml } from "../src/export/xml";
import { keyOf, map } from "../src/keys";
import type { Arrow, Board, Box, Histogram } from "../src/model";
import { arrowsOf, neighbour } from "../src/neighbours";
import { empty } from "../src/picture";
import { pageOf, withParameter } from "../src/rows";
import { visible } from "../src/visible";
import { describe } from "../src/words";

const box = (key: string, column: number, y: number): Box =>
	({ key, x: column * 300, y, width: 200, height: 50, column, kind: "address", chain: "eip155:1", address: key, members: 1, labels: [], role: [], arrived: [], held: [], passed: [], ends: [], choke: null, partial: "", statement: "fact", taint_permille: 0, lines: [], line_classes: [], entity: null, frozen: false, url: "" }) as Box;
const arrow = (from: string, to: string, wide: number): Arrow => ({ key: `${from}>${to}`, from, to, kind: "transfer", statement: "derived", amounts: [], steps: 1, first: "", last: "", wide, path: "", highlighted: false, rows_url: "" });
const board: Board = {
	left: 0, top: 0, width: 900, height: 300, columns: [], folded: 0, hidden: 0, outside: 0, hidden_arrows: 0, elements: 0, notes: [],
	boxes: [box("a", 0, 100), box("b", 1, 0), box("c", 1, 200), box("d", 2, 100), box("alone", 2, 300)],
	arrows: [arrow("a", "b", 1), arrow("a", "c", 3), arrow("c", "d", 1), arrow("d", "a", 2)],
};

test("arrow keys go along arrows", () => {
	assert.equal(neighbour(board, "a", "right"), "c"); // the widest
	assert.equal(neighbour(board, "c", "left"), "a");
	assert.equal(neighbour(board, "c", "up"), "b");
	assert.equal(neighbour(board, "b", "up"), null);
	assert.equal(neighbour(board, "b", "right"), "d"); // no arrow: what stands nearest
	assert.equal(neighbour(board, "d", "right"), "a"); // an arrow that goes back
	assert.equal(neighbour(board, "alone", "right"), null);
	assert.equal(neighbour(board, "gone", "right"), "a");
	assert.deepEqual(arrowsOf(board, "a"), ["a>b", "a>c", "d>a"]);
});

test("every box can be reached by arrow keys", () => {
	const met = new Set(["a"]);
	const queue = ["a"];
	for (let key = queue.pop(); key; key = queue.pop())
		for (const way of ["right", "left", "up", "down"] as const) {
			const next = neighbour(board, key, way);
			if (next && !met.has(next)) {
				met.add(next);
				queue.push(next);
			}
		}
	assert.equal(met.size, board.boxes.length);
});

test("the camera keeps what is pointed at in its place", () => {
	const before = { x: 10, y: 20, k: 1 };
	const after = zoom(before, 2, 100, 50);
	assert.deepEqual([(100 - after.x) / after.k, (50 - after.y) / after.k], [90, 30]);
	assert.equal(zoom(before, 1e-9, 0, 0).k, least);
});

test("all of a board is shown if it can be read so", () => {
	assert.deepEqual(fit({ x: -100, y: 0, width: 200, height: 100 }, { width: 400, height: 200 }, 0.8), { k: 1, x: 200, y: 50 });
	const part = fit({ x: 0, y: 0, width: 8000, height: 100 }, { width: 400, height: 200 }, 0.8);
	assert.deepEqual([part.k, part.x], [0.8, 0]);
	const moved = reveal({ x: 0, y: 0, k: 1 }, { x: 1000, y: 10, width: 100, height: 50 }, { width: 400, height: 200 });
	assert.ok(1000 + moved.x >= 0 && 1100 + moved.x <= 400);
	const still = { x: 0, y: 0, k: 1 };
	assert.deepEqual(reveal(still, { x: 100, y: 50, width: 100, height: 50 }, { width: 400, height: 200 }), still);
});

test("curves are read, and drawn while a box is dragged", () => {
	const curve = parse(between(box("a", 0, 100), box("b", 1, 0)))!;
	assert.deepEqual(curve.from, [200, 125]);
	assert.deepEqual(curve.to, [300, 25]);
	assert.deepEqual(middle(curve), [250, 75]);
	assert.ok(parse(between(box("b", 1, 0), box("a", 0, 100))));
	assert.equal(parse("M0 0 L5 5"), null);
});

const day = (n: number) => `2026-01-${String(n).padStart(2, "0")}T00:00:00Z`;
const histogram: Histogram = { asset: "x", symbol: "X", bins: [10n ** 30n, 1n, 0n, 5n * 10n ** 29n].map((raw, i) => ({ since: day(i + 1), until: day(i + 2), raw: String(raw), text: "", steps: 1 })) };

test("bars stand for exact amounts, and what is not nothing is seen", () => {
	assert.deepEqual(heights(histogram), [1000, 20, 0, 500]);
	assert.throws(() => heights({ ...histogram, bins: [{ ...histogram.bins[0]!, raw: "?" }] }));
});

test("the brush asks for the times of its bins", () => {
	assert.deepEqual(times(histogram, { from: 0, to: 3 }), { since: "", until: "" });
	assert.deepEqual(times(histogram, { from: 1, to: 2 }), { since: day(2), until: day(4) });
	assert.deepEqual(slide({ from: 1, to: 2 }, "from", 9, 3), { from: 2, to: 2 });
	assert.deepEqual(slide({ from: 1, to: 2 }, "to", -9, 3), { from: 1, to: 1 });
	assert.deepEqual(chosen(histogram, "", ""), { from: 0, to: 3 });
	for (let from = 0; from < 4; from++)
		for (let to = from; to < 4; to++) {
			const { since, until } = times(histogram, { from, to });
			assert.deepEqual(chosen(histogram, since, until), { from, to });
		}
	assert.deepEqual(chosen(histogram, "2026-02-01T00:00:00Z", "2026-02-02T00:00:00Z"), { from: 3, to: 3 });
});

test("GraphML holds what is drawn, escaped and exact", () => {
	const amount = { asset: "eip155:1/slip44:60", symbol: "<b>", decimals: 18, raw: "115792089237316195423570985008687907853269984665640564039457584007913129639935", text: "" };
	const hostile = { ...box("a", 0, 0), labels: [{ name: '"><script>\u0000', source: "s & t", category: "c", confidence: 3 }], arrived: [amount] };
	const text = graphml({ ...board, boxes: [hostile, ...board.boxes.slice(1)] }, { ...empty, notes: { a: "]]> & <note>" } });
	assert.ok(text.includes(`${amount.raw} ${amount.asset}`));
	assert.ok(!text.includes("<script>") && !text.includes("\u0000"));
	assert.ok(text.includes("]]&gt; &amp; &lt;note&gt;"));
	assert.equal(text.match(/<node /g)?.length, 5);
	assert.equal(text.match(/<edge /g)?.length, 4);
	assert.equal(xml('<&>"\u0001'), "&lt;&amp;&gt;&quot;\\u0001");
});

test("texts of strangers show what cannot be seen", () => {
	assert.equal(visible("USD\u202eC\n\t\\ \u200b\u00a0\u{e0100}\u007fü 🦊"), "USD\\u202eC\\n\\t\\\\ \\u200b\\u00a0\\U000e0100\\x7fü 🦊");
});

test("what a link says of a box shows what cannot be seen", () => {
	const text = describe(box("a", 0, 0), { note: "a\u202eb\nc", colour: "\u200bsky", pinned: false });
	assert.ok(text.includes("note: a\\u202eb\nc"));
	assert.ok(!/[\u202e\u200b]/.test(text));
});

test("pages of rows are read from tables and from histories", () => {
	const table = pageOf({ columns: [{ name: "from", statement: "fact", meaning: "" }], rows: [["x"], ["y"]], size: 5, after: 2, next: 4 });
	assert.deepEqual([table.told, table.next], ["rows 3 to 4 of 5", ["after", "4"]]);
	const history = pageOf({ transfers: [{ time: "t", kind: "token", from: { address: "0x1", labels: [{ name: "a\u202e" }] }, to: null, asset: "x", symbol: "X", amount_raw: "12", amount: null, tx_hash: "h", position: "p" }], next: "" });
	assert.deepEqual(history.rows[0]!.slice(3, 8), ["0x1 ▲ a\\u202e", "nobody", "", "x", "12"]);
	assert.equal(history.next, null);
	assert.equal(withParameter("/a/b?x=1&y=%26", "x", "a b"), "/a/b?x=a+b&y=%26");
});

test("no key stands for two things", () => {
	const keys = map.flatMap((entry) => entry.keys);
	assert.equal(new Set(keys).size, keys.length);
	assert.equal(keyOf({ key: "U", ctrlKey: false, metaKey: false, altKey: false, shiftKey: true }), "U");
	assert.equal(keyOf({ key: "ArrowUp", ctrlKey: false, metaKey: false, altKey: false, shiftKey: true }), "Shift+ArrowUp");
	assert.equal(keyOf({ key: "z", ctrlKey: true, metaKey: false, altKey: false, shiftKey: false }), "Control+z");
	assert.equal(keyOf({ key: "e", ctrlKey: false, metaKey: false, altKey: true, shiftKey: false }), "");
});
