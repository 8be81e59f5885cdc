import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { RequestHead } from '../../../src/dataplane/http1/request-head.ts';
import { EXPECT, TE, UPGRADE, USER_AGENT, X_FORWARDED_FOR } from '../../../src/dataplane/pipeline/header-ids.ts';
import fc from '../../support/property.ts';
import { commonLines, type KnownLine, pieces, requestLineOf, somePlaces } from './heads.ts';

type Outcome = ReturnType<RequestHead['read']>;

/** Reads what comes in pieces as a connection does: what is not used yet is put before what comes next. */
function readPieces(parts: readonly Buffer[], head = new RequestHead()): { head: RequestHead; outcome: Outcome } {
  head.reset();
  let came: Buffer = Buffer.alloc(0);
  let outcome: Outcome = false;
  for (const part of parts) {
    came = Buffer.concat([came, part]);
    // It lies somewhere in a larger buffer, and what stands around it must not matter.
    const before = Buffer.from('A: b\r\n'.repeat(came.length % 3));
    const bytes = Buffer.concat([before, came, Buffer.from('\r\n\r\nX')]);
    outcome = head.read(bytes, before.length, before.length + came.length);
    if (outcome !== false) break;
  }
  return { head, outcome };
}

function read(text: string): { head: RequestHead; outcome: Outcome } {
  return readPieces([Buffer.from(text, 'latin1')]);
}

const HOST = 'Host: test';
const PLAIN: readonly KnownLine[] = [{ text: HOST, goesOn: false }];

const lines = fc
  .tuple(
    fc.array(
      fc.oneof(
        { weight: 6, arbitrary: commonLines },
        fc.constantFrom<KnownLine>(
          { text: 'User-Agent: a', goesOn: true },
          { text: 'Referer: b', goesOn: true },
          { text: 'X_Under: 1', goesOn: false },
          { text: 'Content_Length: 5', goesOn: false },
          { text: 'X-Real-IP: 1.2.3.4', goesOn: false },
          { text: 'X-Forwarded-For: 1.2.3.4', goesOn: false },
          { text: 'X-Forwarded-Prefix: /x', goesOn: false },
          { text: 'Expect: 100-continue', goesOn: false },
        ),
      ),
      { maxLength: 12 },
    ),
    fc.nat(),
  )
  .map(([some, place]) => some.toSpliced(place % (some.length + 1), 0, ...PLAIN));

describe('RequestHead', () => {
  it('what goes on are the very bytes of the lines that may, wherever the head is cut', () => {
    const head = new RequestHead();
    fc.assert(
      fc.property(lines, somePlaces, (known, places) => {
        const text = `GET /a?b HTTP/1.1\r\n${known.map(line => `${line.text}\r\n`).join('')}\r\n`;
        const { outcome } = readPieces(pieces(Buffer.from(text, 'latin1'), places), head);
        assert.equal(outcome, true, text);
        const goesOn = known.filter(line => line.goesOn).map(line => `${line.text}\r\n`);
        assert.equal(head.lines(), goesOn.join(''));
        assert.equal(head.length, text.length);
        assert.deepEqual([head.method, head.target, requestLineOf(head)], ['GET', '/a?b', 'GET /a?b HTTP/1.1']);
      }),
      { numRuns: 1000 },
    );
  });

  it('any bytes have the same outcome whole and cut', () => {
    const bytes = fc
      .tuple(
        lines.map(known => `GET /a HTTP/1.1\r\n${known.map(({ text }) => `${text}\r\n`).join('')}\r\n`),
        fc.nat(),
        fc.nat(255),
      )
      .map(([text, place, byte]) => {
        const mutated = Buffer.from(text, 'latin1');
        mutated[place % mutated.length] = byte;
        return mutated;
      });
    fc.assert(
      fc.property(bytes, somePlaces, (mutated, places) => {
        const whole = readPieces([mutated]);
        const cut = readPieces(pieces(mutated, places));
        assert.equal(cut.outcome, whole.outcome);
        if (whole.outcome === true) assert.equal(cut.head.lines(), whole.head.lines());
      }),
      { numRuns: 2000 },
    );
  });

  it('a name that Connection gives does not go on, whatever its case and place', () => {
    const { head, outcome } = read(
      'GET / HTTP/1.1\r\nX-A: 1\r\nHost: test\r\nConnection: x-b, keep-alive ,X-A\r\nx-B:2\r\nX-C: 3\r\nConnection: X-D\r\nx-d: 4\r\n\r\n',
    );
    assert.equal(outcome, true);
    assert.equal(head.lines(), 'X-C: 3\r\n');
    assert.equal(head.saysKeepAlive, true);
    assert.deepEqual([...head.connectionOptions].sort(), ['x-a', 'x-b', 'x-d']);
  });

  it('Connection cannot take the framing away', () => {
    const { head, outcome } = read(
      'POST / HTTP/1.1\r\nHost: test\r\nConnection: content-length, transfer-encoding, host\r\nContent-Length: 7\r\n\r\n',
    );
    assert.equal(outcome, true);
    assert.equal(head.contentLength, 7);
    assert.equal(head.host, 'test');
  });

  it('noted values are those of all their lines', () => {
    const { head } = read(
      'GET / HTTP/1.1\r\nX-Forwarded-For: a\r\nHost: test\r\nTE:  trailers\t\r\nx-forwarded-for: b\r\nUser-Agent:\r\nX-Forwarded-For:\r\n\r\n',
    );
    assert.equal(head.value(X_FORWARDED_FOR), 'a, b, ');
    assert.equal(head.value(TE), 'trailers');
    assert.deepEqual([head.has(USER_AGENT), head.value(USER_AGENT)], [true, '']);
    assert.deepEqual([head.has(EXPECT), head.value(UPGRADE)], [false, '']);
  });

  it('nothing of one head is left in the next', () => {
    const head = new RequestHead();
    const first =
      'POST /first HTTP/1.0\r\nHost: first\r\nConnection: close, x-a\r\nTE: trailers\r\nUpgrade: a\r\nContent-Length: 3\r\nX-A: 1\r\n\r\n';
    assert.equal(readPieces([Buffer.from(first)], head).outcome, true);
    assert.equal(
      readPieces([Buffer.from('GET /second HTTP/1.1\r\nX-A: 2\r\nHost:second\r\n\r\n')], head).outcome,
      true,
    );
    assert.deepEqual(
      [head.method, head.target, head.minorVersion, head.host, head.contentLength, head.isChunked],
      ['GET', '/second', 1, 'second', -1, false],
    );
    assert.deepEqual(
      [head.saysClose, head.has(TE), head.has(UPGRADE), head.lines()],
      [false, false, false, 'X-A: 2\r\n'],
    );
  });

  it('names with an underscore go on where that is set, but those that an upstream may take for ours', () => {
    const head = new RequestHead();
    head.keepsUnderscores = true;
    const text = 'GET / HTTP/1.1\r\nHost: test\r\nX_A: 1\r\nContent_Length: 3\r\nX_REAL-IP: 4\r\nUser_Agent: 5\r\n\r\n';
    assert.equal(readPieces([Buffer.from(text)], head).outcome, true);
    assert.equal(head.lines(), 'X_A: 1\r\nUser_Agent: 5\r\n');
    assert.equal(head.contentLength, -1);
  });

  const longest = 8192 - 'GET /'.length - ' HTTP/1.1'.length;
  const headOf = (count: number, length: number) =>
    `GET / HTTP/1.1\r\n${HOST}\r\n${'X: y\r\n'.repeat(count - 1)}X:${'l'.repeat(length)}\r\n\r\n`;
  const sum = (length: number) =>
    `GET / HTTP/1.1\r\n${HOST}\r\n${`X:${'s'.repeat(8188)}\r\n`.repeat(3)}Y:${'r'.repeat(length)}\r\n\r\n`;
  const rest = 32 * 1024 - `${HOST}\r\n`.length - 3 * 8192 - 'Y:\r\n\r\n'.length;

  for (const [what, text, outcome] of [
    ['the longest request line', `GET /${'t'.repeat(longest)} HTTP/1.1\r\n${HOST}\r\n\r\n`, true],
    ['a longer one', `GET /${'t'.repeat(longest + 1)} HTTP/1.1\r\n${HOST}\r\n\r\n`, 'request_line_too_long'],
    ['the longest line', headOf(1, 8190), true],
    ['a longer one', headOf(1, 8191), 'request_header_too_large'],
    ['a thousand lines', headOf(999, 1), true],
    ['one more', headOf(1000, 1), 'request_too_many_headers'],
    ['the longest head', sum(rest), true],
    ['a longer one', sum(rest + 1), 'request_header_too_large'],
    ['some empty lines before it', `${'\r\n'.repeat(32)}GET / HTTP/1.1\r\n${HOST}\r\n\r\n`, true],
    ['too many of them', `${'\r\n'.repeat(33)}GET / HTTP/1.1\r\n${HOST}\r\n\r\n`, 'request_line_malformed'],
    ['a thousand lines whose values are read', `GET / HTTP/1.1\r\n${HOST}\r\n${'TE: a\r\n'.repeat(999)}\r\n`, true],
    ['one more', `GET / HTTP/1.1\r\n${HOST}\r\n${'TE: a\r\n'.repeat(1000)}\r\n`, 'request_too_many_headers'],
  ] as const) {
    it(`limits: ${what} is ${outcome === true ? 'taken' : outcome}, whole, cut and byte by byte`, () => {
      const bytes = Buffer.from(text);
      assert.equal(read(text).outcome, outcome);
      for (let place = bytes.length - 12; place < bytes.length; place += 1) {
        assert.equal(readPieces(pieces(bytes, [place])).outcome, outcome, `cut at ${place}`);
      }
      const head = new RequestHead();
      head.reset();
      let bytewise: Outcome = false;
      for (let end = 1; end <= bytes.length && bytewise === false; end += 1) bytewise = head.read(bytes, 0, end);
      assert.equal(bytewise, outcome, 'byte by byte');
    });
  }

  it('any field is found by its whole name, its lines joined, without the blanks around its values', () => {
    const text =
      'GET / HTTP/1.1\r\nHost: test\r\nX-User:\t a  b \t\r\nx-user2: c\r\nX-USER: \xa0d\r\nCookie: a=1\r\ncookie: b=2\r\nEmpty:\r\n\r\n';
    const { head } = read(text);
    assert.equal(head.field('x-user', ', '), 'a  b, \xa0d');
    assert.equal(head.field('cookie', '; '), 'a=1; b=2');
    assert.equal(head.field('host', ', '), 'test');
    for (const absent of ['empty', 'x-use', 'user', 'x-user ', 'get / http/1.1', 'a', 'b'])
      assert.equal(head.field(absent, ', '), '', absent);
    head.forget();
    assert.equal(head.field('x-user', ', '), '', 'its text is let go of');
  });

  it('a line without end is refused as soon as it is too long', () => {
    const withoutEnd = (text: string) => read(text + 'x'.repeat(8400)).outcome;
    assert.equal(withoutEnd('GET /'), 'request_line_too_long');
    assert.equal(withoutEnd(`GET / HTTP/1.1\r\n${HOST}\r\nX:`), 'request_header_too_large');
    assert.equal(withoutEnd(`GET / HTTP/1.1\r\n${HOST}\r\n`), 'request_header_too_large');
  });
});
