// The board as GraphML: what is drawn, with exact amounts as text and what kind
// of statement each is.
import type { Amount, Board } from "../model";
import type { View } from "../picture";
import { xml } from "./xml";

const nodeKeys = ["kind", "chain", "address", "members", "labels", "roles", "arrived", "held", "passed", "taint_permille", "ends", "choke_rank", "partial", "statement", "note", "colour", "x", "y"] as const;
const edgeKeys = ["kind", "amounts", "steps", "first", "last", "statement"] as const;
const integers = new Set<string>(["members", "taint_permille", "choke_rank", "x", "y", "steps"]);

const exact = (amounts: Amount[]) => amounts.map((a) => `${a.raw} ${a.asset}`).join("; ");

/** graphml writes a board. Amounts are base units and the CAIP-19 name of their asset. */
export function graphml(board: Board, view: View): string {
	const out: string[] = ['<?xml version="1.0" encoding="UTF-8"?>', '<graphml xmlns="http://graphml.graphdrawing.org/xmlns">'];
	const declare = (of: "node" | "edge", names: readonly string[]) => {
		for (const name of names) out.push(`<key id="${of}_${name}" for="${of}" attr.name="${name}" attr.type="${integers.has(name) ? "int" : "string"}"/>`);
	};
	declare("node", nodeKeys);
	declare("edge", edgeKeys);
	out.push('<graph edgedefault="directed">');
	const data = (of: "node" | "edge", values: Record<string, string | number | undefined>) => {
		for (const [name, value] of Object.entries(values)) if (value !== undefined && value !== "") out.push(`<data key="${of}_${name}">${xml(String(value))}</data>`);
	};
	for (const box of board.boxes) {
		out.push(`<node id="${xml(box.key)}">`);
		const values: Record<(typeof nodeKeys)[number], string | number | undefined> = {
			kind: box.kind, chain: box.chain, address: box.address, members: box.members,
			labels: box.labels.map((l) => `${l.name} (${l.category}; ${l.source}, ${l.confidence})`).join("; "), roles: box.role.join("; "),
			arrived: exact(box.arrived), held: exact(box.held), passed: exact(box.passed), taint_permille: box.taint_permille,
			ends: box.ends.map((end) => `${end.reason}: ${exact(end.amounts)}`).join("; "), choke_rank: box.choke?.rank, partial: box.partial,
			statement: box.statement, note: view.notes[box.key], colour: view.colours[box.key], x: box.x, y: box.y,
		};
		data("node", values);
		out.push("</node>");
	}
	for (const arrow of board.arrows) {
		out.push(`<edge id="${xml(arrow.key)}" source="${xml(arrow.from)}" target="${xml(arrow.to)}">`);
		const values: Record<(typeof edgeKeys)[number], string | number> = { kind: arrow.kind, amounts: exact(arrow.amounts), steps: arrow.steps, first: arrow.first, last: arrow.last, statement: arrow.statement };
		data("edge", values);
		out.push("</edge>");
	}
	out.push("</graph>", "</graphml>", "");
	return out.join("\n");
}
