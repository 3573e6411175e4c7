// Where to begin, when the address of the page does not say.
import { signal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import { get } from "../api";
import type { CaseRow, TraceRow } from "../model";
import { methods } from "../words";
import { visible } from "../visible";
import { useActions } from "./context";

const cases = signal<CaseRow[]>([]);
const traces = signal<TraceRow[]>([]);

export function Choose() {
	const a = useActions();
	const { w, opening } = a;
	const attempt = (work: Promise<void>) => void work.catch((error: unknown) => w.fail(error));
	useEffect(() => {
		attempt(get<{ cases: CaseRow[] }>("/cases").then((list) => void (cases.value = list.cases)));
		attempt(get<{ traces: TraceRow[] }>("/traces").then((list) => void (traces.value = list.traces.filter((t) => t.state === "finished" || t.state === "running"))));
	}, []);
	const fields = (event: SubmitEvent) => {
		event.preventDefault();
		return new FormData(event.currentTarget as HTMLFormElement);
	};
	const start = (event: SubmitEvent) => {
		const refs = String(fields(event).get("start")).split(/\s+/).filter(Boolean);
		if ((event.submitter as HTMLButtonElement | null)?.value === "trace") attempt(opening.trace({ seeds: refs.join("\n") }));
		else opening.start(refs);
	};
	const open = async (event: SubmitEvent) => {
		const file = fields(event).get("file");
		if (!(file instanceof File) || file.size === 0) throw new Error("choose the file of a case first");
		if (file.size > 256 << 10) throw new Error(`${file.name} has more than 256 KiB: that is no case`);
		await opening.trace({ yaml: await file.text() });
	};
	return (
		<div class="choose">
			<section>
				<h2>A saved case</h2>
				<ul>
					{cases.value.map((c) => (
						<li>
							<a href={`/workspace?case=${encodeURIComponent(c.slug)}`}>{c.slug}</a> {visible(c.name)} {c.problem ? <small>cannot be traced: {visible(c.problem)}</small> : <small>{c.method}</small>}
						</li>
					))}
					{cases.value.length === 0 && <li class="none">none is saved</li>}
				</ul>
			</section>
			<section>
				<h2>A trace</h2>
				<ul>
					{traces.value.map((t) => (
						<li>
							<a href={`/workspace?trace=${encodeURIComponent(t.id)}`}>
								{visible(t.case) || t.id}, {t.method}
							</a>{" "}
							<small>{t.state}</small>
						</li>
					))}
					{traces.value.length === 0 && <li class="none">none is kept</li>}
				</ul>
			</section>
			<section>
				<h2>An address or a transaction</h2>
				<form onSubmit={start}>
					<label for="start">CHAIN:ADDRESS or CHAIN:TRANSACTION, several on lines</label>
					<textarea id="start" name="start" rows={3} required spellcheck={false} placeholder="ethereum:0x…" />
					<button value="look">Look around it</button> <button value="trace">Trace from it</button>
				</form>
			</section>
			<section>
				<h2>The file of a case</h2>
				<form onSubmit={(event) => attempt(open(event))}>
					<label for="file">YAML or JSON, as spoor case new writes it</label>
					<input id="file" name="file" type="file" accept=".yaml,.yml,.json" required />
					<button>Import and trace</button>
				</form>
			</section>
			<p>
				<small>Methods: {methods.map(([name, sentence]) => `${name}, ${sentence}`).join("; ")}.</small>
			</p>
		</div>
	);
}
