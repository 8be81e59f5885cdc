/** The program as it is in the image: compiled, and with the Node options that deploy/Dockerfile sets. */
import { copyFileSync, cpSync, mkdirSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { imageEnvironment } from '../../support/image-environment.ts';
import { runToEnd } from '../../support/run-to-end.ts';

const ROOT = join(import.meta.dirname, '../../..');
const COMPILE_SECONDS = 120;

export interface Installation {
  readonly program: string;
  readonly environment: Readonly<Record<string, string>>;
}

/** @param folder everything goes there */
export async function install(folder: string, cpus: string): Promise<Installation> {
  mkdirSync(folder, { recursive: true });
  const compiler = join(ROOT, 'node_modules/.bin/tsc');
  await runToEnd([compiler, '--project', join(ROOT, 'src'), '--outDir', join(folder, 'dist')], {
    cpus,
    seconds: COMPILE_SECONDS,
  });
  const page = 'admin/dashboard/page';
  cpSync(join(ROOT, 'src', page), join(folder, 'dist', page), { recursive: true });
  copyFileSync(join(ROOT, 'package.json'), join(folder, 'package.json'));
  symlinkSync(join(ROOT, 'node_modules'), join(folder, 'node_modules'));
  return { program: join(folder, 'dist/main.js'), environment: imageEnvironment() };
}
