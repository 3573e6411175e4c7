// Traces are begun here and watched until they end. What was drawn stays while
// another runs.
import { computed, effect, signal } from "@preact/signals";
import { get, part, Refused, send } from "./api";
import type { Trace, TraceRow } from "./model";
import { command } from "./commands";
import type { Workspace } from "./workspace";

export class Tracing {
	readonly running = signal<TraceRow | null>(null);

	constructor(private readonly workspace: Workspace) {}

	/** follow keeps what is known of the trace true to the view: undoing may bring back another. */
	follow(): void {
		const w = this.workspace;
		const id = computed(() => w.view.value.trace);
		effect(() => {
			if (id.value === "") w.trace.value = null;
			else if (w.trace.peek()?.id !== id.value) this.find(id.value, w.view.peek().yaml).catch((error: unknown) => w.fail(error));
		});
	}

	/** find gets a trace, and runs its case again if the server has forgotten it. */
	async find(id: string, yaml: string): Promise<Trace> {
		const w = this.workspace;
		let forgotten = false;
		const kept = await get<Trace>(`/traces/${part(id)}`).catch((error: unknown) => {
			if (!(error instanceof Refused && error.status === 404 && yaml !== "")) throw error;
			forgotten = true;
			return this.begin({ yaml });
		});
		const trace = await this.end(kept);
		if (w.view.peek().trace === id) {
			w.trace.value = trace;
			if (forgotten) void w.draw();
		}
		return trace;
	}

	/** begin traces what a form says: case, yaml or seeds, and a method. */
	async begin(form: Record<string, string>): Promise<Trace> {
		const begun = await send<Trace>("POST", "/traces", new URLSearchParams(form));
		this.workspace.say("the trace runs");
		return this.end(begun);
	}

	/** end waits for the end of a trace, telling how far it is. */
	async end(begun: Trace): Promise<Trace> {
		let trace = begun;
		try {
			while (trace.state === "running") {
				this.running.value = trace;
				await this.watch(trace);
				trace = await get<Trace>(trace.url);
			}
		} finally {
			this.running.value = null;
		}
		if (trace.state !== "finished") throw new Error(trace.state === "cancelled" ? `the trace was cancelled${this.workspace.board.peek() ? "; what is drawn is the one before" : ""}` : `the trace ${trace.state}: ${trace.error}`);
		return trace;
	}

	/** watch listens to a trace until it ends or the line breaks. */
	private watch(trace: TraceRow): Promise<void> {
		return new Promise((resolve) => {
			const events = new EventSource(`${trace.url}/progress`);
			const close = () => {
				events.close();
				resolve();
			};
			events.addEventListener("progress", (event: MessageEvent<string>) => {
				this.running.value = JSON.parse(event.data) as TraceRow;
			});
			events.addEventListener("end", close);
			events.addEventListener("error", () => {
				events.close();
				setTimeout(resolve, 1000);
			});
		});
	}

	async cancel(): Promise<void> {
		const row = this.running.peek();
		if (row) await send("POST", `${row.url}/cancel`, {});
	}

	/** by runs the case of the view by another method. */
	async by(method: string): Promise<void> {
		const w = this.workspace;
		const trace = await this.begin({ yaml: w.view.peek().yaml, method });
		w.trace.value = trace;
		w.do(command("trace", { id: trace.id, method, yaml: trace.yaml }));
	}
}
