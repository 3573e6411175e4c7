import { useRef } from "preact/hooks";
import { download } from "../export/download";
import { graphml } from "../export/graphml";
import { png } from "../export/png";
import { svg } from "../export/svg";
import { visible } from "../visible";
import { useActions } from "./context";

export function ExportMenu() {
	const { w } = useActions();
	const menu = useRef<HTMLDetailsElement>(null);
	const trace = w.trace.value;
	const board = w.board.value;
	if (!board) return null;
	const name = `spoor-${w.view.value.trace || "board"}`;
	const picture = () => {
		const drawn = document.querySelector<SVGSVGElement>("#board");
		if (!drawn) throw new Error("show the picture, not the table, to export it");
		return drawn;
	};
	const attempt = (what: string, work: () => void | Promise<void>) => async () => {
		try {
			await work();
			w.say(`exported as ${what}`);
		} catch (error) {
			w.fail(error);
		}
		menu.current?.removeAttribute("open");
	};
	const about = { title: `Board of trace ${visible(w.view.value.trace) || "of no case"}`, notes: w.view.value.notes };
	return (
		<details class="menu" ref={menu}>
			<summary class="button">Export</summary>
			<div class="drop">
				<button type="button" onClick={attempt("SVG", () => download(`${name}.svg`, "image/svg+xml", svg(picture(), board, about)))}>
					SVG
				</button>
				<button type="button" onClick={attempt("PNG", async () => download(`${name}.png`, "image/png", await png(picture(), board)))}>
					PNG
				</button>
				<button type="button" onClick={attempt("GraphML", () => download(`${name}.graphml`, "application/graphml+xml", graphml(board, w.view.value)))}>
					GraphML
				</button>
				{trace && (
					<>
						<a href={`${trace.url}/evidence`} download="">
							Evidence folder (ZIP)
						</a>
						<strong>Tables (CSV)</strong>
						{(trace.tables ?? []).map((table) => (
							<a href={table.csv} download="">
								{table.name}.csv
							</a>
						))}
					</>
				)}
			</div>
		</details>
	);
}
