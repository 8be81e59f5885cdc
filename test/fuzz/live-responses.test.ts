import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { messageOf } from '../../src/errors.ts';
import { RawClient, type RawResponse } from '../support/raw-client.ts';
import { campaign } from './campaign.ts';
import { corpus } from './corpus.ts';
import { LiveProxy } from './live-proxy.ts';
import type { Random } from './random.ts';
import { type ReferenceResponse, readResponse } from './reference-responses.ts';
import { makeResponse } from './response-grammar.ts';
import { ScriptedUpstream } from './scripted-upstream.ts';
import { byteByByte, cut, type Stream, show } from './stream.ts';

const LANES = 8;

interface Input {
  readonly method: 'GET' | 'HEAD';
  readonly version: 'HTTP/1.1' | 'HTTP/1.0';
  readonly response: Stream;
}

/** Each lane has an upstream of its own: what one is sent too much must not be found by another that comes by chance. */
const upstreams: ScriptedUpstream[] = [];
let proxy: LiveProxy;
let inputs = 0;

before(async () => {
  for (let lane = 0; lane < LANES; lane += 1) upstreams.push(await ScriptedUpstream.start());
  proxy = await LiveProxy.start(upstreams.map(({ address }, lane) => ({ path: `/lane${lane}`, to: [address] })));
});

after(async () => {
  for (const upstream of upstreams) upstream.close();
  await proxy.close();
});

test('of the corpus, a client sees its own response, 502, or a cut', async () => {
  for (const { name, bytes } of corpus('responses')) {
    for (const response of [{ bytes, cuts: [] }, byteByByte(bytes)]) {
      for (const method of ['GET', 'HEAD'] as const) {
        const input: Input = { method, version: 'HTTP/1.1', response };
        await check(input, 0).catch(error => assert.fail(`${name}, ${method}: ${messageOf(error)}`));
      }
    }
  }
});

test('whatever upstreams answer, a client sees its own response, 502, or a cut', async t => {
  const make = (random: Random): Input => ({
    method: random.oneIn(6) ? 'HEAD' : 'GET',
    version: random.oneIn(6) ? 'HTTP/1.0' : 'HTTP/1.1',
    response: cut(random, makeResponse(random, `mark-${random.text('0123456789', 8)}`)),
  });
  const showInput = ({ method, version, response }: Input): string => `${method} ${version}: ${show(response)}`;
  await campaign(t, { make, check, show: showInput }, LANES);
  await proxy.assertQuiet();
});

async function check({ method, version, response }: Input, lane: number): Promise<void> {
  const upstream = upstreams[lane];
  assert.ok(upstream !== undefined);
  inputs += 1;
  const input = inputs;
  const expected = readResponse(response.bytes, method === 'HEAD');
  const played = upstream.play(`/${input}`, { stream: response, ends: !expected.isSettled });
  const client = await RawClient.connect(proxy.address);
  const honest = await RawClient.connect(proxy.address);
  try {
    const own = `/own-${input}`;
    await client.send(`${method} /lane${lane}/${input} ${version}\r\nHost: test\r\n\r\n`);
    compare(await client.responseOrCut({ head: method === 'HEAD' }), expected, version);
    const connection = await played;
    // What was sent too much has been read then: nobody who comes later may get it.
    if (!mayBeKept(expected)) await upstream.ended(connection);
    await honest.send(`GET /lane${lane}${own} HTTP/1.1\r\nHost: test\r\n\r\n`);
    const { status, body } = await honest.response();
    assert.deepEqual([status, body], [200, own]);
    assert.equal(client.unread, '');
  } finally {
    client.destroy();
    honest.destroy();
  }
}

/** Whether a connection that brought this can be trusted with another request. */
function mayBeKept({ head, kind, hasRest, isSettled }: ReferenceResponse): boolean {
  if (head === undefined || kind === 'cut' || hasRest || !isSettled) return false;
  return !head.options.has('close') && (head.minorVersion === 1 || head.options.has('keep-alive'));
}

function compare(response: RawResponse, expected: ReferenceResponse, version: Input['version']): void {
  const isModern = version === 'HTTP/1.1';
  assert.deepEqual(
    response.interim.map(({ status }) => status),
    isModern ? expected.interim : [],
  );
  const { head } = expected;
  if (head === undefined) {
    assert.equal(response.status, 502);
    return;
  }
  const { status, reason } = head;
  const dropped = [
    ...(status === 204 ? ['content-length'] : []),
    ...(response.framing === 'chunked' ? [] : ['trailer']),
  ];
  const lines = head.lines
    .split('\r\n')
    .filter(line => !dropped.includes(line.slice(0, line.indexOf(':')).toLowerCase()));
  const begin = `HTTP/1.1 ${status} ${reason}\r\n${lines.join('\r\n')}`;
  assert.equal(response.raw.slice(0, begin.length), begin);
  assert.match(
    response.raw.slice(begin.length),
    /^(?:Date: .*\r\n)?(?:Transfer-Encoding: chunked\r\n)?Connection: (?:close|keep-alive)\r\n\r\n$/,
  );
  if (isModern || response.framing !== 'close') assert.equal(response.complete, expected.kind === 'whole');
  assert.equal(response.body, expected.body);
}
