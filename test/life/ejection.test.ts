/** Pods that refuse, fail at once or never answer are sent away by all workers together, and come back when they are well. */
import assert from 'node:assert/strict';
import { it, type TestContext } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import type { ListenAddress } from '../../src/formats/listen-address.ts';
import { ServingProgram } from '../cli/serve-fixture.ts';
import { endpoint, endpointSlice } from '../support/endpoint-slices.ts';
import { eventually } from '../support/eventually.ts';
import { RawClient } from '../support/raw-client.ts';
import { answer, answering, RawUpstream, type UpstreamHandler } from '../support/raw-upstream.ts';
import { service } from '../support/services.ts';
import { INSPECTED, Inspector } from './inspector.ts';

const WORKERS = 2;
/** Enough that each worker has some. */
const CLIENTS = 16;
/**
 * Between an answer and the next request of a client. The tests wait for time limits most of their time: without it, the clients would
 * take both CPUs from everything that runs meanwhile.
 */
const THINK_MS = 10;
/** Failures in a row that eject an endpoint. */
const FAILURES = 5;

/** The pods are in the process of the test: longer than a busy machine lets that stand still. */
const READ_TIMEOUT = '10s';

const UNAVAILABLE = answering(answer('busy', '', '503 Service Unavailable'));
const SILENT: UpstreamHandler = () => undefined;

interface Pods {
  readonly objects: readonly object[];
  readonly upstreams: readonly RawUpstream[];
}

/** A Service with so many pods that answer, and one for each address that is given besides. */
async function balanced(t: TestContext, well: number, others: readonly ListenAddress[] = []): Promise<Pods> {
  const upstreams = await Promise.all(Array.from({ length: well }, () => RawUpstream.start(t)));
  const addresses = [...upstreams.map(({ address }) => address), ...others];
  const slices = addresses.map(({ host, port }, index) =>
    endpointSlice('web', {
      name: `web-${index}`,
      ports: [{ name: 'http', port, protocol: 'TCP' }],
      endpoints: [endpoint(host, `web-${index}`)],
    }),
  );
  const annotations = { path: '/', balance: 'round-robin', 'read-timeout': READ_TIMEOUT };
  return { objects: [service('web', { annotations }), ...slices], upstreams };
}

/** Clients that ask again and again, until they are stopped. */
class Load {
  /** By status. 0 stands for a connection that ended without an answer. */
  readonly statuses = new Map<number, number>();
  #isOver = false;
  readonly #running: Promise<unknown>;

  constructor(t: TestContext, address: ListenAddress) {
    this.#running = Promise.all(Array.from({ length: CLIENTS }, () => this.#run(address)));
    t.after(() => {
      this.#isOver = true;
    });
  }

  count(status: number): number {
    return this.statuses.get(status) ?? 0;
  }

  /** Waits for so many answers of 200 more. */
  async answered(more: number): Promise<void> {
    const enough = this.count(200) + more;
    await eventually(`${more} more answers`, () => this.count(200) >= enough);
  }

  async stop(): Promise<void> {
    this.#isOver = true;
    await this.#running;
  }

  async #run(address: ListenAddress): Promise<void> {
    let client: RawClient | undefined;
    while (!this.#isOver) {
      if (client?.isOpen !== true) client = await RawClient.connect(address).catch(() => undefined);
      const status = client === undefined ? 0 : await ask(client);
      this.statuses.set(status, this.count(status) + 1);
      await delay(THINK_MS);
    }
    client?.destroy();
  }
}

async function ask(client: RawClient): Promise<number> {
  try {
    await client.send('GET / HTTP/1.1\r\nHost: test\r\n\r\n');
    return (await client.response()).status;
  } catch {
    return 0;
  }
}

/** An ejected pod is not tried again before the test is over, if nothing else is said. */
const QUIET = ['--access-log', 'off', '--outlier-ejection-time', '1h'];

function start(
  t: TestContext,
  manifests: readonly object[],
  nodeArgs: readonly string[] = [],
): Promise<ServingProgram> {
  return ServingProgram.start(t, { manifests, workers: WORKERS, args: QUIET, nodeArgs });
}

async function endpointsIn(program: ServingProgram, state: string): Promise<number> {
  const samples = await program.metrics();
  return samples.find(({ name, labels }) => name === 'kube_entry_endpoints' && labels.state === state)?.value ?? 0;
}

/** Waits until each request to an upstream has come to its status, of which no other is the cause. */
async function allAnswered(load: Load, status: number, upstream: RawUpstream): Promise<void> {
  await eventually(`all its ${status}`, () => load.count(status) === upstream.requests.length);
}

async function ejectedAre(program: ServingProgram, count: number): Promise<void> {
  await eventually(`${count} ejected endpoints`, async () => (await endpointsIn(program, 'ejected')) === count);
}

it('pods that refuse, answer 503 at once or never answer are ejected, and from then on no request fails', async t => {
  const refusing = { host: '127.0.0.1', port: 1 };
  const { objects, upstreams } = await balanced(t, 9, [refusing]);
  const [unavailable, silent] = upstreams as [RawUpstream, RawUpstream];
  unavailable.handler = UNAVAILABLE;
  silent.handler = SILENT;
  const program = await start(t, objects);
  const load = new Load(t, program.address);
  await ejectedAre(program, 3);
  // Requests that were under way when the endpoint was ejected fail as well.
  await allAnswered(load, 503, unavailable);
  await allAnswered(load, 504, silent);
  const [asked, alsoAsked] = [unavailable.requests.length, silent.requests.length];
  const settled = new Map(load.statuses);
  await load.answered(1_000);
  await load.stop();
  for (const status of [502, 503, 504]) assert.equal(load.count(status), settled.get(status) ?? 0, `${status}`);
  assert.deepEqual([unavailable.requests.length, silent.requests.length], [asked, alsoAsked]);
  assert.equal(load.count(0), 0);
  // A retry hides each refused connection.
  assert.equal(load.count(502), 0);
  assert.ok(asked >= FAILURES && alsoAsked >= FAILURES);
  await eventually('each of them to be named in the log', () => {
    const told = program.log.map(({ endpoints }) => endpoints ?? '').join();
    return ['web-0', 'web-1', 'web-9'].every(pod => told.includes(`${pod} (127.0.0.1:`));
  });
});

it('a pod that is well again is tried by one request, and is then back for all workers', async t => {
  const { objects, upstreams } = await balanced(t, 3);
  const [ill] = upstreams as [RawUpstream];
  ill.handler = UNAVAILABLE;
  const program = await start(t, objects);
  assert.equal((await program.post('/configuration/general', { outlierEjectionTime: '1s' })).status, 201);
  const load = new Load(t, program.address);
  await ejectedAre(program, 1);
  await allAnswered(load, 503, ill);
  // Trials go on while the metrics are asked: the requests are counted before and after.
  const countTrials = async () => {
    const least = ill.requests.length;
    const trials = await ejections(program, 'failed_trial');
    return { least, trials, most: ill.requests.length };
  };
  const before = await countTrials();
  await eventually('trials that fail', async () => (await ejections(program, 'failed_trial')) >= before.trials + 2);
  const after = await countTrials();
  const asked = ill.requests.length;
  const trials = after.trials - before.trials;
  // One for each trial, and perhaps one of which the sweep does not know yet, at each end.
  const [least, most] = [after.least - before.most, after.most - before.least];
  assert.ok(least - 1 <= trials && trials <= most + 1, `${least} to ${most} requests, ${trials} trials`);
  ill.handler = answering();
  await eventually('three ready endpoints', async () => (await endpointsIn(program, 'ready')) === 3);
  await program.logged('endpoints get requests again');
  await eventually('its share of the requests', () => ill.requests.length > asked + 100);
  await load.stop();
  assert.equal(load.count(0) + load.count(502) + load.count(504), 0);
});

it('a worker that dies while it waits for an ill pod leaves the ejection as it is, and its replacement knows it', async t => {
  const { objects, upstreams } = await balanced(t, 3);
  const [silent] = upstreams as [RawUpstream];
  silent.handler = SILENT;
  const program = await start(t, objects, INSPECTED);
  const inspector = await Inspector.attach(t, program);
  const load = new Load(t, program.address);
  await ejectedAre(program, 1);
  const [first = '', second = ''] = await inspector.workers(WORKERS);
  for (const [times, worker] of [first, second].entries()) {
    inspector.crash(worker);
    await program.logged('replacing a worker', times + 1);
    await inspector.workers(WORKERS);
  }
  // It answers none: each connection ends with the request on it.
  await eventually('no request to be with it', () => silent.connections.every(({ end }) => end !== undefined));
  const failed = load.count(504);
  const asked = silent.requests.length;
  await load.answered(500);
  await load.stop();
  assert.equal(await endpointsIn(program, 'ejected'), 1);
  assert.equal(load.count(504), failed);
  assert.equal(silent.requests.length, asked);
  assert.equal(load.count(502) + load.count(503), 0);
});

it('the last pod of a Service is never ejected: its own answers reach the clients', async t => {
  const { objects, upstreams } = await balanced(t, 1);
  const [only] = upstreams as [RawUpstream];
  only.handler = UNAVAILABLE;
  const program = await start(t, objects);
  const load = new Load(t, program.address);
  await eventually('many answers', () => load.count(503) > 100);
  assert.equal(await endpointsIn(program, 'ready'), 1);
  only.handler = answering();
  await load.answered(100);
  await load.stop();
  assert.equal(load.count(502), 0);
});

it('a pod whose health check fails gets no requests, though they would succeed', async t => {
  const { objects, upstreams } = await balanced(t, 3);
  const [ill] = upstreams as [RawUpstream];
  const ok = answering();
  ill.handler = request => (request.target === '/healthz' ? UNAVAILABLE(request) : ok(request));
  const annotations = { path: '/', balance: 'round-robin', 'health-check': '/healthz every 1s' };
  const program = await start(t, [service('web', { annotations }), ...objects.slice(1)]);
  await program.logged('endpoints get no requests, because their checks fail');
  const load = new Load(t, program.address);
  await load.answered(300);
  await load.stop();
  assert.deepEqual([...new Set(ill.requests.map(({ target }) => target))], ['/healthz']);
  assert.equal(await endpointsIn(program, 'unhealthy'), 1);
});

async function ejections(program: ServingProgram, reason: string): Promise<number> {
  const found = (await program.metrics()).find(
    ({ name, labels }) => name === 'kube_entry_endpoint_ejections_total' && labels.reason === reason,
  );
  return found?.value ?? 0;
}
