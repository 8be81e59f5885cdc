import { closeSync, openSync, readSync } from 'node:fs';
import { FormatError } from '../errors.ts';
import { formatSize } from './size.ts';

const CHUNK_BYTES = 64 * 1024;

/**
 * Reads a text file, of which no more than `mostBytes` ever come into memory, whatever the file system says of its size.
 * @throws FormatError when it is larger; the error of the file system when it cannot be read
 */
export function readTextFile(path: string, mostBytes: number): string {
  const file = openSync(path, 'r');
  try {
    const chunks: Buffer[] = [];
    let length = 0;
    for (;;) {
      const chunk = Buffer.allocUnsafe(CHUNK_BYTES);
      const count = readSync(file, chunk);
      if (count === 0) return Buffer.concat(chunks).toString('utf8');
      length += count;
      if (length > mostBytes) throw new FormatError(`it is larger than ${formatSize(mostBytes)}`);
      chunks.push(chunk.subarray(0, count));
    }
  } finally {
    closeSync(file);
  }
}
