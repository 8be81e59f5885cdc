/** A client that asks for the metrics and does not read them costs little, and does not keep others from them. */
import assert from 'node:assert/strict';
import type { AddressInfo } from 'node:net';
import { type TestContext, test } from 'node:test';
import { type FastifyInstance, fastify } from 'fastify';
import { MetricsAnswers, type MetricsLimits } from '../../src/admin/metrics-answers.ts';
import { eventually } from '../support/eventually.ts';
import { type Destination, exchange, open } from '../support/exchange.ts';

/** More than the kernel takes for a client that does not read. */
const LARGE = 24 * 1024 * 1024;
const LIMITS: MetricsLimits = { answers: 4, waiting: 8, bytes: 2.5 * LARGE, stall: 60_000, whole: 60_000 };
const REQUEST = 'GET /metrics HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n';

interface Running {
  readonly at: Destination;
  readonly app: FastifyInstance;
  /** Requests that came. */
  readonly asked: () => number;
  /** Scrapes made. */
  readonly made: () => number;
}

/** @param body a new one for each scrape */
async function running(context: TestContext, limits: Partial<MetricsLimits>, body: () => Buffer): Promise<Running> {
  let asked = 0;
  let made = 0;
  const answers = new MetricsAnswers(
    async () => {
      made += 1;
      return { contentType: 'text/plain', body: body() };
    },
    { ...LIMITS, ...limits },
  );
  const app = fastify({ forceCloseConnections: true, exposeHeadRoutes: false });
  app.route({
    method: ['GET', 'HEAD'],
    url: '/metrics',
    handler: (request, reply) => {
      asked += 1;
      return answers.answer(reply, request.method === 'HEAD');
    },
  });
  await app.listen({ host: '127.0.0.1', port: 0 });
  context.after(() => app.close());
  return {
    at: { host: '127.0.0.1', port: (app.server.address() as AddressInfo).port },
    app,
    asked: () => asked,
    made: () => made,
  };
}

/** A client that asks and reads nothing. */
async function unread(context: TestContext, at: Destination): Promise<void> {
  const socket = await open(at);
  socket.on('error', () => undefined).pause();
  socket.write(REQUEST);
  context.after(() => socket.destroy());
}

async function connections({ app }: Running): Promise<number> {
  return new Promise((resolve, reject) =>
    app.server.getConnections((error, count) => (error ? reject(error) : resolve(count))),
  );
}

test('a long text arrives whole, with its length', async context => {
  const text = Buffer.from(Array.from({ length: 300_000 }, (_, index) => `line ${index}\n`).join(''));
  const { at } = await running(context, {}, () => text);
  const answer = await exchange(at, REQUEST);
  const [head = '', body] = answer.split('\r\n\r\n');
  assert.match(head, new RegExp(`content-length: ${text.length}\\r\\n`, 'i'));
  assert.equal(body?.length, text.length);
  assert.ok(body === text.toString());
  const asked = await exchange(at, REQUEST.replace('GET', 'HEAD'));
  assert.match(asked, new RegExp(`^HTTP/1.1 200 .*content-length: ${text.length}\\r\\n.*\\r\\n\\r\\n$`, 'is'));
});

test('answers beyond the limit wait, and come when one that stands still has been ended', async context => {
  const large = Buffer.alloc(LARGE, 'x');
  const run = await running(context, { stall: 300 }, () => large);
  for (let count = 0; count < 4; count += 1) await unread(context, run.at);
  await eventually('that all are answered', () => run.made() === 4);
  const answer = await exchange(run.at, REQUEST);
  assert.equal(answer.length - answer.indexOf('\r\n\r\n') - 4, LARGE);
  await eventually('that those who read nothing are ended', async () => (await connections(run)) === 0);
});

test('one that reads, but takes too long for the whole, is ended', async context => {
  const run = await running(context, { whole: 300 }, () => Buffer.alloc(LARGE, 'x'));
  await unread(context, run.at);
  await eventually('that it is asked', () => run.made() === 1);
  await eventually('the end', async () => (await connections(run)) === 0);
});

test('texts that are read take no more memory than allowed: the oldest answers end', async context => {
  const run = await running(context, {}, () => Buffer.alloc(LARGE, 'x'));
  await unread(context, run.at);
  await unread(context, run.at);
  await eventually('two texts', () => run.made() === 2);
  assert.equal(await connections(run), 2);
  await unread(context, run.at);
  await eventually('a third', () => run.made() === 3);
  await eventually('that the oldest has gone', async () => (await connections(run)) === 2);
});

test('so many may wait and no more; the others hear it at once', async context => {
  const large = Buffer.alloc(LARGE, 'x');
  const run = await running(context, { waiting: 2 }, () => large);
  for (let count = 0; count < 6; count += 1) await unread(context, run.at);
  await eventually('that four are answered and two wait', () => run.asked() === 6);
  assert.match(await exchange(run.at, REQUEST), /^HTTP\/1\.1 503 .*retry-after: 5\r\n.*too many ask/is);
});

test('a client that goes while it waits leaves no hole', async context => {
  const large = Buffer.alloc(LARGE, 'x');
  const run = await running(context, { answers: 1 }, () => large);
  const first = await open(run.at);
  first.on('error', () => undefined).pause();
  first.write(REQUEST);
  await eventually('its answer', () => run.made() === 1);
  const impatient = await open(run.at);
  impatient.on('error', () => undefined).write(REQUEST);
  await eventually('that it waits', () => run.asked() === 2);
  impatient.destroy();
  await eventually('that it has gone', async () => (await connections(run)) === 1);
  first.destroy();
  assert.match(await exchange(run.at, REQUEST), /^HTTP\/1\.1 200 /);
  assert.match(await exchange(run.at, REQUEST), /^HTTP\/1\.1 200 /);
});
