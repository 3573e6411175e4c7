import { Component, h, type ComponentType, type FunctionComponent } from "preact";

/** memo draws a component anew only when what it is given has changed. */
export function memo<P extends object>(of: FunctionComponent<P>): ComponentType<P> {
	return class extends Component<P> {
		override shouldComponentUpdate(next: P): boolean {
			const now = this.props as Record<string, unknown>;
			return Object.entries(next).some(([name, value]) => now[name] !== value);
		}
		override render() {
			return h(of, this.props);
		}
	};
}
