// A box: the lines that the server wrote, how much of it is tainted, what kind
// of statement it is, and what the investigator put on it.
import type { Box } from "../model";
import { colours, percent, shapes } from "../words";
import { useActions } from "./context";

const padding = 8;
const lineHeight = 15;
const beside = 76; // what the words beside the bar take
const ranks = 10; // choke points that are marked; the details have the rank of others

export function BoxView({ box, here, selected, dim }: { box: Box; here: boolean; selected: boolean; dim: boolean }) {
	const a = useActions();
	const view = a.w.view.value;
	const colour = colours.find((c) => c.name === view.colours[box.key]);
	const pinned = view.pinned[view.mode][box.key] !== undefined;
	const { x, y, width, height } = box;
	const choke = box.choke && box.choke.rank <= ranks ? box.choke.rank : 0;
	const above = [
		box.role.join(", "),
		choke ? `choke ${choke}` : "",
		box.frozen ? "frozen" : "",
		box.partial ? "◧ partial" : "",
		colour ? `[${colour.letter}]` : "",
		pinned ? "pinned" : "",
		view.notes[box.key] ? "note" : "",
		a.w.marked.value === box.key ? "path from here" : "",
	].filter(Boolean);
	const classes = ["node", box.kind, box.role.includes("source") ? "source" : "", box.ends.length ? "ends" : "", choke ? "choke" : "", selected ? "selected" : "", dim ? "dim" : ""].filter(Boolean).join(" ");
	const top = above.length > 0 ? lineHeight : 0; // the ring goes round it, too
	const tainted = box.arrived.length > 0;
	const full = width - 2 * padding - beside;
	const bar = Math.round((full * Math.min(1000, box.taint_permille)) / 1000);
	return (
		<g class={classes} data-key={box.key} role="button" tabindex={here ? 0 : -1} aria-pressed={selected} {...(box.kind === "fold" ? { "aria-expanded": false } : {})} aria-label={a.describe(box.key)}>
			{(selected || here) && <rect class="halo" x={x - 5} y={y - top - 5} width={width + 10} height={height + top + 10} rx={10} />}
			<rect class="box" x={x} y={y} width={width} height={height} rx={box.ends.length ? 0 : 8} />
			{colour && <rect class="stripe" x={x + width - 18} y={y + 1} width={17} height={height - 2} fill={`url(#colour-${colour.name})`} />}
			{tainted && <path class="taint" fill-rule="evenodd" d={meter(x + padding, y + height - 1.5, full, bar)} />}
			{above.length > 0 && (
				<text class="above" x={x + 2} y={y - 4}>
					{above.join(" · ")}
				</text>
			)}
			{box.lines.map((line, i) => (
				<text class={box.line_classes[i] ?? "id"} x={x + padding} y={y + padding + lineHeight * (i + 1) - 3}>
					{line}
				</text>
			))}
			<text class={`statement ${box.statement}`} x={x + width - (colour ? 22 : padding)} y={y + height - 2.5}>
				{tainted && box.kind !== "fold" ? `${percent(box.taint_permille)} ` : ""}
				{shapes[box.statement]}
			</text>
		</g>
	);
}

// meter is a bar and, as far as it could go, its frame: an even-odd path from the
// left bottom.
function meter(x: number, y: number, full: number, bar: number): string {
	const from = Math.max(1, bar);
	const hole = full - 1 - from;
	return `M${x} ${y}h${full}v-6h${-full}z${hole > 0 ? `M${x + from} ${y - 1}h${hole}v-4h${-hole}z` : ""}`;
}
