// Whether single keys act on the board: people who speak to their machine, or
// whose hands shake, can turn them off (WCAG 2.1.4). Kept by the browser.
import { signal } from "@preact/signals";

const name = "spoor-single-keys";

export class SingleKeys {
	readonly on = signal(true);

	constructor() {
		try {
			this.on.value = localStorage.getItem(name) !== "off";
		} catch {
			// a browser that keeps nothing: they are on
		}
	}

	turn(on: boolean): void {
		this.on.value = on;
		try {
			localStorage.setItem(name, on ? "on" : "off");
		} catch {
			// as above
		}
	}
}
