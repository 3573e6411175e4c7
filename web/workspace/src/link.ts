// A deep link holds a view in its fragment: JSON, deflated, in base64url.

async function through(data: Uint8Array<ArrayBuffer>, stream: CompressionStream | DecompressionStream, most: number): Promise<Uint8Array<ArrayBuffer>> {
	const reader = new Blob([data]).stream().pipeThrough(stream).getReader();
	const parts: Uint8Array<ArrayBuffer>[] = [];
	let size = 0;
	for (;;) {
		const { done, value } = await reader.read();
		if (done) break;
		size += value.length;
		if (size > most) {
			await reader.cancel();
			throw new Error(`the link holds more than ${most} bytes`);
		}
		parts.push(value);
	}
	return new Uint8Array(await new Blob(parts).arrayBuffer());
}

const most = 4 << 20; // bytes that a link may grow to

/** encode writes a document as the fragment of a link. */
export async function encode(document: unknown): Promise<string> {
	const bytes = await through(new TextEncoder().encode(JSON.stringify(document)), new CompressionStream("deflate-raw"), most);
	let binary = "";
	for (let i = 0; i < bytes.length; i += 8192) binary += String.fromCharCode(...bytes.subarray(i, i + 8192));
	return "v=" + btoa(binary).replaceAll("+", "-").replaceAll("/", "_").replace(/=+$/, "");
}

/** decode reads what encode wrote; null for a fragment that is no view, and an error for one that is broken. */
export async function decode(fragment: string): Promise<unknown> {
	const text = /^#?v=([A-Za-z0-9_-]+)$/.exec(fragment)?.[1];
	if (text === undefined) {
		if (/^#?v=/.test(fragment)) throw new Error("the link is broken: it has characters that no link has");
		return null;
	}
	try {
		const binary = atob(text.replaceAll("-", "+").replaceAll("_", "/"));
		const bytes = await through(Uint8Array.from(binary, (c) => c.charCodeAt(0)), new DecompressionStream("deflate-raw"), most);
		return JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
	} catch (error) {
		throw new Error(`the link is broken: ${error instanceof Error ? error.message : String(error)}`);
	}
}
