// The workspace, put on the page that asks for it.
import { render } from "preact";
import { Actions } from "./actions";
import { Keeping } from "./keeping";
import { press } from "./keys";
import { Opening } from "./opening";
import { SingleKeys } from "./single";
import { Theme } from "./theme";
import { Tracing } from "./tracing";
import { App } from "./view/app";
import { Given } from "./view/context";
import { Workspace } from "./workspace";
import "./workspace.css";

const root = document.getElementById("workspace");
if (root) begin(root);

function begin(root: HTMLElement): void {
	const workspace = new Workspace();
	const tracing = new Tracing(workspace);
	const keeping = new Keeping(workspace);
	const opening = new Opening(workspace, tracing, keeping);
	const actions = new Actions(workspace, tracing, keeping, opening, new Theme(), new SingleKeys());
	workspace.live();
	tracing.follow();
	root.replaceChildren();
	document.documentElement.classList.add("workspace");
	render(
		<Given value={actions}>
			<App />
		</Given>,
		root,
	);
	document.addEventListener("keydown", (event) => {
		if (!event.defaultPrevented && press(actions, event)) event.preventDefault();
	});
	// Who leaves the page does not wait for the pause of the autosave.
	document.addEventListener("visibilitychange", () => {
		if (document.visibilityState === "hidden" && keeping.state.peek() === "unsaved") void keeping.save();
	});
	opening.follow();
	opening.open().catch((error: unknown) => workspace.fail(error));
}
