// Where arrow keys lead on the board: along arrows to the right and left, and
// up and down among the boxes of a column.
import type { Board, Box } from "./model";

export type Way = "right" | "left" | "up" | "down";

const middle = (box: Box) => box.y + box.height / 2;

/** neighbour is the key of the box that a step leads to, or null. */
export function neighbour(board: Board, from: string, way: Way): string | null {
	const here = board.boxes.find((box) => box.key === from);
	if (!here) return board.boxes[0]?.key ?? null;
	if (way === "up" || way === "down") {
		const column = board.boxes.filter((box) => box.column === here.column).sort((a, b) => a.y - b.y || (a.key < b.key ? -1 : 1));
		return column[column.indexOf(here) + (way === "down" ? 1 : -1)]?.key ?? null;
	}
	const byKey = new Map(board.boxes.map((box) => [box.key, box]));
	const joined = board.arrows
		.filter((arrow) => (way === "right" ? arrow.from : arrow.to) === from)
		.map((arrow) => ({ arrow, box: byKey.get(way === "right" ? arrow.to : arrow.from) }))
		.filter((end): end is { arrow: (typeof board.arrows)[0]; box: Box } => end.box !== undefined && end.box !== here);
	// The widest arrow first, then the box that is nearest in height.
	joined.sort((a, b) => b.arrow.wide - a.arrow.wide || Math.abs(middle(a.box) - middle(here)) - Math.abs(middle(b.box) - middle(here)));
	if (joined[0]) return joined[0].box.key;
	const beside = board.boxes.filter((box) => (way === "right" ? box.x > here.x : box.x < here.x));
	const step = way === "right" ? Math.min(...beside.map((box) => box.x)) : Math.max(...beside.map((box) => box.x));
	const near = beside.filter((box) => box.x === step).sort((a, b) => Math.abs(middle(a) - middle(here)) - Math.abs(middle(b) - middle(here)));
	return near[0]?.key ?? null;
}

/** arrowsOf are the arrows at a box, those that leave it first. */
export function arrowsOf(board: Board, key: string): string[] {
	return [...board.arrows.filter((a) => a.from === key), ...board.arrows.filter((a) => a.to === key && a.from !== key)].map((a) => a.key);
}
