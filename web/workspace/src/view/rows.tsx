// The rows behind what is selected, a page at a time.
import { useSignal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import { get, why } from "../api";
import { pageOf, withParameter, type Page } from "../rows";
import { shapes } from "../words";

const size = "25";

export function RowsOf({ url, title }: { url: string; title: string }) {
	const way = useSignal<[string, string][]>([]); // of pages before this one
	const page = useSignal<Page | null>(null);
	const problem = useSignal("");
	useEffect(() => {
		way.value = [];
		page.value = null;
	}, [url]);
	const step = way.value.at(-1);
	useEffect(() => {
		const asking = new AbortController();
		const first = withParameter(url, "limit", size);
		get<Parameters<typeof pageOf>[0]>(step ? withParameter(first, step[0], step[1]) : first, asking.signal).then(
			(answer) => {
				page.value = pageOf(answer);
				problem.value = "";
			},
			(error: unknown) => {
				if (!asking.signal.aborted) problem.value = why(error);
			},
		);
		return () => asking.abort();
	}, [url, step?.[1]]);
	const shown = page.value;
	if (problem.value) return <p class="error">{problem}</p>;
	if (!shown) return <p>…</p>;
	return (
		<>
			<div class="scroll" role="region" tabIndex={0} aria-label={title}>
				<table>
					<caption>{title}</caption>
					<thead>
						<tr>
							{shown.columns.map((column) => (
								<th scope="col" title={column.meaning ?? ""}>
									{column.name} {column.statement && column.statement in shapes && <span class={`mark ${column.statement}`}>{shapes[column.statement]}</span>}
								</th>
							))}
						</tr>
					</thead>
					<tbody>
						{shown.rows.map((row) => (
							<tr>
								{row.map((cell) => (
									<td>{cell}</td>
								))}
							</tr>
						))}
					</tbody>
				</table>
			</div>
			<p class="pages">
				{shown.told}{" "}
				<button type="button" disabled={way.value.length === 0} onClick={() => (way.value = way.value.slice(0, -1))}>
					Rows before
				</button>
				<button type="button" disabled={!shown.next} onClick={() => (way.value = [...way.value, shown.next!])}>
					Rows after
				</button>{" "}
				<a href={withParameter(url, "format", "csv")}>CSV</a>
			</p>
		</>
	);
}
