// Light or dark: as the system says, unless chosen here.
import { signal } from "@preact/signals";

export type Shade = "system" | "light" | "dark";

const name = "spoor-theme";
const shades: Shade[] = ["system", "light", "dark"];

export class Theme {
	readonly shade = signal<Shade>("system");

	constructor() {
		try {
			const kept = localStorage.getItem(name) as Shade | null;
			if (kept && shades.includes(kept)) this.choose(kept);
		} catch {
			// a browser that keeps nothing: the system's it is
		}
	}

	choose(shade: Shade): void {
		this.shade.value = shade;
		if (shade === "system") delete document.documentElement.dataset["theme"];
		else document.documentElement.dataset["theme"] = shade;
		try {
			localStorage.setItem(name, shade);
		} catch {
			// as above
		}
	}

	next(): Shade {
		this.choose(shades[(shades.indexOf(this.shade.peek()) + 1) % shades.length]!);
		return this.shade.peek();
	}
}
