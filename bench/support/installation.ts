/** The program as it is in the image: its few files, and the Node options that deploy/Dockerfile sets. */
import { copyFileSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { bundle } from '../../deploy/bundle.ts';
import { imageEnvironment } from './image-environment.ts';

const MANIFEST = join(import.meta.dirname, '../../package.json');

export interface Installation {
  readonly program: string;
  readonly environment: Readonly<Record<string, string>>;
}

let installed: Installation | undefined;

/** Made when it is first asked for, and gone when this process is. */
export function installation(): Installation {
  installed ??= install();
  return installed;
}

function install(): Installation {
  const folder = mkdtempSync(join(tmpdir(), 'kube-entry-installation-'));
  process.once('exit', () => rmSync(folder, { recursive: true, force: true }));
  copyFileSync(MANIFEST, join(folder, 'package.json'));
  return { program: join(bundle(join(folder, 'dist')), 'main.js'), environment: imageEnvironment() };
}
