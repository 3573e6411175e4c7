// Beside the picture: what is selected, and lists that lead to boxes.
import { useActions } from "./context";
import { Details } from "./details";
import { Chokes, Ends, Notes, Steps } from "./lists";
import type { Panel } from "../workspace";

const panels: [Panel, string][] = [
	["details", "Details"],
	["steps", "Next steps"],
	["ends", "Ends"],
	["chokes", "Choke points"],
	["notes", "Notes"],
];

export function Drawer() {
	const { w } = useActions();
	const now = w.panel.value;
	const press = (event: KeyboardEvent) => {
		const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
		if (!step) return;
		const at = panels.findIndex(([name]) => name === now);
		w.panel.value = panels[(at + step + panels.length) % panels.length]![0];
		document.getElementById(`tab-${w.panel.value}`)?.focus();
		event.preventDefault();
	};
	return (
		<aside class="drawer" aria-label="Details and lists">
			<div role="tablist" aria-label="What is shown beside the picture" onKeyDown={press}>
				{panels.map(([name, title]) => (
					<button type="button" role="tab" id={`tab-${name}`} aria-selected={name === now} aria-controls="panel" tabIndex={name === now ? 0 : -1} onClick={() => (w.panel.value = name)}>
						{title}
					</button>
				))}
			</div>
			<div role="tabpanel" id="panel" aria-labelledby={`tab-${now}`} tabIndex={0}>
				{now === "details" && <Details />}
				{now === "steps" && <Steps />}
				{now === "ends" && <Ends />}
				{now === "chokes" && <Chokes />}
				{now === "notes" && <Notes />}
			</div>
		</aside>
	);
}
