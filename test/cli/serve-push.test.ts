import assert from 'node:assert/strict';
import { test } from 'node:test';
import { eventually } from '../support/eventually.ts';
import { get, header } from '../support/exchange.ts';
import { answer, answering, RawUpstream } from '../support/raw-upstream.ts';
import { exposed, pushed, ServingProgram } from './serve-fixture.ts';

test('in push mode GET returns exactly what was POSTed, unknown fields included', async context => {
  const upstream = await RawUpstream.start(context);
  const program = await ServingProgram.start(context, { workers: 2 });
  const body = `[ ${JSON.stringify({ ...pushed('a', [upstream], '/a'), custom: { deep: [1.0, null, 'é'] } })}\n]  `;
  assert.equal((await program.post('/configuration/backends', body)).status, 201);
  const shown = await get(program.admin, '/configuration/backends');
  assert.equal(shown.body, body);
  assert.deepEqual(header(shown, 'content-type'), ['application/json; charset=utf-8']);

  for (const bad of [
    '',
    '{}',
    'null',
    '[',
    '[{"name":""}]',
    '[{"name":"b","endpoints":[{"address":"x y","port":"1"}]}]',
  ]) {
    const refused = await program.post('/configuration/backends', bad);
    assert.equal(refused.status, 400, bad);
    assert.notEqual(refused.body, '', 'the reason is said');
  }
  assert.equal((await get(program.admin, '/configuration/backends')).body, body);
  assert.equal((await program.get('/a')).status, 200);

  assert.equal((await program.post('/configuration/backends', [])).status, 201);
  assert.equal((await get(program.admin, '/configuration/backends')).body, '[]');
  assert.equal((await program.get('/a')).status, 404);
  assert.equal((await program.readiness()).status, 200, 'an empty set is a table');
});

test('pushed endpoints of a watched backend take its requests in turn, until they are taken back', async context => {
  const [own, first, second] = await Promise.all(
    ['own', 'first', 'second'].map(name => RawUpstream.start(context, answering(answer(name)))),
  );
  assert.ok(own && first && second);
  const program = await ServingProgram.start(context, {
    manifests: [exposed('volume', own, { path: '/volume,/pv' })],
  });
  const ask = async (target: string): Promise<string> => (await program.get(target)).body;
  assert.equal(await ask('/volume'), 'own');

  const name = `default-volume-${own.address.port}`;
  await program.post('/configuration/backends', [pushed(name, [first, second])]);
  const answers = [await ask('/volume'), await ask('/pv'), await ask('/volume'), await ask('/pv')];
  assert.deepEqual(answers.sort(), ['first', 'first', 'second', 'second']);
  const [shown, ...others] = JSON.parse((await get(program.admin, '/configuration/backends')).body);
  assert.equal(others.length, 0);
  assert.equal(shown.name, name);
  assert.deepEqual(
    shown.endpoints,
    [first, second].map(({ address: { host, port } }) => ({ address: host, port: `${port}` })),
  );

  // An edit of the Service meanwhile does not undo the push.
  await program.writeManifests([exposed('volume', own, { path: '/volume,/other' })]);
  await eventually('the new path', async () => (await program.get('/other')).status === 200);
  assert.match(await ask('/other'), /first|second/);

  assert.equal((await program.post('/configuration/backends', [])).status, 201);
  for (let count = 0; count < 4; count += 1) assert.equal(await ask('/volume'), 'own');
});

test('a backend that is left out of the next push gets no traffic, the others go on', async context => {
  const [a, b] = await Promise.all(['a', 'b'].map(name => RawUpstream.start(context, answering(answer(name)))));
  assert.ok(a && b);
  const program = await ServingProgram.start(context, { workers: 2 });
  await program.post('/configuration/backends', [pushed('a', [a], '/a'), pushed('b', [b], '/b')]);
  assert.equal((await program.get('/a')).body, 'a');
  assert.equal((await program.get('/b')).body, 'b');
  await program.post('/configuration/backends', [pushed('b', [b], '/b')]);
  assert.equal((await program.get('/a')).status, 404);
  assert.equal((await program.get('/b')).body, 'b');
});

test('general settings change in the running instance, all of them or none', async context => {
  const upstream = await RawUpstream.start(context, () => {});
  const program = await ServingProgram.start(context, { workers: 2, args: ['--send-timeout', '9s'] });
  await program.post('/configuration/backends', [pushed('slow', [upstream], '/slow')]);
  const general = async (): Promise<Record<string, unknown>> =>
    JSON.parse((await get(program.admin, '/configuration/general')).body);
  const before = await general();
  assert.equal(before.proxyReadTimeout, '60s');
  assert.equal(before.sendTimeout, '9s');
  assert.equal(before.controllerPodsCount, 1);

  const held = await program.connect();
  await held.send('GET /slow HTTP/1.1\r\nHost: test\r\n\r\n');
  await upstream.request(0);

  const bad: [body: unknown, place: string][] = [
    [{ proxyReadTimeout: '50ms', noSuchSetting: 1 }, 'noSuchSetting'],
    [{ proxyReadTimeout: 'soon' }, 'proxyReadTimeout'],
    [{ proxyReadTimeout: '50ms', listen: '127.0.0.1:1' }, 'listen'],
    [{ proxyReadTimeout: '50ms', controllerPodsCount: -1 }, 'controllerPodsCount'],
    ['null', 'object'],
    ['[]', 'object'],
    ['{', 'JSON'],
  ];
  for (const [body, place] of bad) {
    const refused = await program.post('/configuration/general', body);
    assert.equal(refused.status, 400, place);
    assert.match(refused.body, new RegExp(place));
  }
  assert.deepEqual(await general(), before);

  const accepted = await program.post('/configuration/general', { proxyReadTimeout: '50ms', controllerPodsCount: 2 });
  assert.deepEqual({ status: accepted.status, body: accepted.body }, { status: 201, body: '' });
  assert.deepEqual(await general(), { ...before, proxyReadTimeout: '50ms', controllerPodsCount: 2 });
  await eventually('every worker to have the new timeout', async () => (await program.get('/slow')).status === 504);
  // A request that began before goes on by the settings of its time.
  await (await upstream.request(0)).connection.send(answer('late'));
  assert.equal((await held.response()).body, 'late');
});
