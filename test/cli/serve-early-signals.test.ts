/** Signals that come while the program starts. It is held where it loads a module, so each signal comes at a known moment. */
import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { constants } from 'node:os';
import { join } from 'node:path';
import { describe, type TestContext, test } from 'node:test';
import { eventually } from '../support/eventually.ts';
import { MAIN, scratchDirectory } from './cli-fixture.ts';
import { type ServeOptions, ServingProgram, START_MS } from './serve-fixture.ts';

const PRELOAD = join(import.meta.dirname, '../support/preload/hold-module.ts');
/** The first that is loaded when signals are listened to, and the one that is loaded when the settings have been read. */
const MODULES = ['/src/program.ts', '/src/cli/serve.ts'] as const;
const ENDING = ['SIGTERM', 'SIGINT', 'SIGQUIT'] as const;

/** The program, before it has loaded the module; go() lets it load it. */
async function held(context: TestContext, module: string, options: ServeOptions = {}) {
  const directory = options.directory ?? (await scratchDirectory(context));
  const file = join(directory, 'held');
  const program = await ServingProgram.spawn(context, {
    nodeArgs: ['--import', PRELOAD],
    ...options,
    directory,
    environment: { HOLD_MODULE: module, HOLD_AT: file },
  });
  await eventually('the program to be held', () => existsSync(file), START_MS);
  return { program, go: () => rmSync(file) };
}

/** `check -`, which waits for its standard input, before it has loaded anything. */
async function heldCheck(context: TestContext, wrapper: readonly string[] = []) {
  const file = join(await scratchDirectory(context), 'held');
  const [program = '', ...args] = [...wrapper, process.execPath, '--import', PRELOAD, MAIN, 'check', '-'];
  const child = spawn(program, args, {
    env: { ...process.env, HOLD_MODULE: MODULES[0], HOLD_AT: file },
    stdio: ['pipe', 'ignore', 'inherit'],
  });
  context.after(() => child.kill('SIGKILL'));
  await eventually('the command to be held', () => existsSync(file), START_MS);
  return { child, go: () => rmSync(file) };
}

const canUnshare = spawnSync('unshare', ['--pid', '--fork', '--mount-proc', 'true']).status === 0;
const skip = canUnshare ? false : 'no new PID namespace can be made here';
// A test that fails kills unshare alone: PID 1 goes with it.
const AS_PID_1 = ['unshare', '--pid', '--fork', '--kill-child', '--mount-proc'] as const;

describe('a signal that comes early', { concurrency: 4 }, () => {
  for (const signal of ENDING) {
    for (const module of signal === 'SIGTERM' ? MODULES : [MODULES[0]]) {
      test(`${signal} before ${module} is loaded ends the program`, async context => {
        const { program, go } = await held(context, module);
        program.kill(signal);
        go();
        assert.deepEqual(await program.ended(), { code: 0, signal: null });
        assert.deepEqual(program.log, [], 'it never listened');
      });
    }

    test(`${signal} ends a command that waits for its input`, async context => {
      const { child, go } = await heldCheck(context);
      child.kill(signal);
      go();
      assert.deepEqual(await once(child, 'exit'), [null, signal]);
    });
  }

  for (const signal of ENDING) {
    test(`${signal} ends PID 1, for which the kernel drops signals that nothing listens to`, {
      skip,
    }, async context => {
      const serving = await held(context, MODULES[0], { wrapper: AS_PID_1 });
      process.kill(childOf(serving.program.pid), signal);
      serving.go();
      assert.deepEqual(await serving.program.ended(), { code: 0, signal: null });

      const checking = await heldCheck(context, AS_PID_1);
      process.kill(childOf(checking.child.pid), signal);
      checking.go();
      assert.deepEqual(await once(checking.child, 'exit'), [128 + constants.signals[signal], null]);
    });
  }

  for (const module of MODULES) {
    test(`SIGUSR1 before ${module} is loaded neither ends the program nor opens the debugger`, async context => {
      const { program, go } = await held(context, module);
      program.kill('SIGUSR1');
      go();
      await program.logged('listening');
      program.kill('SIGINT');
      assert.deepEqual(await program.ended(), { code: 0, signal: null });
      assert.equal(program.complaints, '');
    });
  }

  test('SIGHUP before the settings are read changes nothing', async context => {
    const { program, go } = await held(context, '/src/program.ts');
    program.kill('SIGHUP');
    go();
    await program.logged('listening');
    program.kill('SIGINT');
    assert.deepEqual(await program.ended(), { code: 0, signal: null });
  });

  test('SIGHUP after the settings were read, and before anything runs, has them read again', async context => {
    const directory = await scratchDirectory(context);
    const config = join(directory, 'config.yaml');
    writeFileSync(config, 'sendTimeout: 11s\n');
    const { program, go } = await held(context, '/src/cli/serve.ts', { directory, args: ['--config', config] });
    writeFileSync(config, 'sendTimeout: 12s\n');
    program.kill('SIGHUP');
    go();
    const { changes } = await program.logged('settings and error page read again');
    assert.deepEqual(changes, { sendTimeout: { from: '11s', to: '12s' } });
  });

  test('signals end a program whose credential plugin waits', async context => {
    const directory = await scratchDirectory(context);
    const kubeconfig = join(directory, 'kubeconfig');
    const asked = join(directory, 'asked');
    const exec = {
      apiVersion: 'client.authentication.k8s.io/v1',
      command: 'sh',
      args: ['-c', `touch ${asked}; exec sleep 300`],
      interactiveMode: 'Never',
    };
    const cluster = { server: 'https://127.0.0.1:1', 'insecure-skip-tls-verify': true };
    writeFileSync(
      kubeconfig,
      JSON.stringify({
        clusters: [{ name: 'c', cluster }],
        users: [{ name: 'u', user: { exec } }],
        contexts: [{ name: 'x', context: { cluster: 'c', user: 'u' } }],
        'current-context': 'x',
      }),
    );
    const program = await ServingProgram.spawn(context, {
      directory,
      args: ['--source', 'kube', '--kubeconfig', kubeconfig],
    });
    await eventually('the plugin to be asked', () => existsSync(asked), START_MS);
    program.kill('SIGINT');
    assert.deepEqual(await program.ended(), { code: 0, signal: null });
  });
});

/** The only child of a process. */
function childOf(parent: number | undefined): number {
  const [child] = readFileSync(`/proc/${parent}/task/${parent}/children`, 'utf8').split(' ');
  if (!child) throw new Error(`process ${parent} has no child`);
  return Number(child);
}
