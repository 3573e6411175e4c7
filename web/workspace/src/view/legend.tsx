import { kinds, shapes } from "../words";

/** Key says what the signs of the picture mean. */
export function Key() {
	return (
		<details class="legend">
			<summary>What the signs mean</summary>
			<div role="region" tabIndex={0} aria-label="What the signs mean">
				<dl>
					<dt class="mark fact">{shapes.fact} fact</dt>
					<dd>read from a ledger</dd>
					<dt class="mark derived">{shapes.derived} derived</dt>
					<dd>computed from facts, by the method of the case</dd>
					<dt class="mark attributed">{shapes.attributed} attributed</dt>
					<dd>claimed by a source or a heuristic, with its confidence</dd>
					{Object.values(kinds)
						.filter((kind) => kind.letter)
						.map((kind) => (
							<>
								<dt>
									{kind.letter} {kind.word}
								</dt>
								<dd>{kind.says}</dd>
							</>
						))}
					<dt>bar and %</dt>
					<dd>how much of what came in is from the seeds, in the asset of which most came; the exact amounts stand above it</dd>
					<dt>square corners</dt>
					<dd>something ended there</dd>
					<dt>thick red frame</dt>
					<dd>source: the address that held what was stolen first</dd>
					<dt>thick frame, “choke”</dt>
					<dd>much of what ended had to pass here; the first ten by rank</dd>
					<dt>◧ partial</dt>
					<dd>not all of what happened there was read</dd>
					<dt>dashed frame</dt>
					<dd>several addresses folded into one box: open it with o</dd>
				</dl>
			</div>
		</details>
	);
}
