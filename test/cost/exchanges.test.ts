import { describe, it } from 'node:test';
import type { EngineName, ProxyDescription } from '../support/proxy-under-test.ts';
import { startProxy } from '../support/proxy-under-test.ts';
import { assertAffordable, BOUNDS, type Bounds } from './cost.ts';
import { FixedUpstream, QuickClient } from './exchanges.ts';
import { COSTLY_LINES, plainLines } from './heads.ts';

const ENGINES: readonly EngineName[] = ['wire', 'node'];

/** Redirects and cookies are taken apart and put together again: garbage in proportion to their size. */
const REWRITTEN: Bounds = { ...BOUNDS, memory: 32 };

for (const engine of ENGINES) {
  describe(`${engine}: no head of up to 32 KiB costs more than a plain one of its size`, () => {
    it('requests', async t => {
      const upstream = await FixedUpstream.listen(t);
      upstream.answerWith('');
      const { address } = await startProxy(t, engine, routesTo(upstream));
      for (const [name, lines] of COSTLY_LINES) {
        await t.test(name, async test => {
          const client = new QuickClient(test, address);
          const request = (extra: string) => Buffer.from(`GET /a HTTP/1.1\r\nHost: test\r\n${extra}\r\n`, 'latin1');
          const costly = request(lines);
          const plain = request(plainLike(lines));
          await assertAffordable(
            name,
            () => client.exchange(costly),
            () => client.exchange(plain),
          );
        });
      }
    });

    it('responses', async t => {
      const upstream = await FixedUpstream.listen(t);
      const { address } = await startProxy(t, engine, routesTo(upstream));
      for (const [name, lines] of COSTLY_LINES) {
        await t.test(name, async test => {
          const client = new QuickClient(test, address);
          const request = Buffer.from('GET /a HTTP/1.1\r\nHost: test\r\n\r\n');
          const answered = (extra: string) => () => {
            upstream.answerWith(extra);
            return client.exchange(request);
          };
          await assertAffordable(name, answered(lines), answered(plainLike(lines)), REWRITTEN);
        });
      }
    });
  });
}

/** Bytes that come at a time, as from a peer that wants each of them to cost as much as may be. */
const PIECE_BYTES = 10;
const PIECEMEAL: Bounds = { time: 2, memory: 32 };

describe('wire: no head that comes in pieces costs more than a body that does', () => {
  const large = plainLines(30_000);
  const body = 'b'.repeat(30_000);

  it('requests', async t => {
    const upstream = await FixedUpstream.listen(t);
    upstream.answerWith('');
    const { address } = await startProxy(t, 'wire', routesTo(upstream));
    const client = new QuickClient(t, address);
    const costly = Buffer.from(`GET /a HTTP/1.1\r\nHost: test\r\n${large}\r\n`);
    const plain = Buffer.from(`POST /a HTTP/1.1\r\nHost: test\r\nContent-Length: 30004\r\n\r\n${body}\r\n\r\n`);
    await assertAffordable(
      'a request',
      () => client.exchange(costly, PIECE_BYTES),
      () => client.exchange(plain, PIECE_BYTES),
      PIECEMEAL,
    );
  });

  it('responses', async t => {
    const upstream = await FixedUpstream.listen(t);
    upstream.pieceBytes = PIECE_BYTES;
    const { address } = await startProxy(t, 'wire', routesTo(upstream));
    const client = new QuickClient(t, address);
    const request = Buffer.from('GET /a HTTP/1.1\r\nHost: test\r\n\r\n');
    const answered = (bytes: Buffer) => () => {
      upstream.answer = bytes;
      return client.exchange(request);
    };
    await assertAffordable(
      'a response',
      answered(Buffer.from(`HTTP/1.1 200 OK\r\nContent-Length: 4\r\n${large}\r\ndone`)),
      answered(Buffer.from(`HTTP/1.1 200 OK\r\nContent-Length: 30004\r\n\r\n${body}done`)),
      PIECEMEAL,
    );
  });
});

/** A plain head of the same size, which ends the connection if the other does. */
function plainLike(lines: string): string {
  return lines.includes('close') ? `Connection: close\r\n${plainLines(lines.length - 19)}` : plainLines(lines.length);
}

function routesTo(upstream: FixedUpstream): ProxyDescription {
  return {
    routes: [{ path: '/a', to: [upstream.address], rewriteRedirects: true }],
    settings: { keepaliveRequests: 1e9 },
  };
}
