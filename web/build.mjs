// Builds the app and embeds it: build.mjs WEB_FOLDER NODE_MODULES WORK_FOLDER OUT.cc
// The sources are copied beside the packages, so that nothing is written into the source folder.
import { spawnSync } from "node:child_process";
import { cpSync, mkdirSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { extname, join, relative } from "node:path";
import { brotliCompressSync, constants, gzipSync } from "node:zlib";

const [web, modules, work, out] = process.argv.slice(2);
const TYPES = {
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript; charset=utf-8",
  ".css": "text/css; charset=utf-8",
  ".svg": "image/svg+xml",
};

function run(script, ...args) {
  const done = spawnSync(process.execPath, [join(modules, script), ...args], { cwd: join(work, "app"), encoding: "utf8" });
  if (done.status !== 0) {
    process.stderr.write(done.stdout + done.stderr);
    process.exit(1);
  }
}

function filesBelow(folder) {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    return entry.isDirectory() ? filesBelow(path) : [path];
  });
}

/** A C++ string literal of any bytes, in pieces that compilers take. */
function literal(bytes) {
  let text = "";
  for (let at = 0; at < bytes.length; at += 4000) {
    let piece = "";
    for (const byte of bytes.subarray(at, at + 4000)) {
      const plain = byte >= 32 && byte < 127 && byte !== 34 && byte !== 92 && byte !== 63;
      piece += plain ? String.fromCharCode(byte) : "\\" + byte.toString(8).padStart(3, "0");
    }
    text += `\n        "${piece}"`;
  }
  return `std::string_view(${text || '""'}, ${bytes.length})`;
}

const app = join(work, "app");
rmSync(app, { recursive: true, force: true });
mkdirSync(app, { recursive: true });
cpSync(web, app, { recursive: true });
symlinkSync(modules, join(app, "node_modules"));
run("typescript/bin/tsc", "--noEmit");
run("vite/bin/vite.js", "build", "--logLevel", "error");

const dist = join(app, "dist");
const rows = filesBelow(dist)
  .map((file) => ({ path: "/" + relative(dist, file), bytes: readFileSync(file) }))
  .sort((a, b) => (a.path < b.path ? -1 : 1))
  .map(({ path, bytes }) => {
    const smaller = (packed) => (packed.length < bytes.length ? packed : Buffer.alloc(0));
    const gzip = smaller(gzipSync(bytes, { level: 9 }));
    const brotli = smaller(brotliCompressSync(bytes, { params: { [constants.BROTLI_PARAM_QUALITY]: 11 } }));
    const type = TYPES[extname(path)] ?? "application/octet-stream";
    return `    {"${path}", "${type}",\n     ${literal(bytes)},\n     ${literal(gzip)},\n     ${literal(brotli)}},\n`;
  });

writeFileSync(out, `// Made by web/build.mjs.
#include "thunderline/thunderprism/assets.h"

namespace thunderline::thunderprism {
namespace {
const Asset kAssets[] = {
${rows.join("")}};
}  // namespace

std::span<const Asset> embedded_assets() { return kAssets; }

}  // namespace thunderline::thunderprism
`);
