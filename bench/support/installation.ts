/** The program as it is in the image: its few files, and the Node options that deploy/Dockerfile sets. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { install } from '../../deploy/bundle.ts';
import { imageEnvironment } from './image-environment.ts';

export interface Installation {
  readonly program: string;
  readonly environment: Readonly<Record<string, string>>;
}

let installed: Installation | undefined;

/** Made when it is first asked for, and gone when this process is. */
export function installation(): Installation {
  installed ??= temporary();
  return installed;
}

function temporary(): Installation {
  const folder = mkdtempSync(join(tmpdir(), 'kube-entry-installation-'));
  process.once('exit', () => rmSync(folder, { recursive: true, force: true }));
  return { program: install(folder), environment: imageEnvironment() };
}
