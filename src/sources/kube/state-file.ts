/** A file that only this program may have written, and that is never seen half-written. */
import { constants } from 'node:fs';
import { type FileHandle, open, rename, rm, utimes } from 'node:fs/promises';
import { codeOf } from '../../errors.ts';
import { fileProblem } from '../../formats/system-error.ts';
import { StateFileError } from './errors.ts';

/** Ten times what 10 000 Services take. */
const LARGEST = 64 * 1024 * 1024;
const OWNER_ONLY = 0o600;
const WRITABLE_BY_OTHERS = 0o022;

export interface StoredState {
  readonly content: Buffer;
  /** Until when the content was known to be true; milliseconds since 1970. */
  readonly confirmedAt: number;
}

/** Its modification time says until when the content was known to be true: a stamp costs less than a new file. */
export class StateFile {
  readonly path: string;

  constructor(path: string) {
    this.path = path;
  }

  /** @returns undefined when the file does not exist @throws StateFileError that says, after the file's name, why it must not be used */
  async read(): Promise<StoredState | undefined> {
    let handle: FileHandle;
    try {
      // A link could lead to a file of another's; a pipe would hold the start up for ever.
      handle = await open(this.path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
    } catch (error) {
      if (codeOf(error) === 'ENOENT') return undefined;
      if (codeOf(error) === 'ELOOP') throw new StateFileError('is a symbolic link');
      throw new StateFileError(`cannot be read: ${fileProblem(this.path, error)}`, { cause: error });
    }
    try {
      const stats = await handle.stat();
      const objection = objectionTo(stats);
      if (objection !== undefined) throw new StateFileError(objection);
      return { content: await readWhole(handle, stats.size), confirmedAt: stats.mtimeMs };
    } catch (error) {
      if (error instanceof StateFileError) throw error;
      throw new StateFileError(`cannot be read: ${fileProblem(this.path, error)}`, { cause: error });
    } finally {
      await handle.close();
    }
  }

  /** Puts another content in its place, in one step. @throws what the file system says */
  async write(chunks: readonly Buffer[], confirmedAt: number): Promise<void> {
    const fresh = `${this.path}.new`;
    // Left by a process that was killed. The file made now must be new, so that no other process has it open.
    await rm(fresh, { force: true });
    const handle = await open(fresh, 'wx', OWNER_ONLY);
    try {
      try {
        await handle.writeFile(chunks);
        await handle.utimes(confirmedAt / 1000, confirmedAt / 1000);
        // Else the name could be on the disk before the content is.
        await handle.sync();
      } finally {
        await handle.close();
      }
      await rename(fresh, this.path);
    } catch (error) {
      await rm(fresh, { force: true }).catch(() => undefined);
      throw error;
    }
  }

  /** The content was still true at this time. @throws what the file system says */
  async confirm(confirmedAt: number): Promise<void> {
    await utimes(this.path, confirmedAt / 1000, confirmedAt / 1000);
  }
}

interface Facts {
  readonly mode: number;
  readonly uid: number;
  readonly size: number;
  isFile(): boolean;
}

function objectionTo(stats: Facts): string | undefined {
  if (!stats.isFile()) return 'is not a regular file';
  const user = process.geteuid?.();
  if (user !== undefined && stats.uid !== user && stats.uid !== 0) {
    return `belongs to another user (uid ${stats.uid}; this process runs as ${user})`;
  }
  if ((stats.mode & WRITABLE_BY_OTHERS) !== 0) {
    return `may be written by others than its owner (mode ${(stats.mode & 0o777).toString(8).padStart(4, '0')}, not 0600)`;
  }
  return stats.size > LARGEST ? `has ${stats.size} bytes, more than ${LARGEST}` : undefined;
}

/** What comes after so many bytes was added since they were counted: the checksum will tell. */
async function readWhole(handle: FileHandle, size: number): Promise<Buffer> {
  const content = Buffer.alloc(size);
  let length = 0;
  while (length < size) {
    const { bytesRead } = await handle.read(content, length, size - length, length);
    if (bytesRead === 0) break;
    length += bytesRead;
  }
  return content.subarray(0, length);
}
