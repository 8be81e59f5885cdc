import { chmod, lstat, mkdtemp, rename, rm, unlink } from 'node:fs/promises';
import { connect } from 'node:net';
import { dirname } from 'node:path';
import { codeOf, messageOf, UnavailableError } from '../errors.ts';
import { fileProblem } from '../formats/system-error.ts';

/** sockaddr_un.sun_path without its final NUL: 108 bytes on Linux, 104 on the BSDs and macOS. */
const MAX_PATH_BYTES = process.platform === 'linux' ? 107 : 103;

/** Owner and group may connect, which takes the right to write. */
const MODE = 0o660;

/** A unix socket's place in the file system. */
export class SocketFile {
  readonly #path: string;
  readonly #device: bigint;
  readonly #inode: bigint;

  private constructor(path: string, device: bigint, inode: bigint) {
    this.#path = path;
    this.#device = device;
    this.#inode = inode;
  }

  /**
   * Binds a unix socket at `path` with mode 0660, in place of one that a dead process left.
   *
   * It is bound in a private directory next to `path` and moved there when its mode is right: no process can connect
   * before that, whatever the umask, and the path always leads to a socket. When the server closes, it unlinks the name
   * that it bound, which no longer exists, and so never what another process may have put at `path` by then.
   *
   * @param listen makes the server listen at the path it is given
   * @throws UnavailableError when another process listens there, something else is there, or it cannot be put there
   */
  static async bind(path: string, listen: (path: string) => Promise<unknown>): Promise<SocketFile> {
    const parent = dirname(path);
    const bytes = Buffer.byteLength(path);
    const excess = Math.max(bytes, Buffer.byteLength(`${parent}/.XXXXXX/s`)) - MAX_PATH_BYTES;
    if (excess > 0) {
      throw new UnavailableError(
        `the admin socket's path has ${bytes} bytes, the system takes no more than ${bytes - excess} here: ${path}`,
      );
    }
    let directory: string | undefined;
    try {
      directory = await mkdtemp(`${parent}/.`);
      const bound = `${directory}/s`;
      await listen(bound);
      await chmod(bound, MODE);
      const { dev, ino } = await lstat(bound, { bigint: true });
      await refuseOccupied(path);
      await rename(bound, path);
      return new SocketFile(path, dev, ino);
    } catch (error) {
      if (error instanceof UnavailableError) throw error;
      throw new UnavailableError(`cannot make the admin socket ${path}: ${fileProblem(path, error)}`, { cause: error });
    } finally {
      if (directory !== undefined) await rm(directory, { recursive: true, force: true });
    }
  }

  /**
   * Removes the file unless another process has put its own in its place. Call it before the server closes: while the
   * socket is open its inode number cannot be given to another file.
   */
  async remove(): Promise<void> {
    const found = await lstat(this.#path, { bigint: true }).catch(() => undefined);
    if (found?.ino === this.#inode && found.dev === this.#device) await unlink(this.#path).catch(() => undefined);
  }
}

async function refuseOccupied(path: string): Promise<void> {
  let isSocket: boolean;
  try {
    isSocket = (await lstat(path)).isSocket();
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return;
    throw error;
  }
  if (!isSocket) {
    throw new UnavailableError(
      `${path} exists and is not a socket; move it away or choose another path with --admin-socket`,
    );
  }
  const refusal = await probe(path);
  if (refusal === undefined) {
    throw new UnavailableError(
      `another process listens on ${path}; stop it or choose another path with --admin-socket`,
    );
  }
  // The kernel refuses when no process has the socket open. Anything else says nothing about its owner.
  if (refusal !== 'ECONNREFUSED' && refusal !== 'ENOENT') {
    throw new UnavailableError(
      `cannot tell whether a process still listens on ${path} (${refusal}); remove it if none does`,
    );
  }
}

/** The error code of an attempt to connect; undefined when it succeeds. */
function probe(path: string): Promise<string | undefined> {
  return new Promise(resolve => {
    const socket = connect({ path });
    socket.once('connect', () => {
      socket.destroy();
      resolve(undefined);
    });
    socket.once('error', error => resolve(codeOf(error) ?? messageOf(error)));
  });
}
