// A text that a stranger chose is shown with nothing in it that cannot be seen,
// by the rule of the pages (report.Visible). What the server sends as already
// visible is not passed through here again.

const printed = /^[\p{L}\p{M}\p{N}\p{P}\p{S} ]$/u;
const variation = /^[\u180b-\u180d\u180f\ufe00-\ufe0f\u{e0100}-\u{e01ef}]$/u;
const blanks = new Set([0x115f, 0x1160, 0x3164, 0xffa0, 0x2800, 0x034f, 0x17b4, 0x17b5]);
const named: Record<number, string> = { 7: "\\a", 8: "\\b", 9: "\\t", 10: "\\n", 11: "\\v", 12: "\\f", 13: "\\r", 0x5c: "\\\\" };

/** visible writes control, bidirectional and invisible characters as escapes. */
export function visible(text: string): string {
	let shown = "";
	for (const character of text) {
		const code = character.codePointAt(0)!;
		const name = named[code];
		if (name) shown += name;
		else if (printed.test(character) && !blanks.has(code) && !variation.test(character)) shown += character;
		else if (code < 0x20 || code === 0x7f) shown += "\\x" + code.toString(16).padStart(2, "0");
		else if (code < 0x10000) shown += "\\u" + code.toString(16).padStart(4, "0");
		else shown += "\\U" + code.toString(16).padStart(8, "0");
	}
	return shown;
}

/** visibleLines is a text of several lines, shown likewise; its line ends stay. */
export function visibleLines(text: string): string {
	return text.split("\n").map(visible).join("\n");
}
