import { assetName, methods } from "../words";
import { command, says } from "../commands";
import { useActions } from "./context";
import { ExportMenu } from "./export";
import { Find } from "./find";

export function Toolbar() {
	const a = useActions();
	const { w } = a;
	const { view, board, trace } = w;
	const begun = board.value !== null;
	const choose = async (select: HTMLSelectElement) => {
		await a.method(select.value);
		select.value = trace.value?.method ?? ""; // another, if it was cancelled or refused
	};
	return (
		<div class="tools" role="toolbar" aria-label="Workspace">
			<Title />
			{begun && (
				<>
					{trace.value && (
						<label>
							Method
							<select id="method" value={a.tracing.running.value?.method ?? trace.value.method} onChange={(event) => void choose(event.currentTarget)} title={methods.find(([name]) => name === trace.value?.method)?.[1] ?? ""}>
								{methods.map(([name, sentence]) => (
									<option value={name} title={sentence}>
										{name}
									</option>
								))}
							</select>
						</label>
					)}
					<label>
						Columns
						<select value={view.value.mode} onChange={() => a.mode()}>
							<option value="hops">by hops</option>
							<option value="time">by time</option>
						</select>
					</label>
					<label>
						Asset
						<select value={view.value.asset} onChange={(event) => w.do(command("asset", { asset: event.currentTarget.value }))}>
							<option value="">all</option>
							{w.assets.value.map((asset) => (
								<option value={asset.asset}>{assetName(asset)}</option>
							))}
						</select>
					</label>
					<label class="check">
						<input type="checkbox" checked={view.value.single} onChange={() => a.single()} /> Single transfers
					</label>
					<label class="check">
						<input type="checkbox" checked={view.value.collapse.includes("all")} onChange={() => a.entities()} /> Entities as one
					</label>
					<span class="group">
						<Undo />
					</span>
					<span class="group">
						<button type="button" onClick={() => a.zoom(0.8)} aria-label="Smaller">
							−
						</button>
						<button type="button" onClick={() => a.fit()}>
							Fit
						</button>
						<button type="button" onClick={() => a.zoom(1.25)} aria-label="Larger">
							+
						</button>
					</span>
					<button type="button" onClick={() => a.tidy()} title="Place anew what is not pinned">
						Tidy
					</button>
					<button type="button" aria-pressed={w.table.value} onClick={() => (w.table.value = !w.table.value)}>
						Table
					</button>
					<Find />
					<ExportMenu />
					<button type="button" onClick={() => void a.copy()}>
						Copy link
					</button>
				</>
			)}
			<button type="button" onClick={() => w.say(`theme: ${a.theme.next()}`)} aria-label={`Theme: ${a.theme.shade.value}`}>
				{{ system: "◐", light: "○", dark: "●" }[a.theme.shade.value]}
			</button>
			<button type="button" onClick={() => (w.dialog.value = "help")} aria-label="Keyboard help">
				?
			</button>
		</div>
	);
}

/** Title is the case, and whether its board is saved. */
function Title() {
	const { w, keeping } = useActions();
	const slug = keeping.slug.value;
	const words = { "": "", unsaved: "not saved yet", saving: "saving …", saved: "saved", conflict: "not saved: changed elsewhere", failed: "not saved" };
	return (
		<span class="title">
			<h1>{slug ? <a href={`/cases/${slug}`}>{slug}</a> : w.trace.value?.case || "Workspace"}</h1>
			{slug ? (
				<small>
					<span id="saved">{words[keeping.state.value]}</span> <a href={`/cases/${slug}/log`}>log</a>
				</small>
			) : (
				w.trace.value && (
					<button type="button" onClick={() => (w.dialog.value = "save")}>
						Save as case
					</button>
				)
			)}
		</span>
	);
}

function Undo() {
	const { w } = useActions();
	const { done, undone } = w.history.value;
	const last = done.at(-1);
	const next = undone.at(-1);
	return (
		<>
			<button type="button" disabled={!last} onClick={() => w.undo()} title={last ? says(last.command, w.name) : ""}>
				Undo
			</button>
			<button type="button" disabled={!next} onClick={() => w.redo()} title={next ? says(next, w.name) : ""}>
				Redo
			</button>
		</>
	);
}
