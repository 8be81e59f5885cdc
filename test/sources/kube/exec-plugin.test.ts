/** When a credential plugin is run, and for how long; what it is told and answers is in test/kubeconfig. */
import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { codeOf, messageOf } from '../../../src/errors.ts';
import { ExecPlugin } from '../../../src/sources/kube/kubeconfig/exec-plugin.ts';
import { type Kubeconfig, readKubeconfig } from '../../../src/sources/kube/kubeconfig/kubeconfig.ts';
import { FakeClock } from '../../support/fake-clock.ts';
import { recordingLogger, until } from './harness.ts';

const folder = mkdtempSync(join(tmpdir(), 'kube-exec-'));
after(() => rmSync(folder, { recursive: true }));

class Fixture {
  readonly clock = new FakeClock();
  readonly place: string;
  readonly plugin: ExecPlugin;
  readonly #lines;

  /** @param script of a shell, in a folder of its own */
  constructor(script: string) {
    this.place = mkdtempSync(join(folder, 'plugin-'));
    const config = readKubeconfig(JSON.stringify(configWith(script)), join(this.place, 'config'));
    const { logger, lines } = recordingLogger();
    this.#lines = lines;
    const { exec } = entry(config, 'users');
    assert.ok(exec);
    this.plugin = new ExecPlugin(exec, entry(config, 'clusters'), async () => '', {
      environment: { ...process.env, PLACE: this.place },
      isTerminal: false,
      clock: this.clock,
      logger,
    });
  }

  get runs(): number {
    const file = join(this.place, 'runs');
    return existsSync(file) ? readFileSync(file, 'utf8').length : 0;
  }

  get log(): string[] {
    return this.#lines.map(({ msg }) => msg);
  }

  async failure(): Promise<unknown> {
    return await this.plugin.credential().then(
      () => assert.fail('should not have worked'),
      (error: unknown) => error,
    );
  }
}

function configWith(script: string): object {
  const exec = {
    command: 'sh',
    args: ['-c', `cd "$PLACE"; printf x >> runs; ${script}`],
    apiVersion: 'client.authentication.k8s.io/v1',
    interactiveMode: 'Never',
  };
  return {
    clusters: [{ name: 'k', cluster: { server: 'https://127.0.0.1:1' } }],
    users: [{ name: 'k', user: { exec } }],
  };
}

function entry<K extends 'clusters' | 'users'>(config: Kubeconfig, kind: K) {
  const found = config[kind].get('k') as Kubeconfig[K] extends ReadonlyMap<string, infer T> ? T : never;
  assert.ok(found);
  return found;
}

function answer(status: object): string {
  const credential = { kind: 'ExecCredential', apiVersion: 'client.authentication.k8s.io/v1', status };
  return `echo '${JSON.stringify(credential)}'`;
}

const WAIT = 'while [ ! -e go ]; do sleep 0.05; done';

describe('a credential plugin', () => {
  it('runs once for all who ask meanwhile', async () => {
    const fixture = new Fixture(`${WAIT}; ${answer({ token: 'P' })}`);
    const asking = [fixture.plugin.credential(), fixture.plugin.credential()];
    await until(() => fixture.runs === 1);
    writeFileSync(join(fixture.place, 'go'), '');
    assert.deepEqual(
      (await Promise.all(asking)).map(({ token }) => token),
      ['P', 'P'],
    );
    assert.equal(fixture.runs, 1);
    assert.equal(fixture.clock.pending, 0);
  });

  it('runs again when what it answered has expired, or was refused', async () => {
    const fixture = new Fixture(answer({ token: 'P', expirationTimestamp: '2026-01-01T00:01:00Z' }));
    await fixture.plugin.credential();
    fixture.clock.advance(59_000);
    await fixture.plugin.credential();
    assert.equal(fixture.runs, 1);
    fixture.clock.advance(1_000);
    await fixture.plugin.credential();
    assert.equal(fixture.runs, 2);
    fixture.plugin.forget();
    await fixture.plugin.credential();
    assert.equal(fixture.runs, 3);
  });

  it('that takes long is named in the log, and ended after three minutes', async () => {
    const fixture = new Fixture(WAIT);
    const failure = fixture.failure();
    await until(() => fixture.runs === 1);
    fixture.clock.advance(3_000);
    assert.deepEqual(fixture.log, ['waiting for the credential plugin "sh"']);
    fixture.clock.advance(177_000);
    const error = await failure;
    assert.equal(codeOf(error), 'KUBE_CREDENTIALS');
    assert.equal(messageOf(error), 'the credential plugin "sh" did not answer within 180 s');
    assert.equal(fixture.clock.pending, 0);
  });

  it('that is closed is gone when that is said', async () => {
    const fixture = new Fixture(`echo $$ > pid; ${WAIT}`);
    const failure = fixture.failure();
    await until(() => existsSync(join(fixture.place, 'pid')));
    await fixture.plugin.close();
    assert.equal(messageOf(await failure), 'the credential plugin "sh" was ended');
    const pid = Number(readFileSync(join(fixture.place, 'pid'), 'utf8'));
    assert.throws(() => process.kill(pid, 0), { code: 'ESRCH' });
  });

  it('that complains without end fills neither the log nor the memory', async () => {
    const fixture = new Fixture(`yes 'say something' | head -c 4000000 >&2; head -c 4000000 /dev/zero; exit 4`);
    const error = await fixture.failure();
    assert.match(messageOf(error), /failed with exit code 4: say/);
    assert.equal(fixture.log.length, 100);
  });

  it('that drives terminals is shown in escapes', async () => {
    const fixture = new Fixture(`printf '\\033[2Jgone\\n' >&2; exit 1`);
    assert.match(messageOf(await fixture.failure()), /: \\u001b\[2Jgone$/);
    assert.deepEqual(fixture.log, ['the credential plugin "sh" says: \\u001b[2Jgone']);
  });
});
