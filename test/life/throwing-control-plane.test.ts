/** Bugs in what leads the workers, in the real program: none ends it, and none takes more than its own object out of service. */
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { exposed, ServingProgram } from '../cli/serve-fixture.ts';
import { eventually } from '../support/eventually.ts';
import { get } from '../support/exchange.ts';
import { RawUpstream } from '../support/raw-upstream.ts';

const ROOT = join(import.meta.dirname, '../..');
const PRELOAD = join(import.meta.dirname, '../support/preload/throw-for.ts');
const INTERNAL_ERROR = 'internal error: the routes in force stay; please report it with this entry';

interface Bug {
  readonly module: string;
  readonly function: string;
}

/** Serves /good, /bomb and /other; the bug is met whenever the function gets something that names `bomb`. */
async function start(t: TestContext, bug: Bug, word = 'bomb') {
  assert.ok(existsSync(join(ROOT, bug.module)), `${bug.module} has gone elsewhere`);
  const upstream = await RawUpstream.start(t);
  const service = (name: string, annotations = {}): object => exposed(name, upstream, annotations);
  const program = await ServingProgram.start(t, {
    manifests: [service('good'), service('bomb'), service('other')],
    nodeArgs: ['--import', PRELOAD],
    environment: { THROW_MODULE: bug.module, THROW_IN: bug.function, THROW_FOR: word },
  });
  const answers = async (path: string, status: number): Promise<void> => {
    await eventually(`${status} for ${path}`, async () => (await program.get(path)).status === status);
  };
  return { program, service, answers };
}

async function errorsOf(program: ServingProgram): Promise<number> {
  const samples = await program.metrics();
  return samples.find(({ name }) => name === 'kube_entry_control_errors_total')?.value ?? Number.NaN;
}

async function reasonsFor(program: ServingProgram, name: string): Promise<string[]> {
  const { body } = await get(program.admin, '/routes');
  const { refusals } = JSON.parse(body) as { refusals: { service: { name: string }; reason: string }[] };
  return refusals.filter(refusal => refusal.service.name === name).map(({ reason }) => reason);
}

describe('a bug in the control plane', { concurrency: 2, timeout: 600_000 }, () => {
  for (const bug of [
    { module: '/src/translate/service.ts', function: 'translateService' },
    { module: '/src/workers/counter-blocks.ts', function: 'assign' },
  ]) {
    it(`met in ${bug.function} by one Service is said of it, and all others are served`, async t => {
      const { program, service, answers } = await start(t, bug);
      await answers('/good', 200);
      await answers('/other', 200);
      assert.equal((await program.get('/bomb')).status, 404);
      assert.deepEqual(await reasonsFor(program, 'bomb'), ['InternalError']);
      const entry = await program.logged(INTERNAL_ERROR);
      assert.equal(entry.service, 'default/bomb');
      assert.match(JSON.stringify(entry.err), /a bug.*stack.*publish|a bug.*stack.*translate/);
      assert.ok((await errorsOf(program)) >= 1);

      await program.writeManifests([service('good', { path: '/better' }), service('bomb'), service('fresh')]);
      await answers('/better', 200);
      await answers('/fresh', 200);
      await answers('/other', 404);
      await program.writeManifests([service('good')]);
      await answers('/better', 404);
      await eventually('no refusal', async () => (await reasonsFor(program, 'bomb')).length === 0);
      assert.equal((await program.readiness()).status, 200);
    });
  }

  it('met while a change is announced keeps it from no worker', async t => {
    const { program, service, answers } = await start(t, { module: '/src/control/announcer.ts', function: 'announce' });
    await answers('/bomb', 200);
    assert.equal((await program.logged(INTERNAL_ERROR)).doing, 'announcing a change');
    await program.writeManifests([service('bomb', { path: '/moved' })]);
    await answers('/moved', 200);
    assert.ok((await errorsOf(program)) >= 1);
  });

  it('met where nothing waits for the outcome is logged and counted', async t => {
    const bug = { module: '/src/observe/registry.ts', function: 'observePropagation' };
    const { program, service, answers } = await start(t, bug, '');
    assert.equal((await program.logged(INTERNAL_ERROR)).doing, 'something that nothing waited for');
    await program.writeManifests([service('good', { path: '/moved' })]);
    await answers('/moved', 200);
    await program.logged(INTERNAL_ERROR, 2);
    assert.ok((await errorsOf(program)) >= 2);
    program.kill('SIGINT');
    assert.deepEqual(await program.ended(), { code: 0, signal: null });
  });
});
