/** What a client may not make this proxy do: each attack has an answer, and costs no more memory than an honest client. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { eventually } from '../support/eventually.ts';
import { FakeClock } from '../support/fake-clock.ts';
import { headersFrame } from '../support/http2-client.ts';
import { getFields, integer, literals, requestFields, string } from '../support/http2-fields.ts';
import { frame, settings, uint32 } from '../support/http2-frames.ts';
import { answering } from '../support/raw-upstream.ts';
import { startSilentListener } from '../support/silent-listener.ts';
import {
  attack,
  COMPRESSION_ERROR,
  ENHANCE_YOUR_CALM,
  FLOW_CONTROL_ERROR,
  flood,
  overwhelm,
  PROTOCOL_ERROR,
  REFUSED_STREAM,
} from './attack.ts';
import { scene } from './scene.ts';

/** Streams that may end early at once, and those of the read with which they are too many. */
const MOST_ENDED = 1_000 + 200;

describe('attacks on HTTP/2', { concurrency: 6, timeout: 600_000 }, () => {
  const floods: readonly [what: string, bytes: Buffer, times: number][] = [
    ['PING', frame(6, 0, 0, Buffer.alloc(8)), 40],
    ['empty SETTINGS', frame(4, 0, 0), 80],
    ['SETTINGS', frame(4, 0, 0, settings(...Array.from({ length: 100 }, () => [4, 65_535] as const))), 10],
    ['PRIORITY', frame(2, 0, 1, Buffer.alloc(5)), 80],
    ['PRIORITY_UPDATE', frame(16, 0, 0, Buffer.concat([uint32(1), Buffer.from('u=1')])), 80],
    ['WINDOW_UPDATE', frame(8, 0, 0, uint32(1)), 80],
    ['frames of an unknown type', frame(0xee, 0, 0), 120],
  ];
  for (const [what, one, times] of floods) {
    it(`a flood of ${what} ends with ENHANCE_YOUR_CALM`, async t => {
      const bytes = Buffer.concat(Array.from({ length: 20_000 }, () => one));
      await attack(t, {}, async ({ client }) => {
        assert.equal(await flood(client, bytes, times), ENHANCE_YOUR_CALM);
      });
    });
  }

  for (const [what, data] of [
    ['empty DATA', frame(0, 0, 1)],
    ['DATA that is padding', frame(0, 8, 1, Buffer.of(8, 0, 0, 0, 0, 0, 0, 0, 0))],
  ] as const) {
    it(`a flood of ${what} ends with ENHANCE_YOUR_CALM`, async t => {
      await attack(t, { upstream: () => undefined, reaches: 1 }, async ({ client }) => {
        client.request(requestFields('POST', '/volume'));
        const bytes = Buffer.concat(Array.from({ length: 20_000 }, () => data));
        assert.equal(await flood(client, bytes, 120), ENHANCE_YOUR_CALM);
      });
    });
  }

  it('a client that has PINGs answered and reads nothing has 1 000 answers waiting at most', async t => {
    await attack(t, { client: { keepsWindows: true } }, async ({ client, proxy }) => {
      await client.settled();
      client.socket.pause();
      const bytes = Buffer.concat(Array.from({ length: 4_000 }, () => frame(6, 0, 0, Buffer.alloc(8))));
      await overwhelm(client, proxy, () => bytes);
      client.socket.resume();
      assert.equal(await client.goaway(), ENHANCE_YOUR_CALM);
    });
  });

  it('rapid resets end with ENHANCE_YOUR_CALM, and no more than 200 of one read are served', async t => {
    const clock = new FakeClock();
    const options = { upstream: () => undefined, reaches: MOST_ENDED, clock };
    const { upstream, proxy } = await attack(t, options, async ({ client }) => {
      const frames: Buffer[] = [];
      for (let id = 1; id < 6_000; id += 2)
        frames.push(headersFrame(id, getFields('/volume'), true), frame(3, 0, id, uint32(8)));
      client.send(...frames);
      assert.equal(await client.goaway(), ENHANCE_YOUR_CALM);
    });
    // One that was made for a stream that was gone by then may be idle.
    await clock.pass(10_000);
    await eventually('the upstream connections to end', () =>
      upstream.connections.every(({ end }) => end !== undefined),
    );
    assert.ok(proxy.counters.get('http2StreamsRefused') > 0);
    assert.ok(proxy.counters.get('http2ResetsReceived') <= MOST_ENDED);
  });

  it('of the requests that come in one read, 200 are served, however fast they end again', async t => {
    const { client, proxy } = await scene(t);
    await client.settled();
    // None is sent to an upstream: connections that are still being made count by themselves.
    const ids = Array.from({ length: 250 }, (_, index) => 2 * index + 1);
    client.send(...ids.flatMap(id => [headersFrame(id, getFields('/nowhere'), true), frame(3, 0, id, uint32(8))]));
    await client.settled();
    const refused = ids.filter(id => client.stream(id).resetCode === REFUSED_STREAM);
    assert.deepEqual(refused, ids.slice(200));
    assert.equal(proxy.counters.get('http2StreamsRefused'), 50);
  });

  const provocations: readonly [what: string, provoke: (id: number) => Buffer][] = [
    ['a window opened by 0', id => frame(8, 0, id, uint32(0))],
    ['a window opened too far', id => frame(8, 0, id, uint32(0x7fff_ffff))],
    ['DATA behind the end', id => frame(0, 0, id, 'x')],
    ['a PRIORITY of the wrong size', id => frame(2, 0, id, 'x')],
  ];
  for (const [what, provoke] of provocations) {
    it(`resets that the client makes this side send, by ${what}, count as well (MadeYouReset)`, async t => {
      const { proxy } = await attack(t, { upstream: () => undefined, reaches: MOST_ENDED }, async ({ client }) => {
        for (let id = 1; client.goawayCode === undefined && client.end === undefined; id += 2) {
          assert.ok(id < 6_000, 'no end');
          client.send(headersFrame(id, getFields('/volume'), true), provoke(id));
          if (id % 199 === 0) await client.settled();
        }
        assert.equal(await client.goaway(), ENHANCE_YOUR_CALM);
      });
      assert.ok(proxy.counters.get('http2ResetsSent') <= MOST_ENDED);
    });
  }

  it('resets of both sides are counted together', async t => {
    const { proxy } = await attack(t, { upstream: () => undefined, reaches: MOST_ENDED }, async ({ client }) => {
      for (let id = 1; client.goawayCode === undefined && client.end === undefined; id += 4) {
        assert.ok(id < 6_000, 'no end');
        client.send(headersFrame(id, getFields('/volume'), true), frame(3, 0, id, uint32(8)));
        client.send(headersFrame(id + 2, getFields('/volume'), true), frame(8, 0, id + 2, uint32(0)));
        if (id % 199 < 4) await client.settled();
      }
      assert.equal(await client.goaway(), ENHANCE_YOUR_CALM);
    });
    const [received, sent] = [proxy.counters.get('http2ResetsReceived'), proxy.counters.get('http2ResetsSent')];
    assert.ok(received > 300 && sent > 300 && received + sent <= MOST_ENDED, `${received} received, ${sent} sent`);
  });

  it('refused requests count as well', async t => {
    await attack(t, {}, async ({ client }) => {
      for (let id = 1; client.goawayCode === undefined && client.end === undefined; id += 2) {
        assert.ok(id < 6_000, 'no end');
        client.send(headersFrame(id, getFields('/volume', [['connection', 'x']]), true));
        if (id % 99 === 0) await client.settled();
      }
      assert.equal(await client.goaway(), ENHANCE_YOUR_CALM);
    });
  });

  it('a 101st stream is refused, and may be sent again', async t => {
    const { client, upstream, proxy } = await scene(t, { upstream: () => undefined });
    const ids = Array.from({ length: 100 }, () => client.request(getFields('/volume'), ''));
    await upstream.request(99);
    const more = client.request(getFields('/volume/more'), '');
    assert.equal(await client.resetOf(more), REFUSED_STREAM);
    assert.equal(upstream.requests.length, 100);
    assert.equal(proxy.counters.get('http2StreamsRefused'), 1);
    upstream.handler = answering();
    client.reset(ids[0] ?? 0);
    assert.equal((await client.exchange(getFields('/volume/again'))).status, 200);
  });

  it('streams whose connection is still being made count after their end', async t => {
    const { client } = await scene(t, {
      route: { to: [await startSilentListener(t)] },
      settings: { proxyConnectTimeout: 60_000 },
    });
    for (let count = 0; count < 100; count += 1) client.reset(client.request(getFields('/volume'), ''));
    await client.settled();
    const more = client.request(getFields('/volume'), '');
    assert.equal(await client.resetOf(more), REFUSED_STREAM);
  });

  it('a header block of more than 8 CONTINUATION frames ends with ENHANCE_YOUR_CALM', async t => {
    await attack(t, {}, async ({ client }) => {
      client.send(frame(1, 1, 1, literals(getFields('/volume'))), ...Array.from({ length: 9 }, () => frame(9, 0, 1)));
      assert.equal(await client.goaway(), ENHANCE_YOUR_CALM);
    });
  });

  it('a header block of more than 32 KiB ends with ENHANCE_YOUR_CALM', async t => {
    await attack(t, {}, async ({ client }) => {
      client.send(
        headersFrame(
          1,
          getFields(
            '/volume',
            Array.from({ length: 5 }, (_, n) => [`x-${n}`, 'x'.repeat(8_000)]),
          ),
          true,
        ),
      );
      assert.equal(await client.goaway(), ENHANCE_YOUR_CALM);
    });
  });

  it('a table for header fields that is larger than 4 096 bytes ends with COMPRESSION_ERROR', async t => {
    await attack(t, {}, async ({ client }) => {
      client.send(frame(1, 5, 1, Buffer.concat([integer(4_097, 5, 0x20), literals(getFields('/volume'))])));
      assert.equal(await client.goaway(), COMPRESSION_ERROR);
    });
  });

  it('an HPACK bomb is 431: one byte is a field of 4 000, and none of them is kept', async t => {
    const { client, upstream, proxy } = await scene(t);
    const entry = Buffer.concat([Buffer.from([0x40]), string('cookie'), string('x'.repeat(4_000))]);
    const bomb = Buffer.concat([literals(getFields('/volume')), entry, Buffer.alloc(12_000, 0x80 | 62)]);
    client.send(frame(1, 5, 1, bomb));
    assert.equal((await client.response(1)).status, 431);
    assert.ok(proxy.keptBytes < 64 * 1024, `${proxy.keptBytes} bytes`);
    assert.equal(upstream.requests.length, 0);
    client.send(frame(1, 5, 3, Buffer.concat([literals(getFields('/volume')), integer(62, 7, 0x80)])));
    assert.equal((await client.response(3)).status, 200);
  });

  it('DATA beyond the window of its stream is reset, beyond that of the connection ends it', async t => {
    await attack(t, { upstream: ({ connection }) => connection.pause(), reaches: 1 }, async ({ client, upstream }) => {
      const id = client.request(requestFields('POST', '/volume'));
      await upstream.request(0);
      client.data(id, 'x'.repeat(8 * 1024 * 1024));
      assert.equal(await client.resetOf(id).catch(() => client.goawayCode), FLOW_CONTROL_ERROR);
      upstream.requests[0]?.connection.resume();
    });
  });

  it('windows beyond 2^31-1 are flow control errors, and nothing is kept of their connection', async t => {
    await attack(t, { upstream: () => undefined, reaches: 1 }, async ({ client, upstream }) => {
      const id = client.request(getFields('/volume'), '');
      await upstream.request(0);
      client.windowUpdate(id, 0x7fff_ffff);
      assert.equal(await client.resetOf(id), FLOW_CONTROL_ERROR);
      client.windowUpdate(0, 0x7fff_ffff);
      assert.equal(await client.goaway(), FLOW_CONTROL_ERROR);
      await client.closed();
    });
  });

  it('a client that asks for heads and reads none of them is ended', async t => {
    await attack(t, { settings: { keepaliveRequests: 1e9 } }, async ({ client, proxy }) => {
      await client.settled();
      client.socket.pause();
      let id = -1;
      const next = (): Buffer => {
        id += 2;
        return headersFrame(id, requestFields('HEAD', '/nowhere'), true);
      };
      await overwhelm(client, proxy, () => Buffer.concat(Array.from({ length: 50 }, next)));
      client.socket.resume();
      assert.equal(await client.goaway(), ENHANCE_YOUR_CALM);
    });
  });

  it('a wrong preface ends the connection', async t => {
    await attack(t, { client: { isSilent: true } }, async ({ client }) => {
      client.send(Buffer.from('PRI * HTTP/2.0\r\n\r\nXX\r\n\r\n'), headersFrame(1, getFields('/volume'), true));
      assert.equal(await client.goaway(), PROTOCOL_ERROR);
    });
  });
});
