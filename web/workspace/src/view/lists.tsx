// Lists beside the picture. Each line leads to its box.
import { command } from "../commands";
import type { Box } from "../model";
import { amountText, nameOf, shapes } from "../words";
import { visible, visibleLines } from "../visible";
import { useActions } from "./context";

function To({ box }: { box: Box }) {
	const a = useActions();
	return (
		<button type="button" class="to" onClick={() => a.select(box.key, { focus: true })}>
			{nameOf(box)}
		</button>
	);
}

export function Steps() {
	const { w } = useActions();
	const trace = w.trace.value;
	const steps = trace?.next_steps ?? [];
	return (
		<>
			<h2>What to do next</h2>
			{steps.length === 0 && <p class="none">{trace ? "Nothing that the trace tells by itself." : "Trace a case to be told."}</p>}
			<ol class="steps">
				{steps.map((step) => (
					<li>
						{step.Text}{" "}
						<span class={`mark ${step.Statement}`}>
							{shapes[step.Statement]} {step.Statement}
						</span>
					</li>
				))}
			</ol>
			{trace && (
				<p>
					<a href={trace.url}>The page of the trace</a> has its tables and books.
				</p>
			)}
		</>
	);
}

export function Ends() {
	const { w } = useActions();
	const reasons = new Map<string, { says: string; boxes: Box[] }>();
	for (const box of w.board.value?.boxes ?? [])
		for (const end of box.ends) {
			const entry = reasons.get(end.reason) ?? { says: end.says, boxes: [] };
			entry.boxes.push(box);
			reasons.set(end.reason, entry);
		}
	return (
		<>
			<h2>Where and why it ended</h2>
			{reasons.size === 0 && <p class="none">No branch ends on this board.</p>}
			{[...reasons].map(([reason, { says, boxes }]) => (
				<section>
					<h3>
						{reason} <small>{says}</small>
					</h3>
					<ul>
						{boxes.map((box) => (
							<li>
								<To box={box} /> {box.ends.find((end) => end.reason === reason)!.amounts.map(amountText).join(", ")}
							</li>
						))}
					</ul>
				</section>
			))}
		</>
	);
}

export function Chokes() {
	const { w } = useActions();
	const boxes = (w.board.value?.boxes ?? []).filter((box) => box.choke).sort((a, b) => a.choke!.rank - b.choke!.rank);
	return (
		<>
			<h2>Choke points</h2>
			<p>
				<small>Addresses that much of what ended had to pass; freezing them stops the most.</small>
			</p>
			{boxes.length === 0 && <p class="none">None is drawn.</p>}
			<ol class="chokes">
				{boxes.map((box) => (
					<li value={box.choke!.rank}>
						<To box={box} /> {box.choke!.amounts.map(amountText).join(", ")}
					</li>
				))}
			</ol>
		</>
	);
}

export function Notes() {
	const { w } = useActions();
	const view = w.view.value;
	const notes = Object.entries(view.notes);
	const pinned = Object.keys(view.pinned[view.mode]);
	return (
		<>
			<h2>Notes</h2>
			{notes.length === 0 && <p class="none">None; n writes one on the selected box.</p>}
			<ul>
				{notes.map(([key, text]) => (
					<li>
						<Name of={key} />
						<p class="written">{visibleLines(text)}</p>
					</li>
				))}
			</ul>
			<h2>Hidden</h2>
			{view.hide.length === 0 && <p class="none">Nothing is hidden.</p>}
			<ul>
				{view.hide.map((key) => (
					<li>
						<span class="id">{visible(key)}</span>{" "}
						<button type="button" onClick={() => w.do(command("show", { keys: [key] }))}>
							Show
						</button>
					</li>
				))}
			</ul>
			<h2>Expanded</h2>
			{view.expand.length === 0 && <p class="none">Nothing besides the trace.</p>}
			<ul>
				{view.expand.map((e) => (
					<li>
						<Name of={e.address} /> {e.direction === "in" ? "what paid it" : "what it paid"}, {e.order === "amount" ? "largest" : "newest"} {e.top}{" "}
						<button type="button" onClick={() => w.do(command("unexpand", { address: e.address }))}>
							Take back
						</button>
					</li>
				))}
			</ul>
			<h2>Pinned</h2>
			{pinned.length === 0 && <p class="none">Nothing.</p>}
			<ul>
				{pinned.map((key) => (
					<li>
						<Name of={key} />
					</li>
				))}
			</ul>
		</>
	);
}

function Name({ of }: { of: string }) {
	const { w } = useActions();
	const box = w.boxes.value.get(of);
	return box ? <To box={box} /> : <span class="id">{visible(of)}</span>;
}
