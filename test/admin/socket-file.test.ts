import assert from 'node:assert/strict';
import { chmod, lstat, mkdir, readdir, readFile, rename, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:net';
import { dirname, join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { AdminServer } from '../../src/admin/admin-server.ts';
import { SocketFile } from '../../src/admin/socket-file.ts';
import { UnavailableError } from '../../src/errors.ts';
import { get } from '../support/exchange.ts';
import { parts, scratchDirectory } from './admin-fixture.ts';

/** Path of a socket file whose server is gone, as a killed process leaves it. */
async function staleSocket(context: TestContext): Promise<string> {
  const directory = await scratchDirectory(context);
  const [bound, path] = [join(directory, 'bound'), join(directory, 'admin.sock')];
  const server = createServer();
  await listen(server, bound);
  // Closing unlinks the name it was bound to.
  await rename(bound, path);
  await new Promise(resolve => server.close(resolve));
  assert.ok((await lstat(path)).isSocket());
  return path;
}

function listen(server: Server, path: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(path, resolve);
  });
}

async function start(context: TestContext, path: string): Promise<AdminServer> {
  const server = await AdminServer.listen(path, parts().options);
  context.after(() => server.close());
  return server;
}

async function assertUnavailable(attempt: Promise<unknown>, reason: RegExp): Promise<void> {
  await assert.rejects(attempt, (error: unknown) => {
    assert.ok(error instanceof UnavailableError);
    assert.match(error.message, reason);
    return true;
  });
}

test('the socket is for owner and group, and what it was made with is gone', async context => {
  const path = join(await scratchDirectory(context), 'admin.sock');
  await start(context, path);
  const status = await lstat(path);
  assert.ok(status.isSocket());
  assert.equal(status.mode & 0o7777, 0o660);
  assert.deepEqual(await readdir(dirname(path)), ['admin.sock']);
});

test('nobody else can reach the socket before its mode is right', async context => {
  const path = join(await scratchDirectory(context), 'admin.sock');
  const server = createServer();
  context.after(() => server.close());
  await SocketFile.bind(path, async bound => {
    await listen(server, bound);
    // The widest there is, as with umask 0.
    await chmod(bound, 0o777);
    assert.equal((await stat(dirname(bound))).mode & 0o7777, 0o700);
    await assert.rejects(lstat(path), { code: 'ENOENT' });
  });
  assert.equal((await lstat(path)).mode & 0o7777, 0o660);
});

test('a relative path is taken', async context => {
  const directory = await scratchDirectory(context);
  const previous = process.cwd();
  process.chdir(directory);
  try {
    const server = await start(context, 'admin.sock');
    assert.equal((await get({ path: join(directory, 'admin.sock') }, '/healthz')).status, 200);
    await server.close();
    assert.deepEqual(await readdir(directory), []);
  } finally {
    process.chdir(previous);
  }
});

test('the file of a dead process is replaced', async context => {
  const path = await staleSocket(context);
  await start(context, path);
  assert.equal((await get({ path }, '/healthz')).status, 200);
});

test('a live socket is an error and goes on', async context => {
  const path = join(await scratchDirectory(context), 'admin.sock');
  await start(context, path);
  await assertUnavailable(start(context, path), /another process listens on .*admin\.sock.*--admin-socket/);
  assert.equal((await get({ path }, '/healthz')).status, 200);
  assert.deepEqual(await readdir(dirname(path)), ['admin.sock']);
});

test('what is not a socket is an error and stays', async context => {
  const directory = await scratchDirectory(context);
  const [file, folder, link] = ['file', 'folder', 'link'].map(name => join(directory, name)) as [
    string,
    string,
    string,
  ];
  await writeFile(file, 'precious');
  await mkdir(folder);
  await symlink(file, link);
  for (const path of [file, folder, link]) {
    await assertUnavailable(start(context, path), /exists and is not a socket/);
  }
  assert.equal(await readFile(link, 'utf8'), 'precious');
  assert.ok((await lstat(link)).isSymbolicLink());
  assert.deepEqual((await readdir(directory)).sort(), ['file', 'folder', 'link']);
});

test('the longest path the system takes is taken, one byte more is an error that says so', async context => {
  const directory = await scratchDirectory(context);
  const longest = process.platform === 'linux' ? 107 : 103;
  const path = join(directory, 'x'.repeat(longest - directory.length - 1));
  assert.equal(path.length, longest);
  await start(context, path);
  assert.equal((await get({ path }, '/healthz')).status, 200);
  const refusal = new RegExp(`has ${longest + 1} bytes, the system takes no more than ${longest} `);
  await assertUnavailable(start(context, `${path}x`), refusal);
});

test('a short name in a long directory is an error that says so', async context => {
  const directory = await scratchDirectory(context);
  const longest = process.platform === 'linux' ? 107 : 103;
  const parent = join(directory, 'x'.repeat(longest - directory.length - 4));
  await mkdir(parent);
  await assertUnavailable(start(context, join(parent, 's')), /the system takes no more than \d+ here/);
  assert.deepEqual(await readdir(parent), []);
});

test('a directory that is missing is an error', async context => {
  const path = join(await scratchDirectory(context), 'missing', 'admin.sock');
  await assertUnavailable(start(context, path), /cannot make the admin socket .*: the folder .* does not exist/);
});

test('closing removes the file', async context => {
  const path = join(await scratchDirectory(context), 'admin.sock');
  const server = await start(context, path);
  await server.close();
  assert.deepEqual(await readdir(dirname(path)), []);
  await server.close();
});

test("closing leaves a newer process's socket alone", async context => {
  const path = join(await scratchDirectory(context), 'admin.sock');
  const older = await start(context, path);
  await rm(path);
  await start(context, path);
  await older.close();
  assert.equal((await get({ path }, '/healthz')).status, 200);
});
