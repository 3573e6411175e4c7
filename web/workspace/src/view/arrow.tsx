import { memo } from "./memo";
import type { Arrow } from "../model";
import { middle, parse } from "../curve";
import { describeArrow, kinds } from "../words";
import { useActions } from "./context";

/** ArrowLine is what is seen of an arrow: dashes and a lettered sign in the middle tell its kind. */
export const ArrowLine = memo(function ArrowLine({ arrow, dim }: { arrow: Arrow; dim: boolean }) {
	const { letter } = kinds[arrow.kind];
	const curve = letter === "" ? null : parse(arrow.path);
	const at = curve && middle(curve);
	const classes = ["arrow", arrow.kind, `w${arrow.wide}`, arrow.highlighted ? "on" : "", dim ? "dim" : ""].filter(Boolean).join(" ");
	return (
		<>
			<path class={classes} d={arrow.path} marker-end={`url(#tip-${arrow.highlighted ? "on" : arrow.kind === "relation" ? "relation" : "derived"})`} />
			{at && <path class={`sign ${arrow.kind}${dim ? " dim" : ""}`} d={sign(arrow.kind, at[0], at[1])} />}
			{at && (
				<text class={dim ? "letter dim" : "letter"} x={at[0]} y={at[1] + 4}>
					{letter}
				</text>
			)}
		</>
	);
});

function sign(kind: Arrow["kind"], x: number, y: number): string {
	switch (kind) {
		case "swap":
			return `M${x} ${y - 12}l12 12l-12 12l-12 -12z`;
		case "bridge":
			return `M${x - 12} ${y}l6 -10h12l6 10l-6 10h-12z`;
		case "relation":
			return `M${x - 9} ${y}a9 9 0 1 0 18 0a9 9 0 1 0 -18 0z`;
		default:
			return `M${x - 9} ${y - 9}h18v18h-18z`;
	}
}

/** ArrowHit is what is pointed at and focused of an arrow. */
export function ArrowHit({ arrow, here, selected }: { arrow: Arrow; here: boolean; selected: boolean }) {
	const { w } = useActions();
	return <path class="hit" data-key={arrow.key} d={arrow.path} role="button" tabindex={here ? 0 : -1} aria-pressed={selected} aria-label={describeArrow(arrow, w.name)} />;
}
