import assert from "node:assert/strict";
import { test } from "node:test";
import { decode, encode } from "../src/link";

test("a link holds a document whole", async () => {
	for (const document of [{}, { text: "a \u202e ü 🦊 \u0000" }, { list: Array.from({ length: 5000 }, (_, i) => `eip155:1:0x${i}`) }, null, [1, "2"]]) {
		const fragment = await encode(document);
		assert.match(fragment, /^v=[A-Za-z0-9_-]+$/);
		assert.deepEqual(await decode(fragment), document);
		assert.deepEqual(await decode("#" + fragment), document);
	}
});

test("equal documents give equal links", async () => {
	assert.equal(await encode({ a: 1, b: [2] }), await encode({ a: 1, b: [2] }));
});

test("what is no link is passed over, what is broken is refused", async () => {
	for (const fragment of ["", "#", "#main", "x=1"]) assert.equal(await decode(fragment), null);
	const whole = await encode({ list: Array.from({ length: 100 }, (_, i) => i * 7919) });
	for (const fragment of ["v=", "v=!!!", "v=abc", whole.slice(0, -8), "v=" + "A".repeat(64)]) await assert.rejects(decode(fragment), /the link is broken/, fragment);
});

test("a link that would fill the memory is refused", async () => {
	const bomb = await encode({ a: "x".repeat((4 << 20) - 100) });
	assert.ok(bomb.length < 10_000);
	const larger = await new Response(new Blob(["[" + "0,".repeat(3 << 20) + "0]"]).stream().pipeThrough(new CompressionStream("deflate-raw"))).arrayBuffer();
	const text = Buffer.from(larger).toString("base64url");
	await assert.rejects(decode("v=" + text), /more than/);
});
