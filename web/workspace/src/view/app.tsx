import { counted } from "../words";
import { useActions } from "./context";
import { Brush } from "./brush";
import { Canvas } from "./canvas";
import { Choose } from "./choose";
import { Drawer } from "./drawer";
import { Help } from "./help";
import { Key } from "./legend";
import { Link, Progress, Trouble } from "./status";
import { Table } from "./table";
import { Toolbar } from "./toolbar";

export function App() {
	const { w, tracing } = useActions();
	const begun = w.board.value !== null || w.busy.value;
	return (
		<>
			<p class="aside" role="status" aria-live="polite" id="said">
				{w.said}
			</p>
			<Toolbar />
			<Trouble />
			<Progress />
			<Link />
			{begun ? (
				<div class="work">
					<div class="stage">
						{w.table.value ? <Table /> : <Canvas />}
						<Foot />
						<Brush />
					</div>
					<Drawer />
				</div>
			) : (
				tracing.running.value === null && <Choose />
			)}
			<Help />
		</>
	);
}

/** Foot tells what the picture leaves out, and what its signs mean. */
function Foot() {
	const { w } = useActions();
	const board = w.board.value;
	if (!board) return null;
	const { asset, since, until } = w.view.value;
	const left = [
		board.folded ? `${board.folded} addresses folded` : "",
		board.hidden ? `${board.hidden} hidden` : "",
		board.outside && (asset || since || until) ? `${board.outside} outside of the asset and times chosen` : "",
		...board.notes.map((note) => note.replace(/\.$/, "")),
	].filter(Boolean);
	return (
		<div class="foot">
			<p class="left-out">
				{counted(board.boxes.length, "box", "boxes")}, {counted(board.arrows.length, "arrow", "arrows")}{left.length > 0 && `; ${left.join("; ")}`}.
			</p>
			<Key />
		</div>
	);
}
