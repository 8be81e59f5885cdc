import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { atEnd } from './cleanup.ts';
import { eventually } from './eventually.ts';
import { pathOf } from './installed.ts';

/**
 * A real haproxy, in the foreground, until the test is over.
 * @param configuration its sections behind `global` and `defaults`
 * @param isReady whether it does what the test needs; tried until it is
 */
export async function startHaproxy(
  t: TestContext,
  configuration: string,
  isReady: () => Promise<boolean>,
): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'haproxy-'));
  atEnd(t, () => rmSync(folder, { recursive: true, force: true }));
  const file = join(folder, 'haproxy.cfg');
  writeFileSync(file, `${BEGINNING}${configuration}`);
  const child = spawn(pathOf('haproxy'), ['-db', '-f', file], { stdio: ['ignore', 'ignore', 'pipe'] });
  let complaints = '';
  child.stderr.on('data', (chunk: Buffer) => {
    complaints += chunk.toString();
  });
  const closed = once(child, 'close');
  atEnd(t, async () => {
    child.kill('SIGKILL');
    await closed;
  });
  await eventually('haproxy to be ready', async () => {
    if (child.exitCode !== null) throw new Error(`haproxy does not start: ${complaints}`);
    return isReady();
  });
}

const BEGINNING = `global
  nbthread 1
  no strict-limits
  maxconn 100

defaults
  mode tcp
  timeout connect 10s
  timeout client 60s
  timeout server 60s
  timeout check 10s

`;
