/** Clients that leave, stop and hurry, upstreams that break, and limits that end soon: all at once, for a while. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { after, before, test } from 'node:test';
import { setTimeout as delay, setImmediate as turn } from 'node:timers/promises';
import { messageOf } from '../../src/errors.ts';
import { eventually } from '../support/eventually.ts';
import { resetSocket } from '../support/reset-socket.ts';
import { campaign } from './campaign.ts';
import { bodyOf, ChaosUpstream, MANNERS, type Manner } from './chaos-upstream.ts';
import { LiveProxy } from './live-proxy.ts';
import type { Random } from './random.ts';

const LANES = 48;
/** Nothing listens there. */
const REFUSING = { host: '127.0.0.1', port: 1 };
const PATHS = ['/ok', '/ok', '/ok', '/ok', '/ok', '/ok', '/refused', '/second-try', '/none', '/nowhere'] as const;

type Step =
  | { readonly kind: 'wait'; readonly milliseconds: number }
  | { readonly kind: 'stop' | 'read' | 'end' | 'reset' };

interface Request {
  readonly method: string;
  readonly path: string;
  readonly manner: Manner;
  readonly bodyBytes: number;
  readonly framing: 'none' | 'length' | 'chunked';
  readonly headers: string;
}

interface Input {
  readonly requests: readonly Request[];
  /** Bytes behind the last of them. */
  readonly scrap: string;
  /** Where the bytes are cut, as parts of a thousand; and what the client does there. */
  readonly acts: readonly { readonly at: number; readonly step: Step }[];
  /** Leaves without waiting for anything. */
  readonly hurries: boolean;
}

let proxy: LiveProxy;
let upstream: ChaosUpstream;
const wrong: string[] = [];
const uncaught: unknown[] = [];
let clients = 0;

before(async () => {
  process.on('uncaughtException', error => uncaught.push(error));
  upstream = await ChaosUpstream.start(problem => wrong.push(problem));
  const limits = {
    ...{ clientHeaderTimeout: 150, clientBodyTimeout: 150, sendTimeout: 150, keepaliveTimeout: 150 },
    ...{ proxyConnectTimeout: 150, proxyReadTimeout: 150, proxySendTimeout: 150, upstreamKeepalive: 8 },
    ...{ keepaliveRequests: 5, clientMaxBodySize: 200_000 },
  };
  const routes = [
    { path: '/ok', to: [upstream.address] },
    { path: '/refused', to: [REFUSING] },
    { path: '/second-try', to: [REFUSING, upstream.address] },
    { path: '/none', to: [] },
  ];
  proxy = await LiveProxy.start(routes, limits);
});

after(async () => {
  upstream.close();
  await proxy.close();
  await eventually('all sockets to be gone', () => !process.getActiveResourcesInfo().some(name => /^TCP/.test(name)));
});

test('whatever breaks, nobody gets what is not for him, and nothing is left behind', async t => {
  await campaign(t, { make, check, show: input => JSON.stringify(input) }, LANES);
  await proxy.assertQuiet();
});

function make(random: Random): Input {
  const requests = Array.from({ length: random.between(1, 4) }, () => makeRequest(random));
  const acts = Array.from({ length: random.below(4) }, () => ({ at: random.below(1000), step: makeStep(random) }));
  const scrap = random.oneIn(4) ? random.pick(['\r\n', 'X', '\x00', 'GET / HTTP/1.1\r\n\r\n', 'GET /ok HTT']) : '';
  return { requests, scrap, acts: acts.sort((a, b) => a.at - b.at), hurries: random.oneIn(4) };
}

function makeRequest(random: Random): Request {
  const framing = random.pick<Request['framing']>(['none', 'none', 'length', 'chunked']);
  const bodyBytes = framing === 'none' ? 0 : random.oneIn(6) ? random.below(250_000) : random.below(3000);
  return {
    method: framing === 'none' ? random.pick(['GET', 'GET', 'HEAD', 'DELETE']) : random.pick(['POST', 'PUT']),
    path: random.pick(PATHS),
    manner: random.oneIn(3) ? 'whole' : random.pick(MANNERS),
    bodyBytes,
    framing,
    headers: random.oneIn(4)
      ? random.pick([
          'Connection: close\r\n',
          'Expect: 100-continue\r\n',
          'Connection: upgrade\r\nUpgrade: websocket\r\n',
        ])
      : '',
  };
}

function makeStep(random: Random): Step {
  switch (random.below(8)) {
    case 0:
      return { kind: 'end' };
    case 1:
      return { kind: 'reset' };
    case 2:
      return { kind: 'stop' };
    case 3:
      return { kind: 'read' };
    default:
      return { kind: 'wait', milliseconds: random.oneIn(8) ? random.between(100, 260) : random.below(12) };
  }
}

async function check({ requests, scrap, acts, hurries }: Input): Promise<void> {
  clients += 1;
  const client = clients;
  const texts = requests.map((request, index) => textOf(request, `${client}-${index}`));
  const bytes = Buffer.from(texts.join('') + scrap, 'latin1');
  const socket = connect({ ...proxy.address, allowHalfOpen: true });
  let received = '';
  socket.setEncoding('latin1').on('data', (text: string) => {
    received += text;
  });
  const closed = new Promise<void>(resolve => socket.on('close', () => resolve()));
  socket.on('error', () => undefined);
  await once(socket, 'connect');
  // Whoever has got FIN has nothing to wait for.
  socket.on('end', () => socket.destroy());
  let sent = 0;
  for (const { at, step } of acts) {
    const end = Math.floor((bytes.length * at) / 1000);
    if (end > sent && socket.writable) socket.write(bytes.subarray(sent, end));
    sent = Math.max(sent, end);
    await perform(socket, step);
  }
  if (socket.writable) socket.write(bytes.subarray(sent));
  if (hurries) {
    await turn();
    socket.destroy();
  } else {
    socket.resume();
  }
  await closed;
  const tokens = [...received.matchAll(/(\d+)-(\d+);/g)].map(([, owner, index]) => ({ owner, index: Number(index) }));
  assert.deepEqual(
    tokens.filter(({ owner }) => owner !== String(client)),
    [],
    `what client ${client} got is not all for it`,
  );
  assert.ok(
    tokens.every(({ index }, place) => index >= (tokens[place - 1]?.index ?? 0)),
    'answers in another order than the requests',
  );
  assert.deepEqual(wrong, []);
  assert.deepEqual(uncaught.map(messageOf), []);
}

async function perform(socket: Socket, step: Step): Promise<void> {
  if (step.kind === 'wait') await delay(step.milliseconds);
  else if (step.kind === 'stop') socket.pause();
  else if (step.kind === 'read') socket.resume();
  else if (step.kind === 'end') socket.end();
  else resetSocket(socket);
}

function textOf({ method, path, manner, bodyBytes, framing, headers }: Request, token: string): string {
  const body = bodyOf(token, bodyBytes);
  const head = `${method} ${path}?${token}&${manner} HTTP/1.1\r\nHost: test\r\n${headers}`;
  if (framing === 'none') return `${head}\r\n`;
  if (framing === 'length') return `${head}Content-Length: ${bodyBytes}\r\n\r\n${body}`;
  // No chunk ends within a token: in a tunnel it comes back with its framing.
  const middle = (token.length + 1) * Math.floor(bodyBytes / 2 / (token.length + 1));
  const chunks = [body.slice(0, middle), body.slice(middle)].filter(part => part !== '');
  const framed = chunks.map(part => `${part.length.toString(16)}\r\n${part}\r\n`).join('');
  return `${head}Transfer-Encoding: chunked\r\n\r\n${framed}0\r\n\r\n`;
}
