// @ts-check
/** Run the unit tests: bundle each for Node, and let Node's own runner run them. */
import { build } from 'esbuild';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const ROOT = join(dirname(fileURLToPath(import.meta.url)), '..');
const folder = mkdtempSync(join(ROOT, 'node_modules', '.tests-'));
let status = 1;
try {
  const entries = readdirSync(join(ROOT, 'test')).filter((name) => /\.test\.tsx?$/.test(name));
  await build({
    absWorkingDir: ROOT,
    entryPoints: entries.map((name) => join('test', name)),
    outdir: folder,
    bundle: true,
    platform: 'node',
    format: 'esm',
    target: 'node20',
    packages: 'external',
    loader: { '.json': 'json' },
    outExtension: { '.js': '.mjs' },
    logLevel: 'warning',
  });
  const files = entries.map((name) => join(folder, name.replace(/\.tsx?$/, '.mjs')));
  status = spawnSync(process.execPath, ['--test', '--test-reporter=dot', ...files], { cwd: ROOT, stdio: 'inherit' }).status ?? 1;
} finally {
  rmSync(folder, { recursive: true, force: true });
}
process.exit(status);
