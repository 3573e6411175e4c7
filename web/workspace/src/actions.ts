// What buttons and keys do alike.
import { signal } from "@preact/signals";
import { fit, reveal, zoom } from "./camera";
import { command } from "./commands";
import type { Keeping } from "./keeping";
import { arrowsOf, neighbour, type Way } from "./neighbours";
import type { Opening } from "./opening";
import type { SingleKeys } from "./single";
import type { Theme } from "./theme";
import type { Tracing } from "./tracing";
import type { Workspace } from "./workspace";
import { describe, describeArrow } from "./words";

const readable = 0.85; // scale below which text is hard to read

export class Actions {
	readonly copied = signal("");

	constructor(
		readonly w: Workspace,
		readonly tracing: Tracing,
		readonly keeping: Keeping,
		readonly opening: Opening,
		readonly theme: Theme,
		readonly letters: SingleKeys,
	) {
		// The focus is not lost with a box: it goes to what came in its place.
		w.onGone = (fresh) => this.select(fresh[0] ?? "", { focus: fresh.length > 0 });
		w.onColumns = () => {
			this.fit(readable);
			const boxes = w.board.value?.boxes ?? [];
			if (w.selected.value === "" && boxes.length === 1) this.select(boxes[0]!.key, { focus: true });
			const box = w.box.value;
			if (box) w.camera.value = reveal(w.camera.value, box, w.room.value);
		};
	}

	/** select makes a box or an arrow the one that is looked at. */
	select(key: string, how: { focus?: boolean; say?: boolean } = {}): void {
		const w = this.w;
		w.selected.value = key;
		if (key !== "") w.panel.value = "details";
		const box = w.boxes.value.get(key);
		const arrow = w.arrows.value.get(key);
		if (box && how.focus) w.camera.value = reveal(w.camera.value, box, w.room.value);
		if (how.focus) requestAnimationFrame(() => document.querySelector<SVGElement>(`#board [data-key="${CSS.escape(key)}"]`)?.focus({ preventScroll: true }));
		if (how.say && box) w.say(this.describe(key));
		if (how.say && arrow) w.say(describeArrow(arrow, w.name));
	}

	/** show brings a box into the picture that was reached without us, as screen readers do. */
	show(key: string): void {
		const box = this.w.boxes.value.get(key);
		if (box) this.w.camera.value = reveal(this.w.camera.value, box, this.w.room.value);
	}

	describe(key: string): string {
		const { w } = this;
		const box = w.boxes.value.get(key);
		const view = w.view.value;
		return box ? describe(box, { note: view.notes[key], colour: view.colours[key], pinned: view.pinned[view.mode][key] !== undefined }) : "";
	}

	step(way: Way): void {
		const { w } = this;
		if (!w.board.value) return;
		const from = w.arrow.value ? (way === "left" ? w.arrow.value.from : w.arrow.value.to) : w.selected.value;
		const key = w.arrow.value ? from : neighbour(w.board.value, from, way);
		if (key) this.select(key, { focus: true });
		else w.say(`nothing ${{ right: "to the right", left: "to the left", up: "above", down: "below" }[way]}`);
	}

	/** nextArrow goes around the arrows of a box. */
	nextArrow(by: 1 | -1): void {
		const { w } = this;
		if (!w.board.value) return;
		const home = w.arrow.value ? this.home : w.selected.value;
		this.home = home;
		const keys = arrowsOf(w.board.value, home);
		if (keys.length === 0) return w.say("no arrow is drawn here");
		const at = keys.indexOf(w.selected.value);
		this.select(keys[at < 0 ? (by > 0 ? 0 : keys.length - 1) : (at + by + keys.length) % keys.length]!, { focus: true });
	}
	private home = "";

	edge(end: "first" | "last"): void {
		const boxes = this.w.board.value?.boxes ?? [];
		const box = end === "first" ? boxes[0] : boxes.at(-1);
		if (box) this.select(box.key, { focus: true });
	}

	fold(): void {
		const { box, view } = this.w;
		const key = box.value?.key;
		if (box.value?.kind === "fold" && key) this.w.do(command("open", { key }));
		else if (view.value.open.length > 0) this.w.do(command("close", { key: view.value.open.at(-1)! }));
		else this.w.say("select a box of folded addresses to open it");
	}

	enter(): void {
		if (this.w.box.value?.kind === "fold") return this.fold();
		if (this.w.selected.value === "") return this.edge("first");
		this.w.panel.value = "details";
		requestAnimationFrame(() => document.getElementById("details-title")?.focus());
	}

	page(): void {
		const url = this.w.box.value?.url ?? this.w.arrow.value?.rows_url;
		if (url) window.open(url, "_blank", "noopener");
	}

	private withBox(what: string, act: (key: string) => void): void {
		const key = this.w.box.value?.key;
		if (key) act(key);
		else this.w.say(`select a box to ${what} it`);
	}

	expand(): void {
		const box = this.w.box.value;
		if (box && box.kind !== "fold") this.w.dialog.value = "expand";
		else this.w.say("select an address to expand it");
	}

	hide(): void {
		this.withBox("hide", (key) => {
			const next = this.w.board.value && (neighbour(this.w.board.value, key, "down") ?? neighbour(this.w.board.value, key, "up") ?? neighbour(this.w.board.value, key, "left"));
			this.w.do(command("hide", { key }));
			this.select(next ?? "", { focus: next !== null });
		});
	}

	showAll(): void {
		const hidden = this.w.view.value.hide;
		if (hidden.length > 0) this.w.do(command("show", { keys: hidden }));
		else this.w.say("nothing is hidden");
	}

	pin(): void {
		this.withBox("pin", (key) => {
			const { view, boxes } = this.w;
			const box = boxes.value.get(key)!;
			this.w.do(view.value.pinned[view.value.mode][key] ? command("unpin", { key }) : command("pin", { key, x: box.x, y: box.y }));
		});
	}

	/** nudge moves a box by keys, and pins it where it is then. */
	nudge(dx: number, dy: number): void {
		this.withBox("move", (key) => {
			const box = this.w.boxes.value.get(key)!;
			this.w.do(command("pin", { key, x: box.x + dx, y: box.y + dy }));
			this.w.camera.value = reveal(this.w.camera.value, { ...box, x: box.x + dx, y: box.y + dy }, this.w.room.value);
		});
	}

	/** back gives the focus to the board, or, if it is there, selects nothing. */
	back(): void {
		const there = document.activeElement?.closest("#board");
		this.select(there ? "" : this.w.selected.value, { focus: !there });
	}

	/** leave closes a form in the details and gives the focus back to the board. */
	leave(): void {
		this.w.dialog.value = "";
		this.select(this.w.selected.value, { focus: true });
	}

	note(): void {
		this.withBox("write a note on", () => (this.w.dialog.value = "note"));
	}

	colour(name: string): void {
		this.withBox("colour", (key) => this.w.do(command("colour", { key, colour: this.w.view.value.colours[key] === name ? "" : name })));
	}

	collapse(): void {
		this.withBox("draw the entity of", () => {
			const box = this.w.box.value!;
			if (!box.entity) return this.w.say("it is known to share its owner with no other address of the trace");
			this.w.do(box.kind === "entity" ? command("separate", { entity: box.entity.id }) : command("collapse", { entity: box.entity.id }));
		});
	}

	/** entities draws every entity as one box, or the addresses of all. */
	entities(): void {
		this.w.do(command(this.w.view.value.collapse.includes("all") ? "separate" : "collapse", { entity: "all" }));
	}

	/** path marks one end, then the other, of the way to be shown. */
	path(): void {
		const { w } = this;
		if (w.view.value.path && w.marked.value === "") return w.do(command("nopath", {}));
		this.withBox("mark a path from", (key) => {
			if (w.marked.value === "" || w.marked.value === key) {
				w.marked.value = w.marked.value === key ? "" : key;
				return w.say(w.marked.value ? `the path begins at ${w.name(key)}; select its other end and do the same again` : "no beginning of a path");
			}
			w.do(command("path", { from: w.marked.value, to: key }));
			w.marked.value = "";
		});
	}

	mode(): void {
		this.w.do(command("mode", { mode: this.w.view.value.mode === "hops" ? "time" : "hops" }));
	}

	single(): void {
		this.w.do(command("single", { on: !this.w.view.value.single }));
	}

	tidy(): void {
		this.w.do(command("tidy", {}));
	}

	async method(name: string): Promise<void> {
		try {
			await this.tracing.by(name);
		} catch (error) {
			this.w.fail(error);
		}
	}

	fit(least = 0): void {
		const board = this.w.board.value;
		if (!board) return;
		const part = { x: board.left, y: board.top - 12, width: board.width, height: board.height + 12 };
		this.w.camera.value = fit(part, this.w.room.value, least);
	}

	zoom(factor: number): void {
		const { width, height } = this.w.room.value;
		this.w.camera.value = zoom(this.w.camera.value, factor, width / 2, height / 2);
	}

	async copy(): Promise<void> {
		const link = location.origin + location.pathname + location.search + (await this.opening.link());
		try {
			await navigator.clipboard.writeText(link);
			this.copied.value = "";
			this.w.say("the link to this view is copied");
		} catch {
			this.copied.value = link; // shown, to be copied by hand
			this.w.say("copy the link from the field");
		}
	}
}
