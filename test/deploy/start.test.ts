import assert from 'node:assert/strict';
import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { request } from 'node:http';
import { get as getByTls } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { after, before, describe, it } from 'node:test';
import { DEADLINE_MS, eventually } from '../support/eventually.ts';
import { serverPort } from '../support/server-port.ts';
import { exampleService, whatAnswers } from './example-services.ts';
import { DEPLOY } from './objects.ts';

const PROGRAM = join(DEPLOY, 'examples/start.ts');
/** Addresses that no other test listens on, so a port that is free there stays free. */
const HOST = '127.100.0.32';
const STATUS_HOST = '127.100.0.33';
const TLS_HOST = '127.100.0.34';
/** A process that loads everything, on a busy machine. */
const START_DEADLINE_MS = 6 * DEADLINE_MS;

type Child = ChildProcessByStdio<null, Readable, Readable>;

function start(...args: string[]): Child {
  return spawn(process.execPath, [PROGRAM, ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
}

async function getOver(socketPath: string, path: string): Promise<string> {
  const asked = request({ socketPath, path, headers: { host: 'localhost' }, agent: false }).end();
  const [response] = (await once(asked, 'response')) as [Readable];
  return text(response);
}

describe('npm start', () => {
  let folder: string;
  let port: number;
  let statusPort: number;
  let tlsPort: number;
  let backendPort: number;
  let child: Child;
  let output = '';

  before(async () => {
    folder = mkdtempSync(join(tmpdir(), 'kube-entry-'));
    port = await serverPort(HOST);
    statusPort = await serverPort(STATUS_HOST);
    tlsPort = await serverPort(TLS_HOST);
    backendPort = await serverPort('127.100.0.31');
    writeFileSync(join(folder, 'volume.yaml'), exampleService('volume', '/volume', '127.100.0.31', backendPort));
    child = start(
      ...['--manifests', folder, '--listen', `${HOST}:${port}`, '--status-listen', `${STATUS_HOST}:${statusPort}`],
      ...['--tls-listen', `${TLS_HOST}:${tlsPort}`, '--admin-socket', join(folder, 'admin.sock'), '--workers', '1'],
    );
    child.stdout.setEncoding('utf8').on('data', chunk => {
      output += chunk;
    });
    child.stderr.setEncoding('utf8').on('data', chunk => {
      output += chunk;
    });
    const saysWhatToTry = (): boolean => {
      assert.equal(child.exitCode, null, output);
      return output.includes('Ctrl-C');
    };
    await eventually('it says what to try', saysWhatToTry, START_DEADLINE_MS);
  });

  after(() => {
    child.kill('SIGKILL');
    rmSync(folder, { recursive: true });
  });

  it('prints four curl lines', () => {
    assert.deepEqual(output.match(/(?<=^ +)curl .*$/gm), [
      `curl http://${HOST}:${port}/volume/api/v1/pools`,
      `curl --insecure https://${TLS_HOST}:${tlsPort}/volume/api/v1/pools`,
      `curl --unix-socket ${join(folder, 'admin.sock')} http://localhost/nginx_status`,
      `curl --unix-socket ${join(folder, 'admin.sock')} http://localhost/configuration/backends`,
    ]);
  });

  it('names the dashboard, where it answers', async () => {
    const url = `http://${STATUS_HOST}:${statusPort}/`;
    assert.ok(output.includes(`dashboard: ${url}\n`), output);
    assert.match(await (await fetch(url)).text(), /<title>/);
  });

  it('serves a route, the prefix stripped, with a backend of its own behind it', async () => {
    const answer = await whatAnswers(HOST, port, '/volume/api/v1/pools');
    assert.match(answer ?? '', /^default\/volume on 127\.100\.0\.31:\d+ got\n\nGET \/api\/v1\/pools HTTP\/1\.1\n/);
  });

  it('serves it over TLS, with a certificate of its own', async () => {
    const options = { host: TLS_HOST, port: tlsPort, path: '/volume/x', rejectUnauthorized: false, agent: false };
    const [response] = (await once(getByTls(options), 'response')) as [Readable];
    assert.match(await text(response), /^X-Forwarded-Proto: https$/m);
  });

  it('answers on the admin socket', async () => {
    const socket = join(folder, 'admin.sock');
    assert.match(await getOver(socket, '/nginx_status'), /^Active connections: \d+ \n/);
    const backends: unknown = JSON.parse(await getOver(socket, '/configuration/backends'));
    assert.deepEqual(
      (backends as { name: string }[]).map(({ name }) => name),
      [`default-volume-${backendPort}`],
    );
  });

  it('said a second time, says first that an instance runs', async () => {
    const socket = join(folder, 'admin.sock');
    const second = start('--manifests', folder, '--listen', `${HOST}:1`, '--admin-socket', socket);
    const [stdout, stderr, [code]] = await Promise.all([
      text(second.stdout),
      text(second.stderr),
      once(second, 'exit'),
    ]);
    assert.deepEqual({ code, stdout }, { code: 1, stdout: '' });
    const line = `npm start: an instance runs already: it answers on ${socket}. `;
    assert.ok(stderr.startsWith(line) && stderr.trimEnd().split('\n').length === 1, stderr);
  });

  it('follows an edit of the path', async () => {
    writeFileSync(join(folder, 'volume.yaml'), exampleService('volume', '/disk', '127.100.0.31', backendPort));
    await eventually('the new path answers', () => whatAnswers(HOST, port, '/disk'));
    assert.equal(await whatAnswers(HOST, port, '/volume'), undefined);
  });

  it('ends at SIGINT', async () => {
    const ended = once(child, 'exit') as Promise<[number | null, string | null]>;
    child.kill('SIGINT');
    const [code, signal] = await ended;
    assert.equal(signal, null);
    assert.equal(code, 0);
    assert.equal(await whatAnswers('127.100.0.31', backendPort), undefined);
  });
});

describe('npm start with settings that cannot be used', () => {
  it('reports them once and exits 2', async () => {
    const child = start('--listen', 'nowhere');
    const [complaint, [code]] = await Promise.all([text(child.stderr), once(child, 'exit')]);
    assert.equal(complaint.match(/--listen/g)?.length, 1);
    assert.equal(code, 2);
  });

  it('says that there are no manifests at the path and exits 1', async () => {
    const child = start('--manifests', join(DEPLOY, 'nothing-here'));
    const [complaint, [code]] = await Promise.all([text(child.stderr), once(child, 'exit')]);
    assert.match(complaint, /^npm start: .*nothing-here does not exist/);
    assert.equal(code, 1);
  });
});
