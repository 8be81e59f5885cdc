import { HEAD_LIMIT, HOP_BY_HOP, LINE_LIMIT, readLine } from './reference-lines.ts';

/** Trailer fields that end at the proxy, as a backend may merge them into the headers that were judged. */
const KEPT_BACK: ReadonlySet<string> = new Set([
  ...HOP_BY_HOP,
  ...['host', 'content-length', 'expect', 'trailer', 'date', 'location', 'refresh', 'set-cookie'],
  ...['x-real-ip', 'x-forwarded-for', 'x-forwarded-proto', 'x-forwarded-host', 'x-forwarded-prefix', 'x-request-id'],
  ...['referer', 'user-agent', 'authorization', 'www-authenticate'],
]);

export interface ChunkedReading {
  readonly kind: 'whole' | 'more' | 'bad';
  /** As much as came. */
  readonly body: string;
  /** Lines that go on, each with its line end. */
  readonly trailers: string;
  /** Index after the body; of use only when it is whole. */
  readonly end: number;
  /** Without extensions and trailers. */
  readonly isPlain: boolean;
}

/** Decodes a chunked body that begins at `start`. @param options what Connection names: it does not go on, either */
export function readChunks(text: string, start: number, options: ReadonlySet<string>): ChunkedReading {
  let body = '';
  let isPlain = true;
  const done = (kind: ChunkedReading['kind'], trailers = '', end = 0): ChunkedReading => {
    return { kind, body, trailers, end, isPlain };
  };
  let at = start;
  for (;;) {
    const rest = text.slice(at, at + LINE_LIMIT + 64);
    const match = /^(0*[0-9a-fA-F]{1,13})(?:;([\t\x20-\x7e\x80-\xff]*))?\r\n/.exec(rest);
    if (match === null || match[0].length - 2 > LINE_LIMIT) {
      const isBegin = /^(?:0*[0-9a-fA-F]{1,13}(?:;[\t\x20-\x7e\x80-\xff]*)?\r?)?$/.test(rest) && !isTooLong(rest);
      return done(isBegin ? 'more' : 'bad');
    }
    const size = Number.parseInt(match[1] as string, 16);
    at += match[0].length;
    if (match[2] !== undefined) isPlain = false;
    if (size === 0) break;
    body += text.slice(at, at + size);
    at += size;
    const lineEnd = text.slice(at, at + 2);
    if (lineEnd !== '\r\n') return done('\r\n'.startsWith(lineEnd) ? 'more' : 'bad');
    at += 2;
  }
  const begin = at;
  let trailers = '';
  for (;;) {
    const lineFeed = text.indexOf('\n', at);
    const whole = lineFeed < 0 ? text.slice(at) : text.slice(at, lineFeed + 1);
    at += whole.length;
    if (whole.length > LINE_LIMIT || at - begin > HEAD_LIMIT) return done('bad');
    if (lineFeed < 0) return done('more');
    if (whole === '\r\n') return done('whole', trailers, at);
    const line = readLine(whole);
    if (line === undefined) return done('bad');
    const { name } = line;
    isPlain = false;
    const goesOn = !KEPT_BACK.has(name) && !options.has(name) && !name.includes('_') && !name.startsWith('x-accel-');
    if (goesOn) trailers += whole;
  }
}

/** Whether what came of a line without its line end is too long already. A CR behind an extension counts, too. */
function isTooLong(begin: string): boolean {
  return begin.includes(';') ? begin.length - 1 > LINE_LIMIT : begin.replace('\r', '').length > LINE_LIMIT;
}
