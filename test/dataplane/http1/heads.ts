/** Heads of which it is known what goes on, and their reading in pieces. */
import type { RequestHead } from '../../../src/dataplane/http1/request-head.ts';
import fc from '../../support/property.ts';

export interface KnownLine {
  readonly text: string;
  readonly goesOn: boolean;
}

const line = (goesOn: boolean, ...texts: readonly string[]): fc.Arbitrary<KnownLine> =>
  fc.constantFrom(...texts).map(text => ({ text, goesOn }));

const value = fc.stringMatching(/^[\t\x20-\x7e\x80-\xff]{0,40}$/);
/** None of these is a name that means something. */
const name = fc.stringMatching(/^[Xx]-[!#$%&'*+.^`|~0-9A-Za-z-]{0,12}Z$/);
const own = fc.tuple(name, value).map(([key, text]) => ({ text: `${key}:${text}`, goesOn: true }));

/** Lines that may stand in any head, in any number. */
export const commonLines: fc.Arbitrary<KnownLine> = fc.oneof(
  { weight: 4, arbitrary: own },
  line(true, 'Accept: */*', 'x-empty:', 'X-Blanks:\t a  b \t', 'Cookie: a=1', 'cookie: b=2', 'Via: 1.1 x'),
  line(
    false,
    'Keep-Alive: timeout=5',
    'TE: trailers',
    'Upgrade: h2c',
    'Proxy-Connection: close',
    'proxy-authorization: x',
  ),
);

/** Bytes and the places where they are cut. */
export function pieces(bytes: Buffer, places: readonly number[]): Buffer[] {
  const cuts = [...new Set(places.map(place => place % bytes.length))].filter(place => place > 0).sort((a, b) => a - b);
  return [0, ...cuts].map((start, index) => bytes.subarray(start, cuts[index] ?? bytes.length));
}

export const somePlaces: fc.Arbitrary<number[]> = fc.array(fc.nat(10_000), { maxLength: 8 });

/** The request line of a complete head. */
export function requestLineOf(head: RequestHead): string {
  const bytes = Buffer.alloc(head.mostBytes);
  return bytes.toString('latin1', 0, head.writeRequestLine(bytes, 0));
}
