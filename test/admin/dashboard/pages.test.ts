import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ExplainView, RoutePage } from '../../../src/admin/dashboard/messages.ts';
import { RouteTable } from '../../../src/routing/table.ts';
import { refused } from '../../support/diagnostics.ts';
import { ask, exchange, get, header } from '../../support/exchange.ts';
import { endpointReport } from '../../support/observed-clusters.ts';
import { parseResponses, type RawResponse } from '../../support/raw-client.ts';
import { route } from '../../support/routes.ts';
import { statusServer } from '../admin-fixture.ts';
import { type RunningDashboard, startDashboard } from './dashboard-fixture.ts';

const DATA = ['/dashboard/routes', '/dashboard/explain?path=/', '/dashboard/events', '/dashboard/watching?viewer=x'];

/** It names no header and no cookie. */
const NOBODY = { header: '', headerValue: '', cookie: '' };

async function askAs(
  at: RunningDashboard['at'],
  host: string,
  target: string,
  ...more: string[]
): Promise<RawResponse> {
  const head = [`HEAD ${target} HTTP/1.1`, `Host: ${host}`, ...more, '', ''].join('\r\n');
  const [status = ''] = (await exchange(at, head)).split('\r\n\r\n');
  const [response] = parseResponses(
    `${status.replace(/\r\n(?:content-length|transfer-encoding):[^\r]*/gi, '')}\r\nContent-Length: 0\r\n\r\n`,
  );
  assert.ok(response);
  return response;
}

test('the page and all it loads come from here, each with its type', async context => {
  const { at } = await startDashboard(context);
  const page = await get(at, '/');
  assert.equal(page.status, 200);
  assert.deepEqual(header(page, 'content-type'), ['text/html; charset=utf-8']);
  const parts = [...page.body.matchAll(/(?:src|href)="(dashboard\/[^"]+)"/g)].map(([, part = '']) => part);
  const modules = new Set(parts.filter(part => part.endsWith('.js')));
  const types = { css: 'text/css', js: 'text/javascript', svg: 'image/svg+xml' };
  for (const part of parts) {
    const response = await get(at, `/${part}`);
    assert.equal(response.status, 200, part);
    const [, ending] = Object.entries(types).find(([name]) => part.endsWith(`.${name}`)) ?? [];
    assert.ok(header(response, 'content-type').join().startsWith(String(ending)), part);
    for (const [, other = ''] of response.body.matchAll(/from '\.\/([^']+)'/g)) {
      assert.ok(modules.has(`dashboard/${other}`), `${part} loads ${other}, which is not loaded beforehand`);
    }
  }
  assert.ok(!/https?:/.test(page.body), 'nothing comes from elsewhere');
  assert.ok(!/<script>|<style|\son\w+=|\sstyle=/.test(page.body), 'nothing is inline');
});

test('every answer forbids scripts from elsewhere, frames, forms and guesses at its type', async context => {
  const { at } = await startDashboard(context);
  for (const target of ['/', '/dashboard/main.js', ...DATA, '/dashboard/routes?sort=colour']) {
    const response = await askAs(at, 'localhost', target);
    const policy = header(response, 'content-security-policy').join().split('; ');
    assert.ok(policy.includes("default-src 'none'") && policy.includes("script-src 'self'"), target);
    assert.ok(policy.includes("frame-ancestors 'none'") && policy.includes("form-action 'none'"), target);
    assert.ok(policy.includes("base-uri 'none'") && policy.includes("require-trusted-types-for 'script'"), target);
    assert.ok(!policy.some(rule => /unsafe|\*|data:/.test(rule)), target);
    assert.deepEqual(header(response, 'x-content-type-options'), ['nosniff'], target);
    assert.deepEqual(header(response, 'referrer-policy'), ['no-referrer'], target);
    assert.deepEqual(header(response, 'cross-origin-resource-policy'), ['same-origin'], target);
  }
});

test('a name in Host is refused: it may be an attacker’s, made to lead here', async context => {
  const { at } = await startDashboard(context);
  for (const host of [
    'attacker.example',
    'attacker.example:10254',
    'localhost.attacker.example',
    '127.0.0.1.nip.example',
  ]) {
    for (const target of ['/', '/dashboard/main.js', ...DATA]) {
      const response = await askAs(at, host, target);
      assert.equal(response.status, 421, `${host} ${target}`);
    }
  }
  const said = await exchange(at, 'GET / HTTP/1.1\r\nHost: attacker.example\r\n\r\n');
  assert.match(said, /\r\n\r\n.*port-forward/);
});

test('addresses and localhost are served', async context => {
  const { at } = await startDashboard(context);
  for (const host of ['localhost', 'LOCALHOST:10254', '127.0.0.1', '10.1.2.3:30254', '[::1]:10254', '[fd00::7]']) {
    assert.equal((await askAs(at, host, '/')).status, 200, host);
  }
});

test('probes and scrapes are answered under any name', async context => {
  const { at } = await statusServer(context);
  for (const target of ['/healthz', '/readyz', '/metrics', '/nginx_status']) {
    const answer = await exchange(at, `GET ${target} HTTP/1.1\r\nHost: kube-entry.kube-system.svc:10254\r\n\r\n`);
    assert.match(answer, /^HTTP\/1\.1 200 OK\r\n/, target);
  }
});

test('other sites may link to the page, and use nothing of it', async context => {
  const { at } = await startDashboard(context);
  for (const site of ['cross-site', 'same-site']) {
    const link = ['Sec-Fetch-Mode: navigate', 'Sec-Fetch-Dest: document', `Sec-Fetch-Site: ${site}`];
    for (const target of ['/', '/?from=elsewhere', 'http://localhost/']) {
      assert.equal((await askAs(at, 'localhost', target, ...link)).status, 200, target);
    }
    for (const target of ['/', '/dashboard/main.js', ...DATA]) {
      for (const [mode, destination] of [
        ['cors', 'empty'],
        ['no-cors', 'image'],
        ['navigate', 'iframe'],
        ['navigate', 'object'],
      ]) {
        const use = [`Sec-Fetch-Mode: ${mode}`, `Sec-Fetch-Dest: ${destination}`, `Sec-Fetch-Site: ${site}`];
        assert.equal((await askAs(at, 'localhost', target, ...use)).status, 403, `${target} ${mode} ${destination}`);
      }
    }
    for (const target of ['/dashboard/main.js', ...DATA]) {
      assert.equal((await askAs(at, 'localhost', target, ...link)).status, 403, target);
    }
  }
  const own = ['Sec-Fetch-Mode: cors', 'Sec-Fetch-Site: same-origin'];
  assert.equal((await askAs(at, 'localhost', '/dashboard/routes', ...own)).status, 200);
});

test('files are asked for again each time, and sent again only when they have changed', async context => {
  const { at } = await startDashboard(context);
  for (const target of ['/', '/dashboard/style.css', '/dashboard/main.js']) {
    const response = await get(at, target);
    const [tag = ''] = header(response, 'etag');
    assert.match(tag, /^"[\w-]+"$/);
    assert.deepEqual(header(response, 'cache-control'), ['no-cache']);
    for (const known of [tag, `"x", W/${tag}`, '*']) {
      const again = await exchange(at, `GET ${target} HTTP/1.1\r\nHost: localhost\r\nIf-None-Match: ${known}\r\n\r\n`);
      assert.match(again, /^HTTP\/1\.1 304 .*\r\n\r\n$/s, known);
      assert.ok(again.includes(tag));
    }
    const other = await ask(at, 'GET', target, undefined, ['If-None-Match: "x"']);
    assert.equal(other.body, response.body);
  }
});

test('figures are not kept by caches', async context => {
  const { at } = await startDashboard(context);
  for (const target of DATA) {
    assert.deepEqual(header(await askAs(at, 'localhost', target), 'cache-control'), ['no-store'], target);
  }
});

test('it is read-only, and has no other parts', async context => {
  const { at } = await startDashboard(context);
  for (const target of ['/', '/dashboard/main.js', ...DATA]) {
    for (const method of ['POST', 'PUT', 'DELETE', 'OPTIONS']) {
      const response = await ask(at, method, target);
      assert.equal(response.status, 405, `${method} ${target}`);
      assert.deepEqual(header(response, 'allow'), ['GET, HEAD']);
    }
  }
  for (const target of [
    '/dashboard',
    '/dashboard/',
    '/dashboard/index.html',
    '/dashboard/tsconfig.json',
    '/dashboard/..%2fassets.ts',
  ]) {
    assert.equal((await get(at, target)).status, 404, target);
  }
});

test('/dashboard/routes gives what fits, and says what it cannot sort by', async context => {
  const { at, control } = await startDashboard(context);
  control.table = RouteTable.of([route('/a'), route('/b')], 7);
  const page: RoutePage = JSON.parse((await get(at, '/dashboard/routes?search=%2Fb&sort=rate&order=descending')).body);
  assert.deepEqual([page.version, page.total, page.matched, page.rows.map(({ path }) => path)], [7, 2, 1, ['/b']]);
  for (const query of ['sort=colour', 'search=a&search=b', `search=${'a'.repeat(257)}`]) {
    const refused = await get(at, `/dashboard/routes?${query}`);
    assert.equal(refused.status, 400);
    assert.match(refused.body, /^(?:sort: one of route, |search: give it once|search: at most 256 characters)/);
  }
});

test('/dashboard/explain names the route, the losers, and no more than fit a page', async context => {
  const { at, control } = await startDashboard(context);
  const others = Array.from({ length: 60 }, (_, index) => route('/', { host: `h${index}.example` }));
  control.table = RouteTable.of([route('/a'), route('/'), ...others]);
  const answer: ExplainView = JSON.parse((await get(at, '/dashboard/explain?path=/a/x')).body);
  assert.deepEqual([answer.route?.path, answer.upstreamTarget], ['/a', '/x']);
  assert.deepEqual([answer.losers.total, answer.losers.items.length], [61, 50]);
  assert.deepEqual(answer.losers.items[0]?.reason, 'a longer path of the same host wins');
  assert.deepEqual(answer.refusals, { total: 0, items: [] });
  control.refusalList = Array.from({ length: 60 }, (_, index) =>
    refused({ namespace: 'default', name: `refused-${index}` }, 'NoPort', 'the Service has no TCP port', ['/a/x']),
  );
  const { refusals }: ExplainView = JSON.parse((await get(at, '/dashboard/explain?path=/a/x')).body);
  assert.deepEqual([refusals.total, refusals.items.length], [60, 50]);
  assert.equal(refusals.items[0]?.service.name, 'refused-0');
  control.reports.choose = () => ({
    outcome: 'picks',
    chances: [{ endpoint: endpointReport('cart-1'), share: 1, exclusion: undefined }],
  });
  const { body } = await get(at, '/dashboard/explain?path=/a/x');
  assert.doesNotMatch(body, /cart-1/, 'pods are not named');
  assert.deepEqual(JSON.parse(body).choice, {
    outcome: 'picks',
    endpoints: { total: 1, items: [{ address: '10.0.0.1', port: 80, share: 1, inFlight: 0, exclusion: null }] },
  });
  const malformed = await get(at, '/dashboard/explain?path=/..');
  assert.equal(malformed.status, 200);
  assert.deepEqual(JSON.parse(malformed.body), { refused: 'path "/..": a request for it is answered with 400' });
});

test('/dashboard/explain tells of plain HTTP, of the canary and of policies what the command line tells', async context => {
  const { at, control } = await startDashboard(context);
  const canary = { ...NOBODY, weight: 10, cluster: 'default/next:80' };
  const policies = [{ kind: 'unavailable' as const, why: 'it is a test' }];
  control.table = RouteTable.of([route('/a', { canary, policies })]);
  control.routes.plainRedirect = () => ({ status: 308, location: 'https://a.example/a' });
  const answer: ExplainView = JSON.parse((await get(at, '/dashboard/explain?path=/a')).body);
  assert.deepEqual(answer.plainRedirect, { status: 308, location: 'https://a.example/a' });
  assert.match(answer.canary ?? '', /: no endpoint: it takes no request$/);
  assert.deepEqual(answer.policies, {
    total: 1,
    items: [{ policy: 'unavailable', does: 'refuses all requests with 503, because it is a test' }],
  });
  assert.match(answer.limits ?? '', /^connect \S+, read \S+, send \S+, body \S+$/);
});
