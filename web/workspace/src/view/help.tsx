// Dialogs over the page: the keys, a name for a case.
import { useEffect, useRef } from "preact/hooks";
import type { ComponentChildren } from "preact";
import { map } from "../keys";
import { useActions } from "./context";

export function Help() {
	const { w, letters } = useActions();
	const { dialog } = w;
	return (
		<>
			{dialog.value === "help" && (
				<Dialog title="Keys" close={() => (dialog.value = "")}>
					<div class="keys">
						{(["Go", "Look", "Change", "Keep"] as const).map((group) => (
							<section>
								<h3>{group}</h3>
								<dl>
									{map
										.filter((key) => key.group === group && key.shown)
										.map((key) => (
											<div>
												<dt>
													<kbd>{key.shown}</kbd>
												</dt>
												<dd>{key.says}</dd>
											</div>
										))}
								</dl>
							</section>
						))}
					</div>
					<p>
						<label>
							<input type="checkbox" checked={letters.on.value} onChange={(event) => letters.turn(event.currentTarget.checked)} /> Single keys act while the board has the focus
						</label>
					</p>
					<p>The wheel makes the picture larger and smaller, with Shift it moves it sideways; drag the ground to move it, a box to pin it elsewhere. Boxes never move by themselves.</p>
				</Dialog>
			)}
			{dialog.value === "save" && <Save />}
		</>
	);
}

function Save() {
	const { w, keeping } = useActions();
	const close = () => (w.dialog.value = "");
	const submit = (event: SubmitEvent) => {
		event.preventDefault();
		const slug = String(new FormData(event.currentTarget as HTMLFormElement).get("slug"));
		keeping.saveAs(slug).then(
			() => {
				close();
				w.say(`saved as case ${slug}; from now on the board saves itself`);
			},
			(error: unknown) => {
				close();
				w.fail(error);
			},
		);
	};
	return (
		<Dialog title="Save as a case" close={close}>
			<form onSubmit={submit}>
				<label>
					Name of the case <input name="slug" required pattern="[a-z0-9]([a-z0-9\-]{0,62}[a-z0-9])?" maxLength={64} placeholder="bridge-2026" title="a to z, 0 to 9 and hyphens" />
				</label>
				<button>Save</button>
				<p>
					<small>The case as it was traced, this board with its notes, and all that was done to it are kept in the store.</small>
				</p>
			</form>
		</Dialog>
	);
}

/** Dialog is modal, is closed by Escape and gives the focus back. */
function Dialog({ title, close, children }: { title: string; close: () => void; children: ComponentChildren }) {
	const frame = useRef<HTMLDialogElement>(null);
	useEffect(() => {
		const before = document.activeElement as HTMLElement | SVGElement | null;
		frame.current?.showModal();
		return () => before?.focus();
	}, []);
	return (
		<dialog ref={frame} aria-labelledby="dialog-title" onClose={close}>
			<header>
				<h2 id="dialog-title">{title}</h2>
				<button type="button" onClick={close}>
					Close
				</button>
			</header>
			{children}
		</dialog>
	);
}
