// Amounts are whole numbers of base units, exact at any size; decimals are only
// how they are written.

/** formatUnits writes base units as a decimal, with no zero that says nothing. */
export function formatUnits(raw: bigint, decimals: number): string {
	const negative = raw < 0n;
	const digits = (negative ? -raw : raw).toString().padStart(decimals + 1, "0");
	const whole = digits.slice(0, digits.length - decimals);
	const fraction = digits.slice(digits.length - decimals).replace(/0+$/, "");
	return (negative ? "-" : "") + whole + (fraction ? "." + fraction : "");
}

/** parseUnits reads a decimal as base units; it throws on anything it would have to round or guess. */
export function parseUnits(text: string, decimals: number): bigint {
	const parts = /^(\d+)(?:\.(\d+))?$/.exec(text.trim());
	if (!parts) throw new Error(`"${text}" is no amount: want digits and at most one point, such as 0.25`);
	const fraction = (parts[2] ?? "").replace(/0+$/, "");
	if (fraction.length > decimals) throw new Error(`"${text}" has more than the ${decimals} decimals of the asset`);
	return BigInt(parts[1] + fraction.padEnd(decimals, "0"));
}

/** parseRaw reads base units; unparsable never becomes zero. */
export function parseRaw(text: string): bigint {
	if (!/^\d+$/.test(text)) throw new Error(`"${text}" is no whole number of base units`);
	return BigInt(text);
}

/** permille is part of whole in thousandths, for lengths that people look at. */
export function permille(part: bigint, whole: bigint): number {
	return whole === 0n ? 0 : Number((part * 1000n) / whole);
}
