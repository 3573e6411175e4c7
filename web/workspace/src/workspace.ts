// What the workspace knows, and how it changes: by commands, each of which can
// be undone; the picture follows by asking the server again.
import { computed, effect, signal } from "@preact/signals";
import { send, why } from "./api";
import type { Camera } from "./camera";
import { says, type Command } from "./commands";
import { begin, redo, run, undo, type History } from "./history";
import type { Amount, Arrow, Board, Box, Trace } from "./model";
import { empty, question, request, settle, type Mode, type View } from "./picture";
import { visible } from "./visible";
import { counted, nameOf } from "./words";

export type Panel = "details" | "steps" | "chokes" | "ends" | "notes";

export class Workspace {
	readonly history = signal<History>(begin(empty));
	readonly view = computed(() => this.history.value.view);
	readonly board = signal<Board | null>(null);
	readonly trace = signal<Trace | null>(null);
	readonly assets = signal<Amount[]>([]); // met so far, to choose from

	readonly selected = signal(""); // key of a box or an arrow
	readonly marked = signal(""); // key of the box that a path begins at
	readonly camera = signal<Camera>({ x: 0, y: 0, k: 1 });
	readonly room = signal({ width: 800, height: 600 }); // of the picture on the screen
	readonly panel = signal<Panel>("details");
	readonly table = signal(false);
	readonly dialog = signal<"" | "help" | "expand" | "note" | "save" | "log">("");

	readonly busy = signal(false);
	readonly problem = signal("");
	readonly said = signal("");

	/** written gets every command that was done, undone and redone, for the log of a case. */
	written: (op: string, args: object) => void = () => {};

	private asking: AbortController | null = null;
	private fitted: Mode | null = null; // the columns that the camera was set up for
	/** onColumns is called when there are columns that were not shown before. */
	onColumns: () => void = () => {};
	/** onGone is called when what was selected is drawn no more, with what is new. */
	onGone: (fresh: string[]) => void = () => {};

	readonly boxes = computed(() => new Map((this.board.value?.boxes ?? []).map((box) => [box.key, box])));
	readonly arrows = computed(() => new Map((this.board.value?.arrows ?? []).map((arrow) => [arrow.key, arrow])));
	readonly box = computed<Box | undefined>(() => this.boxes.value.get(this.selected.value));
	readonly arrow = computed<Arrow | undefined>(() => this.arrows.value.get(this.selected.value));
	private readonly question = computed(() => question(this.view.value));

	/** live keeps the picture true to the view. */
	live(): void {
		effect(() => {
			void this.question.value;
			void this.draw();
		});
	}

	/** say tells who does not see the screen what happened. */
	say(text: string): void {
		// The same words twice would not be read twice.
		this.said.value = this.said.peek() === text ? text + "\u00a0" : text;
	}

	fail(error: unknown): void {
		this.problem.value = why(error);
	}

	readonly name = (key: string): string => {
		const box = this.boxes.peek().get(key);
		return box ? nameOf(box) : visible(key);
	};

	/** replace begins with another view; nothing of the old can be undone. */
	replace(view: View): void {
		this.fitted = null;
		this.history.value = begin(view);
	}

	do(command: Command): void {
		const text = says(command, this.name);
		this.history.value = run(this.history.value, command);
		const { yaml: _, ...args } = command.args as { yaml?: string };
		this.written(command.op, args);
		this.say(text);
	}

	undo(): void {
		const last = this.history.value.done.at(-1);
		if (!last) return this.say("nothing to undo");
		this.history.value = undo(this.history.value);
		this.written("undo", { op: last.command.op });
		this.say(`undone: ${says(last.command, this.name)}`);
	}

	redo(): void {
		const next = this.history.value.undone.at(-1);
		if (!next) return this.say("nothing to redo");
		this.history.value = redo(this.history.value);
		this.written("redo", { op: next.op });
		this.say(`done again: ${says(next, this.name)}`);
	}

	/** draw asks for the picture of the view; an answer that is overtaken is thrown away. */
	async draw(): Promise<void> {
		this.asking?.abort();
		const view = this.view.peek();
		if (view.trace === "" && view.start.length === 0) {
			this.board.value = null;
			return;
		}
		const asking = (this.asking = new AbortController());
		this.busy.value = true;
		try {
			const board = await send<Board>("POST", "/board", request(view), { signal: asking.signal });
			if (this.asking !== asking) return;
			this.take(board);
		} catch (error) {
			if (this.asking === asking && !asking.signal.aborted) this.fail(error);
		} finally {
			if (this.asking === asking) this.busy.value = false;
		}
	}

	private take(board: Board): void {
		this.problem.value = "";
		this.history.value = { ...this.history.value, view: settle(this.view.value, board) };
		const before = this.board.peek();
		this.board.value = board;
		this.meet(board);
		const { mode } = this.view.peek();
		if (this.fitted !== mode) {
			this.fitted = mode;
			this.onColumns();
			if (!before) this.say(`drawn: ${counted(board.boxes.length, "box", "boxes")}, ${counted(board.arrows.length, "arrow", "arrows")}`);
		} else if (before) {
			const known = new Set(before.boxes.map((box) => box.key));
			const fresh = board.boxes.filter((box) => !known.has(box.key)).map((box) => box.key);
			const gone = before.boxes.length - (board.boxes.length - fresh.length);
			if (fresh.length || gone) this.say(`${this.said.peek()}; ${[fresh.length ? `${counted(fresh.length, "box", "boxes")} more` : "", gone ? `${counted(gone, "box", "boxes")} fewer` : ""].filter(Boolean).join(", ")}`);
			if (known.has(this.selected.peek()) && !this.boxes.peek().has(this.selected.peek())) this.onGone(fresh);
		}
	}

	private meet(board: Board): void {
		const known = new Map(this.assets.peek().map((a) => [a.asset, a]));
		for (const { amounts } of [...board.arrows, ...board.boxes.map((box) => ({ amounts: box.arrived }))])
			for (const a of amounts) if (!known.has(a.asset)) known.set(a.asset, a);
		if (known.size !== this.assets.peek().length) this.assets.value = [...known.values()].sort((a, b) => (a.asset < b.asset ? -1 : 1));
	}
}
