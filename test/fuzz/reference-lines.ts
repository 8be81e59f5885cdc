/**
 * Header lines as a second reader sees them: whole texts and regular expressions, where src/dataplane/http1 walks over bytes.
 * Both were written from RFC 9112 and the contract; what they disagree on is a mistake in one of them.
 */

export const LINE_LIMIT = 8192;
export const HEAD_LIMIT = 32_768;
export const LINES_LIMIT = 1000;

const TOKEN = "[!#$%&'*+.^_`|~0-9A-Za-z-]";
const TEXT = '[\\t\\x20-\\x7e\\x80-\\xff]';
const LINE = new RegExp(`^(${TOKEN}+):(${TEXT}*)$`);
const LINE_BEGIN = new RegExp(`^(?:\\r|${TOKEN}*|${TOKEN}+:${TEXT}*\\r?)$`);

export interface Line {
  /** In lower case. */
  readonly name: string;
  readonly value: string;
  /** With its line end. */
  readonly raw: string;
}

/** Reads to the empty line. @param judge says what is wrong with a line that is a line */
export type LinesOutcome =
  | { readonly kind: 'whole'; readonly lines: readonly Line[]; readonly end: number }
  | { readonly kind: 'more' }
  | { readonly kind: 'refused'; readonly status: 400 | 431 };

export function readLines(text: string, start: number, judge: (line: Line) => boolean): LinesOutcome {
  const lines: Line[] = [];
  let at = start;
  for (;;) {
    const lineFeed = text.indexOf('\n', at);
    if (lineFeed < 0) return partial(text.slice(at), text.length - start);
    const whole = text.slice(at, lineFeed + 1);
    if (whole === '\r\n') {
      return lineFeed + 1 - start > HEAD_LIMIT
        ? { kind: 'refused', status: 431 }
        : { kind: 'whole', lines, end: lineFeed + 1 };
    }
    const line = readLine(whole);
    if (line === undefined) return { kind: 'refused', status: 400 };
    const isOver = whole.length - 2 > LINE_LIMIT || lineFeed - 1 - start > HEAD_LIMIT || lines.length === LINES_LIMIT;
    if (isOver) return { kind: 'refused', status: 431 };
    if (!judge(line)) return { kind: 'refused', status: 400 };
    lines.push(line);
    at = lineFeed + 1;
  }
}

/** @param whole with its line end @returns undefined for what is no header line */
export function readLine(whole: string): Line | undefined {
  const match = whole.endsWith('\r\n') ? LINE.exec(whole.slice(0, -2)) : null;
  if (match === null) return undefined;
  const [, name = '', value = ''] = match;
  return { name: name.toLowerCase(), value: value.replace(/^[ \t]+|[ \t]+$/g, ''), raw: whole };
}

/** The options of all Connection lines, in lower case. */
export function connectionOptions(lines: readonly Line[]): Set<string> {
  const values = lines.filter(({ name }) => name === 'connection').map(({ value }) => value.toLowerCase());
  return new Set(
    values.flatMap(value => value.split(',').map(option => option.trim())).filter(option => option !== ''),
  );
}

/** RFC 9110 section 7.6.1, without what each direction has to say of its own. */
export const HOP_BY_HOP: readonly string[] = [
  'connection',
  'keep-alive',
  'te',
  'transfer-encoding',
  'upgrade',
  'proxy-connection',
  'proxy-authorization',
  'proxy-authenticate',
  'proxy-authentication-info',
];

/** Digits of a number that can be counted exactly; undefined for anything else. */
export function readLength(value: string): number | undefined {
  const length = /^\d+$/.test(value) ? Number(value) : Number.NaN;
  return length <= Number.MAX_SAFE_INTEGER ? length : undefined;
}

function partial(line: string, headLength: number): LinesOutcome {
  if (!LINE_BEGIN.test(line)) return { kind: 'refused', status: 400 };
  const isOver = line.length > LINE_LIMIT + 1 || headLength > HEAD_LIMIT + 2;
  return isOver ? { kind: 'refused', status: 431 } : { kind: 'more' };
}
