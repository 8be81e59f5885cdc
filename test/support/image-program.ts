/** The program as the image has it, for tests. */
import { copyFileSync } from 'node:fs';
import { join } from 'node:path';
import { bundle } from '../../deploy/bundle.ts';
import { PROGRAM_VARIABLE } from './program-file.ts';
import { TemporaryFolder } from './real-process.ts';

/** From now on tests run the program as the image has it. Its files are gone when this process is. */
export function testAsInImage(): void {
  process.env[PROGRAM_VARIABLE] = bundleInto(new TemporaryFolder().path);
}

/** @returns its executable in a folder where it finds no package */
export function bundleInto(folder: string): string {
  copyFileSync(join(import.meta.dirname, '../../package.json'), join(folder, 'package.json'));
  return join(bundle(join(folder, 'dist')), 'main.js');
}
