// A search among what is drawn, which leads on to the search of the store.
import { signal } from "@preact/signals";
import { nameOf } from "../words";
import { useActions } from "./context";

const text = signal("");
const at = signal(0);
const most = 12; // boxes listed
const combobox: object = { role: "combobox" }; // whose types ask for a list of the browser's own

export function Find() {
	const a = useActions();
	const { w } = a;
	const asked = text.value.trim().toLowerCase();
	const found = asked === "" ? [] : [...w.boxes.value.values()].filter((box) => `${box.key} ${box.address} ${box.labels.map((l) => l.name).join(" ")} ${box.role.join(" ")} ${w.view.value.notes[box.key] ?? ""}`.toLowerCase().includes(asked));
	const listed = found.slice(0, most);
	const go = (key: string) => {
		text.value = "";
		a.select(key, { focus: true });
	};
	const press = (event: KeyboardEvent) => {
		if (event.key === "ArrowDown") at.value = Math.min(at.value + 1, listed.length - 1);
		else if (event.key === "ArrowUp") at.value = Math.max(at.value - 1, 0);
		else if (event.key === "Escape") {
			text.value = "";
			a.select(w.selected.value, { focus: true });
		} else if (event.key === "Enter") {
			const box = listed[at.value];
			if (box) go(box.key);
			else if (asked) location.assign(`/search?q=${encodeURIComponent(text.value)}`);
		} else return;
		event.preventDefault();
	};
	return (
		<span class="find">
			<label>
				<span class="aside">Find on the board</span>
				<input
					id="find"
					type="search"
					{...combobox}
					aria-expanded={listed.length > 0}
					aria-controls="found"
					aria-autocomplete="list"
					{...(listed[at.value] ? { "aria-activedescendant": `found-${at.value}` } : {})}
					placeholder="find on the board"
					autocomplete="off"
					spellcheck={false}
					value={text}
					onInput={(event) => {
						text.value = event.currentTarget.value;
						at.value = 0;
					}}
					onKeyDown={press}
				/>
			</label>
			<div class="drop" hidden={asked === ""}>
				<ul id="found" role="listbox" aria-label="Boxes found">
					{listed.map((box, i) => (
						<li id={`found-${i}`} role="option" aria-selected={i === at.value} onPointerDown={() => go(box.key)}>
							{nameOf(box)}
						</li>
					))}
				</ul>
				{found.length > listed.length && <p>and {found.length - listed.length} more on the board</p>}
				{asked !== "" && (
					<p>
						{found.length === 0 && "Nothing on the board. "}
						<a href={`/search?q=${encodeURIComponent(text.value)}`}>Search the store</a>
					</p>
				)}
			</div>
		</span>
	);
}
