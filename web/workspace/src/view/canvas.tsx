// The picture: what the server placed, seen through a camera.
import { signal, useComputed } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import { zoom } from "../camera";
import { command } from "../commands";
import { between } from "../curve";
import type { Arrow, Box } from "../model";
import { colours } from "../words";
import { ArrowHit, ArrowLine } from "./arrow";
import { BoxView } from "./box";
import { useActions } from "./context";

/** Drag is a box on its way. */
interface Drag {
	key: string;
	dx: number;
	dy: number;
}

const drag = signal<Drag | null>(null);
const slack = 4; // pixels that a click may move

export function Canvas() {
	const a = useActions();
	const { w } = a;
	const frame = useRef<SVGSVGElement>(null);
	useEffect(() => {
		const svg = frame.current!;
		const measure = new ResizeObserver(() => (w.room.value = { width: svg.clientWidth || 800, height: svg.clientHeight || 600 }));
		measure.observe(svg);
		// Listened to by hand, because only so may it keep the page from scrolling.
		const wheel = (event: WheelEvent) => {
			event.preventDefault();
			const at = svg.getBoundingClientRect();
			if (event.shiftKey) w.camera.value = { ...w.camera.value, x: w.camera.value.x - (event.deltaY || event.deltaX) };
			else w.camera.value = zoom(w.camera.value, Math.exp(-event.deltaY * (event.deltaMode ? 0.05 : 0.0015)), event.clientX - at.left, event.clientY - at.top);
		};
		svg.addEventListener("wheel", wheel, { passive: false });
		return () => {
			measure.disconnect();
			svg.removeEventListener("wheel", wheel);
		};
	}, []);
	const transform = useComputed(() => {
		const { x, y, k } = w.camera.value;
		return `translate(${x.toFixed(2)} ${y.toFixed(2)}) scale(${k.toFixed(4)})`;
	});
	const board = w.board.value;

	const down = (event: PointerEvent) => {
		if (event.button !== 0) return;
		const key = (event.target as Element).closest<SVGElement>("[data-key]")?.dataset["key"] ?? "";
		const box = w.boxes.value.get(key);
		const from = { x: event.clientX, y: event.clientY, camera: w.camera.value };
		let moved = false;
		const svg = frame.current!;
		svg.setPointerCapture(event.pointerId);
		const move = (to: PointerEvent) => {
			const dx = to.clientX - from.x;
			const dy = to.clientY - from.y;
			moved ||= Math.hypot(dx, dy) > slack;
			if (!moved) return;
			if (box) drag.value = { key, dx: dx / from.camera.k, dy: dy / from.camera.k };
			else w.camera.value = { ...from.camera, x: from.camera.x + dx, y: from.camera.y + dy };
		};
		const up = (end: Event) => {
			svg.removeEventListener("pointermove", move);
			svg.removeEventListener("pointerup", up);
			svg.removeEventListener("pointercancel", up);
			const put = drag.value;
			drag.value = null;
			if (end.type === "pointercancel") return;
			if (put && box) w.do(command("pin", { key, x: box.x + put.dx, y: box.y + put.dy }));
			else if (!moved) a.select(key, { focus: key !== "" });
		};
		svg.addEventListener("pointermove", move);
		svg.addEventListener("pointerup", up);
		svg.addEventListener("pointercancel", up);
	};

	// Of screen readers, which press without a pointer.
	const click = (event: MouseEvent) => {
		const key = (event.target as Element).closest<SVGElement>("[data-key]")?.dataset["key"];
		if (event.detail === 0 && key) a.select(key, { focus: true });
	};

	const focus = (event: FocusEvent) => {
		const on = event.target as SVGElement;
		if (on.matches(":focus-visible")) a.show(on.dataset["key"] ?? "");
	};

	const placed = (box: Box): Box => {
		const { view } = w;
		const pinned = view.value.pinned[view.value.mode][box.key];
		const at = pinned ? { ...box, x: pinned[0], y: pinned[1] } : box;
		return drag.value?.key === box.key ? { ...at, x: at.x + drag.value.dx, y: at.y + drag.value.dy } : at;
	};
	const boxes = board?.boxes.map(placed) ?? [];
	// Until the server has drawn the arrows of boxes that were moved, they go straight.
	const moved = new Map(boxes.filter((box) => box.x !== w.boxes.value.get(box.key)!.x || box.y !== w.boxes.value.get(box.key)!.y).map((box) => [box.key, box]));
	const arrows = (board?.arrows ?? []).map((arrow): Arrow => {
		const from = moved.get(arrow.from) ?? w.boxes.value.get(arrow.from);
		const to = moved.get(arrow.to) ?? w.boxes.value.get(arrow.to);
		return from && to && (moved.has(arrow.from) || moved.has(arrow.to)) ? { ...arrow, path: between(from, to) } : arrow;
	});
	const first = w.boxes.value.has(w.selected.value) || w.arrows.value.has(w.selected.value) ? w.selected.value : boxes[0]?.key;
	const onPath = new Set(arrows.filter((arrow) => arrow.highlighted).flatMap((arrow) => [arrow.from, arrow.to]));

	return (
		<svg id="board" ref={frame} class={w.busy.value ? "flow busy" : "flow"} role="application" aria-label="Board: boxes are addresses, joined by arrows. Arrow keys go along them, question mark shows all keys." onPointerDown={down} onDblClick={() => a.enter()} onClick={click} onFocusIn={focus}>
			<Patterns />
			<g transform={transform} id="scene">
				{board?.columns.map((column) => (
					<text class="heading" x={column.x} y={board.top + 4}>
						{column.text}
					</text>
				))}
				{arrows.map((arrow) => (
					<ArrowLine key={arrow.key} arrow={arrow} dim={onPath.size > 0 && !arrow.highlighted} />
				))}
				{arrows.map((arrow) => (
					<ArrowHit key={arrow.key} arrow={arrow} here={arrow.key === first} selected={arrow.key === w.selected.value} />
				))}
				{boxes.map((box) => (
					<BoxView key={box.key} box={box} here={box.key === first} selected={box.key === w.selected.value} dim={onPath.size > 0 && !onPath.has(box.key)} />
				))}
			</g>
		</svg>
	);
}

/** Patterns are the tips of arrows and the fills of the colours: each has its own, so that it is told without colour. */
function Patterns() {
	return (
		<defs>
			{["derived", "relation", "on"].map((kind) => (
				<marker id={`tip-${kind}`} viewBox="0 0 10 10" refX="9" refY="5" markerWidth="11" markerHeight="11" markerUnits="userSpaceOnUse" orient="auto">
					<path class={`tip ${kind}`} d="M0 0L10 5L0 10z" />
				</marker>
			))}
			{colours.map(({ name, pattern }) => (
				<pattern id={`colour-${name}`} width="8" height="8" patternUnits="userSpaceOnUse">
					<rect class={`ink ${name}`} width="8" height="8" />
					{pattern !== "plain" && <path class="grain" d={grain[pattern]} />}
				</pattern>
			))}
		</defs>
	);
}

const grain = {
	lines: "M0 2H8M0 6H8",
	dots: "M2 1v2M6 5v2",
	slant: "M-2 6L6 -2M2 10L10 2",
	grid: "M0 4H8M4 0V8",
	waves: "M0 4Q2 0 4 4T8 4",
};
