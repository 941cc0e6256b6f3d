// Build a part of the SDK as a shop's build would, with a source map, and say what Node's own reader finds in it.
//
//   node build_map.mjs FOLDER_OF_ESBUILD ENTRY OUT_DIR
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { SourceMap } from 'node:module';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

const [, , packages, start, out] = process.argv;
const { build } = await import(pathToFileURL(join(packages, 'lib/main.js')).href);
const made = await build({
  entryPoints: [start],
  bundle: true,
  minify: true,
  format: 'esm',
  sourcemap: true,
  entryNames: 'assets/[name]-[hash]',
  outdir: out,
  logLevel: 'silent',
  metafile: true,
});
const file = Object.keys(made.metafile.outputs).find((name) => name.endsWith('.js'));
const map = JSON.parse(readFileSync(`${file}.map`, 'utf-8'));
const reader = new SourceMap(map);
const code = readFileSync(file, 'utf-8');
const found = [];
let seed = 1;
for (let count = 0; count < 3000; count += 1) {
  seed = (seed * 48271) % 2147483647;
  const before = code.slice(0, seed % code.length).split('\n');
  const [line, column] = [before.length - 1, before.at(-1).length];
  const entry = reader.findEntry(line, column);
  // Where a line has no mapping Node takes the last one of a line before: that is none of ours.
  const known = entry.originalSource !== undefined && entry.generatedLine === line;
  found.push([line, column, known ? [entry.originalSource, entry.originalLine, entry.originalColumn, entry.name ?? ''] : null]);
}
mkdirSync(out, { recursive: true });
writeFileSync(join(out, 'found.json'), JSON.stringify({ file, found }));
