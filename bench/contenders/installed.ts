import { spawnSync } from 'node:child_process';
import { NotSupportedError } from '../support/bench-error.ts';

/** Asks a program for its version. @throws NotSupportedError when it is not there */
export function installedVersion(program: string, args: readonly string[], pattern: RegExp): string {
  const { stdout, stderr, error } = spawnSync(program, args, { encoding: 'utf8' });
  const found = pattern.exec(`${stdout}${stderr}`)?.[1];
  if (error !== undefined || found === undefined) {
    throw new NotSupportedError(`not installed (apt-get install ${program})`);
  }
  return found;
}
