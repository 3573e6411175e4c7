// The picture as PNG: the elements of the SVG are painted on a canvas one by
// one. A browser could load the SVG as an image instead, but our policy lets it
// load no image that is not on the server.
import type { Board } from "../model";

const margin = 24;
const most = 8192; // pixels of a side, which every browser can do

/** png paints the whole board at twice its size, or as large as a canvas can be. */
export async function png(drawn: SVGSVGElement, board: Board): Promise<Blob> {
	const width = board.width + 2 * margin;
	const height = board.height + 2 * margin;
	const scale = Math.min(2, most / width, most / height);
	const canvas = document.createElement("canvas");
	canvas.width = Math.ceil(width * scale);
	canvas.height = Math.ceil(height * scale);
	const paint = canvas.getContext("2d");
	if (!paint) throw new Error("this browser cannot paint");
	paint.fillStyle = getComputedStyle(document.body).backgroundColor;
	paint.fillRect(0, 0, canvas.width, canvas.height);
	paint.scale(scale, scale);
	paint.translate(margin - board.left, margin - board.top);
	for (const e of drawn.querySelectorAll("#scene path, #scene rect, #scene text")) if (!e.classList.contains("hit")) element(paint, e, drawn);
	const blob = await new Promise<Blob | null>((resolve) => canvas.toBlob(resolve, "image/png"));
	if (!blob) throw new Error("the picture is too large to be painted");
	return blob;
}

function element(paint: CanvasRenderingContext2D, e: Element, drawn: SVGSVGElement): void {
	const style = getComputedStyle(e);
	const number = (name: string) => Number(e.getAttribute(name) ?? 0);
	paint.save();
	paint.globalAlpha = Number(style.opacity) * Number(e.parentElement?.closest("g.node") ? getComputedStyle(e.parentElement).opacity : 1);
	if (e.tagName === "text") {
		paint.font = `${style.fontWeight} ${style.fontSize} ${style.fontFamily}`;
		paint.textAlign = style.textAnchor === "end" ? "right" : style.textAnchor === "middle" ? "center" : "left";
		if (style.stroke !== "none") {
			paint.strokeStyle = style.stroke;
			paint.lineWidth = parseFloat(style.strokeWidth);
			paint.lineJoin = "round";
			paint.strokeText(e.textContent ?? "", number("x"), number("y"));
		}
		paint.fillStyle = style.fill;
		paint.fillText(e.textContent ?? "", number("x"), number("y"));
	} else {
		const shape = new Path2D(e.tagName === "path" ? (e.getAttribute("d") ?? "") : undefined);
		if (e.tagName === "rect") shape.roundRect(number("x"), number("y"), number("width"), number("height"), number("rx"));
		const alpha = paint.globalAlpha;
		paint.globalAlpha = alpha * Number(style.fillOpacity);
		const fill = style.fill.startsWith("url(") ? pattern(paint, style.fill, drawn) : style.fill;
		if (fill !== "none" && fill !== null) {
			paint.fillStyle = fill;
			paint.fill(shape);
		}
		paint.globalAlpha = alpha * Number(style.strokeOpacity);
		if (style.stroke !== "none") {
			paint.strokeStyle = style.stroke;
			paint.lineWidth = parseFloat(style.strokeWidth);
			paint.setLineDash(style.strokeDasharray === "none" ? [] : style.strokeDasharray.split(",").map(parseFloat));
			paint.stroke(shape);
		}
		paint.globalAlpha = alpha;
		if (e.hasAttribute("marker-end")) tip(paint, e as SVGPathElement, drawn);
	}
	paint.restore();
}

const named = (drawn: SVGSVGElement, url: string) => drawn.querySelector(`[id="${/#([\w-]+)/.exec(url)?.[1] ?? ""}"]`);

/** pattern paints the tile of a colour. */
function pattern(paint: CanvasRenderingContext2D, url: string, drawn: SVGSVGElement): CanvasPattern | null {
	const source = named(drawn, url);
	const tile = document.createElement("canvas");
	tile.width = tile.height = 8;
	const on = tile.getContext("2d");
	if (!source || !on) return null;
	for (const e of source.children) element(on, e, drawn);
	return paint.createPattern(tile, "repeat");
}

/** tip paints the head of an arrow where its path ends. */
function tip(paint: CanvasRenderingContext2D, path: SVGPathElement, drawn: SVGSVGElement): void {
	const head = named(drawn, path.getAttribute("marker-end") ?? "")?.firstElementChild;
	if (!head) return;
	const length = path.getTotalLength();
	const end = path.getPointAtLength(length);
	const before = path.getPointAtLength(Math.max(0, length - 2));
	paint.setLineDash([]);
	paint.translate(end.x, end.y);
	paint.rotate(Math.atan2(end.y - before.y, end.x - before.x));
	paint.scale(1.1, 1.1);
	paint.translate(-9, -5);
	paint.fillStyle = getComputedStyle(head).fill;
	paint.fill(new Path2D(head.getAttribute("d") ?? ""));
}
