// @ts-check
/** Build the package: one module for `import`, one for `require`, and the types; nothing else is needed where it runs. */
import { build } from 'esbuild';
import { execFileSync } from 'node:child_process';
import { rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const ROOT = join(dirname(fileURLToPath(import.meta.url)), '..');

rmSync(join(ROOT, 'dist'), { recursive: true, force: true });
for (const [format, file] of /** @type {const} */ ([['esm', 'index.mjs'], ['cjs', 'index.cjs']])) {
  await build({
    absWorkingDir: ROOT,
    entryPoints: ['src/index.ts'],
    outfile: join('dist', file),
    bundle: true,
    minify: true,
    keepNames: false,
    platform: 'node',
    format,
    target: 'node20',
    logLevel: 'warning',
  });
}
execFileSync(join(ROOT, 'node_modules/.bin/tsc'), ['--declaration', '--emitDeclarationOnly', '--outDir', 'dist/types'], { cwd: ROOT, stdio: 'inherit' });
