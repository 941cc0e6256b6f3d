// @ts-check
/**
 * Build the SDK: the script that Sightline serves (`--outDir`), and the module package (`dist`, without it).
 *
 * The script is one entry and a recorder that it fetches later by a name with a digest and with its integrity; both
 * are compressed once, so that the server never has to. A build over budget fails.
 */
import { build } from 'esbuild';
import { minify } from 'terser';
import { createHash } from 'node:crypto';
import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { brotliCompressSync, constants, gzipSync } from 'node:zlib';

const ROOT = join(dirname(fileURLToPath(import.meta.url)), '..');
/** Bytes after gzip -9, as shipped. */
const BUDGETS = { core: 9_000, replay: 30_000, all: 40_000, umami: 30_000 };

// rrweb looks for getters of these names, finds methods, takes Element for tampered with, and puts a frame into every page
// to get at another. That frame was half of what the first picture of a page took.
const TAMPERED = 'Element: ["shadowRoot", "querySelector", "querySelectorAll"]';

/** @type {import('esbuild').Plugin} */
const withoutFrame = {
  name: 'without-frame',
  setup({ onLoad }) {
    onLoad({ filter: /@rrweb\/record\/dist\/record\.js$/ }, ({ path }) => {
      const parts = readFileSync(path, 'utf-8').split(TAMPERED);
      if (parts.length !== 2) throw new Error('@rrweb/record is another than the one whose table of getters is known');
      return { contents: parts.join('Element: ["shadowRoot"]'), loader: 'js' };
    });
  },
};

/** @type {import('esbuild').BuildOptions} */
const COMMON = {
  absWorkingDir: ROOT,
  bundle: true,
  minify: true,
  target: ['es2022'],
  legalComments: 'none',
  write: false,
  logLevel: 'warning',
  metafile: true,
  plugins: [withoutFrame],
};

/** @param {string | Uint8Array} text */
const gzip = (text) => gzipSync(text, { level: 9 });
/** @param {string | Uint8Array} text */
const brotli = (text) => brotliCompressSync(text, { params: { [constants.BROTLI_PARAM_QUALITY]: 11 } });

/** @param {Record<string, unknown>} options @returns {Promise<{ text: string, metafile: import('esbuild').Metafile }>} */
async function bundled(options) {
  const made = await build({ ...COMMON, ...options });
  // esbuild bundles; terser then takes another twentieth off, which is what keeps the core within its budget.
  const { code } = await minify(made.outputFiles?.[0]?.text ?? '', {
    ecma: 2020,
    compress: { passes: 3, pure_getters: true, unsafe_arrows: true, unsafe_methods: true },
    // Names that only our own modules know, and that no two files share; the last two are web-vitals' own among itself.
    mangle: { properties: { regex: /^(here|current|view|report|crumb|consented|heard|wanted|leaving|tries|soon|flush|clear|allow|reportAllChanges|onHidden)$/ } },
  });
  return { text: `${code ?? ''}\n`, metafile: /** @type {import('esbuild').Metafile} */ (made.metafile) };
}

/** @param {import('esbuild').Metafile[]} files the licences of the packages that are in these bundles */
function licences(files) {
  const folders = new Set();
  for (const file of files) {
    for (const name of Object.keys(file.inputs)) {
      const found = /^.*node_modules\/(?:@[^/]+\/)?[^/]+/.exec(name);
      if (found) folders.add(found[0]);
    }
  }
  const texts = [...folders].sort().map((folder) => {
    const { name, version, license } = JSON.parse(readFileSync(join(ROOT, folder, 'package.json'), 'utf-8'));
    let text = license;
    for (const file of ['LICENSE', 'LICENSE.md', 'license']) {
      try {
        text = readFileSync(join(ROOT, folder, file), 'utf-8').trim();
        break;
      } catch {
        // Some packages name their licence only.
      }
    }
    return `${name} ${version}\n\n${text}\n`;
  });
  return `The SDK contains these packages.\n\n${texts.join(`\n${'-'.repeat(80)}\n\n`)}`;
}

/** @param {string} folder */
async function script(folder) {
  const recorder = await bundled({ entryPoints: ['src/replay/script.ts'], format: 'iife', define: { TALKS: 'false' } });
  const digest = createHash('sha256').update(recorder.text).digest();
  const file = `r-${digest.toString('hex').slice(0, 12)}.js`;
  const entry = await bundled({
    entryPoints: ['src/script.ts'],
    format: 'iife',
    define: { TALKS: 'false', RECORDER: JSON.stringify({ file, integrity: `sha256-${digest.toString('base64')}` }) },
  });
  // Apart: pages that were made for Umami load it in place of the others.
  const umami = await bundled({ entryPoints: ['src/replay/umami.ts'], format: 'iife', define: { TALKS: 'false' } });
  const sizes = { core: gzip(entry.text).length, replay: gzip(recorder.text).length, all: 0, umami: gzip(umami.text).length };
  sizes.all = sizes.core + sizes.replay;
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  for (const [name, text] of /** @type {[string, string][]} */ ([['s.js', entry.text], [file, recorder.text], ['recorder.js', umami.text]])) {
    writeFileSync(join(folder, name), text);
    writeFileSync(join(folder, `${name}.gz`), gzip(text));
    writeFileSync(join(folder, `${name}.br`), brotli(text));
  }
  writeFileSync(join(folder, 'licenses.txt'), licences([entry.metafile, recorder.metafile]));
  writeFileSync(join(folder, 'sizes.json'), JSON.stringify(sizes) + '\n');
  const said = Object.entries(sizes).map(([name, size]) => `${name} ${size} of ${BUDGETS[/** @type {keyof typeof BUDGETS} */ (name)]}`);
  console.log(`bytes, gzip -9: ${said.join(', ')}`);
  const over = Object.entries(sizes).filter(([name, size]) => size > BUDGETS[/** @type {keyof typeof BUDGETS} */ (name)]);
  if (over.length) throw new Error(`over budget: ${over.map(([name]) => name).join(', ')}`);
}

async function modules() {
  const made = await build({
    ...COMMON,
    entryPoints: { index: 'src/index.ts', later: 'src/later.ts', react: 'src/react/index.tsx', mock: 'src/mock.ts' },
    format: 'esm',
    splitting: true,
    write: true,
    outdir: 'dist',
    chunkNames: 'chunks/[name]-[hash]',
    external: ['react', 'react/jsx-runtime', 'web-vitals'], // rrweb comes along, as it is mended
    minify: false,
    define: { TALKS: 'true' },
    jsx: 'automatic',
  });
  if (made.errors.length) throw new Error('the modules were not built');
  writeFileSync(join(ROOT, 'dist/licenses.txt'), licences([/** @type {import('esbuild').Metafile} */ (made.metafile)]));
  execFileSync(join(ROOT, 'node_modules/.bin/tsc'), ['--declaration', '--emitDeclarationOnly', '--outDir', 'dist/types'], { cwd: ROOT, stdio: 'inherit' });
}

const { values } = parseArgs({ options: { outDir: { type: 'string' }, emptyOutDir: { type: 'boolean' } } });
try {
  if (values.outDir) await script(values.outDir);
  else {
    rmSync(join(ROOT, 'dist'), { recursive: true, force: true });
    await modules();
  }
} catch (error) {
  console.error(String(error instanceof Error ? error.message : error));
  process.exit(1);
}
