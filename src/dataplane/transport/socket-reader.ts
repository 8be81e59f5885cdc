import type { OnReadOpts } from 'node:net';
import type { Guarded } from './guard.ts';

/** Takes the bytes of a socket, in memory that it chooses. */
export interface SocketReader extends Guarded {
  /** Where the next read puts its bytes. */
  readBuffer(): Buffer;
  /** Bytes have come into it: they are only there during this call. @returns false to stop reading */
  read(bytes: Buffer, size: number): boolean;
}

/** Has a socket read for a reader. A buffer that the socket has already is not handed to it again, which is no small part of a read. */
export function readFor(reader: SocketReader): OnReadOpts {
  let present: Uint8Array | undefined;
  const options = {
    // Node goes on with the buffer that it has where it is given none.
    buffer: (): Uint8Array | undefined => {
      const next = reader.readBuffer();
      return next === present ? undefined : next;
    },
    callback: (size: number, buffer: Uint8Array): boolean => {
      present = buffer;
      return readSafely(reader, buffer as Buffer, size);
    },
  };
  return options as OnReadOpts;
}

/** A read whose bugs end the reader alone. */
export function readSafely(reader: SocketReader, bytes: Buffer, size: number): boolean {
  try {
    return reader.read(bytes, size);
  } catch (error) {
    reader.crashed(error);
    return true;
  }
}
