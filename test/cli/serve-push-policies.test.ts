/** Records of ingress-nginx, pushed to the real program: what it answers, and what a client that speaks as `dbg` does reads. */
import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { Dbg } from '../support/dbg.ts';
import { header } from '../support/exchange.ts';
import type { RawResponse } from '../support/raw-client.ts';
import { answer, answering, RawUpstream } from '../support/raw-upstream.ts';
import { runHere, scratchDirectory } from './cli-fixture.ts';
import { exposed, pushed, ServingProgram } from './serve-fixture.ts';

/** A record as ingress-nginx 0.25 writes it, with every field that it has. */
const RECORD = {
  name: 'test-paastest-v2-webshell-80',
  service: {
    metadata: { creationTimestamp: null },
    spec: {
      ports: [{ name: 'http', protocol: 'TCP', port: 80, targetPort: 8080 }],
      selector: { servicename: 'v2-webshell' },
      clusterIP: '10.11.60.178',
      type: 'ClusterIP',
      sessionAffinity: 'None',
    },
    status: { loadBalancer: {} },
  },
  port: 80,
  secureCACert: { secret: '', caFilename: '', pemSha: '' },
  sslPassthrough: false,
  endpoints: [{ address: '10.12.4.133', port: '8080' }],
  sessionAffinityConfig: { name: '', cookieSessionAffinity: { name: '' } },
  upstreamHashByConfig: { 'upstream-hash-by-subset-size': 3 },
  noServer: false,
  trafficShapingPolicy: { weight: 0, header: '', headerValue: '', cookie: '' },
};

async function upstreamsOf(t: TestContext, ...names: string[]): Promise<RawUpstream[]> {
  return Promise.all(names.map(name => RawUpstream.start(t, answering(answer(name)))));
}

async function ask(program: ServingProgram, headers: string): Promise<RawResponse> {
  const client = await program.connect();
  await client.send(`GET /a HTTP/1.1\r\nHost: test\r\n${headers}\r\n`);
  const response = await client.response();
  client.destroy();
  return response;
}

test('dbg reads what was pushed, and what is watched', async t => {
  const [upstream] = await upstreamsOf(t, 'own');
  const program = await ServingProgram.start(t, { manifests: [exposed('volume', upstream as RawUpstream)] });
  const dbg = new Dbg(program.admin);
  const name = `default-volume-${upstream?.address.port}`;
  assert.equal(await dbg.list(), `${name}\n`);
  assert.equal((await program.post('/configuration/backends', [RECORD])).status, 201);
  assert.equal(await dbg.list(), `${name}\n${RECORD.name}\n`);
  assert.deepEqual(JSON.parse(await dbg.get(RECORD.name)), RECORD);
  assert.match(await dbg.get(RECORD.name), /^{\n {2}"endpoints": \[\n {4}{\n {6}"address": "10\.12\.4\.133",/);
  assert.deepEqual(JSON.parse(await dbg.get(name)).endpoints, [
    { address: upstream?.address.host, port: `${upstream?.address.port}` },
  ]);
  assert.deepEqual(Object.keys(JSON.parse(await dbg.all())[0]), Object.keys(RECORD));
  assert.equal(await dbg.get('no-such'), 'A backend of this name was not found.\n');
  assert.equal(JSON.parse(await dbg.general()).controllerPodsCount, 1);
});

test('where only pushes count, dbg reads them byte for byte', async t => {
  const program = await ServingProgram.start(t);
  const body = ` ${JSON.stringify([RECORD, { ...RECORD, name: 'b', future: 1.0 }], null, 3)}\n`;
  assert.equal((await program.post('/configuration/backends', body)).status, 201);
  const dbg = new Dbg(program.admin);
  assert.equal(await dbg.list(), `${RECORD.name}\nb\n`);
  assert.equal(await dbg.all(), `${JSON.stringify(JSON.parse(body), null, 2)}\n`);
});

test('a canary takes the requests that its header, its cookie and its weight say', async t => {
  const [main, canary] = await upstreamsOf(t, 'main', 'canary');
  const program = await ServingProgram.start(t, { workers: 2 });
  const records = (weight: number): object[] => [
    { ...pushed('main', [main as RawUpstream], '/a'), alternativeBackends: ['canary'] },
    {
      ...pushed('canary', [canary as RawUpstream]),
      noServer: true,
      trafficShapingPolicy: { weight, header: 'X-Canary', headerValue: '', cookie: 'canary' },
    },
  ];
  await program.post('/configuration/backends', records(0));
  assert.equal((await ask(program, '')).body, 'main');
  const explain = async () => (await runHere(['explain', '--admin-socket', program.adminSocket, '/a'])).stdout;
  assert.match(await explain(), /Canary +canary: it takes header x-canary: always, cookie canary=always$/m);
  assert.equal((await ask(program, 'X-Canary: always\r\n')).body, 'canary');
  assert.equal((await ask(program, 'Cookie: canary=always\r\n')).body, 'canary');
  assert.equal((await ask(program, 'X-Canary: never\r\nCookie: canary=always\r\n')).body, 'main');
  await program.post('/configuration/backends', records(100));
  assert.equal((await ask(program, '')).body, 'canary');
  assert.equal((await ask(program, 'Cookie: canary=never\r\n')).body, 'main');
  // Without endpoints, it takes nothing.
  const [primary, alternative] = records(100);
  await program.post('/configuration/backends', [primary, { ...alternative, endpoints: null }]);
  assert.equal((await ask(program, '')).body, 'main');
});

test('a hash keeps a key at one endpoint', async t => {
  const names = ['a', 'b', 'c', 'd'];
  const upstreams = await upstreamsOf(t, ...names);
  const program = await ServingProgram.start(t, { workers: 2 });
  const record = { ...pushed('a', upstreams, '/a'), upstreamHashByConfig: { 'upstream-hash-by': '$http_x_user' } };
  await program.post('/configuration/backends', [record]);
  const seen = new Set<string>();
  for (let user = 0; user < 16; user += 1) {
    const { body } = await ask(program, `X-User: ${user}\r\n`);
    for (let count = 0; count < 3; count += 1) assert.equal((await ask(program, `X-User: ${user}\r\n`)).body, body);
    seen.add(body);
  }
  assert.ok(seen.size > 1);
});

test('a cookie binds a client in all workers, and in every program that has the key', async t => {
  const upstreams = await upstreamsOf(t, 'a', 'b', 'c');
  const file = join(await scratchDirectory(t), 'key');
  const key = 'c2VjcmV0IG9mIHRoZSB0ZXN0cw==';
  await writeFile(file, `${key}\n`, { mode: 0o600 });
  const record = {
    ...pushed('a', upstreams, '/a'),
    sessionAffinityConfig: { name: 'cookie', cookieSessionAffinity: { name: 'route', maxage: '60' } },
  };
  const args = ['--affinity-key-file', file];
  const programs = await Promise.all([1, 2].map(() => ServingProgram.start(t, { workers: 2, args })));
  for (const program of programs) await program.post('/configuration/backends', [record]);
  const [first] = programs as [ServingProgram];
  const bound = await ask(first, '');
  const [line = ''] = header(bound, 'set-cookie');
  assert.match(line, /^route=[\w-]{16}; Max-Age=60; Path=\/a; HttpOnly; SameSite=Lax$/);
  const [cookie] = line.split(';');
  for (const program of programs) {
    for (let count = 0; count < 4; count += 1) {
      const again = await ask(program, `Cookie: ${cookie}\r\n`);
      assert.deepEqual([again.body, header(again, 'set-cookie')], [bound.body, []]);
    }
    const said = `${JSON.stringify(program.log)}${program.complaints}${await new Dbg(program.admin).general()}`;
    assert.ok(!said.includes(key));
  }
});

test('a key file that cannot be used ends the start, with the reason', async t => {
  const directory = await scratchDirectory(t);
  await writeFile(join(directory, 'key'), 'too-short');
  const program = await ServingProgram.spawn(t, { directory, args: ['--affinity-key-file', 'key'] });
  await program.ended();
  assert.equal(program.end?.code, 2);
  assert.match(program.complaints, /affinityKeyFile: key cannot be used: the key in line 1 has 9 characters/);
  assert.ok(!program.complaints.includes('too-short'));
});
