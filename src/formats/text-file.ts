import { closeSync, openSync, readSync } from 'node:fs';
import { FormatError } from '../errors.ts';
import { formatSize } from './size.ts';

const CHUNK_BYTES = 64 * 1024;

/** UTF-8, or UTF-16 where it begins with the mark of that, as what PowerShell writes into a file; the mark is left out. */
export function decodeText(bytes: Uint8Array): string {
  return new TextDecoder(utf16Of(bytes) ?? 'utf-8').decode(bytes);
}

/** The form of UTF-16 whose mark the bytes begin with. */
export function utf16Of([first, second]: Uint8Array): 'utf-16le' | 'utf-16be' | undefined {
  if (first === 0xff && second === 0xfe) return 'utf-16le';
  return first === 0xfe && second === 0xff ? 'utf-16be' : undefined;
}

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
      if (count === 0) return decodeText(Buffer.concat(chunks));
      length += count;
      if (length > mostBytes) throw new FormatError(`it is larger than ${formatSize(mostBytes)}`);
      chunks.push(chunk.subarray(0, count));
    }
  } finally {
    closeSync(file);
  }
}
