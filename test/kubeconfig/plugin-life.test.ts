/** Credential plugins that take their time: what is shown meanwhile, and how they end. */
import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, describe, it, type TestContext } from 'node:test';
import { MAIN } from '../cli/cli-fixture.ts';
import { atEnd } from '../support/cleanup.ts';
import { Changes, eventually } from '../support/eventually.ts';
import { needs } from '../support/installed.ts';
import { KubeApi } from '../support/kube-api.ts';
import { PseudoTerminal } from '../support/pseudo-terminal.ts';
import { Folder } from './ask.ts';
import { config } from './case.ts';

const api = await KubeApi.start({ tls: true });
after(() => api[Symbol.asyncDispose]());

const START_MS = 60_000;
const CREDENTIAL = '{"kind":"ExecCredential","apiVersion":"client.authentication.k8s.io/v1","status":{"token":"P"}}';

/** Says where it is, and who it is; then waits until it may answer. */
const WAITING = `#!/bin/sh
cd "$(dirname "$0")"
echo $$ > pid
sleep 600 & echo $! > child
echo 'open http://localhost:8000' >&2
while [ ! -e go ]; do sleep 0.05; done
kill $(cat child)
echo '${CREDENTIAL}'
`;

function folderWith(context: TestContext, plugin: string): Folder {
  const cluster = { server: api.url, 'certificate-authority-data': Buffer.from(api.ca).toString('base64') };
  const exec = {
    command: './plugin',
    apiVersion: 'client.authentication.k8s.io/v1',
    interactiveMode: 'IfAvailable',
  };
  const folder = new Folder({ plugin, config: config({ cluster, user: { exec } }) });
  atEnd(context, () => folder[Symbol.dispose]());
  return folder;
}

/** kube-entry with this folder's kubeconfig, without a terminal. */
class Program {
  readonly child: ChildProcess;
  readonly folder: Folder;
  errors = '';
  output = '';
  readonly #changes = new Changes();

  constructor(context: TestContext, args: readonly string[], plugin = WAITING) {
    this.folder = folderWith(context, plugin);
    this.child = spawn(process.execPath, [MAIN, ...args, '--kubeconfig', join(this.folder.path, 'config')], {
      cwd: this.folder.path,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    for (const [stream, field] of [
      [this.child.stdout, 'output'],
      [this.child.stderr, 'errors'],
    ] as const) {
      stream?.setEncoding('utf8').on('data', (text: string) => {
        this[field] += text;
        this.#changes.announce();
      });
    }
    atEnd(context, async () => {
      this.child.kill('SIGKILL');
      for (const file of ['pid', 'child']) this.#kill(file);
      if (this.child.exitCode === null && this.child.signalCode === null) await once(this.child, 'close');
    });
  }

  complains(text: string): Promise<true> {
    return this.#changes.until(
      () => `${text} in ${this.errors}`,
      () => this.errors.includes(text) || undefined,
      START_MS,
    );
  }

  /** Sends the signal. @returns how the program ended, when the plugin and what it started are gone, too */
  async end(signal: NodeJS.Signals): Promise<{ code: number | null; signal: NodeJS.Signals | null }> {
    const closed = once(this.child, 'close', { signal: AbortSignal.timeout(START_MS) });
    this.child.kill(signal);
    const [code, killedBy] = await closed;
    for (const file of ['pid', 'child']) {
      await eventually(`the end of ${file}`, () => !isAlive(readFileSync(join(this.folder.path, file), 'utf8')));
    }
    return { code, signal: killedBy };
  }

  #kill(file: string): void {
    const path = join(this.folder.path, file);
    if (!existsSync(path)) return;
    const pid = readFileSync(path, 'utf8');
    if (isAlive(pid)) process.kill(Number(pid), 'SIGKILL');
  }
}

/** A zombie, for which its parent has not waited yet, counts as gone. */
function isAlive(pid: string): boolean {
  try {
    return !/^State:\s+[ZX]/m.test(readFileSync(`/proc/${pid.trim()}/status`, 'utf8'));
  } catch {
    return false;
  }
}

const SERVE = ['serve', '--listen', '127.0.0.1:0', '--status-listen', '127.0.0.1:0', '--workers', '1'];
const SAID = 'says: open http://localhost:8000';

describe('a credential plugin that waits', () => {
  it('shows what it says at once, and is used when it answers', async t => {
    const program = new Program(t, ['routes']);
    await program.complains(SAID);
    assert.equal(program.output, '');
    const closed = once(program.child, 'close');
    program.folder.write('go', '');
    assert.deepEqual(await closed, [0, null], program.errors);
    assert.equal(api.requests.at(-1)?.headers.authorization, 'Bearer P');
  });

  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    it(`ends with a command that ${signal} ends, and what it has started ends, too`, async t => {
      const program = new Program(t, ['routes']);
      await program.complains(SAID);
      assert.deepEqual(await program.end(signal), { code: null, signal });
    });

    it(`ends with a running instance that ${signal} ends`, async t => {
      const program = new Program(t, [...SERVE, '--shutdown-delay', '0s', '--shutdown-timeout', '1s']);
      await program.complains(SAID);
      assert.deepEqual(await program.end(signal), { code: 0, signal: null });
    });
  }

  it('ends with a program, though it does not listen to SIGTERM', async t => {
    const stubborn = WAITING.replace('echo $$ > pid', 'trap "" TERM; echo $$ > pid');
    const program = new Program(t, [...SERVE, '--shutdown-delay', '0s', '--shutdown-timeout', '1s'], stubborn);
    await program.complains(SAID);
    assert.deepEqual(await program.end('SIGINT'), { code: 0, signal: null });
  });

  it('may ask at a terminal', needs('script'), async t => {
    const asking = `#!/bin/sh\nprintf 'Password: ' >&2\nread answer\necho '${CREDENTIAL}' | sed "s/P/$answer/"\n`;
    const folder = folderWith(t, asking);
    const command = `'${process.execPath}' '${MAIN}' routes --kubeconfig '${join(folder.path, 'config')}'`;
    const terminal = await PseudoTerminal.run(t, command, { directory: folder.path, columns: 100, rows: 20 });
    await terminal.wrote('Password: ');
    terminal.press('hunter2\r');
    assert.equal(await terminal.ended(), 0, terminal.output);
    assert.equal(api.requests.at(-1)?.headers.authorization, 'Bearer hunter2');
  });
});
