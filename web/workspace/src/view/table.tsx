// What is drawn, as tables: for who reads them rather than pictures.
import { amountText, describeArrow, kinds, nameOf, percent, shapes } from "../words";
import { visibleLines } from "../visible";
import { useActions } from "./context";

export function Table() {
	const a = useActions();
	const { w } = a;
	const board = w.board.value;
	if (!board) return null;
	const go = (key: string) => () => a.select(key);
	return (
		<div class="tables" role="region" tabIndex={0} aria-label="The board as tables">
			<table>
				<caption>Boxes</caption>
				<thead>
					<tr>
						{["Column", "Box", "Role", "Arrived from the seeds", "Taint", "Ended", "Statement", "Note"].map((title) => (
							<th scope="col">{title}</th>
						))}
					</tr>
				</thead>
				<tbody>
					{board.boxes.map((box) => (
						<tr class={box.key === w.selected.value ? "selected" : ""}>
							<td>{board.columns[box.column]?.text ?? box.column}</td>
							<th scope="row">
								<button type="button" class="to id" onClick={go(box.key)}>
									{nameOf(box)}
								</button>
								{box.partial && <small> ◧ partial: {box.partial}</small>}
							</th>
							<td>{[...box.role, ...(box.choke ? [`choke ${box.choke.rank}`] : [])].join(", ")}</td>
							<td>{box.arrived.map(amountText).join(", ")}</td>
							<td class="n">{box.arrived.length ? percent(box.taint_permille) : ""}</td>
							<td>{box.ends.map((end) => `${end.reason}: ${end.amounts.map(amountText).join(", ")}`).join("; ")}</td>
							<td class={`mark ${box.statement}`}>
								{shapes[box.statement]} {box.statement}
							</td>
							<td class="lines">{visibleLines(w.view.value.notes[box.key] ?? "")}</td>
						</tr>
					))}
				</tbody>
			</table>
			<table>
				<caption>Arrows</caption>
				<thead>
					<tr>
						{["From", "To", "Kind", "Amounts", "Movements", "First", "Last", "Statement"].map((title) => (
							<th scope="col">{title}</th>
						))}
					</tr>
				</thead>
				<tbody>
					{board.arrows.map((arrow) => (
						<tr class={arrow.key === w.selected.value ? "selected" : ""}>
							<td class="id">{w.name(arrow.from)}</td>
							<td class="id">{w.name(arrow.to)}</td>
							<td>
								<button type="button" class="to" aria-label={describeArrow(arrow, w.name)} onClick={go(arrow.key)}>
									{kinds[arrow.kind].word}
								</button>
							</td>
							<td>{arrow.amounts.length ? arrow.amounts.map(amountText).join(", ") : "not recorded"}</td>
							<td class="n">{arrow.steps}</td>
							<td>{arrow.first}</td>
							<td>{arrow.last}</td>
							<td class={`mark ${arrow.statement}`}>
								{shapes[arrow.statement]} {arrow.statement}
							</td>
						</tr>
					))}
				</tbody>
			</table>
		</div>
	);
}
