import assert from "node:assert/strict";
import { test } from "node:test";
import { formatUnits, parseRaw, parseUnits, permille } from "../src/amount";

const largest = (1n << 256n) - 1n;

test("amounts are exact at any size", () => {
	assert.equal(formatUnits(largest, 18), "115792089237316195423570985008687907853269984665640564039457.584007913129639935");
	assert.equal(parseUnits(formatUnits(largest, 18), 18), largest);
	for (const decimals of [0, 1, 6, 8, 18, 77])
		for (const raw of [0n, 1n, 9n, 10n, 100000000n, 123456789012345678901234567890n, largest]) assert.equal(parseUnits(formatUnits(raw, decimals), decimals), raw);
});

test("amounts have no zero that says nothing", () => {
	assert.equal(formatUnits(1500000n, 6), "1.5");
	assert.equal(formatUnits(1n, 18), "0.000000000000000001");
	assert.equal(formatUnits(-25n, 1), "-2.5");
	assert.equal(formatUnits(7n, 0), "7");
});

test("what is no amount is refused, never zero", () => {
	for (const text of ["", " ", "-1", "1e3", "0x10", ".5", "5.", "1,000", "1.2.3", "NaN", "١"]) assert.throws(() => parseUnits(text, 6), text);
	assert.throws(() => parseUnits("0.0000001", 6), /more than the 6 decimals/);
	assert.equal(parseUnits("0.1000000", 6), 100000n); // zeros that say nothing
	for (const text of ["", "-1", "1.0", "0x1", "x"]) assert.throws(() => parseRaw(text), text);
});

test("parts are of exact amounts", () => {
	assert.equal(permille(largest / 2n, largest), 499);
	assert.equal(permille(1n, 0n), 0);
	assert.equal(permille(largest, largest), 1000);
});
