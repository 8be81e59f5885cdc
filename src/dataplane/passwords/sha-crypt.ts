/**
 * SHA-crypt, the hashes `$5$` and `$6$` of crypt(3), after its specification (https://www.akkadia.org/drepper/SHA-crypt.txt). It is
 * written here because the library for it denies right passwords of 32 or 64 bytes.
 */
import { createHash, timingSafeEqual } from 'node:crypto';

interface Kind {
  readonly algorithm: 'sha256' | 'sha512';
  /** The order in which the bytes of a digest are written, in groups of three. */
  readonly order: readonly number[];
}

const KINDS: Readonly<Record<string, Kind>> = {
  5: { algorithm: 'sha256', order: orderOf(10, 30, (a, b, c) => [c, a, b], [31, 30]) },
  6: { algorithm: 'sha512', order: orderOf(21, 63, (a, b, c) => [b, c, a], [63]) },
};

const ALPHABET = './0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';
const LONGEST_SALT = 16;
const DEFAULT_ROUNDS = 5_000;
const FEWEST_ROUNDS = 1_000;
const HASH = /^\$([56])\$(?:rounds=(\d+)\$)?([^$]*)\$(.+)$/;

/** @param hash one whose form has been checked */
export function isShaCryptOf(password: string, hash: string): boolean {
  const [, id = '', rounds, salt = '', digest = ''] = HASH.exec(hash) ?? [];
  const kind = KINDS[id];
  if (kind === undefined) return false;
  const count = rounds === undefined ? DEFAULT_ROUNDS : Math.max(FEWEST_ROUNDS, Number(rounds));
  const made = encode(digestOf(kind.algorithm, password, salt.slice(0, LONGEST_SALT), count), kind.order);
  return made.length === digest.length && timingSafeEqual(Buffer.from(made), Buffer.from(digest));
}

/** The steps have the numbers of the specification. */
function digestOf(algorithm: Kind['algorithm'], text: string, saltText: string, rounds: number): Buffer {
  const password = Buffer.from(text);
  const salt = Buffer.from(saltText);
  const { length } = password;
  // 4 to 8.
  const b = createHash(algorithm).update(password).update(salt).update(password).digest();
  // 1 to 3, and 9 to 12.
  const a = createHash(algorithm).update(password).update(salt).update(repeated(b, length));
  for (let bits = length; bits > 0; bits >>= 1) a.update((bits & 1) === 1 ? b : password);
  let digest = a.digest();
  // 13 to 16.
  const dp = createHash(algorithm);
  for (let index = 0; index < length; index += 1) dp.update(password);
  const p = repeated(dp.digest(), length);
  // 17 to 20.
  const ds = createHash(algorithm);
  const times = 16 + (digest[0] ?? 0);
  for (let index = 0; index < times; index += 1) ds.update(salt);
  const s = repeated(ds.digest(), salt.length);
  // 21.
  for (let round = 0; round < rounds; round += 1) {
    const isOdd = (round & 1) === 1;
    const hash = createHash(algorithm).update(isOdd ? p : digest);
    if (round % 3 !== 0) hash.update(s);
    if (round % 7 !== 0) hash.update(p);
    digest = hash.update(isOdd ? digest : p).digest();
  }
  return digest;
}

/** The first bytes of a text without end that repeats some. */
function repeated(bytes: Buffer, length: number): Buffer {
  return Buffer.alloc(length, bytes);
}

/** 22: four characters for each three bytes, the lowest bits first, and fewer for what is left. */
function encode(digest: Buffer, order: readonly number[]): string {
  let text = '';
  for (let at = 0; at < order.length; at += 3) {
    const group = order.slice(at, at + 3).map(index => digest[index] ?? 0);
    // The first byte of a group has the highest bits; a group that lacks bytes lacks them there.
    let bits = group.reduce((sum, byte) => (sum << 8) | byte, 0);
    for (let written = 0; written <= group.length; written += 1) {
      text += ALPHABET[bits & 63];
      bits >>= 6;
    }
  }
  return text;
}

/**
 * The digest is three columns, which each group takes one byte of, in an order that turns from group to group.
 * @param rows bytes of a column @param end where the columns end @param rest the bytes behind them
 */
function orderOf(
  rows: number,
  end: number,
  turn: (a: number, b: number, c: number) => [number, number, number],
  rest: readonly number[],
): number[] {
  const order: number[] = [];
  let columns: [number, number, number] = [0, rows, end - rows];
  for (let row = 0; row < rows; row += 1) {
    order.push(...columns.map(first => first + row));
    columns = turn(...columns);
  }
  return [...order, ...rest];
}
