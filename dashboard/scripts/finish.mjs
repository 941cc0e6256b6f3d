// @ts-check
/**
 * The last step of a build: compress every file once, so that the server never has to, hold the size budgets, and put
 * the licences of the packages that ended up in the bundle beside it, as they ask for.
 *
 * A budget is the gzip size of JavaScript that must arrive before something shows: the first screen is the entry with
 * all it imports statically plus one page; a lazy page is what one dynamic import adds to that.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync, brotliCompressSync, constants } from 'node:zlib';

const COMPRESSIBLE = /\.(js|css|html|svg|txt|json)$/;
const WORTH = 512; // bytes: below this the header costs more than compression saves

/** @param {string | Uint8Array} source */
const gzip = (source) => gzipSync(source, { level: 9 });

/** @param {string | Uint8Array} source */
const brotli = (source) =>
  brotliCompressSync(source, { params: { [constants.BROTLI_PARAM_QUALITY]: constants.BROTLI_MAX_QUALITY } });

/**
 * @param {{ firstScreen: number, lazyPage: number }} budgets bytes after gzip
 * @returns {import('vite').Plugin}
 */
export function finish(budgets) {
  return {
    name: 'sightline-finish',
    apply: 'build',
    enforce: 'post',
    generateBundle: {
      order: 'post',
      handler(_options, bundle) {
        const report = measure(bundle);
        for (const line of overBudget(report, budgets)) this.error(line);
        console.log(`first screen ${kilobytes(report.firstScreen)} kB gzip of ${kilobytes(budgets.firstScreen)}`);
        this.emitFile({ type: 'asset', fileName: 'licenses.txt', source: licences(bundle) });
        for (const [name, file] of Object.entries(bundle)) {
          const source = file.type === 'chunk' ? file.code : file.source;
          if (!COMPRESSIBLE.test(name) || source.length < WORTH) continue;
          this.emitFile({ type: 'asset', fileName: `${name}.gz`, source: gzip(source) });
          this.emitFile({ type: 'asset', fileName: `${name}.br`, source: brotli(source) });
        }
      },
    },
  };
}

/** @param {import('vite').Rollup.OutputBundle} bundle */
function licences(bundle) {
  const folders = new Set();
  for (const file of Object.values(bundle)) {
    for (const [module, { renderedLength }] of Object.entries(file.type === 'chunk' ? file.modules : {})) {
      const found = /^.*\/node_modules\/(?:@[^/]+\/)?[^/]+/.exec(module);
      if (found && renderedLength) folders.add(found[0]);
    }
  }
  const texts = [...folders].sort().map((folder) => {
    const { name, version } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf-8'));
    const file = readdirSync(folder).find((each) => /^licen[cs]e/i.test(each));
    if (!file) throw new Error(`${name} brings no licence file: say in scripts/finish.mjs what its licence is`);
    return `${name} ${version}\n\n${readFileSync(join(folder, file), 'utf-8').trim()}\n`;
  });
  return `The dashboard contains these packages.\n\n${texts.join(`\n${'-'.repeat(80)}\n\n`)}`;
}

/** @param {number} bytes */
const kilobytes = (bytes) => (bytes / 1000).toFixed(1);

/**
 * @param {import('vite').Rollup.OutputBundle} bundle
 * @returns {{ firstScreen: number, pages: Map<string, number> }}
 */
function measure(bundle) {
  /** @type {Map<string, import('vite').Rollup.OutputChunk>} */
  const chunks = new Map();
  for (const [name, file] of Object.entries(bundle)) if (file.type === 'chunk') chunks.set(name, file);
  /** @param {string} name @param {Set<string>} seen */
  const closure = (name, seen) => {
    if (seen.has(name)) return seen;
    seen.add(name);
    for (const next of chunks.get(name)?.imports ?? []) closure(next, seen);
    return seen;
  };
  /** @param {Iterable<string>} names */
  const weight = (names) => [...names].reduce((sum, name) => sum + gzip(chunks.get(name)?.code ?? '').length, 0);

  const entry = [...chunks.values()].find((chunk) => chunk.isEntry);
  if (!entry) return { firstScreen: 0, pages: new Map() };
  const shell = closure(entry.fileName, new Set());
  /** @type {Map<string, number>} */
  const pages = new Map();
  for (const chunk of chunks.values()) {
    if (!chunk.isDynamicEntry) continue;
    const added = [...closure(chunk.fileName, new Set())].filter((name) => !shell.has(name));
    pages.set(chunk.name, weight(added));
  }
  return { firstScreen: weight(shell) + Math.max(0, ...pages.values()), pages };
}

/** @param {ReturnType<typeof measure>} report @param {{ firstScreen: number, lazyPage: number }} budgets */
function overBudget({ firstScreen, pages }, budgets) {
  const over = [];
  if (firstScreen > budgets.firstScreen)
    over.push(`the first screen needs ${kilobytes(firstScreen)} kB gzip of JavaScript; ${kilobytes(budgets.firstScreen)} are allowed`);
  for (const [name, size] of pages)
    if (size > budgets.lazyPage)
      over.push(`the page ${name} adds ${kilobytes(size)} kB gzip of JavaScript; ${kilobytes(budgets.lazyPage)} are allowed`);
  return over;
}
