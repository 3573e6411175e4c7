// How the workspace begins: by a link that holds a view, by what its address
// asks for (?trace=, ?case=, ?start=), or by choosing.
import { effect } from "@preact/signals";
import { get, part, Refused } from "./api";
import type { Camera } from "./camera";
import { decode, encode } from "./link";
import type { Case, Trace } from "./model";
import { empty, read, shown, type View } from "./picture";
import type { Keeping } from "./keeping";
import type { Tracing } from "./tracing";
import type { Workspace } from "./workspace";

/** Linked is what a deep link holds besides the view. */
interface Linked {
	view: View;
	case?: string;
	version?: string; // of the board of the case
	camera?: Camera;
	selected?: string;
}

export class Opening {
	private written = "";
	private timer: ReturnType<typeof setTimeout> | undefined;

	constructor(
		private readonly w: Workspace,
		private readonly tracing: Tracing,
		private readonly keeping: Keeping,
	) {}

	/** open begins, and says whether there is anything to show. */
	async open(): Promise<void> {
		const linked = (await decode(location.hash)) as Linked | null;
		if (linked) return this.linked(linked);
		const asked = new URLSearchParams(location.search);
		const slug = asked.get("case");
		const id = asked.get("trace");
		const start = asked.getAll("start").filter(Boolean);
		if (slug) return this.fromCase(slug);
		if (id) return this.show(await get<Trace>(`/traces/${part(id)}`));
		if (start.length > 0) this.w.replace({ ...empty, start });
	}

	private async linked(linked: Linked): Promise<void> {
		const view = read(linked.view);
		if (linked.case) {
			try {
				await this.keeping.open(linked.case);
				if (linked.version !== undefined) this.keeping.based(linked.version);
			} catch (error) {
				if (!(error instanceof Refused && error.status === 404)) throw error;
				this.w.say("the case of the link is not in this store; the view is shown without it");
			}
		}
		this.w.selected.value = linked.selected ?? "";
		const { camera } = linked;
		const usual = this.w.onColumns;
		if (camera)
			this.w.onColumns = () => {
				this.w.onColumns = usual;
				this.w.camera.value = camera;
			};
		await this.shown(view);
	}

	/** shown shows a view; a trace that the server has forgotten is run again. */
	private async shown(view: View): Promise<void> {
		if (view.trace === "") return this.w.replace(view);
		const trace = await this.tracing.find(view.trace, view.yaml);
		this.w.trace.value = trace;
		this.w.replace({ ...view, trace: trace.id, yaml: trace.yaml });
	}

	private async show(begun: Trace): Promise<void> {
		const trace = await this.tracing.end(begun);
		this.w.trace.value = trace;
		this.w.replace({ ...empty, trace: trace.id, yaml: trace.yaml });
	}

	/** fromCase opens the board of a case, or traces it. */
	async fromCase(slug: string): Promise<void> {
		const kept = await get<Case>(`/cases/${part(slug)}`);
		const board = await this.keeping.open(slug);
		if (board) await this.shown(board);
		else await this.show(await this.tracing.begin({ case: kept.slug }));
		this.keeping.settled();
	}

	/** trace traces what a form says and shows it. */
	async trace(form: Record<string, string>): Promise<void> {
		await this.show(await this.tracing.begin(form));
	}

	/** start draws the ledger around addresses or a transaction, without a trace. */
	start(refs: string[]): void {
		this.w.replace({ ...empty, start: refs });
	}

	/** link is the address of this very view. */
	async link(): Promise<string> {
		const w = this.w;
		const linked: Linked = { view: shown(w.view.value, w.board.value), camera: w.camera.value };
		if (this.keeping.slug.value !== "") Object.assign(linked, { case: this.keeping.slug.value, version: this.keeping.version });
		if (w.selected.value !== "") linked.selected = w.selected.value;
		return "#" + (await encode(linked));
	}

	/** follow keeps the address of the page true to what is shown, so that reloading shows it again. */
	follow(): void {
		effect(() => {
			void this.w.view.value;
			void this.w.camera.value;
			void this.w.selected.value;
			void this.keeping.state.value;
			if (!this.w.board.value) return;
			clearTimeout(this.timer);
			this.timer = setTimeout(() => void this.write(), 250);
		});
		addEventListener("hashchange", () => {
			if (location.hash === this.written) return;
			this.open().catch((error: unknown) => this.w.fail(error));
		});
	}

	private async write(): Promise<void> {
		this.written = await this.link();
		history.replaceState(null, "", location.pathname + location.search + this.written);
	}
}
