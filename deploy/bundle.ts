/**
 * The program as the image has it, in a few files with its packages in them: `node deploy/bundle.ts FOLDER`. It needs no
 * `node_modules`. Against a module for each source file it starts in two thirds of the time, and every thread has less to keep.
 */
import { chmodSync, copyFileSync, cpSync } from 'node:fs';
import { join } from 'node:path';
import { buildSync } from 'esbuild';

const ROOT = join(import.meta.dirname, '..');
const SOURCES = join(ROOT, 'src');
const PAGE = 'admin/dashboard/page';

/** Files that something starts by their names: all lie in one folder, since what starts a thread looks for its file there. */
const STARTED = {
  main: join(SOURCES, 'main.js'),
  worker: join(SOURCES, 'workers/worker.ts'),
  'hash-thread': join(SOURCES, 'dataplane/passwords/hash-thread.ts'),
};

/** Packages that are CommonJS ask for Node's own modules by this. */
const REQUIRE = "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);";

/**
 * Writes the files, of which main.js is the executable. The folder above has to hold the package's manifest, which tells the version.
 * @throws BuildFailure of esbuild
 */
export function bundle(folder: string): void {
  buildSync({
    entryPoints: STARTED,
    outdir: folder,
    chunkNames: '[name]-[hash]',
    bundle: true,
    // What commands load only when they need it stays apart.
    splitting: true,
    format: 'esm',
    platform: 'node',
    target: 'esnext',
    // Each thread keeps the text of what it has loaded. Names stay as they are: stacks are read by people.
    minifyWhitespace: true,
    lineLimit: 200,
    legalComments: 'none',
    banner: { js: REQUIRE },
    logLevel: 'warning',
  });
  const filter = (file: string): boolean => !file.endsWith('tsconfig.json');
  cpSync(join(SOURCES, PAGE), join(folder, 'page'), { recursive: true, filter });
  chmodSync(join(folder, 'main.js'), 0o755);
}

/** Lays the program into a folder as it lies in the image. @returns its executable @throws BuildFailure of esbuild */
export function install(folder: string): string {
  copyFileSync(join(ROOT, 'package.json'), join(folder, 'package.json'));
  bundle(join(folder, 'dist'));
  return join(folder, 'dist/main.js');
}

if (import.meta.main) {
  const [folder] = process.argv.slice(2);
  if (folder === undefined) {
    process.stderr.write('Usage: node deploy/bundle.ts FOLDER\n');
    process.exitCode = 1;
  } else bundle(folder);
}
