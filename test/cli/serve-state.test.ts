import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { eventually } from '../support/eventually.ts';
import { get, header } from '../support/exchange.ts';
import { KubeApi } from '../support/kube-api.ts';
import type { RawResponse } from '../support/raw-client.ts';
import { answering, RawUpstream } from '../support/raw-upstream.ts';
import { service } from '../support/services.ts';
import { runHere, scratchDirectory } from './cli-fixture.ts';
import { ServingProgram } from './serve-fixture.ts';

/** For a program on a busy machine: what it saves gathers for a second, and it asks again after some. */
const PATIENCE_MS = 180_000;

/** A cluster of Services that lead to one upstream, and the folder that outlives the entry. */
class World {
  readonly api: KubeApi;
  readonly kubeconfig: string;
  readonly #context: TestContext;
  readonly #upstream: RawUpstream;
  readonly #directory: string;

  private constructor(context: TestContext, api: KubeApi, upstream: RawUpstream, directory: string) {
    this.#context = context;
    this.api = api;
    this.kubeconfig = api.writeKubeconfig();
    this.#upstream = upstream;
    this.#directory = directory;
  }

  static async create(context: TestContext): Promise<World> {
    const api = await KubeApi.start();
    context.after(() => api[Symbol.asyncDispose]());
    return new World(context, api, await RawUpstream.start(context, answering()), await scratchDirectory(context));
  }

  get stateFile(): string {
    return join(this.#directory, 'state');
  }

  get saved(): string {
    return existsSync(this.stateFile) ? readFileSync(this.stateFile, 'utf8') : '';
  }

  expose(name: string, annotations = { path: `/${name}` }): void {
    this.api.apply(service(name, { annotations, address: this.#upstream.address }));
  }

  start(...args: readonly string[]): Promise<ServingProgram> {
    const source = ['--source', 'kube', '--kubeconfig', this.kubeconfig, '--state-file', this.stateFile];
    return ServingProgram.start(this.#context, { args: [...source, ...args] });
  }

  /** Runs an entry until its state is written, and kills it. */
  async past(): Promise<void> {
    const program = await this.start();
    await whenReady(program);
    await eventually('its state is written', () => this.saved.endsWith('}\n'), PATIENCE_MS);
    program.kill('SIGKILL');
    await program.ended();
  }
}

function whenReady(program: ServingProgram): Promise<RawResponse> {
  return eventually(
    'it is ready',
    async () => {
      const answer = await program.readiness();
      return answer.status === 200 && answer;
    },
    PATIENCE_MS,
  );
}

interface Table {
  readonly source: { readonly synced: boolean; readonly staleSince?: string; readonly problem?: string };
  readonly routes: readonly { readonly path: string }[];
  readonly refusals: readonly { readonly service: { readonly name: string } }[];
}

async function tableOf(program: ServingProgram): Promise<Table> {
  return JSON.parse((await get(program.admin, '/routes')).body) as Table;
}

async function staleMetric(program: ServingProgram): Promise<number | undefined> {
  const samples = await program.metrics();
  return samples.find(({ name }) => name === 'kube_entry_config_stale_since_timestamp_seconds')?.value;
}

test('a restart while the API server is away serves what was known, says so, and is fresh when the server is back', async context => {
  const world = await World.create(context);
  world.expose('kept');
  world.expose('deleted');
  world.expose('refused', { path: 'no-slash' });
  await world.past();
  world.api.down();
  world.api.remove('default', 'deleted');

  const program = await world.start();
  const ready = await whenReady(program);
  const [staleSince = ''] = header(ready, 'kube-entry-stale-since');
  assert.match(staleSince, /^\d{4}-\d\d-\d\dT[\d:.]+Z$/);
  assert.match(ready.body, new RegExp(`^ready\\nstale since ${staleSince}: `));
  assert.equal((await program.get('/kept/x')).status, 200);
  assert.equal((await program.get('/deleted/x')).status, 200);
  const stale = await tableOf(program);
  assert.equal(stale.source.staleSince, staleSince);
  assert.equal(stale.source.synced, false);
  assert.deepEqual(stale.routes.map(({ path }) => path).sort(), ['/deleted', '/kept']);
  assert.deepEqual(
    stale.refusals.map(({ service: { name } }) => name),
    ['refused'],
  );
  assert.equal(await staleMetric(program), Date.parse(staleSince) / 1000);
  const said = await runHere(['status', '--admin-socket', program.adminSocket]);
  assert.equal(said.code, 0);
  assert.match(
    said.stdout,
    new RegExp(`is ready, stale since ${staleSince}: the routes are those of the state file\\n`),
  );
  assert.match(said.stdout, /Source +kube, not in sync/);

  const { kubeconfig } = world;
  const printed = await runHere(['routes', '--kubeconfig', kubeconfig, '--state-file', world.stateFile]);
  assert.equal(printed.code, 0);
  assert.match(printed.stdout, /\/deleted .*default\/deleted/);
  assert.match(printed.stderr, new RegExp(`cannot reach .*state file .*, stale since ${staleSince}\n`));
  const helpless = await runHere(['routes', '--kubeconfig', kubeconfig, '--state-file', `${world.stateFile}.no`]);
  assert.deepEqual([helpless.code, helpless.stdout], [1, '']);
  assert.match(helpless.stderr, /cannot reach .*; and there is no state file/);

  await world.api.up();
  await eventually(
    'it is fresh',
    async () => {
      assert.equal((await program.get('/kept/x')).status, 200);
      return header(await program.readiness(), 'kube-entry-stale-since').length === 0;
    },
    PATIENCE_MS,
  );
  assert.equal((await program.get('/deleted/x')).status, 404);
  assert.equal((await program.get('/kept/x')).status, 200);
  const fresh = await tableOf(program);
  assert.equal(fresh.source.staleSince, undefined);
  assert.deepEqual(
    fresh.routes.map(({ path }) => path),
    ['/kept'],
  );
  assert.equal(await staleMetric(program), 0);
  assert.doesNotMatch((await runHere(['status', '--admin-socket', program.adminSocket])).stdout, /stale/);
  program.kill('SIGINT');
  assert.deepEqual(await program.ended(), { code: 0, signal: null });
  assert.doesNotMatch(world.saved, /deleted/);
});

test('a state of other namespaces is never served, and the log says why', async context => {
  const world = await World.create(context);
  world.expose('volume');
  await world.past();
  const { saved } = world;
  world.api.down();
  const program = await world.start('--namespace', 'shop');
  const isRefused = () => program.log.find(({ code }) => code === 'STATE_FILE_REFUSED');
  const { msg } = await eventually('it says so', isRefused, PATIENCE_MS);
  assert.match(msg, /was read from all namespaces, not the namespaces shop/);
  assert.equal((await program.readiness()).status, 503);
  assert.equal((await program.get('/volume')).status, 503);
  program.kill('SIGINT');
  await program.ended();
  assert.equal(world.saved, saved, 'there is no better one yet');
});

test('a folder that cannot be written costs an error in the log and nothing else', async context => {
  const world = await World.create(context);
  world.expose('volume');
  const program = await world.start('--state-file', '/proc/nowhere/state');
  const isTold = () =>
    program.log.find(({ msg }) => msg.startsWith('state file /proc/nowhere/state cannot be written'));
  const told = await eventually('it says so', isTold, PATIENCE_MS);
  assert.equal(told.level, 'error');
  await whenReady(program);
  assert.equal((await program.get('/volume')).status, 200);
  program.kill('SIGINT');
  assert.deepEqual(await program.ended(), { code: 0, signal: null });
});
