// @ts-check
/**
 * The last step of a build: compress every file once, so that the server never has to, hold the size budgets, and put
 * the licences of the packages that ended up in the bundle beside it, as they ask for.
 *
 * A budget is the gzip size of JavaScript that must arrive before something shows: the first screen is the entry with
 * all it imports statically plus the heaviest of the pages that people open first; a lazy page is what one dynamic import adds to that. An engine, as
 * that of charts, is fetched by a page that shows already, so it is no part of a first screen and has its own budget. So
 * have the pages of the player, with the engine of rrweb in them.
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
 * @typedef {{ firstScreen: number, first: string[], lazyPage: number, engines: Record<string, number> }} Budgets bytes after gzip; engines by
 *   the beginning of their chunk's name
 *
 * @param {Budgets} budgets
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
        const report = measure(bundle, budgets.first);
        const heaviest = [...report.pages].sort(([, one], [, other]) => other - one).slice(0, 8);
        const over = overBudget(report, budgets);
        if (over.length) console.log(heaviest.map(([name, size]) => `${name} adds ${kilobytes(size)} kB`).join('\n'));
        for (const line of over) this.error(line);
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

const MIT = `Permission is hereby granted, free of charge, to any person obtaining a copy of this software and associated documentation
files (the "Software"), to deal in the Software without restriction, including without limitation the rights to use, copy,
modify, merge, publish, distribute, sublicense, and/or sell copies of the Software, and to permit persons to whom the
Software is furnished to do so, subject to the following conditions:

The above copyright notice and this permission notice shall be included in all copies or substantial portions of the
Software.

THE SOFTWARE IS PROVIDED "AS IS", WITHOUT WARRANTY OF ANY KIND, EXPRESS OR IMPLIED, INCLUDING BUT NOT LIMITED TO THE
WARRANTIES OF MERCHANTABILITY, FITNESS FOR A PARTICULAR PURPOSE AND NONINFRINGEMENT. IN NO EVENT SHALL THE AUTHORS OR
COPYRIGHT HOLDERS BE LIABLE FOR ANY CLAIM, DAMAGES OR OTHER LIABILITY, WHETHER IN AN ACTION OF CONTRACT, TORT OR
OTHERWISE, ARISING FROM, OUT OF OR IN CONNECTION WITH THE SOFTWARE OR THE USE OR OTHER DEALINGS IN THE SOFTWARE.`;

/** Packages whose licence is only named, as MIT, in package.json: whose it is. @type {Record<string, string>} */
const HOLDERS = {
  '@rrweb/replay': 'Copyright (c) 2018 Contributors (https://github.com/rrweb-io/rrweb/graphs/contributors) and SmartX Inc.',
};
/** What such a package has in its file besides itself. @type {Record<string, string[]>} */
const WITHIN = {
  '@rrweb/replay': ['@xstate/fsm', 'base64-arraybuffer', 'mitt', 'nanoid', 'picocolors', 'postcss', 'source-map-js'],
};

/** @param {import('vite').Rollup.OutputBundle} bundle */
function licences(bundle) {
  const folders = new Set();
  for (const file of Object.values(bundle)) {
    for (const [module, { renderedLength }] of Object.entries(file.type === 'chunk' ? file.modules : {})) {
      const found = /^.*\/node_modules\/(?:@[^/]+\/)?[^/]+/.exec(module);
      if (!found || !renderedLength) continue;
      folders.add(found[0]);
      const [root = '', name = ''] = found[0].split('/node_modules/');
      for (const inner of WITHIN[name] ?? []) folders.add(`${root}/node_modules/${inner}`);
    }
  }
  const texts = [...folders].sort().map((folder) => {
    const { name, version, license } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf-8'));
    const file = readdirSync(folder).find((each) => /^licen[cs]e/i.test(each));
    if (!file && license === 'MIT' && HOLDERS[name]) return `${name} ${version}\n\n${HOLDERS[name]}\n\n${MIT}\n`;
    if (!file) throw new Error(`${name} brings no licence file: say in scripts/finish.mjs what its licence is`);
    return `${name} ${version}\n\n${readFileSync(join(folder, file), 'utf-8').trim()}\n`;
  });
  return `The dashboard contains these packages.\n\n${texts.join(`\n${'-'.repeat(80)}\n\n`)}`;
}

/** @param {number} bytes */
const kilobytes = (bytes) => (bytes / 1000).toFixed(1);

/**
 * @param {import('vite').Rollup.OutputBundle} bundle
 * @param {string[]} first the pages that people open first, by name
 * @returns {{ firstScreen: number, pages: Map<string, number> }}
 */
function measure(bundle, first) {
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
  if (process.env.SIGHTLINE_SIZES) {
    for (const name of shell) console.log(`  ${name} ${kilobytes(weight([name]))}`);
    for (const [name, size] of [...pages].sort(([, one], [, other]) => other - one)) console.log(`  + ${name} ${kilobytes(size)}`);
  }
  const shown = [...pages].flatMap(([name, size]) => (first.includes(name) ? [size] : []));
  if (shown.length !== first.length) throw new Error(`of the pages ${first.join(', ')} some are not built: see vite.config.ts`);
  return { firstScreen: weight(shell) + Math.max(0, ...shown), pages };
}

/** @param {ReturnType<typeof measure>} report @param {Budgets} budgets */
function overBudget({ firstScreen, pages }, budgets) {
  const over = [];
  if (firstScreen > budgets.firstScreen)
    over.push(`the first screen needs ${kilobytes(firstScreen)} kB gzip of JavaScript; ${kilobytes(budgets.firstScreen)} are allowed`);
  for (const [name, size] of pages) {
    const [, allowed] = Object.entries(budgets.engines).find(([engine]) => name.startsWith(engine)) ?? ['', budgets.lazyPage];
    if (size > allowed) over.push(`the page ${name} adds ${kilobytes(size)} kB gzip of JavaScript; ${kilobytes(allowed)} are allowed`);
  }
  return over;
}
