// The picture as a file of its own: styles are written into the elements, and
// what only the page needs is left out.
import type { Board } from "../model";
import { visible } from "../visible";
import { xml } from "./xml";

const styled = ["fill", "stroke", "stroke-width", "stroke-dasharray", "stroke-linejoin", "opacity", "fill-opacity", "stroke-opacity", "paint-order", "font-family", "font-size", "font-weight", "text-anchor"] as const;
const kept = new Set(["x", "y", "width", "height", "rx", "d", "id", "viewBox", "refX", "refY", "markerWidth", "markerHeight", "markerUnits", "orient", "patternUnits", "marker-end", "fill"]);
const margin = 24;
const line = 16;

/** svg is the whole board, however little of it the screen shows. */
export function svg(drawn: SVGSVGElement, board: Board, about: { title: string; notes: Record<string, string> }): string {
	const notes = Object.entries(about.notes).flatMap(([key, text]) => [`Note on ${visible(key)}:`, ...text.split("\n").map((part) => "    " + visible(part))]);
	const x = board.left - margin;
	const y = board.top - margin;
	const width = board.width + 2 * margin;
	const height = board.height + 2 * margin + notes.length * line;
	const ground = getComputedStyle(document.body).backgroundColor;
	const ink = getComputedStyle(document.body).color;
	const parts = [
		`<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="${x} ${y} ${width} ${height}" role="img">`,
		`<title>${xml(about.title)}</title>`,
		`<rect x="${x}" y="${y}" width="${width}" height="${height}" fill="${ground}"/>`,
	];
	for (const child of drawn.querySelectorAll("#board > defs, #scene > *")) parts.push(element(child));
	notes.forEach((text, i) => parts.push(`<text x="${board.left}" y="${board.top + board.height + margin + i * line}" fill="${ink}" font-family="sans-serif" font-size="12" xml:space="preserve">${xml(text)}</text>`));
	return parts.join("\n") + "\n</svg>\n";
}

function element(e: Element): string {
	if (e.classList.contains("hit")) return "";
	const name = e.tagName;
	const style = getComputedStyle(e);
	const attributes = [...e.attributes].filter((a) => kept.has(a.name)).map((a) => [a.name, a.value]);
	const own = new Set(attributes.map(([is]) => is));
	if (!["defs", "g", "marker", "pattern"].includes(name)) for (const property of styled) if (!own.has(property)) attributes.push([property, style.getPropertyValue(property)]);
	const inside = e.children.length ? [...e.children].map(element).join("") : xml(e.textContent ?? "");
	const label = e.getAttribute("aria-label");
	const title = label ? `<title>${xml(label)}</title>` : "";
	return `<${name}${attributes.map(([is, value]) => ` ${is}="${xml(value!)}"`).join("")}>${title}${inside}</${name}>`;
}
