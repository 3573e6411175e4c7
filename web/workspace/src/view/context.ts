import { createContext } from "preact";
import { useContext } from "preact/hooks";
import type { Actions } from "../actions";

const context = createContext<Actions | null>(null);

export const Given = context.Provider;

/** useActions is what everything on the page acts by. */
export function useActions(): Actions {
	return useContext(context)!;
}
