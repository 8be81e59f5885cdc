import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { type AddressInfo, createServer, type Server } from 'node:net';
import { type TestContext, test } from 'node:test';
import { listenProblem } from '../../src/observe/listening-sockets.ts';
import { serverPort } from '../support/server-port.ts';

const skip = existsSync('/proc/net/tcp') ? false : 'only Linux says who listens';

async function listen(context: TestContext, host: string, port = 0): Promise<number> {
  const server: Server = createServer();
  await new Promise<void>((resolve, reject) => server.once('error', reject).listen({ host, port }, resolve));
  context.after(() => server.close());
  return (server.address() as AddressInfo).port;
}

const IN_USE = Object.assign(new Error('listen EADDRINUSE'), { code: 'EADDRINUSE' });

test('the address that is in the way is named', { skip }, async context => {
  const port = await listen(context, '127.100.0.77', await serverPort());
  for (const host of ['0.0.0.0', '127.100.0.77']) {
    assert.equal(
      listenProblem({ host, port }, IN_USE, '--listen'),
      `another program listens on 127.100.0.77:${port}: stop it, or choose another address with --listen`,
    );
  }
  assert.match(listenProblem({ host: '127.100.0.78', port }, IN_USE, '--listen'), /listens there/);
});

test('so is one of IPv6', { skip }, async context => {
  const port = await listen(context, '::1', await serverPort());
  assert.match(listenProblem({ host: '::', port }, IN_USE, '--listen'), new RegExp(`listens on \\[::1\\]:${port}:`));
});

test('other problems say what to do', () => {
  const problem = (code: string) =>
    listenProblem({ host: '192.0.2.1', port: 1 }, Object.assign(new Error(code), { code }), '--status-listen');
  assert.match(problem('EACCES'), /below 1024 .*--status-listen$/);
  assert.match(problem('EADDRNOTAVAIL'), /no such address.*--status-listen$/);
  assert.equal(problem('EIO'), 'EIO');
});
