// What is selected: all that the board knows of a box or an arrow, exact and
// in words, and what can be done with it.
import { useSignal } from "@preact/signals";
import { part } from "../api";
import { command } from "../commands";
import type { Amount, Arrow, Box } from "../model";
import { amountText, colours, counted, describeArrow, kinds, nameOf, percent, shapes } from "../words";
import { visibleLines } from "../visible";
import { useActions } from "./context";
import { Expand } from "./expand";
import { RowsOf } from "./rows";

export function Details() {
	const { w } = useActions();
	const { box, arrow } = w;
	if (box.value) return <BoxDetails key={box.value.key} box={box.value} />;
	if (arrow.value) return <ArrowDetails key={arrow.value.key} arrow={arrow.value} />;
	return (
		<>
			<h2 id="details-title" tabIndex={-1}>
				Details
			</h2>
			<p class="none">Select a box or an arrow, with the pointer or the arrow keys.</p>
		</>
	);
}

function Mark({ of }: { of: Box | Arrow }) {
	return (
		<span class={`mark ${of.statement}`}>
			<span aria-hidden="true">{shapes[of.statement]}</span> {of.statement}
		</span>
	);
}

function Amounts({ title, amounts }: { title: string; amounts: Amount[] }) {
	if (amounts.length === 0) return null;
	return (
		<>
			<dt>{title}</dt>
			{amounts.map((a) => (
				<dd>
					<span class="n">{amountText(a)}</span>{" "}
					<small class="id">
						{a.raw} base units of {a.asset}
					</small>
				</dd>
			))}
		</>
	);
}

function BoxDetails({ box }: { box: Box }) {
	const a = useActions();
	const { w } = a;
	const arrows = (w.board.value?.arrows ?? []).filter((arrow) => arrow.from === box.key || arrow.to === box.key);
	return (
		<>
			<h2 id="details-title" tabIndex={-1} class={box.kind === "fold" ? "" : "id"}>
				{box.kind === "fold" ? nameOf(box) : <a href={box.url}>{box.address}</a>}
			</h2>
			<p>
				<Mark of={box} /> {box.chain} {box.role.length > 0 && <strong>{box.role.join(", ")}</strong>}
			</p>
			{box.labels.map((l) => (
				<p class="label">
					<span class="mark attributed">▲</span> {l.name}{" "}
					<small>
						{l.category}; says {l.source}, confidence {l.confidence}
					</small>
				</p>
			))}
			<Buttons box={box} />
			{w.dialog.value === "expand" && box.kind !== "fold" && <Expand box={box} />}
			<Note box={box} />
			{box.partial && (
				<p class="notice">
					<strong>◧ partial</strong> {box.partial}
				</p>
			)}
			{box.frozen && <p class="notice">The issuer of an asset keeps this address from moving it.</p>}
			<dl>
				<Amounts title="Arrived from the seeds" amounts={box.arrived} />
				{box.arrived.length > 0 && (
					<>
						<dt>Taint of what came in</dt>
						<dd>
							<meter min={0} max={1000} value={box.taint_permille} aria-label="Taint" /> {percent(box.taint_permille)}
						</dd>
					</>
				)}
				<Amounts title="Went on" amounts={box.passed} />
				<Amounts title="Still here" amounts={box.held} />
				{box.ends.map((end) => (
					<Amounts title={`Ended, ${end.reason}: ${end.says}`} amounts={end.amounts} />
				))}
				{box.choke && <Amounts title={`Choke point ${box.choke.rank}: of what ended, this had to pass here`} amounts={box.choke.amounts} />}
				{box.entity && (
					<>
						<dt>One owner, by {box.entity.rules.join(", ")}</dt>
						<dd>
							<a href={`/entity/${part(box.chain)}/${part(box.address)}`}>{counted(box.entity.size, "address", "addresses")} of the trace, and why</a> <small class="id">{box.entity.id}</small>
						</dd>
					</>
				)}
				{box.kind !== "address" && (
					<>
						<dt>Addresses in it</dt>
						<dd>{box.members}</dd>
					</>
				)}
			</dl>
			<h3>Arrows</h3>
			<ul class="arrows">
				{arrows.map((arrow) => (
					<li>
						<button type="button" class="to" onClick={() => a.select(arrow.key, { focus: true })}>
							{arrow.from === box.key ? `→ ${w.name(arrow.to)}` : `← ${w.name(arrow.from)}`}
						</button>{" "}
						{kinds[arrow.kind].word}
						{arrow.amounts.length > 0 && `, ${arrow.amounts.map(amountText).join(", ")}`}
					</li>
				))}
				{arrows.length === 0 && <li class="none">none is drawn</li>}
			</ul>
			{box.kind === "fold" ? (
				<p>
					<a href={box.url}>The table of all addresses</a>
				</p>
			) : (
				<Ledger box={box} />
			)}
		</>
	);
}

/** Ledger shows the history of an address when it is asked for. */
function Ledger({ box }: { box: Box }) {
	const open = useSignal(false);
	return (
		<details onToggle={(event) => (open.value = event.currentTarget.open)}>
			<summary>Its transfers in the ledger</summary>
			{open.value && <RowsOf url={box.url} title="Transfers in or out" />}
		</details>
	);
}

function Buttons({ box }: { box: Box }) {
	const a = useActions();
	const { w } = a;
	const view = w.view.value;
	const pinned = view.pinned[view.mode][box.key] !== undefined;
	return (
		<div class="buttons">
			{box.kind === "fold" ? (
				<button type="button" onClick={() => a.fold()}>
					Open
				</button>
			) : (
				<button type="button" aria-expanded={w.dialog.value === "expand"} onClick={() => (w.dialog.value = w.dialog.value === "expand" ? "" : "expand")}>
					Expand
				</button>
			)}
			{box.entity && (
				<button type="button" onClick={() => a.collapse()}>
					{box.kind === "entity" ? "Separate" : "Collapse to entity"}
				</button>
			)}
			<button type="button" onClick={() => a.path()}>
				{w.marked.value === "" ? (view.path ? "No path" : "Path from here") : w.marked.value === box.key ? "No path from here" : "Path to here"}
			</button>
			<button type="button" aria-pressed={pinned} onClick={() => a.pin()}>
				{pinned ? "Unpin" : "Pin"}
			</button>
			<button type="button" onClick={() => a.hide()}>
				Hide
			</button>
			<button type="button" onClick={() => a.note()}>
				{view.notes[box.key] ? "Change note" : "Note"}
			</button>
			{box.kind === "address" && (
				<a class="button" href={`/traces/new?seed=${part(`${box.chain}:${box.address}`)}`}>
					Trace from here
				</a>
			)}
			<span class="swatches" role="group" aria-label="Colour">
				{colours.map(({ name, letter }) => (
					<button type="button" class="swatch" aria-pressed={view.colours[box.key] === name} aria-label={`Colour ${name}`} onClick={() => a.colour(name)}>
						<svg width="20" height="20" viewBox="0 0 20 20" aria-hidden="true">
							<rect width="20" height="20" rx="3" fill={`url(#colour-${name})`} />
							<text class="letter" x="10" y="14">
								{letter}
							</text>
						</svg>
					</button>
				))}
			</span>
		</div>
	);
}

function Note({ box }: { box: Box }) {
	const a = useActions();
	const { w } = a;
	const text = w.view.value.notes[box.key] ?? "";
	if (w.dialog.value !== "note") return text === "" ? null : <p class="written">{visibleLines(text)}</p>;
	const submit = (event: SubmitEvent) => {
		event.preventDefault();
		const written = String(new FormData(event.currentTarget as HTMLFormElement).get("note")).trim();
		if (written !== text) w.do(command("note", { key: box.key, text: written }));
		a.leave();
	};
	return (
		<form onSubmit={submit} class="note" onKeyDown={(event) => event.key === "Escape" && a.leave()}>
			<label>
				Note on this box
				<textarea name="note" rows={3} maxLength={4000} defaultValue={text} ref={(field) => field?.focus()} />
			</label>
			<button>Write</button>{" "}
			<button type="button" onClick={() => a.leave()}>
				Leave it
			</button>
		</form>
	);
}

function ArrowDetails({ arrow }: { arrow: Arrow }) {
	const a = useActions();
	const { w } = a;
	const end = (key: string) => (
		<button type="button" class="to" onClick={() => a.select(key, { focus: true })}>
			{w.name(key)}
		</button>
	);
	return (
		<>
			<h2 id="details-title" tabIndex={-1}>
				{kinds[arrow.kind].word}
			</h2>
			<p>
				<Mark of={arrow} /> {kinds[arrow.kind].says}
			</p>
			<dl>
				<dt>From</dt>
				<dd>{end(arrow.from)}</dd>
				<dt>To</dt>
				<dd>{end(arrow.to)}</dd>
				<Amounts title={arrow.kind === "relation" ? "Moved" : "Value from the seeds"} amounts={arrow.amounts} />
				<dt>Movements</dt>
				<dd>
					{arrow.steps}, {arrow.first === arrow.last ? <time>{arrow.first}</time> : <>from <time>{arrow.first}</time> to <time>{arrow.last}</time></>}
				</dd>
			</dl>
			{arrow.rows_url && <RowsOf url={arrow.rows_url} title={`Rows behind the ${kinds[arrow.kind].word}`} />}
			<p class="aside">{describeArrow(arrow, w.name)}</p>
		</>
	);
}
