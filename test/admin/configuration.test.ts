import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FormatError } from '../../src/errors.ts';
import { ask, exchange, get, header } from '../support/exchange.ts';
import { adminServer } from './admin-fixture.ts';

const BACKENDS = '/configuration/backends';
const GENERAL = '/configuration/general';
const METHODS_REFUSED = 'Only POST and GET requests are allowed!';

test('GET gives the backends as JSON, an empty list when there are none', async context => {
  const { at, control } = await adminServer(context);
  const none = await get(at, BACKENDS);
  assert.equal(none.status, 200);
  assert.match(header(none, 'content-type').join(), /^application\/json\b/);
  assert.equal(none.body, '[]');

  const record = '[ {"name":"ns-svc-80", "unknown":[1,2], "text":"é"} ]';
  control.pushedBackends.push(record);
  assert.equal((await get(at, BACKENDS)).body, record);
});

test('POST hands over the body as it came, whatever its type, and answers 201 with nothing', async context => {
  const { at, control } = await adminServer(context);
  const types = ['application/json', 'application/x-www-form-urlencoded', 'text/plain; charset=latin1', '/;;=', 'x'];
  for (const lines of [[], ...types.map(type => [`Content-Type: ${type}`])]) {
    const body = `[{"name":"é ${lines.join()}"}]`;
    const response = await ask(at, 'POST', BACKENDS, body, lines);
    assert.equal(response.status, 201, lines.join());
    assert.deepEqual(header(response, 'content-length'), ['0']);
    assert.equal(control.pushedBackends.at(-1), body);
  }
});

test('a chunked POST and one with Expect: 100-continue are taken', async context => {
  const { at, control } = await adminServer(context);
  const head = `POST ${BACKENDS} HTTP/1.1\r\nHost: localhost\r\n`;
  const chunked = await exchange(at, `${head}Transfer-Encoding: chunked\r\n\r\n1\r\n[\r\n1\r\n]\r\n0\r\n\r\n`);
  assert.match(chunked, /^HTTP\/1\.1 201 /);
  const expecting = await exchange(at, `${head}Expect: 100-continue\r\nContent-Length: 4\r\n\r\n[ ] `);
  assert.match(expecting, /^HTTP\/1\.1 100 Continue\r\n\r\nHTTP\/1\.1 201 /);
  assert.deepEqual(control.pushedBackends, ['[]', '[ ] ']);
});

test('a POST that half-closes its connection gets its answer', async context => {
  const { at, control } = await adminServer(context);
  const { promise, resolve } = Promise.withResolvers<void>();
  control.pushBackends = () => promise;
  const answer = exchange(at, `POST ${BACKENDS} HTTP/1.1\r\nHost: localhost\r\nContent-Length: 2\r\n\r\n[]`, {
    halfClose: true,
  });
  // By the time this has been answered the FIN has been seen.
  assert.equal((await get(at, '/healthz')).status, 200);
  resolve();
  assert.match(await answer, /^HTTP\/1\.1 201 /);
});

test('what the control plane refuses is 400 with the place and the reason', async context => {
  const { at, control } = await adminServer(context);
  control.refusal = new FormatError('[3].endpoints[0].port: must be a port from 1 to 65535');
  for (const target of [BACKENDS, GENERAL]) {
    const response = await ask(at, 'POST', target, '{}');
    assert.equal(response.status, 400);
    assert.match(header(response, 'content-type').join(), /^text\/plain\b/);
    assert.equal(response.body, '[3].endpoints[0].port: must be a port from 1 to 65535\n');
  }
});

test('a failure of this program is 500 and tells no details', async context => {
  const { at, control } = await adminServer(context);
  control.refusal = new TypeError('secret is undefined');
  const response = await ask(at, 'POST', BACKENDS, '[]');
  assert.equal(response.status, 500);
  assert.equal(response.body, 'Internal Server Error\n');
});

test('a body of 10 MiB is taken, one byte more is 413, announced or not', async context => {
  const { at, control } = await adminServer(context);
  const limit = 10 * 1024 * 1024;
  const largest = `["${'x'.repeat(limit - 4)}"]`;
  assert.equal((await ask(at, 'POST', BACKENDS, largest)).status, 201);
  assert.equal(control.pushedBackends.at(-1), largest);

  const announced = await ask(at, 'POST', BACKENDS, `${largest} `);
  assert.equal(announced.status, 413);
  assert.match(announced.body, /too large/);
  const size = (limit + 1).toString(16);
  const head = `POST ${BACKENDS} HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n`;
  assert.match(await exchange(at, `${head}${size}\r\n${largest} \r\n0\r\n\r\n`), /^HTTP\/1\.1 413 /);
  assert.equal(control.pushedBackends.length, 1);
});

test('a body that is cut off or is not UTF-8 changes nothing', async context => {
  const { at, control } = await adminServer(context);
  const head = `POST ${BACKENDS} HTTP/1.1\r\nHost: localhost\r\n`;
  await exchange(at, `${head}Content-Length: 10\r\n\r\n[]`, { halfClose: true });
  await exchange(at, `${head}Transfer-Encoding: chunked\r\n\r\n2\r\n[]\r\nzz\r\n`);
  const latin1 = await exchange(at, `${head}Content-Length: 3\r\n\r\n"\xe9"`);
  assert.match(latin1, /^HTTP\/1\.1 400 .*\r\n\r\nthe body is not UTF-8\n$/s);
  assert.deepEqual(control.pushedBackends, []);
});

test('GET gives the settings in force and how many of us there are', async context => {
  const { at, control } = await adminServer(context);
  control.settings = { proxyReadTimeout: '60s', clientMaxBodySize: 0 };
  const response = await get(at, GENERAL);
  assert.equal(response.status, 200);
  assert.match(header(response, 'content-type').join(), /^application\/json\b/);
  assert.deepEqual(JSON.parse(response.body), {
    controllerPodsCount: 1,
    proxyReadTimeout: '60s',
    clientMaxBodySize: 0,
  });
});

test('POST hands over settings as the value of their JSON', async context => {
  const { at, control } = await adminServer(context);
  const response = await ask(at, 'POST', GENERAL, '{"proxyReadTimeout":"5s"}');
  assert.equal(response.status, 201);
  assert.equal(response.body.length, 0);
  assert.deepEqual(control.pushedGeneral, [{ proxyReadTimeout: '5s' }]);
});

test('settings that are not JSON are 400 with the place', async context => {
  const { at, control } = await adminServer(context);
  const response = await ask(at, 'POST', GENERAL, '{"a":1');
  assert.equal(response.status, 400);
  assert.match(response.body, /^the body is not JSON: .*position 6/);
  assert.match((await ask(at, 'POST', GENERAL)).body, /^the body is not JSON: /);
  assert.deepEqual(control.pushedGeneral, []);
});

test('any other method under /configuration is 400, before the path is looked at', async context => {
  const { at } = await adminServer(context);
  for (const target of [BACKENDS, GENERAL, '/configuration', '/configuration/', '/configuration/nothing?x=1']) {
    for (const method of ['PUT', 'DELETE', 'PATCH', 'OPTIONS', 'TRACE', 'PROPFIND', 'QUERY']) {
      const response = await ask(at, method, target, method === 'PUT' ? '[]' : undefined);
      assert.equal(response.status, 400, `${method} ${target}`);
      assert.equal(response.body, METHODS_REFUSED, `${method} ${target}`);
    }
    const head = await exchange(at, `HEAD ${target} HTTP/1.1\r\nHost: localhost\r\n\r\n`);
    assert.match(head, /^HTTP\/1\.1 400 Bad Request\r\n.*\r\n\r\n$/s);
    assert.match(head, new RegExp(`content-length: ${METHODS_REFUSED.length}\r\n`, 'i'));
  }
});

test('other paths under /configuration are 404: a query, an escape or a slash makes another path', async context => {
  const { at, control } = await adminServer(context);
  const targets = [
    '/configuration',
    '/configuration/',
    '/configuration/servers',
    '/configurations',
    `${BACKENDS}/`,
    `${BACKENDS}?`,
    `${BACKENDS}?x=1`,
    `${GENERAL}?x=1`,
    '/configuration/back%65nds',
    '/configuration/Backends',
    '/configuration//backends',
  ];
  for (const target of targets) {
    for (const method of ['GET', 'POST']) {
      const response = await ask(at, method, target, method === 'POST' ? '[]' : undefined);
      assert.equal(response.status, 404, `${method} ${target}`);
      assert.equal(response.body, 'Not found!', `${method} ${target}`);
    }
  }
  assert.deepEqual(control.pushedBackends, []);
});

test('an absolute-form target means the path in it', async context => {
  const { at } = await adminServer(context);
  assert.equal((await get(at, `http://localhost${BACKENDS}`)).status, 200);
  assert.equal((await ask(at, 'PUT', `http://localhost${BACKENDS}`)).body, METHODS_REFUSED);
  assert.equal((await get(at, `http://localhost${BACKENDS}?x`)).body, 'Not found!');
});
