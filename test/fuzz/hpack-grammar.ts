/** Makes header blocks, most of them right, some nearly so. */
import { STATIC_FIELDS } from '../../src/dataplane/http2/hpack/static-table.ts';
import type { Random } from './random.ts';

/** The length in bits of each byte's Huffman code (RFC 7541 appendix B), in base 36; a copy apart from `src`. */
const CODE_LENGTHS =
  'dnsssssssoussussssssssusssssssss6aacd68baa8b8666555666666678f6cad67777777777777777777777878djde6f565' +
  '65666577666567655677777fbedskmkkmmmnmnnnnnonoomnonnnnlmnmnnomlkmmnnlnmmolmnnllmlnmnnkmmmnmmnqqkjmnmp' +
  'qqqrrqopjlqrrqrollqqsrrrkoklmllnmmppooqnqrqqrrrrrsrrrrrqu';

const CODES: readonly string[] = canonicalCodes();

const NAMES = ['x', 'x-long-name', 'cookie', 'X-Capital', ':odd', '', 'a_b', 'ü', 'content-length'] as const;
const VALUES = ['', '1', 'text/html; charset=utf-8', 'a\r\nb', ' x', '\xff\xfe', 'gzip, deflate, br'] as const;
const TABLE_SIZES = [0, 31, 64, 100, 4095, 4096, 4097, 2 ** 31 - 1, 2 ** 31, 2 ** 40] as const;

/** The blocks of one connection. */
export function makeBlocks(random: Random): Buffer[] {
  const blocks = Array.from({ length: random.between(1, 5) }, () => makeBlock(random));
  return random.oneIn(3) ? blocks.map(block => (random.oneIn(2) ? spoilt(random, block) : block)) : blocks;
}

function makeBlock(random: Random): Buffer {
  const parts: Buffer[] = [];
  while (random.oneIn(5)) parts.push(integer(0x20, 0x1f, random.pick(TABLE_SIZES)));
  for (let count = random.below(12); count > 0; count -= 1) parts.push(makeField(random));
  if (random.oneIn(40)) parts.push(integer(0x20, 0x1f, 0));
  return Buffer.concat(parts);
}

function makeField(random: Random): Buffer {
  switch (random.below(4)) {
    case 0:
      return integer(0x80, 0x7f, makeIndex(random));
    case 1:
      return literal(random, 0x40, 0x3f);
    case 2:
      return literal(random, 0x00, 0x0f);
    default:
      return literal(random, 0x10, 0x0f);
  }
}

/** Mostly of an entry that may be there. */
function makeIndex(random: Random): number {
  if (random.oneIn(50)) return random.pick([0, 61, 62, 200, 2 ** 31]);
  return random.oneIn(2) ? random.between(1, STATIC_FIELDS.length) : STATIC_FIELDS.length + random.between(1, 4);
}

function literal(random: Random, bits: number, mask: number): Buffer {
  const value = string(random, makeText(random, VALUES));
  if (random.oneIn(2)) return Buffer.concat([integer(bits, mask, makeIndex(random)), value]);
  return Buffer.concat([integer(bits, mask, 0), string(random, makeText(random, NAMES)), value]);
}

function makeText(random: Random, known: readonly [string, ...string[]]): string {
  if (random.oneIn(2)) return random.pick(known);
  const length = random.oneIn(100) ? random.below(6000) : random.below(40);
  let text = '';
  while (text.length < length)
    text += String.fromCharCode(random.oneIn(4) ? random.below(256) : random.between(32, 126));
  return text;
}

function string(random: Random, text: string): Buffer {
  if (random.oneIn(2)) return Buffer.concat([integer(0, 0x7f, text.length), Buffer.from(text, 'latin1')]);
  const bytes: number[] = [];
  let bits = 0;
  let count = 0;
  const add = (code: string): void => {
    for (let index = 0; index < code.length; index += 1) {
      bits = (bits << 1) | (code.charCodeAt(index) & 1);
      count += 1;
      if (count % 8 === 0) bytes.push(bits & 0xff);
    }
  };
  for (let index = 0; index < text.length; index += 1) add(CODES[text.charCodeAt(index)] as string);
  // Padding is ones, less than a byte; other padding is wrong.
  const padding = random.oneIn(60) ? '0' : '1';
  while (count % 8 !== 0) add(padding);
  if (random.oneIn(60)) add(random.pick(['11111111', `${CODES[256]}11`]));
  return Buffer.concat([integer(0x80, 0x7f, bytes.length), Buffer.from(bytes)]);
}

/** As RFC 7541 section 5.1 writes it. */
function integer(bits: number, mask: number, value: number): Buffer {
  if (value < mask) return Buffer.from([bits | value]);
  const bytes = [bits | mask];
  let rest = value - mask;
  for (; rest >= 0x80; rest = Math.floor(rest / 0x80)) bytes.push(0x80 | (rest % 0x80));
  return Buffer.from([...bytes, rest]);
}

/** With a byte changed, inserted, or the end cut off. */
function spoilt(random: Random, block: Buffer): Buffer {
  const at = random.below(block.length + 1);
  const byte = Buffer.from([random.below(256)]);
  switch (random.below(3)) {
    case 0:
      return block.subarray(0, at);
    case 1:
      return Buffer.concat([block.subarray(0, at), byte, block.subarray(at)]);
    default:
      return Buffer.concat([block.subarray(0, at), byte, block.subarray(at + 1)]);
  }
}

/** Codes as text of zeros and ones; the last one is EOS. */
function canonicalCodes(): string[] {
  const lengths = Array.from(CODE_LENGTHS, digit => Number.parseInt(digit, 36));
  const codes: string[] = [];
  let code = 0;
  for (let length = 1; length <= 30; length += 1) {
    code *= 2;
    for (const [symbol, each] of lengths.entries()) {
      if (each !== length) continue;
      codes[symbol] = code.toString(2).padStart(length, '0');
      code += 1;
    }
  }
  return codes;
}
