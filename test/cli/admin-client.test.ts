import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { createServer, type RequestListener, type Server } from 'node:http';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { AdminClient, UnexpectedStatusError } from '../../src/cli/admin-client.ts';
import { UnavailableError } from '../../src/errors.ts';
import { scratchDirectory } from './cli-fixture.ts';

async function listen(context: TestContext, listener: RequestListener): Promise<{ path: string; server: Server }> {
  const path = join(await scratchDirectory(context), 'admin.sock');
  const server = createServer(listener);
  await new Promise<void>(fulfil => server.listen(path, fulfil));
  context.after(() => {
    server.closeAllConnections();
    server.close();
  });
  return { path, server };
}

const unavailable = (pattern: RegExp) => (error: unknown) => {
  assert.ok(error instanceof UnavailableError);
  assert.match(error.message, pattern);
  return true;
};

test('an answer comes back with its status and body', async context => {
  const { path } = await listen(context, (request, response) => {
    response.statusCode = 418;
    response.end(`${request.method} ${request.url} ${request.headers.host}`);
  });
  assert.deepEqual(await new AdminClient(path).get('/a?b=c'), { status: 418, body: 'GET /a?b=c localhost' });
});

test('only a 200 with JSON is a value', async context => {
  const { path } = await listen(context, (request, response) => {
    response.statusCode = request.url === '/missing' ? 404 : 200;
    response.end(request.url === '/json' ? '{"a":1}' : 'not json');
  });
  const client = new AdminClient(path);
  assert.deepEqual(await client.json('/json'), { a: 1 });
  await assert.rejects(client.json('/text'), unavailable(/\/text .*not answered with JSON/));
  await assert.rejects(client.json('/missing'), (error: unknown) => {
    assert.ok(error instanceof UnexpectedStatusError);
    assert.equal(error.status, 404);
    assert.match(error.message, /\/missing .*answered with 404/);
    return true;
  });
});

test('an absent socket is told from one without a process', async context => {
  const directory = await scratchDirectory(context);
  const path = join(directory, 'admin.sock');
  await assert.rejects(
    new AdminClient(path).get('/'),
    unavailable(/no admin socket at .*is it running\?.*--admin-socket/),
  );
  await writeFile(path, '');
  await assert.rejects(new AdminClient(path).get('/'), unavailable(/no process listens on .*is it running\?/));
});

test('a process that accepts and never answers is given up on', async context => {
  const { path } = await listen(context, () => {});
  await assert.rejects(new AdminClient(path, 50).get('/'), unavailable(/no answer .*within 50ms.*is it running\?/));
});

test('a process that stops in the middle of its answer is given up on', async context => {
  const { path } = await listen(context, (_request, response) => {
    response.writeHead(200, { 'content-length': 10 });
    response.write('half');
  });
  await assert.rejects(new AdminClient(path, 200).get('/'), unavailable(/no answer .*within 200ms/));
});

test('what speaks another protocol is no admin socket', async context => {
  const { path, server } = await listen(context, () => {});
  server.removeAllListeners('connection');
  server.on('connection', socket => socket.end('SSH-2.0-x\r\n'));
  await assert.rejects(new AdminClient(path).get('/'), unavailable(/no valid answer on .*is it running/));
});
