/** Heads as large as they may be, plain ones and those that are meant to be dear to read. */

/** Under the limit of all lines of a head, with room for what stands in it besides. */
const MOST_BYTES = 30 * 1024;
const MOST_LINES = 980;
const LINE_BYTES = 8 * 1024;

/** The lines of an ordinary head of a size: names and values as long as browsers write them. */
export function plainLines(bytes: number): string {
  let lines = '';
  for (let index = 0; bytes - lines.length > 120; index += 1)
    lines += `X-Plain-Header-${index}: some value of a header\r\n`;
  return `${`${lines}X-Last: `.padEnd(bytes - 2, 'v')}\r\n`;
}

/** Short lines until the head is full. */
function manyLines(line: (index: number) => string, bytes = MOST_BYTES): string {
  let lines = '';
  for (let index = 0; index < MOST_LINES; index += 1) {
    const next = `${line(index)}\r\n`;
    if (lines.length + next.length > bytes) break;
    lines += next;
  }
  return lines;
}

/** One line as long as it may be. */
function longLine(start: string, unit: string, end = ''): string {
  return `${start}${unit.repeat(Math.floor((LINE_BYTES - start.length - end.length) / unit.length))}${end}\r\n`;
}

function options(first: number): string {
  let line = 'Connection: x';
  for (let index = first; line.length < LINE_BYTES - 8; index += 1) line += `,${index.toString(36)}`;
  return `${line}\r\n`;
}

/** Lines of request and response heads, by what is dear about them. */
export const COSTLY_LINES: ReadonlyMap<string, string> = new Map([
  [
    'many Connection lines behind thousands of options',
    options(0) + options(2500) + manyLines(() => 'Connection:a', 13_000),
  ],
  ['as many Connection lines as there may be', manyLines(index => `Connection: a${index}`)],
  ['options that are taken out again', options(0) + manyLines(() => 'Connection:close,upgrade', 20_000)],
  ['a Connection line of commas', longLine('Connection: ', ',')],
  ['a Connection line of blanks', longLine('Connection: a', ' ', 'b')],
  ['options that name each line', options(0) + manyLines(index => `${index.toString(36)}: v`, 20_000)],
  ['one name again and again', manyLines(() => 'X-Same: v')],
  ['one name in another case each time', manyLines(index => `${index % 2 === 0 ? 'X-SAME' : 'x-same'}: v`)],
  ['X-Forwarded-For again and again', manyLines(() => 'X-Forwarded-For: 10.0.0.1')],
  ['long lines of X-Forwarded-For', longLine('X-Forwarded-For: ', '10.0.0.1, ').repeat(3)],
  ['Cookie again and again', manyLines(index => `Cookie: a${index}=b`)],
  ['Set-Cookie again and again', manyLines(() => 'Set-Cookie: a=b; Path=/')],
  ['a Set-Cookie of attributes without end', longLine('Set-Cookie: a=b', '; path ').repeat(3)],
  ['a Set-Cookie of blanks', longLine('Set-Cookie: a=b;', ' ; ').repeat(3)],
  ['a Refresh of blanks', longLine('Refresh: 1;', ' ', 'x')],
  ['a Location of slashes', longLine('Location: ', '/')],
  ['Location again and again', manyLines(() => 'Location: /a')],
  ['a Keep-Alive of blanks', longLine('Keep-Alive: timeout', ' timeout').repeat(2)],
  ['TE again and again', manyLines(() => 'TE: trailers')],
  ['a TE of commas and blanks', longLine('TE: ', ', ').repeat(3)],
  ['an Upgrade of commas', `Connection: upgrade\r\n${longLine('Upgrade: ', 'a, ').repeat(3)}`],
  ['names with an underscore', manyLines(index => `a_${index}: v`)],
  ['empty values', manyLines(index => `a${index}:`)],
  ['a value of blanks', longLine('X-Blanks: a', ' \t', 'b').repeat(3)],
  ['one long name', `${'n'.repeat(8000)}: v\r\n`.repeat(3)],
]);
