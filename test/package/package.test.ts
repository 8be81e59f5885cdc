/** What users install: the tarball of `npm pack`, without a registry. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { cp, mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { promisify } from 'node:util';
import { pushed, ServingProgram } from '../cli/serve-fixture.ts';
import { RawUpstream } from '../support/raw-upstream.ts';

const run = promisify(execFile);
const ROOT = join(import.meta.dirname, '../..');

let scratch = '';
/** Where the package is installed. */
let installed = '';
let manifest: { readonly name: string; readonly version: string; readonly bin: Readonly<Record<string, string>> };

before(async () => {
  scratch = await mkdtemp(join(tmpdir(), 'ke-package-'));
  // Packed in a copy: building in the checkout would pull dist/ away from under whoever uses it.
  const copy = join(scratch, 'checkout');
  await mkdir(copy);
  for (const name of await readdir(ROOT)) {
    if (name === 'node_modules') await symlink(join(ROOT, name), join(copy, name));
    else if (!name.startsWith('.') && name !== 'dist') await cp(join(ROOT, name), join(copy, name), { recursive: true });
  }
  const { stdout } = await run('npm', ['pack', '--offline', '--json', '--pack-destination', scratch], { cwd: copy });
  // What the build prints comes before.
  const filename = /"filename": "([^"]+)"/.exec(stdout)?.[1] ?? '';
  // As npm lays it out: below node_modules, where Node runs no TypeScript.
  installed = join(scratch, 'lib/node_modules/kube-entry');
  await mkdir(installed, { recursive: true });
  await run('tar', ['-xzf', join(scratch, filename), '-C', installed, '--strip-components=1']);
  await rm(copy, { recursive: true });
  manifest = JSON.parse(await readFile(join(installed, 'package.json'), 'utf8'));
});

after(() => rm(scratch, { recursive: true, force: true }));

async function packedFiles(): Promise<string[]> {
  const entries = await readdir(installed, { recursive: true, withFileTypes: true });
  return entries.filter(entry => entry.isFile()).map(entry => join(entry.parentPath, entry.name).slice(installed.length + 1));
}

/** Runs the installed program, with the checkout's dependencies. */
async function kubeEntry(...args: readonly string[]): Promise<{ stdout: string; stderr: string; code: number }> {
  try {
    return { ...(await run(process.execPath, [await mainFile(), ...args])), code: 0 };
  } catch (error) {
    const { stdout, stderr, code } = error as { stdout: string; stderr: string; code: number };
    return { stdout, stderr, code };
  }
}

async function mainFile(): Promise<string> {
  await symlink(join(ROOT, 'node_modules'), join(scratch, 'lib/node_modules/node_modules')).catch(() => undefined);
  return join(installed, manifest.bin['kube-entry'] ?? '');
}
