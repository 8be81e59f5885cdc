/** What the operating system says about a file, as a sentence for people. */
import { existsSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { codeOf, messageOf } from '../errors.ts';

const REASONS: Readonly<Record<string, string>> = {
  EISDIR: 'it is a folder',
  ENOTDIR: 'a part of its path is a file, not a folder',
  ELOOP: 'it leads through too many symbolic links',
  ENAMETOOLONG: 'its name is too long',
  EROFS: 'its file system is read-only',
  ENOSPC: 'its file system is full',
  ENXIO: 'no process reads this pipe',
  EMFILE: 'this process has too many files open',
};

/** Why something could not be done with a file: `it does not exist`, `the folder /nowhere does not exist`. */
export function fileProblem(path: string, error: unknown): string {
  const code = codeOf(error) ?? '';
  if (code === 'ENOENT') {
    const folder = dirname(resolve(path));
    return existsSync(folder) ? 'it does not exist' : `the folder ${folder} does not exist`;
  }
  if (code === 'EACCES' || code === 'EPERM') return `permission denied (user ${process.getuid?.() ?? 'unknown'})`;
  return REASONS[code] ?? messageOf(error);
}
