// Asking the server. What it refuses is an error with its own words.

export class Refused extends Error {
	constructor(
		readonly status: number,
		message: string,
	) {
		super(message);
	}
}

async function ask(url: string, init: RequestInit): Promise<Response> {
	const response = await fetch(url, { ...init, headers: { Accept: "application/json", ...init.headers } }).catch((error: unknown) => {
		if (init.signal?.aborted) throw error;
		throw new Refused(0, "the server does not answer; is spoor serve still running?");
	});
	if (response.ok) return response;
	let why = `${response.status} ${response.statusText}`;
	try {
		const problem = (await response.json()) as { detail?: string; errors?: { message?: string; location?: string }[] };
		const details = problem.errors?.map((e) => `${e.message ?? ""} ${e.location ?? ""}`.trim()).filter(Boolean) ?? [];
		why = [problem.detail ?? why, ...details].join("; ");
	} catch {
		// it is no problem+json: the status has to do
	}
	throw new Refused(response.status, why);
}

export async function get<T>(url: string, signal?: AbortSignal): Promise<T> {
	return (await ask(url, signal ? { signal } : {})).json() as Promise<T>;
}

/** send posts or puts JSON, or a form. */
export async function send<T>(method: "POST" | "PUT", url: string, body: object | string | URLSearchParams, more: { signal?: AbortSignal; headers?: Record<string, string> } = {}): Promise<T> {
	const plain = typeof body === "string";
	const form = body instanceof URLSearchParams;
	const headers: Record<string, string> = form ? {} : { "Content-Type": plain ? "application/yaml" : "application/json" };
	const response = await ask(url, { method, body: form || plain ? body : JSON.stringify(body), headers: { ...headers, ...more.headers }, ...(more.signal ? { signal: more.signal } : {}) });
	return response.json() as Promise<T>;
}

/** why is what went wrong, in words. */
export function why(error: unknown): string {
	return error instanceof Error ? error.message : String(error);
}

/** part is a piece of a path. */
export const part = (text: string) => encodeURIComponent(text);
