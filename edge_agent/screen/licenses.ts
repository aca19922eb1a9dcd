/** The licences of all that is built into the screen, its workers included, as one file that the box serves. */
import { readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import type { Plugin } from "vite";

/**
 * What is in the WebAssembly of zxing-wasm, whose package has no text of its licence. Apache's has the same words
 * wherever it stands, and the compiler's copy is at hand.
 */
const INSIDE = [{ in: "zxing-wasm", title: "zxing-cpp, inside zxing-wasm (Apache-2.0)", like: "typescript" }];
const PACKAGE = /^\0?(.*\/node_modules\/((?:@[^/]+\/)?[^/]+))\//;

export class Licenses {
  /** Name of a package -> its folder. */
  private readonly built = new Map<string, string>();

  /** Notes which packages a bundle has come from. */
  collect(): Plugin {
    return {
      name: "collect-licenses",
      generateBundle: (_options, bundle) => {
        const modules = Object.values(bundle).flatMap((file) => (file.type === "chunk" ? file.moduleIds : []));
        for (const [, folder, name] of modules.map((id) => PACKAGE.exec(id) ?? [])) if (folder && name) this.built.set(name, folder);
      },
    };
  }

  /** With the page's own bundle, which is made after its workers' and after it was noted. */
  write(fileName: string): Plugin {
    const licenses = this;
    return {
      name: "write-licenses",
      generateBundle() {
        this.emitFile({ type: "asset", fileName, source: licenses.text() });
      },
    };
  }

  private text(): string {
    const packages = [...this.built].sort().flatMap(([name, folder]) => {
      const { version, license } = JSON.parse(readFileSync(join(folder, "package.json"), "utf8")) as Record<string, string>;
      const inside = INSIDE.filter((each) => each.in === name).map(({ title, like }) => section(title, join(folder, "..", like)));
      return [section(`${name} ${version} (${license})`, folder), ...inside];
    });
    return ["The store's screen is built from these, each under its own licence.", ...packages].join("\n\n\n");
  }
}

/** Throws where a package has no text: what may not be shown may not be shipped. */
function section(title: string, folder: string): string {
  const file = readdirSync(folder).find((name) => /^(licen[cs]e|copying)/i.test(name));
  if (!file) throw new Error(`expected the text of a licence in ${folder}`);
  return `${title}\n${"=".repeat(title.length)}\n\n${readFileSync(join(folder, file), "utf8").trim()}`;
}
