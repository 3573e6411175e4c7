// Bundles the workspace into the files that Go embeds: the same sources and
// packages give the same bytes. `--out DIR` writes them elsewhere, to compare;
// `--tests` bundles the tests instead, because Node reads no TypeScript.
import { build } from "esbuild";
import { readFile, readdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const here = fileURLToPath(new URL(".", import.meta.url));
const at = process.argv.indexOf("--out");
const out = at > 0 ? process.argv[at + 1] : join(here, "..", "assets");

const common = { absWorkingDir: here, bundle: true, charset: "utf8", format: "esm", jsx: "automatic", jsxImportSource: "preact", logLevel: "warning", target: "es2022" };

if (process.argv.includes("--tests")) {
	await rm(join(here, ".tests"), { recursive: true, force: true });
	const tests = (await readdir(join(here, "test"))).filter((name) => name.endsWith(".test.ts")).sort();
	await build({ ...common, entryPoints: tests.map((name) => join("test", name)), outdir: ".tests", platform: "node" });
} else {
	const done = await build({
		...common,
		entryPoints: { workspace: "src/main.tsx" },
		outdir: out,
		minify: true,
		legalComments: "none",
		metafile: true,
		banner: { js: "// Built from web/workspace by make assets. Licences of what is in it: LICENSES.txt.", css: "/* Built from web/workspace by make assets. */" },
	});
	await writeFile(join(out, "LICENSES.txt"), await licences(Object.keys(done.metafile.inputs)));
}

// licences are those of the packages that are in the bundle, by name.
async function licences(inputs) {
	const packages = new Set(inputs.map((path) => /^node_modules\/((?:@[^/]+\/)?[^/]+)\//.exec(path)?.[1]).filter(Boolean));
	let text = "workspace.js contains these packages.\n";
	for (const name of [...packages].sort()) {
		const { version, license } = JSON.parse(await readFile(join(here, "node_modules", name, "package.json"), "utf8"));
		const whole = await readFile(join(here, "node_modules", name, "LICENSE"), "utf8");
		text += `\n${"=".repeat(72)}\n${name} ${version}, ${license}\n\n${whole.trim()}\n`;
	}
	return text;
}
