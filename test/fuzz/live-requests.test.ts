import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { messageOf } from '../../src/errors.ts';
import type { HeaderLine } from '../support/raw-message.ts';
import { campaign } from './campaign.ts';
import { corpus } from './corpus.ts';
import { type Expectation, expect, type ForwardedRequest } from './expectation.ts';
import { LiveClient } from './live-client.ts';
import { clientAddress, LiveProxy } from './live-proxy.ts';
import { llhttpTakes } from './llhttp.ts';
import { makeStream } from './request-grammar.ts';
import { byteByByte, cut, type Stream, show } from './stream.ts';
import { type SeenRequest, startLlhttpUpstream, startStrictUpstream, type Upstream } from './upstreams.ts';

const LANES = 16;
/** Longer streams are sent whole only. */
const MAX_BYTEWISE = 1000;
const BASES = ['/strict', '/llhttp'] as const;

/** By client. Of one that leaves in the middle, something may come late: it stays here. */
const seen = new Map<string, SeenRequest[]>();
const malformed: string[] = [];
let proxy: LiveProxy;
let upstreams: readonly Upstream[];
let inputs = 0;

before(async () => {
  const witness = (realIp: string, request: SeenRequest): void => {
    const requests = seen.get(realIp);
    if (requests === undefined) seen.set(realIp, [request]);
    else requests.push(request);
  };
  const onMalformed = (error: unknown): void => void malformed.push(messageOf(error));
  const strict = await startStrictUpstream(witness, onMalformed);
  const llhttp = await startLlhttpUpstream(witness, onMalformed);
  upstreams = [strict, llhttp];
  proxy = await LiveProxy.start([
    { path: '/strict', to: [strict.address] },
    { path: '/llhttp', to: [llhttp.address] },
  ]);
});

after(async () => {
  for (const upstream of upstreams) upstream.close();
  await proxy.close();
});

test('of the corpus, the upstreams see the requests that were understood', async () => {
  for (const { name, bytes } of corpus('requests')) {
    if (isHttp2(bytes)) continue;
    for (const stream of [{ bytes, cuts: [] }, ...(bytes.length > MAX_BYTEWISE ? [] : [byteByByte(bytes)])]) {
      await check(stream, expect(bytes, table())).catch(error => assert.fail(`${name}: ${messageOf(error)}`));
    }
  }
});

test('whatever clients send, the upstreams see the requests that were understood, and nothing else', async t => {
  let begun = proxy.counters.get('requests');
  await campaign(
    t,
    {
      make: random => cut(random, makeStream(random, [random.pick(BASES)])),
      check: async stream => {
        const expectation = expect(stream.bytes, table());
        if (isHttp2(stream.bytes)) return;
        // Node's server would refuse it, which is its own affair.
        if ([...expectation.forwarded, expectation.cutShort].some(isStrangeToLlhttp)) return;
        begun += expectation.begun;
        await check(stream, expectation);
      },
      show,
    },
    LANES,
  );
  await proxy.assertQuiet();
  assert.equal(proxy.counters.get('requests'), begun);
  assert.deepEqual([...seen.values()].flat(), []);
});

async function check(stream: Stream, expectation: Expectation): Promise<void> {
  inputs += 1;
  const address = clientAddress(inputs);
  const client = await LiveClient.connect(proxy.address, address);
  try {
    await client.send(stream);
    const answers = await client.answers(expectation.answers.map(({ isHead }) => isHead));
    assert.deepEqual(
      answers.map(({ status }) => status),
      expectation.answers.map(({ status }) => status),
    );
    if (expectation.ends) await client.closed();
    else await client.leave();
    const log = proxy.takeLog(address);
    const requests = seen.get(address) ?? [];
    seen.delete(address);
    const leaves = expectation.cutShort !== undefined && !expectation.ends ? [499] : [];
    assert.deepEqual(
      log.map(({ status }) => status),
      [...expectation.answers.map(({ status }) => status), ...leaves],
    );
    const forwarded = log.filter(({ upstream, status }) => upstream !== '' && status === 200);
    // Each client gets the answer to its own request: the id stands in it.
    assert.deepEqual(
      answers.flatMap(({ body }, index) => {
        const { isForwarded = false, isHead = false } = expectation.answers[index] ?? {};
        return isForwarded && !isHead ? [body] : [];
      }),
      forwarded.filter(({ requestLine }) => !requestLine.startsWith('HEAD ')).map(({ requestId }) => requestId),
    );
    assert.deepEqual(
      requests.map(({ requestId }) => requestId),
      forwarded.map(({ requestId }) => requestId),
    );
    assert.deepEqual(requests.map(seenOutline), expectation.forwarded.map(forwardedOutline));
    assert.deepEqual(malformed, []);
  } finally {
    client.destroy();
  }
}

/** A request as it is compared: its own headers are those behind the ones that the proxy makes. */
function seenOutline({ method, target, headers, body, trailers }: SeenRequest): object {
  const isMade = ([name]: HeaderLine): boolean =>
    /^(?:host|x-real-ip|x-forwarded-(?:for|proto|host|prefix)|x-request-id|connection|upgrade|te|expect|content-length|transfer-encoding)$/i.test(
      name,
    );
  return { method, target, lines: headers.filter(line => !isMade(line)), body, trailers };
}

function forwardedOutline({ method, target, lines, body, trailers }: ForwardedRequest): object {
  return { method, target, lines: pairsOf(lines), body, trailers: pairsOf(trailers) };
}

function pairsOf(lines: string): HeaderLine[] {
  return lines
    .split('\r\n')
    .slice(0, -1)
    .map(line => {
      const colon = line.indexOf(':');
      return [line.slice(0, colon), line.slice(colon + 1).replace(/^[ \t]+|[ \t]+$/g, '')];
    });
}

/** What follows the line that HTTP/2 begins with is no HTTP/1.1 (RFC 9113 section 3.4). */
function isHttp2(bytes: Buffer): boolean {
  return bytes.toString('latin1').startsWith('PRI * HTTP/2.0\r\n');
}

function isStrangeToLlhttp(request: ForwardedRequest | undefined): boolean {
  return request?.route.path === '/llhttp' && !llhttpTakes(request.method, request.target);
}

function table(): NonNullable<LiveProxy['state']['table']> {
  const { table: current } = proxy.state;
  assert.ok(current !== undefined);
  return current;
}
