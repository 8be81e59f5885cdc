/** What the connections of a worker keep together is bounded, and honest clients are served within the bound. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { ClientMemory, SMALL_BYTES } from '../../../src/dataplane/transport/client-memory.ts';
import { Stash, Stashes } from '../../../src/dataplane/transport/stash.ts';
import { eventually } from '../../support/eventually.ts';
import { FakeClock } from '../../support/fake-clock.ts';
import { startProxy } from '../../support/proxy-under-test.ts';
import { answer, RawUpstream } from '../../support/raw-upstream.ts';

const KIB = 1024;
const GET = 'GET /v HTTP/1.1\r\nHost: test\r\n\r\n';
const longLines = (bytes: number): string => `X-Long: ${'z'.repeat(bytes)}\r\n`;
const LONG_HEAD = `GET /v HTTP/1.1\r\nHost: test\r\n${longLines(7_000).repeat(4)}`;

describe('ClientMemory', () => {
  it('the fuller it is, the less is read at once, but always something', () => {
    const memory = new ClientMemory(1_000_000, () => 0);
    const pieces = [0, 400_000, 600_000, 900_000, 2_000_000].map(kept => {
      memory.kept = kept;
      return memory.pieceBytes;
    });
    assert.deepEqual(pieces, [64 * KIB, 64 * KIB, 8 * KIB, SMALL_BYTES, SMALL_BYTES]);
  });

  it('connections take memory even where nothing is kept', () => {
    let connections = 0;
    const memory = new ClientMemory(100 * 4 * KIB, () => connections);
    assert.equal(memory.hasRoom(), true);
    connections = 100;
    assert.equal(memory.hasRoom(), false);
  });

  it('the oldest incomplete heads give way, and no more of them than must', () => {
    const memory = new ClientMemory(100, () => 0);
    const gone: string[] = [];
    const head = (name: string) => ({
      giveWay: () => {
        gone.push(name);
        memory.kept -= 40;
      },
    });
    for (const name of ['first', 'second', 'third', 'fourth']) {
      memory.kept += 40;
      memory.headBegan(head(name));
    }
    assert.deepEqual(gone, ['first', 'second']);
    memory.kept = 200;
    assert.equal(memory.hasRoom(), false);
    assert.deepEqual(gone, ['first', 'second', 'third', 'fourth']);
  });
});

describe('Stash', () => {
  it('keeps what comes byte by byte, and gives its memory back', () => {
    const memory = new ClientMemory(1_000_000, () => 0);
    const stash = new Stash(new Stashes(memory));
    let text = '';
    for (let count = 0; count < 100_000; count += 1) {
      const byte = Buffer.from(String(count % 10));
      text += byte;
      assert.equal(stash.append(byte, 1).length, count + 1);
    }
    assert.equal(stash.bytes?.toString(), text);
    assert.ok(memory.kept >= 100_000);
    stash.clear();
    assert.deepEqual([memory.kept, stash.size, stash.bytes], [0, 0, undefined]);
  });

  it('the rest of what it keeps stays, in less memory when it is little', () => {
    const memory = new ClientMemory(1_000_000, () => 0);
    const stash = new Stash(new Stashes(memory));
    const bytes = stash.append(Buffer.from('abc'.repeat(10_000)), 30_000);
    const before = memory.kept;
    stash.keep(bytes, 3, 30_000);
    assert.deepEqual([stash.size, memory.kept], [29_997, before]);
    stash.keep(stash.bytes as Buffer, 29_990, 29_997);
    assert.deepEqual([stash.bytes?.toString(), memory.kept], ['cabcabc'.slice(-7), SMALL_BYTES]);
    assert.equal(stash.append(Buffer.from('!'), 1).toString(), `${'cabcabc'.slice(-7)}!`);
  });

  it('two of them never share memory', () => {
    const stashes = new Stashes(new ClientMemory(1_000_000, () => 0));
    const [first, second] = [new Stash(stashes), new Stash(stashes)];
    first.append(Buffer.from('first'), 5);
    first.clear();
    first.append(Buffer.from('again'), 5);
    second.append(Buffer.from('other'), 5);
    assert.deepEqual([first.bytes?.toString(), second.bytes?.toString()], ['again', 'other']);
  });
});

describe('a worker whose memory is taken', { concurrency: true }, () => {
  it('ends the oldest incomplete head with 503, and answers those that go on', async t => {
    const upstream = await RawUpstream.start(t);
    const proxy = await startProxy(t, 'wire', { routes: [{ path: '/v', to: upstream }], clientBytes: 256 * KIB });
    const hoarders = [];
    for (let count = 0; count < 8; count += 1) {
      const client = await proxy.connect();
      await client.send(LONG_HEAD);
      hoarders.push(client);
      const heads = () => proxy.counters.get('reading') + proxy.logLines.length;
      // The order in which connections are read is the kernel's: which head is the oldest follows from it.
      await eventually('its head to be there', () => heads() === hoarders.length);
    }
    const [first] = hoarders;
    assert.ok(first);
    const { status, headers } = await first.response();
    assert.equal(status, 503);
    assert.ok(headers.some(([name]) => name === 'Retry-After'));
    const last = hoarders.at(-1);
    await last?.send('\r\n');
    assert.equal((await last?.response())?.status, 200);
    const [line] = await proxy.logged(1);
    assert.equal(line?.reason, 'memory_exhausted');
  });

  it('refuses long heads while requests that wait for their answers take it, and serves short ones', async t => {
    const upstream = await RawUpstream.start(t, async request => {
      if (request.target === '/quick') await request.connection.send(answer());
    });
    const proxy = await startProxy(t, 'wire', {
      routes: [{ path: '/v', to: upstream }],
      clientBytes: 256 * KIB,
      // A connection takes memory, too: those of the refused clients stay while the clock stands still.
      clock: new FakeClock(),
    });
    const waiting = [];
    for (let count = 0; count < 12; count += 1) {
      const client = await proxy.connect();
      await client.send(`${LONG_HEAD}\r\n`);
      waiting.push(client);
    }
    await eventually('each to wait, or to be refused', () => {
      return upstream.requests.length + proxy.logLines.length === waiting.length;
    });
    assert.ok(proxy.logLines.length > 0, 'none was refused');
    assert.equal((await proxy.get('/v/quick')).status, 200);
    assert.equal((await proxy.get('/v/quick', longLines(2 * SMALL_BYTES))).status, 503);
    for (const client of waiting) client.destroy();
    await eventually('the memory to be free again', async () => {
      return (await proxy.get('/v/quick', longLines(2 * SMALL_BYTES))).status === 200;
    });
  });

  it('gets bodies through whole, in both directions and every framing', async t => {
    const body = Buffer.from(Array.from({ length: 300_000 }, (_, index) => index % 251)).toString('latin1');
    const half = body.length / 2;
    const chunk = (text: string): string => `${text.length.toString(16)}\r\n${text}\r\n`;
    const chunked = `${chunk(body.slice(0, half))}${chunk(body.slice(half))}0\r\n\r\n`;
    const upstream = await RawUpstream.start(t, async request => {
      await request.whole();
      assert.ok(request.body === body);
      const framing = request.target === '/length' ? `Content-Length: ${body.length}` : 'Transfer-Encoding: chunked';
      const content = request.target === '/length' ? body : chunked;
      await request.connection.send(`HTTP/1.1 200 OK\r\n${framing}\r\n\r\n${content}`);
    });
    const proxy = await startProxy(t, 'wire', { routes: [{ path: '/v', to: upstream }], clientBytes: 1 });
    const client = await proxy.connect();
    for (const [path, framing, content] of [
      ['length', `Content-Length: ${body.length}`, body],
      ['chunks', 'Transfer-Encoding: chunked', chunked],
    ]) {
      await client.send(`PUT /v/${path} HTTP/1.1\r\nHost: test\r\n${framing}\r\n\r\n${content}`);
      const response = await client.response();
      assert.equal(response.status, 200);
      assert.ok(response.body === body, `another body: ${path}`);
    }
  });

  it('answers every one of many pipelined requests, in order', async t => {
    const upstream = await RawUpstream.start(t, request => request.connection.send(answer(request.target)));
    for (const clientBytes of [1, 1 << 30]) {
      const proxy = await startProxy(t, 'wire', { routes: [{ path: '/v', to: upstream }], clientBytes });
      const client = await proxy.connect();
      const count = 500;
      client.push(Array.from({ length: count }, (_, index) => GET.replace('/v', `/v/${index}`)).join(''));
      for (let index = 0; index < count; index += 1) assert.equal((await client.response()).body, `/${index}`);
    }
  });
});

it('what long heads took is free after them: hundreds of them are served, one after the other', async t => {
  const upstream = await RawUpstream.start(t);
  const proxy = await startProxy(t, 'wire', { routes: [{ path: '/v', to: upstream }], clientBytes: 256 * KIB });
  const client = await proxy.connect();
  for (let count = 0; count < 500; count += 1) {
    await client.send(LONG_HEAD.slice(0, 20_000), `${LONG_HEAD.slice(20_000)}\r\n`);
    assert.equal((await client.response()).status, 200);
  }
});

it('a client that leaves is noticed, although a request lies behind the one that is not answered', async t => {
  const upstream = await RawUpstream.start(t, () => {});
  const proxy = await startProxy(t, 'wire', { routes: [{ path: '/v', to: upstream }] });
  const client = await proxy.connect();
  await client.send(GET, GET);
  await upstream.request(0);
  client.end();
  await upstream.only.connection.closed();
  const [line] = await proxy.logged(1);
  assert.equal(line?.status, 499);
});

it('a response head that comes byte by byte is read once', async t => {
  const head = `HTTP/1.1 200 OK\r\n${longLines(7_000).repeat(4)}Content-Length: 2\r\n\r\n`;
  const upstream = await RawUpstream.start(t, async ({ connection }) => {
    await connection.send('HTTP/1.1 103 Early Hints\r\n\r\nHTTP/1.', ...(head.slice(7).match(/.{1,97}/gs) ?? []), 'ok');
  });
  const proxy = await startProxy(t, 'wire', { routes: [{ path: '/v', to: upstream }] });
  const client = await proxy.connect();
  for (let count = 0; count < 3; count += 1) {
    await client.send(GET);
    const { interim, raw, body } = await client.response();
    assert.deepEqual([interim.length, body], [1, 'ok']);
    assert.ok(raw.includes(longLines(7_000).repeat(4)));
  }
});
