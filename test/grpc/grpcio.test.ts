/** Python's grpcio, whose HTTP/2 is that of gRPC's C core: client and server, and the proxy between them. */
import assert from 'node:assert/strict';
import { execFile, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { test } from 'node:test';
import { promisify } from 'node:util';
import { atEnd } from '../support/cleanup.ts';
import { startProxy } from '../support/proxy-under-test.ts';
import { serverPort } from '../support/server-port.ts';
import { grpcSides } from './sides.ts';

/** Debian's: the package belongs to it. */
const PYTHON = '/usr/bin/python3';
const SCRIPT = join(import.meta.dirname, 'grpcio_echo.py');
const skip =
  spawnSync(PYTHON, ['-c', 'import grpc']).status !== 0 &&
  'no grpcio (Debian: apt-get install --no-install-recommends python3-grpcio)';

for (const [name, isTls] of [
  ['', false],
  [', over TLS on both sides', true],
] as const) {
  test(`calls of Python's grpcio go through, of all four kinds, and their errors come back${name}`, {
    skip,
  }, async t => {
    const { files, tls, cluster, proxyPort } = await grpcSides(t, isTls);
    const port = await serverPort();
    const args = [SCRIPT, 'server', String(port), ...files];
    const server = spawn(PYTHON, args, { stdio: ['ignore', 'pipe', 'inherit'] });
    atEnd(t, () => void server.kill());
    await once(server.stdout, 'data');
    const proxy = await startProxy(t, 'wire', {
      routes: [{ path: '/', to: [{ host: '127.0.0.1', port }], cluster }],
      ...tls,
    });
    const target = `localhost:${proxyPort(proxy)}`;
    const { stdout } = await promisify(execFile)(PYTHON, [SCRIPT, 'client', target, ...files.slice(0, 1)]);
    assert.equal(stdout, 'done\n');
  });
}
