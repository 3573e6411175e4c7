// Value that moved by time; a part of it can be chosen with the pointer or the
// keys.
import { useSignal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import { get } from "../api";
import { chosen, heights, slide, times, type Range } from "../brushing";
import { command } from "../commands";
import type { Histogram } from "../model";
import { withParameter } from "../rows";
import { assetName } from "../words";
import { useActions } from "./context";

const bins = 60;
const tall = 40;

export function Brush() {
	const { w } = useActions();
	const { trace } = w.view.value;
	const other = useSignal(""); // asset of the bars, if it is not that of the picture
	const asset = w.view.value.asset || other.value;
	const histogram = useSignal<Histogram | null>(null);
	useEffect(() => {
		histogram.value = null;
		if (trace === "") return;
		const asking = new AbortController();
		const url = withParameter(`/traces/${trace}/histogram`, "bins", String(bins));
		get<Histogram>(asset ? withParameter(url, "asset", asset) : url, asking.signal).then(
			(answer) => (histogram.value = answer),
			(error: unknown) => {
				if (!asking.signal.aborted) w.fail(error);
			},
		);
		return () => asking.abort();
	}, [trace, asset]);
	const h = histogram.value;
	if (!h || h.bins.length < 2) return null;
	return <Bars h={h} choose={(asset) => (other.value = asset)} />;
}

function Bars({ h, choose: chooseAsset }: { h: Histogram; choose: (asset: string) => void }) {
	const { w } = useActions();
	const { since, until } = w.view.value;
	const last = h.bins.length - 1;
	const settled = chosen(h, since, until);
	const moving = useSignal<Range | null>(null);
	const frame = useRef<SVGSVGElement>(null);
	const range = moving.value ?? settled;
	const choose = (to: Range) => {
		moving.value = null;
		const asked = times(h, to);
		if (asked.since !== since || asked.until !== until) w.do(command("time", asked));
	};
	const bars = heights(h);
	const down = (event: PointerEvent) => {
		const svg = frame.current!;
		const at = (e: PointerEvent) => {
			const { left, width } = svg.getBoundingClientRect();
			return Math.min(last, Math.max(0, Math.floor(((e.clientX - left) / width) * h.bins.length)));
		};
		const end = (event.target as Element).closest<SVGElement>("[data-end]")?.dataset["end"] as keyof Range | undefined;
		const start = at(event);
		svg.setPointerCapture(event.pointerId);
		const move = (e: PointerEvent) => {
			moving.value = end ? slide(range, end, at(e), last) : { from: Math.min(start, at(e)), to: Math.max(start, at(e)) };
		};
		const up = () => {
			svg.removeEventListener("pointermove", move);
			svg.removeEventListener("pointerup", up);
			if (moving.value) choose(moving.value);
		};
		svg.addEventListener("pointermove", move);
		svg.addEventListener("pointerup", up);
	};
	const press = (end: keyof Range) => (event: KeyboardEvent) => {
		const far = { ArrowLeft: -1, ArrowDown: -1, ArrowRight: 1, ArrowUp: 1, PageDown: -10, PageUp: 10, Home: -last - 1, End: last + 1 }[event.key];
		if (!far) return;
		event.preventDefault();
		choose(slide(settled, end, settled[end] + far, last));
	};
	const handle = (end: keyof Range) => {
		const at = end === "from" ? range.from : range.to + 1;
		const time = end === "from" ? h.bins[range.from]!.since : h.bins[range.to]!.until;
		return (
			<rect
				class="handle"
				data-end={end}
				x={at * 10 - 2.5}
				y={0}
				width={5}
				height={tall}
				role="slider"
				tabindex={0}
				aria-label={end === "from" ? "Begin of the time shown" : "End of the time shown"}
				aria-valuemin={0}
				aria-valuemax={last}
				aria-valuenow={range[end]}
				aria-valuetext={time}
				onKeyDown={press(end)}
			/>
		);
	};
	const all = since === "" && until === "";
	return (
		<section class="brush" aria-label="Time">
			<p>
				<span>
					<label>
						Value from the seeds that moved{" "}
						<select value={h.asset} disabled={w.view.value.asset !== ""} onChange={(event) => chooseAsset(event.currentTarget.value)}>
							{w.assets.value.map((asset) => (
								<option value={asset.asset}>{assetName(asset)}</option>
							))}
						</select>
					</label>
					: <time>{h.bins[range.from]!.since}</time> to <time>{h.bins[range.to]!.until}</time>
				</span>
				<button type="button" disabled={all} onClick={() => choose({ from: 0, to: last })}>
					All times
				</button>
			</p>
			<svg ref={frame} viewBox={`-4 0 ${h.bins.length * 10 + 8} ${tall}`} preserveAspectRatio="none" onPointerDown={down} role="group" aria-label="Histogram of value by time">
				{h.bins.map((_, i) => (
					<rect class={i < range.from || i > range.to ? "bar out" : "bar"} x={i * 10 + 1} y={tall - (bars[i]! * tall) / 1000} width={8} height={(bars[i]! * tall) / 1000} />
				))}
				<line class="base" x1="0" x2={h.bins.length * 10} y1={tall} y2={tall} />
				{handle("from")}
				{handle("to")}
			</svg>
		</section>
	);
}
