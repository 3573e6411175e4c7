// A case keeps its board and a log of all that was done. The board is saved by
// itself, only over the version that was read: what somebody else saved
// meanwhile is never overwritten.
import { effect, signal } from "@preact/signals";
import { get, part, Refused, send, why } from "./api";
import type { Case } from "./model";
import { read, shown, type View } from "./picture";
import type { Workspace } from "./workspace";

interface Kept {
	slug: string;
	version: string;
	board: View | null;
}

export type Saved = "" | "unsaved" | "saving" | "saved" | "conflict" | "failed";

const pause = 1000; // ms of quiet before the board is saved
const batch = 100; // commands that are sent to the log at once

export class Keeping {
	readonly slug = signal("");
	readonly state = signal<Saved>("");
	readonly problem = signal("");
	version = "";

	private unlogged: { op: string; args: object }[] = [];
	private timer: ReturnType<typeof setTimeout> | undefined;
	private saving = false;
	private clean: View | null = null; // as it was read or saved last

	constructor(private readonly workspace: Workspace) {
		workspace.written = (op, args) => {
			this.unlogged.push({ op, args });
			if (this.slug.peek() !== "") this.soon();
		};
		// Boxes that found their place are kept as well.
		effect(() => {
			const view = workspace.view.value;
			if (this.slug.value !== "" && this.clean !== null && view !== this.clean && this.unlogged.length > 0) this.soon();
		});
	}

	/** open belongs the workspace to a case, and returns its board if it has one. */
	async open(slug: string): Promise<View | null> {
		const kept = await get<Kept>(`/cases/${part(slug)}/board`);
		this.slug.value = slug;
		this.version = kept.version;
		this.state.value = kept.version === "" ? "" : "saved";
		this.problem.value = "";
		return kept.board === null ? null : read(kept.board);
	}

	/** based says from which version the view was made, so that a later one is noticed. */
	based(version: string): void {
		this.version = version;
	}

	settled(): void {
		this.clean = this.workspace.view.peek();
	}

	private soon(): void {
		if (this.state.peek() === "conflict") return;
		this.state.value = "unsaved";
		clearTimeout(this.timer);
		this.timer = setTimeout(() => void this.save(), pause);
	}

	/** save writes the board and the log now. */
	async save(): Promise<void> {
		const slug = this.slug.peek();
		if (slug === "" || this.saving) return;
		clearTimeout(this.timer);
		this.saving = true;
		this.state.value = "saving";
		const view = this.workspace.view.peek();
		try {
			const kept = await send<Kept>("PUT", `/cases/${part(slug)}/board`, shown(view, this.workspace.board.peek()), { headers: this.version === "" ? {} : { "If-Match": `"${this.version}"` } });
			this.version = kept.version;
			this.clean = view;
			while (this.unlogged.length > 0) {
				const commands = this.unlogged.slice(0, batch);
				await send("POST", `/cases/${part(slug)}/log`, { commands });
				this.unlogged = this.unlogged.slice(commands.length);
			}
			this.state.value = "saved";
			this.problem.value = "";
		} catch (error) {
			this.state.value = error instanceof Refused && error.status === 409 ? "conflict" : "failed";
			this.problem.value = why(error);
		} finally {
			this.saving = false;
		}
		if (this.state.peek() === "saved" && this.unlogged.length > 0) this.soon();
	}

	/** theirs takes the board that somebody else saved in place of this one. */
	async theirs(): Promise<void> {
		const board = await this.open(this.slug.peek());
		this.unlogged = [];
		if (board) this.workspace.replace(board);
		this.settled();
	}

	/** saveAs makes a case of the trace of the view, and keeps the board with it. */
	async saveAs(slug: string): Promise<void> {
		const made = await send<Case>("PUT", `/cases/${part(slug)}`, this.workspace.view.peek().yaml);
		this.slug.value = made.slug;
		this.version = "";
		this.unlogged.push({ op: "save_as", args: { slug: made.slug } });
		await this.save();
	}
}
