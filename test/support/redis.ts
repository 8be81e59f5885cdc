import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import type { TestContext } from 'node:test';
import { atEnd } from './cleanup.ts';
import { eventually } from './eventually.ts';
import { pathOf } from './installed.ts';

/** A real redis-server on a port of 127.0.0.1 that keeps nothing, until the test is over. @param options as in its configuration */
export async function startRedis(t: TestContext, port: number, ...options: string[]): Promise<void> {
  const common = ['--port', String(port), '--bind', '127.0.0.1', '--save', '', '--dir', tmpdir()];
  const child = spawn(pathOf('redis'), [...common, ...options], { stdio: ['ignore', 'pipe', 'ignore'] });
  let output = '';
  child.stdout.on('data', (chunk: Buffer) => {
    output += chunk.toString();
  });
  const closed = once(child, 'close');
  atEnd(t, async () => {
    child.kill('SIGKILL');
    await closed;
  });
  await eventually('Redis to be ready', async () => {
    if (child.exitCode !== null) throw new Error(`Redis does not start: ${output}`);
    return accepts(port);
  });
}

function accepts(port: number): Promise<boolean> {
  const socket = connect(port, '127.0.0.1');
  return new Promise<boolean>(resolve => {
    socket.once('connect', () => resolve(true));
    socket.once('error', () => resolve(false));
  }).finally(() => socket.destroy());
}
