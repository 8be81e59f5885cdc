/** Decodes blocks, and writes down what comes. */
import { HpackDecoder } from '../../../../src/dataplane/http2/hpack/decoder.ts';
import type { HpackEntry } from '../../../../src/dataplane/http2/hpack/entry.ts';

export const TABLE_BYTES = 4096;
export const LIMITS = { bytes: 32 * 1024, fields: 200 };

export type Field = readonly [name: string, value: string];

export function newDecoder(maxTableSize = TABLE_BYTES, limits = LIMITS): HpackDecoder {
  return new HpackDecoder(maxTableSize, limits);
}

export function hex(text: string): Buffer {
  return Buffer.from(text.replaceAll(/\s/g, ''), 'hex');
}

/** The entries of a block that lies amid other bytes. */
export function entriesOf(decoder: HpackDecoder, block: Buffer): HpackEntry[] {
  const entries: HpackEntry[] = [];
  const around = Buffer.from([0xff]);
  const bytes = Buffer.concat([around, block, around]);
  decoder.decode(bytes, 1, 1 + block.length, { field: entry => entries.push(entry) });
  return entries;
}

export function fieldsOf(decoder: HpackDecoder, block: Buffer): Field[] {
  return entriesOf(decoder, block).map(({ name, value }) => [name, value]);
}

/** A string literal without Huffman's code, shorter than 127 bytes. */
export function literal(text: string): Buffer {
  return Buffer.concat([Buffer.from([text.length]), Buffer.from(text, 'latin1')]);
}
