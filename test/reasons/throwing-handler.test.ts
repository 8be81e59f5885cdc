/** A bug in the data plane ends one request with 500, or cuts its response; the worker and all others go on. */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { it, type TestContext } from 'node:test';
import { exposed, type ProgramLogEntry, ServingProgram } from '../cli/serve-fixture.ts';
import { atEnd } from '../support/cleanup.ts';
import { eventually } from '../support/eventually.ts';
import { Flood } from '../support/flood.ts';
import type { EngineName } from '../support/proxy-under-test.ts';
import { RawClient } from '../support/raw-client.ts';
import { answer, RawUpstream, type UpstreamRequest } from '../support/raw-upstream.ts';
import { TIMER_CLIENT } from './bugs.ts';

const BUGS = join(import.meta.dirname, 'bugs.ts');
/** Far more than the kernel takes. */
const LARGE = new Flood(64);
/** Waited for once, and far longer than the test's process stands still between an answer and the next request. */
const KEEPALIVE_TIMEOUT = '15s';
const FAILURES = 'kube_entry_request_failures_total';

interface Bug {
  readonly where: string;
  readonly target: string;
  /** 500, or a response that is cut, or a connection that only ends. */
  readonly shows: 'answer' | 'cut' | 'end';
  readonly engines: readonly EngineName[];
  /** Times that it is met; once where this is not given. */
  readonly times?: number;
}

const BUGS_MET: readonly Bug[] = [
  { where: 'the routing', target: '/match', shows: 'answer', engines: ['wire', 'node'] },
  { where: 'the reading of a head', target: '/head', shows: 'answer', engines: ['wire'] },
  { where: 'the callback of a connect', target: '/app/connect', shows: 'answer', engines: ['wire'] },
  { where: 'the reading of a response', target: '/app/response', shows: 'answer', engines: ['wire', 'node'] },
  { where: 'the end of an upstream', target: '/app/end', shows: 'answer', engines: ['wire', 'node'] },
  { where: 'a response that has begun', target: '/app/chunk', shows: 'cut', engines: ['wire'] },
  { where: 'the drain of a client', target: '/app/drain', shows: 'cut', engines: ['wire'] },
  { where: 'what follows a response', target: '/app/write', shows: 'end', engines: ['wire'], times: 2 },
];

/** Answers `/app/…` as its bug needs it; `/held` is answered by the test. */
function handle(request: UpstreamRequest): void {
  const { connection, target } = request;
  if (target === '/held') return;
  if (target === '/response') void connection.send(answer('ok', 'X-Bug: response\r\n'));
  else if (target === '/end') connection.finish();
  else if (target === '/chunk') {
    void connection.send('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nsound\r\n');
  } else if (target === '/drain') {
    void LARGE.answer(request);
  } else void connection.send(answer());
}

for (const engine of ['wire', 'node'] as const) {
  it(`${engine}: a bug ends its request, is counted and logged with its stack`, { timeout: 600_000 }, async t => {
    const upstream = await RawUpstream.start(t, handle);
    const program = await ServingProgram.start(t, {
      manifests: [exposed('app', upstream)],
      args: ['--engine', engine, '--keepalive-timeout', KEEPALIVE_TIMEOUT],
      nodeArgs: ['--import', BUGS],
    });
    // On the same worker, with a request under way from before the first bug to after the last.
    const neighbour = await connect(t, program);
    await neighbour.send(get('/app/held'));
    const held = await upstream.request(0);

    let bugs = 0;
    for (const bug of BUGS_MET.filter(({ engines }) => engines.includes(engine))) {
      await t.test(`a bug in ${bug.where}`, async () => {
        bugs += bug.times ?? 1;
        await meet(t, program, upstream, bug);
        await eventually('the bug to be counted', async () => (await internalFailures(program)) === bugs);
      });
    }
    if (engine === 'wire') {
      await t.test('a bug in a timer', async () => {
        bugs += 1;
        const client = await connect(t, program, TIMER_CLIENT);
        await client.send(get('/app/sound'));
        assert.equal((await client.response()).status, 200);
        await client.closed();
        await eventually('the bug to be counted', async () => (await internalFailures(program)) === bugs);
      });
    }

    await held.connection.send(answer('still here'));
    assert.equal((await neighbour.response()).body, 'still here');
    await neighbour.send(get('/app/sound'));
    assert.equal((await neighbour.response()).status, 200);
    const restarts = (await program.metrics()).find(({ name }) => name === 'kube_entry_worker_restarts_total');
    assert.equal(restarts?.value, 0);
    assert.equal(
      program.log.some(({ msg }) => /worker/.test(msg) && /died|replac/.test(msg)),
      false,
    );
    // Each is logged; those of the same second as the number of others.
    const told = (): ProgramLogEntry[] => program.log.filter(({ reason }) => reason === 'internal');
    await eventually(
      'all bugs to be logged',
      () => told().reduce((sum, { others }) => sum + 1 + Number(others), 0) === bugs,
    );
    for (const { level, stack } of told()) {
      assert.equal(level, 'error');
      assert.match(String(stack), /^TypeError: bug in \w+\n +at .*bugs\.ts/);
    }
  });
}

async function meet(
  t: TestContext,
  program: ServingProgram,
  upstream: RawUpstream,
  { target, shows }: Bug,
): Promise<void> {
  const client = await connect(t, program);
  if (target === '/app/drain') client.pause();
  await client.send(get(target));
  if (target === '/app/drain') {
    await LARGE.heldBack();
    client.resume();
  }
  if (target === '/app/chunk') {
    await eventually('what is sound of it', () => client.unread.includes('sound'));
    await upstream.requests.at(-1)?.connection.send('10\r\nchunk with a bug\r\n');
  }
  if (shows === 'end') {
    await client.closed();
    return;
  }
  const response = await client.responseOrCut();
  assert.equal(response.status, shows === 'answer' ? 500 : 200);
  assert.equal(response.complete, shows === 'answer');
  await client.closed();
}

async function internalFailures(program: ServingProgram): Promise<number | undefined> {
  const samples = await program.metrics();
  return samples.find(({ name, labels }) => name === FAILURES && labels.reason === 'internal')?.value;
}

function get(target: string): string {
  return `GET ${target} HTTP/1.1\r\nHost: test\r\n\r\n`;
}

async function connect(t: TestContext, program: ServingProgram, localAddress?: string): Promise<RawClient> {
  const client = await RawClient.connect(program.address, localAddress === undefined ? {} : { localAddress });
  atEnd(t, () => client.destroy());
  return client;
}
