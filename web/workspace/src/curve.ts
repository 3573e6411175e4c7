// Curves of arrows as the server writes them: M x y C x y x y x y.

export interface Curve {
	from: [number, number];
	out: [number, number];
	into: [number, number];
	to: [number, number];
}

/** parse reads a curve, null if the path is something else. */
export function parse(path: string): Curve | null {
	const n = path.match(/-?\d+(?:\.\d+)?/g)?.map(Number) ?? [];
	if (n.length !== 8 || !/^M[^A-Z]*C[^A-Z]*$/.test(path)) return null;
	const [a, b, c, d, e, f, g, h] = n as [number, number, number, number, number, number, number, number];
	return { from: [a, b], out: [c, d], into: [e, f], to: [g, h] };
}

/** middle is the point half way along. */
export function middle({ from, out, into, to }: Curve): [number, number] {
	const at = (i: 0 | 1) => (from[i] + 3 * out[i] + 3 * into[i] + to[i]) / 8;
	return [at(0), at(1)];
}

interface Rectangle {
	x: number;
	y: number;
	width: number;
	height: number;
}

/** between is the curve that the server would draw, for a box that is being dragged. */
export function between(from: Rectangle, to: Rectangle): string {
	const x1 = from.x + from.width;
	const y1 = from.y + from.height / 2;
	const y2 = to.y + to.height / 2;
	if (from.x + from.width > to.x) {
		const x2 = to.x + to.width;
		return `M${x1} ${y1} C${x1 + 55} ${y1} ${x2 + 55} ${y2} ${x2} ${y2}`;
	}
	const half = (to.x - x1) / 2;
	return `M${x1} ${y1} C${x1 + half} ${y1} ${to.x - half} ${y2} ${to.x} ${y2}`;
}
