/** The real program with too few file descriptors. */
import assert from 'node:assert/strict';
import { connect, type Socket } from 'node:net';
import { test } from 'node:test';
import { ServingProgram } from '../cli/serve-fixture.ts';
import { eventually } from '../support/eventually.ts';

const EXHAUSTED =
  'no file descriptor is left: new connections, probes among them, are closed without an answer; raise the limit of open files, or lower worker-connections';
const OPEN_FILES = 110;

test('too few descriptors are said at the start, and their lack is logged and counted; it ends with the clients', async context => {
  const program = await ServingProgram.start(context, {
    workers: 2,
    wrapper: ['sh', '-c', `ulimit -n ${OPEN_FILES} && exec "$@"`, 'sh'],
    args: ['--worker-connections', '1000'],
  });
  const warning = program.log.find(({ openFiles }) => openFiles !== undefined);
  assert.deepEqual([warning?.openFiles, warning?.needed], [OPEN_FILES, 4_000]);
  assert.match(`${warning?.msg}`, /^110 files may be open, and 2000 client connections .* need 4000: raise the limit/);
  await program.post('/configuration/backends', []);

  const clients: Socket[] = [];
  context.after(() => {
    for (const client of clients) client.destroy();
  });
  for (let count = 0; count < OPEN_FILES * 2; count += 1) {
    const client = connect(program.address.port, program.address.host);
    client.on('error', () => undefined);
    clients.push(client);
  }
  assert.equal((await program.logged(EXHAUSTED)).code, 'EMFILE');
  for (const client of clients) client.destroy();
  await program.logged('file descriptors are left again');
  const counted = await eventually('an answer with metrics', () => program.metrics().catch(() => undefined));
  const sample = counted.find(({ name }) => name === 'kube_entry_descriptors_exhausted_total');
  assert.ok((sample?.value ?? 0) >= 1);
  assert.equal((await program.get('/')).status, 404, 'it serves on');
});
