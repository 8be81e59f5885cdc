/**
 * Stands in for `node:26-slim`, which only a registry has: Debian's smallest system with the npm package `node` where that
 * image has its Node, this machine's npm, and the user `node`. It lacks that image's yarn.
 */
import { cpSync, existsSync, mkdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { run } from './run.ts';

const NPM = '/usr/local/lib/node_modules/npm';
/** An npm in the image asks through the same certificates as one out here. */
const CERTIFICATES = '/etc/ssl/certs/ca-certificates.crt';

/** @returns the folder that holds the system; one that is there already is taken as it is */
export async function prepareBase(folder: string): Promise<string> {
  const root = join(folder, 'base');
  const inside = (path: string): string => join(root, path);
  if (existsSync(inside('usr/local/bin/npm'))) return root;
  rmSync(root, { recursive: true, force: true });
  await run('debootstrap', '--variant=minbase', '--include=ca-certificates,libatomic1', 'bookworm', root);
  await run('chroot', root, 'groupadd', '--gid', '1000', 'node');
  await run('chroot', root, 'useradd', '--uid', '1000', '--gid', 'node', '--create-home', 'node');
  for (const litter of ['var/cache/apt', 'var/lib/apt/lists', 'usr/share/doc', 'usr/share/man', 'var/log']) {
    rmSync(inside(litter), { recursive: true, force: true });
    mkdirSync(inside(litter));
  }
  cpSync(process.execPath, inside('usr/local/bin/node'), { dereference: true });
  cpSync(join(await run('npm', 'root', '--global'), 'npm'), inside(NPM), { recursive: true });
  cpSync(CERTIFICATES, inside(CERTIFICATES));
  mkdirSync(dirname(inside('usr/local/etc/npmrc')), { recursive: true });
  writeFileSync(inside('usr/local/etc/npmrc'), `cafile=${CERTIFICATES}\n`);
  symlinkSync(`${NPM}/bin/npx-cli.js`, inside('usr/local/bin/npx'));
  symlinkSync(`${NPM}/bin/npm-cli.js`, inside('usr/local/bin/npm'));
  return root;
}
