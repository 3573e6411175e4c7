// What runs, and what went wrong.
import { amountText } from "../words";
import { useActions } from "./context";

export function Trouble() {
	const { w, keeping } = useActions();
	return (
		<>
			{w.problem.value !== "" && (
				<div class="error" role="alert">
					<p>{w.problem}</p>
					<button type="button" onClick={() => (w.problem.value = "")}>
						Dismiss
					</button>
				</div>
			)}
			{keeping.state.value === "conflict" && (
				<div class="error" role="alert">
					<p>Somebody else saved the board of case {keeping.slug} meanwhile. Yours is not saved, and theirs is not overwritten.</p>
					<button type="button" onClick={() => void keeping.theirs().catch((error: unknown) => w.fail(error))}>
						Show theirs, and drop mine
					</button>
					<button type="button" onClick={() => (w.dialog.value = "save")}>
						Save mine as another case
					</button>
				</div>
			)}
			{keeping.state.value === "failed" && (
				<div class="error" role="alert">
					<p>The board is not saved: {keeping.problem}</p>
					<button type="button" onClick={() => void keeping.save()}>
						Try again
					</button>
				</div>
			)}
		</>
	);
}

/** Progress tells how far a trace is and what it has found so far. */
export function Progress() {
	const { tracing, w } = useActions();
	const row = tracing.running.value;
	if (!row) return null;
	return (
		<section class="notice" aria-label="A trace runs">
			<p>
				<strong>Tracing by {row.method}</strong>: {row.transactions_read} transactions looked at, now at block {row.block}
				{row.reached !== undefined && <>; {row.reached} addresses reached</>}
				{row.hop !== undefined && <>, {row.hop} movements from the theft</>}. {w.board.value ? "What is drawn is the trace before." : ""}
			</p>
			{row.ended && row.ended.length > 0 && (
				<ul>
					{row.ended.map((end) => (
						<li>
							{end.reason}: {end.amounts.map(amountText).join(", ")} so far
						</li>
					))}
				</ul>
			)}
			<button type="button" onClick={() => void tracing.cancel().catch((error: unknown) => w.fail(error))}>
				Cancel the trace
			</button>
		</section>
	);
}

/** Link shows a link that could not be put on the clipboard. */
export function Link() {
	const a = useActions();
	if (a.copied.value === "") return null;
	return (
		<p class="notice">
			<label>
				Link to this view <input readOnly value={a.copied} onFocus={(event) => event.currentTarget.select()} />
			</label>{" "}
			<button type="button" onClick={() => (a.copied.value = "")}>
				Done
			</button>
		</p>
	);
}
