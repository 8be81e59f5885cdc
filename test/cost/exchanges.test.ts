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
