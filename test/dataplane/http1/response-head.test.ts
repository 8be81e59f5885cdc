import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { ResponseHead } from '../../../src/dataplane/http1/response-head.ts';
import fc from '../../support/property.ts';
import { commonLines, type KnownLine, pieces, somePlaces } from './heads.ts';

type Outcome = ReturnType<ResponseHead['read']>;

/** As an upstream's connection does: what came is read from its begin again with each piece. */
function readPieces(parts: readonly Buffer[]): { head: ResponseHead; outcome: Outcome } {
  const head = new ResponseHead();
  let came: Buffer = Buffer.alloc(0);
  let outcome: Outcome = false;
  for (const part of parts) {
    came = Buffer.concat([came, part]);
    head.reset();
    outcome = head.read(Buffer.concat([Buffer.from('HTTP'), came, Buffer.from('\r\n\r\n')]), 4, 4 + came.length);
    if (outcome !== false) break;
  }
  return { head, outcome };
}

function read(text: string): { head: ResponseHead; outcome: Outcome } {
  return readPieces([Buffer.from(text, 'latin1')]);
}

const lines = fc.array(
  fc.oneof(
    { weight: 6, arbitrary: commonLines },
    fc.constantFrom<KnownLine>(
      { text: 'Server: s', goesOn: true },
      { text: 'Date: d', goesOn: true },
      { text: 'Set-Cookie: a=1', goesOn: true },
      { text: 'Location: /a', goesOn: true },
      { text: 'X_Under: 1', goesOn: true },
      { text: 'X-Accelerate: 1', goesOn: true },
      { text: 'X-Accel-Redirect: /a', goesOn: false },
      { text: 'x-aCCel-a_b: 1', goesOn: false },
      { text: 'Proxy-Authenticate: Basic', goesOn: false },
    ),
  ),
  { maxLength: 12 },
);

describe('ResponseHead', () => {
  it('what goes on are the very bytes of the lines that may, wherever the head is cut', () => {
    fc.assert(
      fc.property(lines, somePlaces, (known, places) => {
        const text = `HTTP/1.1 200 OK\r\n${known.map(line => `${line.text}\r\n`).join('')}\r\n`;
        const { head, outcome } = readPieces(pieces(Buffer.from(text, 'latin1'), places));
        assert.equal(outcome, true, text);
        const goesOn = known.filter(line => line.goesOn).map(line => `${line.text}\r\n`);
        assert.equal(head.lines(), goesOn.join(''));
        assert.equal(head.length, text.length);
      }),
      { numRuns: 1000 },
    );
  });

  for (const [line, expected] of [
    ['HTTP/1.1 200 OK', [200, 1, ' 200 OK']],
    ['HTTP/1.0 404 Not Found', [404, 0, ' 404 Not Found']],
    ['HTTP/1.9 999 \xe4 \t', [999, 1, ' 999 \xe4 \t']],
    // RFC 9112 section 4: the space stands even where no reason follows.
    ['HTTP/1.1 204 ', [204, 1, ' 204 ']],
    ['HTTP/1.1 204', [204, 1, ' 204 ']],
  ] as const) {
    it(`takes ${JSON.stringify(line)}`, () => {
      const { head, outcome } = read(`${line}\r\n\r\n`);
      assert.equal(outcome, true);
      assert.deepEqual([head.status, head.minorVersion, head.statusAndReason], expected);
    });
  }

  for (const text of [
    'HTTP/1.1 099 x\r\n\r\n',
    'HTTP/1.1 20 x\r\n\r\n',
    'HTTP/1.1 2000 x\r\n\r\n',
    'HTTP/1.1 200x\r\n\r\n',
    'HTTP/1.1  200 x\r\n\r\n',
    'HTTP/1.1 +20 x\r\n\r\n',
    'HTTP/1.1 2/0 x\r\n\r\n',
    'HTTP/1.1 2:0 x\r\n\r\n',
    'HTTP/1.10 200 x\r\n\r\n',
    'HTTP/1./ 200 x\r\n\r\n',
    'HTTP/2.0 200 x\r\n\r\n',
    'http/1.1 200 x\r\n\r\n',
    'ICY 200 OK\r\n\r\n',
    '\r\nHTTP/1.1 200 OK\r\n\r\n',
    'HTTP/1.1 200 a\x00\r\n\r\n',
    'HTTP/1.1 200 OK\n\n',
    'HTTP/1.1 200 OK\r\r\n\r\n',
    'HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 1\r\n\r\n',
    'HTTP/1.1 200 OK\r\nContent-Length: 1, 1\r\n\r\n',
    'HTTP/1.1 200 OK\r\nContent-Length: 9007199254740992\r\n\r\n',
    'HTTP/1.1 200 OK\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n',
    'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n',
    'HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\n',
    'HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n',
    'HTTP/1.1 200 OK\r\nX: a\r\n b\r\n\r\n',
    'HTTP/1.1 200 OK\r\nX : a\r\n\r\n',
    'HTTP/1.1 200 OK\r\nX: a\nY: b\r\n\r\n',
    'HTTP/1.1 200 OK\r\nno colon\r\n\r\n',
    `HTTP/1.1 200 OK\r\nX: ${'l'.repeat(8190)}\r\n\r\n`,
    `HTTP/1.1 200 ${'r'.repeat(8190)}`,
  ]) {
    const shown = JSON.stringify(text.length > 80 ? `${text.slice(0, 40)}…` : text);
    it(`refuses ${shown}, whole and byte by byte`, () => {
      assert.equal(typeof read(text).outcome, 'string');
      if (text.length > 1000) return;
      assert.equal(
        readPieces([...Buffer.from(text, 'latin1')].map(byte => Buffer.from([byte]))).outcome,
        read(text).outcome,
      );
    });
  }

  for (const [text, keepAliveMs] of [
    ['timeout=5, max=100', 5000],
    ['max=100;timeout=7', 7000],
    ['max=1', -1],
    ['notimeout=5', -1],
    ['timeout=x', -1],
  ] as const) {
    it(`Keep-Alive: ${text} is ${keepAliveMs < 0 ? 'no limit' : `${keepAliveMs} ms`}, and ends here`, () => {
      const { head, outcome } = read(`HTTP/1.1 200 OK\r\nKeep-Alive: ${text}\r\n\r\n`);
      assert.equal(outcome, true);
      assert.equal(head.keepAliveMs, keepAliveMs);
      assert.equal(head.lines(), '');
    });
  }

  it('Connection cannot take the length away', () => {
    const { head, outcome } = read(
      'HTTP/1.1 200 OK\r\nConnection: content-length, x-a\r\nContent-Length: 3\r\nX-A: 1\r\n\r\n',
    );
    assert.equal(outcome, true);
    assert.equal(head.lines(), 'Content-Length: 3\r\n');
  });
});
