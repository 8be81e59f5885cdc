import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { ExampleBackends } from '../../deploy/examples/backends.ts';
import { eventually } from '../support/eventually.ts';
import { serverPort } from '../support/server-port.ts';
import { exampleService, whatAnswers } from './example-services.ts';

describe('the example backends', () => {
  let folder: string;
  let backends: ExampleBackends;
  let complaints: string[];

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'kube-entry-'));
    complaints = [];
    backends = new ExampleBackends(folder, line => complaints.push(line));
  });

  afterEach(() => {
    backends.close();
    rmSync(folder, { recursive: true });
  });

  function write(name: string, address: string, port: number): void {
    writeFileSync(join(folder, `${name}.yaml`), exampleService(name, `/${name}`, address, port));
  }

  it('say which Service answers, the request line and the headers as they came', async () => {
    const port = await serverPort('127.100.0.21');
    write('volume', '127.100.0.21', port);
    await backends.start();
    const response = await fetch(`http://127.100.0.21:${port}/api/v1/pools?x=1`, {
      headers: { 'x-real-ip': '192.0.2.1' },
    });
    const lines = (await response.text()).split('\n');
    assert.equal(lines[0], `default/volume on 127.100.0.21:${port} got`);
    assert.equal(lines[2], 'GET /api/v1/pools?x=1 HTTP/1.1');
    assert.ok(lines.includes('x-real-ip: 192.0.2.1'));
    assert.deepEqual(complaints, []);
  });

  it('come with a new Service, move with its address and go with it', async () => {
    const [first, second] = [await serverPort('127.100.0.22'), await serverPort('127.100.0.23')];
    await backends.start();
    write('wiki', '127.100.0.22', first);
    await eventually('it came', () => whatAnswers('127.100.0.22', first));
    write('wiki', '127.100.0.23', second);
    assert.match(
      await eventually('it moved', () => whatAnswers('127.100.0.23', second)),
      /^default\/wiki on 127\.100\.0\.23/,
    );
    await eventually('it left', async () => (await whatAnswers('127.100.0.22', first)) === undefined);
    rmSync(join(folder, 'wiki.yaml'));
    await eventually('it went', async () => (await whatAnswers('127.100.0.23', second)) === undefined);
  });

  it('that cannot listen are reported with what to do, and do not keep the others from it', async () => {
    const port = await serverPort('127.100.0.24');
    write('abroad', '192.0.2.1', port);
    write('volume', '127.100.0.24', port);
    await backends.start();
    assert.equal(complaints.length, 1);
    assert.match(
      complaints[0] ?? '',
      /^no backend for default\/abroad: 192\.0\.2\.1 is not an address of this machine\..*ifconfig/,
    );
    assert.notEqual(await whatAnswers('127.100.0.24', port), undefined);
  });
});
