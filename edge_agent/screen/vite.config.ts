/** How the screen is built: into the folder that the agent serves, with a list of its files for the service worker. */
import { readFileSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { Licenses } from "./licenses.ts";
import react from "@vitejs/plugin-react";
import { type Plugin, defineConfig } from "vite";

const TARGET = "../web/assets";
const licenses = new Licenses();
const PUBLIC = ["/manifest.webmanifest", "/icon.svg", "/icon-maskable.svg"];

/** The worker learns which files the shell has. Parts that are loaded on demand (the camera's reader) are not of it. */
function listTheShell(): Plugin {
  return {
    name: "list-the-shell",
    generateBundle(_options, bundle) {
      const files = Object.values(bundle);
      const shell = files.filter((file) => (file.type === "chunk" ? !file.isDynamicEntry : file.fileName.endsWith(".css")));
      const paths = shell.map((file) => `/${file.fileName}`).filter((path) => path.startsWith("/assets/"));
      const worker = bundle["sw.js"];
      if (worker?.type !== "chunk") throw new Error("expected the service worker among the built files");
      worker.code = worker.code.replaceAll("__SHELL__", JSON.stringify(["/", ...paths.sort(), ...PUBLIC]));
    },
  };
}

/** The agent sends `name.gz` to whoever accepts it; a small box compresses nothing itself. */
function compress(): Plugin {
  return {
    name: "compress",
    closeBundle() {
      for (const name of readdirSync(TARGET, { recursive: true, encoding: "utf8" })) {
        if (!/\.(js|css|svg|wasm|webmanifest|txt)$/.test(name)) continue;
        writeFileSync(join(TARGET, `${name}.gz`), gzipSync(readFileSync(join(TARGET, name)), { level: 9 }));
      }
    },
  };
}

export default defineConfig({
  plugins: [react(), listTheShell(), licenses.collect(), licenses.write("licenses.txt"), compress()],
  worker: { plugins: () => [licenses.collect()] },
  build: {
    outDir: TARGET,
    emptyOutDir: true,
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    target: "es2022",
    rolldownOptions: {
      input: { screen: "index.html", sw: "worker/sw.ts" },
      output: {
        entryFileNames: (chunk) => (chunk.name === "sw" ? "sw.js" : "assets/[name]-[hash].js"),
        chunkFileNames: "assets/[name]-[hash].js",
        assetFileNames: "assets/[name]-[hash][extname]",
      },
    },
  },
});
