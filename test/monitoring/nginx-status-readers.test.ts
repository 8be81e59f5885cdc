/**
 * The programs that read nginx's status page, imitated: nginx-prometheus-exporter scans it with one fixed format,
 * ingress-nginx's collector looks for each number with an expression of its own. Both ask the real listeners.
 */
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { isDeepStrictEqual } from 'node:util';
import { exposed, ServingProgram } from '../cli/serve-fixture.ts';
import { eventually } from '../support/eventually.ts';
import { ask, type Destination, header } from '../support/exchange.ts';
import { answer, RawUpstream } from '../support/raw-upstream.ts';
import { scanf } from './go-scan.ts';

interface Figures {
  readonly active: number;
  readonly accepted: number;
  readonly handled: number;
  readonly requests: number;
  readonly reading: number;
  readonly writing: number;
  readonly waiting: number;
}

type Reader = (at: Destination) => Promise<Figures>;

/** As Go's net/http asks. Anything but 200 is an error to both readers. */
async function page(at: Destination): Promise<string> {
  const headers = ['User-Agent: NGINX-Prometheus-Exporter/v1', 'Accept-Encoding: gzip'];
  const response = await ask(at, 'GET', '/nginx_status', undefined, headers);
  assert.equal(response.status, 200);
  // Go would decode what it asked for; the collector of old does not expect that.
  assert.deepEqual(header(response, 'content-encoding'), []);
  return `${response.body}`;
}

const READERS: Readonly<Record<string, Reader>> = {
  'nginx-prometheus-exporter': async at => {
    const lines = ['Active connections: %d', 'server accepts handled requests', '%d %d %d'];
    const format = [...lines, 'Reading: %d Writing: %d Waiting: %d', ''].join('\n');
    const [active = -1, accepted = -1, handled = -1, requests = -1, ...states] = scanf(await page(at), format);
    const [reading = -1, writing = -1, waiting = -1] = states;
    return { active, accepted, handled, requests, reading, writing, waiting };
  },
  "ingress-nginx's collector": async at => {
    const text = await page(at);
    // What it does not find it takes for 0.
    const find = (expression: RegExp, group = 1): number => Number(expression.exec(text)?.[group] ?? 0);
    const totals = /(\d+)\s(\d+)\s(\d+)/;
    return {
      active: find(/Active connections: (\d+)/),
      accepted: find(totals, 1),
      handled: find(totals, 2),
      requests: find(totals, 3),
      reading: find(/Reading: (\d+)/),
      writing: find(/Writing: (\d+)/),
      waiting: find(/Waiting: (\d+)/),
    };
  },
};

/** Of {@link busyInstance}, when all that was sent has come. The question itself is active and writing, as with nginx. */
function settled({ accepted }: Figures): Figures {
  // Each connection has brought the first byte of one request.
  return { active: 7, accepted, handled: accepted, requests: accepted, reading: 1, writing: 3, waiting: 3 };
}

/** An instance with three idle clients, two whose request is served, and one that has sent half a head. */
async function busyInstance(t: TestContext): Promise<ServingProgram> {
  const upstream = await RawUpstream.start(t, async request => {
    if (request.target !== '/held') await request.connection.send(answer());
  });
  const program = await ServingProgram.start(t, { manifests: [exposed('shop', upstream)] });
  for (let count = 0; count < 3; count += 1) {
    const idle = await program.connect();
    await idle.send('GET /shop HTTP/1.1\r\nHost: test\r\n\r\n');
    await idle.response();
  }
  for (let count = 0; count < 2; count += 1) {
    await (await program.connect()).send('GET /shop/held HTTP/1.1\r\nHost: test\r\n\r\n');
  }
  await (await program.connect()).send('GET /shop HTTP/1.1\r\nHo');
  return program;
}

test('both readers get the figures that are, on the unix socket and over TCP', async t => {
  const program = await busyInstance(t);
  for (const [place, at] of [
    ['the unix socket', program.admin],
    ['TCP', program.status],
  ] as const) {
    for (const [name, read] of Object.entries(READERS)) {
      const found = await eventually(`${name} to see all clients on ${place}`, async () => {
        const now = await read(at);
        return isDeepStrictEqual(now, settled(now)) && now;
      }).catch(() => read(at));
      assert.deepEqual(found, settled(found), `${name} on ${place}`);
      assert.ok(found.accepted >= 7, `${found.accepted}`);
      const accepted = found.accepted + 1;
      assert.deepEqual(await read(at), settled({ ...found, accepted }), `${name} on ${place}: one more question`);
    }
  }
});

test('the imitated scanner takes what Go takes, and no more', () => {
  const format = 'a: %d\nb c\n%d %d\n';
  assert.deepEqual(scanf('a: 1 \nb c\n 2 3 \n', format), [1, 2, 3]);
  assert.deepEqual(scanf('a:  1\nb c\n2  3', format), [1, 2, 3]);
  for (const text of [
    'a: 1\n\nb c\n2 3\n',
    'a: \n1\nb c\n2 3\n',
    'a: 1\nb  d\n2 3\n',
    'a: x\nb c\n2 3\n',
    'a: 1 b c\n2 3\n',
  ]) {
    assert.throws(() => scanf(text, format), Error, JSON.stringify(text));
  }
});
