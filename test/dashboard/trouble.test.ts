/** The dashboard in a real browser when things are not as they should be: hostile names, very many routes, an outage. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { RouteTable } from '../../src/routing/table.ts';
import { statusServer } from '../admin/admin-fixture.ts';
import { ServingProgram } from '../cli/serve-fixture.ts';
import { refused, warned } from '../support/diagnostics.ts';
import { needs } from '../support/installed.ts';
import { endpointReport } from '../support/observed-clusters.ts';
import { route, served } from '../support/routes.ts';
import { openPage, picture, settling } from './browser.ts';
import { agedService, shopServices, startTraffic, startUpstreams } from './cluster.ts';
import { chart, columnIs, fact, plain, reads, seen, style } from './reading.ts';
import { Relay } from './relay.ts';

/** Runs wherever it is taken for HTML. */
const HOSTILE = '<img/src=x/onerror=globalThis.owned=1>';
const WORSE = `"></td></table><script>globalThis.owned=1</script>${HOSTILE}<iframe srcdoc="<script>parent.owned=1</script>">\u202e`;

test('what Services and requests say is text and nothing else', needs('chromium'), async context => {
  // No source lets such names in: the page does not rely on that.
  const { control, server } = await statusServer(context);
  const named = { namespace: HOSTILE, name: `name${WORSE}` };
  const owned = route(`/${HOSTILE}`, {
    host: WORSE,
    service: named,
    createdAt: WORSE,
  });
  control.clusters.set(owned.cluster, served(owned, { name: WORSE, at: [{ address: WORSE, port: 80 }] }));
  control.table = RouteTable.of([owned, route('/plain')]);
  control.refusalList = [refused(named, WORSE, `message${WORSE}`)];
  control.warningList = [warned(named, WORSE, `message${WORSE}`, WORSE)];
  control.conflictList = [{ host: WORSE, path: `/${HOSTILE}`, winner: named, loser: named }];
  const changed = { host: WORSE, path: `/${HOSTILE}`, service: named, what: 'added' } as const;
  control.changeList = [{ version: 1, at: 0, tookMs: 1, added: 1, changed: 0, removed: 0, routes: [changed] }];
  control.sourceReport = { kind: 'kube', synced: false, problem: `problem${WORSE}` };
  const failure = { reason: 'no_route', at: 0, service: HOSTILE, status: 404, requestId: WORSE } as const;
  control.failureList = [
    {
      reason: 'no_route',
      count: 1,
      examples: [{ ...failure, path: `/failed${WORSE}`, upstream: WORSE, detail: WORSE }],
    },
  ];
  control.certificateList = [
    {
      source: WORSE,
      names: [WORSE],
      issuer: WORSE,
      notAfter: 0,
      askers: [WORSE],
      problems: [{ reason: 'CertificateExpired', message: `expired${WORSE}` }],
    },
  ];
  control.program = { ...control.program, hostname: WORSE, version: WORSE, engine: WORSE };
  const { page, complaints } = await openPage(context, `http://127.0.0.1:${server.address.port}/`);
  await columnIs(page, 'Route', cells => cells.includes(`${WORSE}/${HOSTILE}`));
  await columnIs(page, 'Service', cells => cells.includes(`${HOSTILE}/name${WORSE}`));
  await columnIs(page, 'Upstream', cells => cells.includes(`${WORSE}:80`));
  await page.locator('#failures summary').click();
  for (const [id, said] of [
    ['#problems', `name${WORSE}`],
    ['#problems', `message${WORSE}`],
    ['#changes', HOSTILE],
    ['#health', `problem${WORSE}`],
    ['#program', WORSE],
    ['#certificates', `expired${WORSE}`],
    ['#failures', `/failed${WORSE.slice(0, 40)}`],
  ] as const) {
    await seen(`what ${id} says`, async () => (await page.locator(id).innerText()).includes(said) && 'so');
  }
  for (const asked of [`/${HOSTILE}/x`, `/nowhere/${HOSTILE}`, HOSTILE, WORSE]) {
    await page.fill('#url', asked);
    await page.keyboard.press('Enter');
    await reads(page.locator('#explanation'), /<img|is answered with 400/);
  }
  await page.fill('#search', HOSTILE);
  await reads(page.locator('#shown'), /^1 of 2$/);
  assert.equal(await page.evaluate('"owned" in globalThis'), false);
  const planted = 'main :is(img, script, iframe, a), body > :is(script, iframe), [onerror], [srcdoc], [style]';
  assert.equal(await page.locator(planted).count(), 0);
  assert.deepEqual(complaints, [], 'not even an attempt was made');
});

test(
  'an endpoint that gets no requests is marked in the routes, and in an explanation',
  needs('chromium'),
  async context => {
    const { control, server } = await statusServer(context);
    const cart = route('/cart');
    control.table = RouteTable.of([cart]);
    const ill = endpointReport('pod-of-cart', { health: 'ejected' });
    control.ailing.set(cart.cluster, [ill]);
    control.reports.choose = () => ({
      outcome: 'picks',
      chances: [
        { endpoint: ill, share: 0, exclusion: 'ejected' },
        { endpoint: endpointReport('b', { address: HOSTILE, inFlight: 3 }), share: 1, exclusion: undefined },
      ],
    });
    const { page, complaints } = await openPage(context, `http://127.0.0.1:${server.address.port}/`);
    await columnIs(page, 'Upstream', cells => cells.includes('127.0.0.1:80, 1 out'));
    await page.fill('#url', '/cart');
    await page.keyboard.press('Enter');
    await reads(
      page.locator('#explanation'),
      /Where it would go 2[\s\S]*100 % of such requests, 3 in flight[\s\S]*ejected, 0/,
    );
    assert.doesNotMatch(await page.content(), /pod-of-cart/, 'the page names no pods');
    assert.equal(await page.evaluate('"owned" in globalThis'), false);
    assert.deepEqual(complaints, []);
  },
);

test('certificates are shown with their end, those with a problem first', needs('chromium'), async context => {
  const { control, server } = await statusServer(context);
  const day = 86_400_000;
  const certificate = { names: ['shop.example'], issuer: 'Acme, Root', askers: ['shop/web'], problems: [] };
  control.certificateList = [
    { ...certificate, source: 'shop/web', notAfter: Date.now() + 90.5 * day },
    { ...certificate, source: 'shop/soon', notAfter: Date.now() + 3.5 * day },
    {
      ...certificate,
      source: 'shop/gone',
      names: [],
      issuer: '',
      notAfter: undefined,
      problems: [{ reason: 'SecretAbsent', message: 'there is no Secret shop/gone' }],
    },
  ];
  const { page, complaints } = await openPage(context, `http://127.0.0.1:${server.address.port}/`);
  await reads(
    page.locator('#certificates'),
    /shop\/goneSecretAbsent[\s\S]*there is no Secret[\s\S]*shop\/soonvalid for 3 d[\s\S]*shop\/webvalid for 90 d[\s\S]*for shop\.example · issued by Acme, Root · asked for by shop\/web/,
  );
  assert.deepEqual(complaints, []);
});

test('without certificates the page has no place for them', needs('chromium'), async context => {
  const { server } = await statusServer(context);
  const { page } = await openPage(context, `http://127.0.0.1:${server.address.port}/`);
  await reads(page.locator('#problems'), /Every Service/);
  assert.equal(await page.locator('#certificates').isVisible(), false);
});

test('of a thousand routes a page shows the first ones, and says so', needs('chromium'), async context => {
  const upstreams = await startUpstreams(context);
  const teams = ['billing', 'catalogue', 'identity', 'media', 'search', 'shipping', 'support', 'web'];
  const many = Array.from({ length: 989 }, (_, index) => {
    const team = teams[index % teams.length] ?? '';
    return agedService(
      [team, `app-${index}`],
      upstreams.quick,
      { path: `/${team}/app-${index}` },
      1 + ((index * 37) % 4000),
    );
  });
  const few = shopServices(upstreams);
  const program = await ServingProgram.start(context, { manifests: few });
  startTraffic(context, program, 40);
  const { page, complaints } = await openPage(context, `http://localhost:${program.status.port}/`);
  await reads(page.locator('#shown'), /^11$/);
  await program.writeManifests([...few, ...many]);
  await reads(page.locator('#shown'), /^showing 200 of 1 000, search to narrow$/);
  await columnIs(page, 'Route', cells => cells.length === 200);
  await settling();
  await page.getByRole('button', { name: 'Req/s' }).click();
  await columnIs(page, 'Req/s', cells => Number(cells[0]) > 0);
  await chart(page, 'Requests').scrollIntoViewIfNeeded();
  await picture(page, 'thousand');
  await page.fill('#search', 'shipping app-53');
  await columnIs(
    page,
    'Route',
    cells => cells.length === 2 && cells.every(cell => cell.startsWith('/shipping/app-53')),
  );
  await reads(page.locator('#shown'), /^\d of 1 000$/);
  assert.deepEqual(complaints, []);
});

test('a question for the routes that nobody answers is asked again', needs('chromium'), async context => {
  const { control, server } = await statusServer(context);
  control.table = RouteTable.of([route('/one')]);
  const { page } = await openPage(context, `http://127.0.0.1:${server.address.port}/`);
  await reads(page.locator('#shown'), /^1$/);
  // As through a forwarded port whose other end has gone.
  await page.route('**/dashboard/routes?*', () => undefined, { times: 1 });
  control.table = RouteTable.of([route('/one'), route('/two')], 2);
  await reads(page.locator('#shown'), /^2$/);
});

test('routes that may be out of date are amber, with the time since when', needs('chromium'), async context => {
  const { control, server } = await statusServer(context);
  const { page } = await openPage(context, `http://127.0.0.1:${server.address.port}/`);
  await reads(page.locator('#phase'), /^serving$/);
  const lostSince = new Date(Date.now() - 200_000).toISOString();
  control.sourceReport = { kind: 'kube', synced: false, lostSince, problem: 'cannot reach the API' };
  await reads(page.locator('#phase'), /^serving, stale for 3 min$/);
  assert.equal(await page.locator('#phase').getAttribute('data-mood'), 'odd');
  await reads(
    fact(page, 'Source'),
    /cannot reach the API · stale since .*\d\d:\d\d:\d\d: the source of routes is lost/,
  );
  control.sourceReport = { kind: 'kube', synced: false, staleSince: lostSince };
  await reads(fact(page, 'Source'), /stale since .*: the routes are those of the state file/);
  control.sourceReport = { kind: 'kube', synced: true };
  await reads(page.locator('#phase'), /^serving$/);
});

test('says why requests failed, and which paths no route takes', needs('chromium'), async context => {
  const upstreams = await startUpstreams(context);
  const program = await ServingProgram.start(context, { manifests: shopServices(upstreams) });
  const { page, complaints } = await openPage(context, `http://127.0.0.1:${program.status.port}/`);
  await reads(page.locator('#shown'), /^11$/);
  assert.equal(await page.locator('#failures').isVisible(), false, 'nothing has failed yet');
  // The route / takes what no other route takes.
  await program.writeManifests(shopServices(upstreams).filter(object => !JSON.stringify(object).includes('"console"')));
  await reads(page.locator('#shown'), /^10$/);
  for (const path of ['/volumes/x?token=secret', '/api/v2']) await program.get(path);
  const group = page.locator('#failures li', { has: page.locator('code', { hasText: /^no_route$/ }) }).first();
  await reads(group, /no_route\s*kube-entry\s*.*2$/s);
  await group.locator('summary').click();
  await reads(group, /404\s*\/api\/v2/);
  const said = await reads(group, /404\s*\/volumes\/x/);
  assert.ok(!said.includes('secret'), 'a query may hold secrets');
  await program.get('/third');
  await settling();
  await picture(page, 'failures');
  await reads(group, /\/third.*\/volumes\/x/s);
  assert.deepEqual(complaints, []);
});

test('an outage is shown, and ends by itself', needs('chromium'), async context => {
  const upstreams = await startUpstreams(context);
  // Long enough that its drain is seen.
  const options = { manifests: shopServices(upstreams), args: ['--shutdown-delay', '30s'] };
  const first = await ServingProgram.start(context, options);
  const stopTraffic = startTraffic(context, first, 30);
  const relay = await Relay.start(context, first.status);
  const { page } = await openPage(context, relay.url);
  await reads(chart(page, 'Requests'), /^[1-9].*\nper second/m);
  await reads(page.locator('#shown'), /^11$/);
  await settling();
  const figures = await plain(fact(page, 'Routes'));

  stopTraffic();
  relay.target = undefined;
  first.kill('SIGKILL');
  await first.ended();
  await reads(page.locator('#phase'), /^unreachable$/);
  await reads(
    page.locator('#outage'),
    /^No connection since \d\d:\d\d:\d\d\. What is shown is from before; trying again/,
  );
  assert.equal(await page.getByRole('alert').isVisible(), true);
  assert.equal(await plain(fact(page, 'Routes')), figures, 'the last figures stay, paler');
  await seen('paleness', async () => Number(await style(page, 'main', 'opacity')) < 0.6 && 'so');
  await picture(page, 'outage');

  const [one, ...others] = options.manifests;
  assert.ok(one);
  const second = await ServingProgram.start(context, { ...options, manifests: others });
  relay.target = second.status;
  await reads(page.locator('#phase'), /^serving$/);
  assert.equal(await page.locator('#outage').isVisible(), false);
  await columnIs(page, 'Route', cells => cells.length === 9);

  // A forwarded port whose other end has gone may say nothing at all.
  relay.freeze();
  await reads(page.locator('#phase'), /^unreachable$/);
  relay.target = second.status;
  await reads(page.locator('#phase'), /^serving$/);
  second.kill('SIGTERM');
  await reads(page.locator('#phase'), /^draining$/);
});
