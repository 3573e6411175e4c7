// Expanding a box: what is asked for is counted before anything is loaded.
import { useSignal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import { parseUnits } from "../amount";
import { get, part, why } from "../api";
import { command } from "../commands";
import type { Box, Counts } from "../model";
import type { Expansion } from "../picture";
import { assetName } from "../words";
import { visible } from "../visible";
import { useActions } from "./context";

interface Form {
	direction: "in" | "out";
	top: string;
	order: "amount" | "newest";
	asset: string;
	least: string;
	since: string;
	until: string;
}

export function Expand({ box }: { box: Box }) {
	const a = useActions();
	const { w } = a;
	const form = useSignal<Form>({ direction: "out", top: "10", order: "amount", asset: "", least: "", since: "", until: "" });
	const counts = useSignal<Counts | null>(null);
	const problem = useSignal("");
	const { value } = form;
	const assets = w.assets.value.filter((asset) => asset.asset.startsWith(box.chain + "/"));
	let asked: Expansion | null = null;
	let wrong = "";
	try {
		asked = expansion(`${box.chain}:${box.address}`, value, assets.find((asset) => asset.asset === value.asset)?.decimals ?? null);
	} catch (error) {
		wrong = why(error);
	}
	const url = asked && countURL(box, asked);
	useEffect(() => {
		counts.value = null;
		if (!url) return;
		const asking = new AbortController();
		const later = setTimeout(() => {
			get<Counts>(url, asking.signal).then(
				(answer) => {
					counts.value = answer;
					problem.value = "";
				},
				(error: unknown) => {
					if (!asking.signal.aborted) problem.value = why(error);
				},
			);
		}, 200);
		return () => {
			clearTimeout(later);
			asking.abort();
		};
	}, [url]);
	const set = (name: keyof Form) => (event: Event) => (form.value = { ...form.value, [name]: (event.currentTarget as HTMLInputElement).value });
	const submit = (event: SubmitEvent) => {
		event.preventDefault();
		if (!asked) return;
		w.do(command("expand", asked));
		a.leave();
	};
	const found = counts.value;
	return (
		<form class="expand" aria-label="Expand" onSubmit={submit} onKeyDown={(event) => event.key === "Escape" && a.leave()}>
			<fieldset>
				<legend>What else the ledger knows of it</legend>
				<label>
					Direction
					<select value={value.direction} onChange={set("direction")} ref={(field) => void (value.top === "10" && field?.focus())}>
						<option value="out">what it paid</option>
						<option value="in">what paid it</option>
					</select>
				</label>
				<label>
					First
					<input type="number" min="1" max="50" required value={value.top} onInput={set("top")} />
				</label>
				<label>
					By
					<select value={value.order} onChange={set("order")}>
						<option value="amount">amount</option>
						<option value="newest">newest</option>
					</select>
				</label>
				<label>
					Asset
					<select value={value.asset} onChange={set("asset")}>
						<option value="">all</option>
						{assets.map((asset) => (
							<option value={asset.asset}>{assetName(asset)}</option>
						))}
					</select>
				</label>
				<label>
					At least
					<input value={value.least} onInput={set("least")} inputMode="decimal" placeholder="whole units" />
				</label>
				<label>
					Since
					<input type="date" value={value.since} onInput={set("since")} />
				</label>
				<label>
					Until
					<input type="date" value={value.until} onInput={set("until")} />
				</label>
			</fieldset>
			<p role="status" id="counted">
				{wrong || problem.value || (found ? <Counted counts={found} top={Number(value.top)} /> : "counting …")}
			</p>
			<button disabled={!asked}>Draw them</button>{" "}
			<button type="button" onClick={() => a.leave()}>
				Leave it
			</button>
		</form>
	);
}

function Counted({ counts, top }: { counts: Counts; top: number }) {
	const least = counts.exact ? "" : "at least ";
	return (
		<>
			{least}
			{counts.transfers} transfers with {least}
			{counts.counterparties} counterparties
			{counts.counterparties > top ? `; the first ${top} will be drawn` : "; all will be drawn"}
			{counts.cut ? `. ${visible(counts.cut)}` : ""}
		</>
	);
}

/** expansion reads the form; it throws on what it cannot mean. */
function expansion(address: string, form: Form, decimals: number | null): Expansion {
	const top = Number(form.top);
	if (!Number.isInteger(top) || top < 1 || top > 50) throw new Error("draw between 1 and 50 at once");
	const e: Expansion = { address, direction: form.direction, top, order: form.order };
	if (form.asset) e.asset = form.asset;
	if (form.least.trim()) {
		if (!form.asset) throw new Error("choose an asset for the least amount: amounts of several cannot be compared");
		if (decimals === null) throw new Error("nobody has said how many decimals the asset has");
		e.min_raw = parseUnits(form.least, decimals).toString();
	}
	if (form.since) e.since = form.since;
	if (form.until) e.until = form.until;
	return e;
}

function countURL(box: Box, e: Expansion): string {
	const asked = new URLSearchParams({ direction: e.direction, count: "true" });
	for (const name of ["asset", "min_raw", "since", "until"] as const) if (e[name]) asked.set(name, e[name]);
	return `/relations/${part(box.chain)}/${part(box.address)}?${asked}`;
}
