/** The dashboard in a real browser, before a real instance with traffic: what people see, click and type. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ServingProgram } from '../cli/serve-fixture.ts';
import { needs } from '../support/installed.ts';
import { openPage, picture, settling } from './browser.ts';
import { shopServices, startTraffic, startUpstreams } from './cluster.ts';
import { chart, column, columnIs, fact, plain, reads, seen, style } from './reading.ts';

test('the dashboard of a small company', needs('chromium'), async context => {
  const upstreams = await startUpstreams(context);
  const services = shopServices(upstreams);
  const program = await ServingProgram.start(context, {
    workers: 2,
    manifests: services,
    args: ['--access-log', 'off'],
  });
  startTraffic(context, program, 60);
  const url = `http://127.0.0.1:${program.status.port}/`;
  const { page, complaints } = await openPage(context, url, { colorScheme: 'light' });

  await context.test('says how the program is, as /metrics does', async () => {
    await reads(page.locator('#phase'), /^serving$/);
    const routes = await reads(fact(page, 'Routes'), /^Routes\n11$/m);
    const metrics = await program.metrics();
    const metric = (name: string) => metrics.find(sample => sample.name === name)?.value;
    assert.ok(routes.includes(`${metric('kube_entry_routes')}`));
    await reads(
      fact(page, 'Configuration'),
      new RegExp(`version ${metric('kube_entry_config_version')}\nchanged .* ago`),
    );
    await reads(fact(page, 'Not served'), /1 refused, 1 conflict\n1 warning/);
    await reads(fact(page, 'Source'), /manifests\nin sync/);
    await reads(fact(page, 'Workers'), /2 running\nnone ever replaced/);
    await reads(page.locator('#program'), /engine wire · up \d/);
  });

  await context.test('draws the traffic while it happens', async () => {
    await reads(chart(page, 'Requests'), /^[1-9]\d*(?:\.\d)?\nper second/m);
    await reads(chart(page, 'Latency'), /\d ms\np50\n.*\d ms\np90\n.*\d ms\np99/);
    await reads(chart(page, 'Server errors'), /^\d.*\n5xx per second\n.*%?\nof requests/m);
    await reads(chart(page, 'Connections'), /^[1-9]\d*\nwaiting/m);
    const line = chart(page, 'Requests').locator('path.line');
    const before = await line.getAttribute('d');
    await seen('that the line goes on', async () => ((await line.getAttribute('d')) ?? '') !== before && 'so');
    await columnIs(page, 'Req/s', cells => cells.filter(cell => Number(cell) > 0).length >= 8);
    await reads(page.locator('tr', { hasText: '/cart/checkout' }).locator('td[data-label="5xx"]'), /%/);
  });

  await settling();

  await context.test('pointing at a chart shows that moment in all of them', async () => {
    await chart(page, 'Requests')
      .locator('.plot')
      .hover({ position: { x: 150, y: 30 } });
    const times = await seen('a time', async () => {
      const texts = await page.locator('.when').allInnerTexts();
      // With the date when that was before midnight.
      return texts.every(text => /^(?:\d+ \w+, )?\d\d:\d\d:\d\d$/.test(text)) && texts.join('|');
    });
    assert.equal(new Set(times.split('|')).size, 1);
    await page.mouse.move(0, 0);
    await reads(page.locator('.when').first(), /^last /);
  });

  await context.test('explains which route takes a URL, and why the others do not', async () => {
    await page.fill('#url', 'https://shop.example.com/cart/checkouts?id=7');
    await page.keyboard.press('Enter');
    const answer = page.locator('#explanation');
    await reads(answer, /Route\s+shop\.example\.com\/cart of shop\/cart\s+Upstream gets\s+\/checkouts\?id=7 at 127/);
    const losers = await plain(answer.locator('.losers'));
    assert.match(losers, /shop\.example\.com\/cart\/checkout\s*shop\/checkout\s+the path only begins like it/);
    assert.match(losers, /shop\.example\.com\/\s*shop\/storefront\s+a longer path of the same host wins/);
    await picture(page, 'light');
    for (const [asked, said] of [
      ['elsewhere.tenants.example.com/x', /\*\.tenants\.example\.com\/ of tenants\/pages/],
      [
        'elsewhere.example.com/reports/x',
        /Refused, though they ask for it\s+1\s+reports\/reports\s*BadAnnotation\s+.*"5 minutes"/i,
      ],
      ['/volume/a%zz', /path "\/volume\/a%zz": a request for it is answered with 400/],
    ] as const) {
      await page.fill('#url', asked);
      await page.getByRole('button', { name: 'Explain' }).click();
      await reads(answer, said);
    }
    await page.fill('#url', '');
    await page.keyboard.press('Enter');
    await seen('nothing', async () => (await answer.innerText()) === '' && 'so');
  });

  await context.test('a route shows its settings, and a Service its figures once', async () => {
    const rows = page.locator('#routes tbody tr', { hasText: 'default/volume' });
    await seen('one row with figures', async () => {
      const rates = (await rows.locator('td[data-label="Req/s"]').allInnerTexts()).filter(text => text === '″');
      return rates.length === 1 && 'so';
    });
    await page.getByRole('button', { name: '/volume', exact: true }).click();
    const answer = page.locator('#explanation');
    await reads(answer, /Route\s+\/volume of default\/volume.*Limits\s+connect 5s, read 60s.*the prefix is taken off/s);
    assert.equal(await page.locator('#url').inputValue(), '/volume');
    await page.locator('#routes tr', { hasText: '*.tenants.example.com' }).locator('td.number').first().click();
    await reads(answer, /\*\.tenants\.example\.com\/ of tenants\/pages/);
    await page.fill('#url', '');
    await page.keyboard.press('Enter');
  });

  await context.test('a search, from the key / on, narrows the routes', async () => {
    await page.keyboard.press('Escape');
    await page.locator('#theme').focus();
    await page.keyboard.press('/');
    await page.keyboard.type('SHOP /cart');
    await columnIs(page, 'Route', cells => cells.join() === 'shop.example.com/cart,shop.example.com/cart/checkout');
    await reads(page.locator('#shown'), /^2 of 11$/);
    await page.keyboard.type('xyz');
    await reads(page.locator('#no-routes'), /^No route fits\.$/);
    assert.equal(await page.locator('#routes').isVisible(), false);
    await page.keyboard.press('Escape');
    await columnIs(page, 'Route', cells => cells.length === 11);
  });

  await context.test('columns sort by keyboard, and say how', async () => {
    const header = page.getByRole('columnheader', { name: 'Service' });
    await header.getByRole('button').focus();
    for (const [order, sign] of [
      ['ascending', 1],
      ['descending', -1],
    ] as const) {
      await page.keyboard.press('Enter');
      assert.equal(await header.getAttribute('aria-sort'), order);
      await columnIs(
        page,
        'Service',
        cells => cells.join() === cells.toSorted((a, b) => (a < b ? -sign : sign)).join(),
      );
    }
    await page.getByRole('button', { name: 'Req/s' }).click();
    assert.equal(await header.getAttribute('aria-sort'), null);
    await columnIs(page, 'Route', ([first]) => first === 'shop.example.com/cart');
    const idle = await column(page, 'Req/s');
    assert.equal(idle.at(-1), '–', 'what had no request comes last');
    await page.getByRole('button', { name: 'Route' }).click();
  });

  await context.test('says what is not served as asked, and why', async () => {
    const problems = page.locator('#problems');
    await reads(
      problems,
      /Refused 1\s+reports\/reports\s*BadAnnotation\s+kube-entry\.io\/read-timeout: "5 minutes" is not/,
    );
    await reads(problems, /observe\/grafana-next\s*Conflict\s+\/grafana belongs to the older observe\/grafana\./);
    await reads(problems, /default\/volume-admin\s+kube-entry\.io\/strip-prefx: unknown annotation; did you mean/);
  });

  await context.test('follows the routes, and remembers what changed', async () => {
    await page.fill('#url', '/v2/x');
    await page.keyboard.press('Enter');
    await reads(page.locator('#explanation'), /of default\/registry/);
    await program.writeManifests(services.filter(service => !JSON.stringify(service).includes('registry')));
    await reads(page.locator('#changes li').first(), /version 2 .*\s+removed\s+\/v2\s+default\/registry/);
    await columnIs(page, 'Route', cells => cells.length === 10 && !cells.includes('/v2'));
    await reads(page.locator('#explanation'), /\/ of default\/console/);
    await program.writeManifests(services);
    await reads(page.locator('#changes li').first(), /version 3 .*\s+added\s+\/v2\s+default\/registry/);
    await columnIs(page, 'Route', cells => cells.length === 11);
  });

  await context.test('is dark when asked to be, and stays so', async () => {
    const ground = () => style(page, 'body', 'background-color');
    const toggle = page.getByRole('button', { name: 'Dark colours' });
    const light = await ground();
    assert.equal(await toggle.getAttribute('aria-pressed'), 'false');
    await toggle.click();
    assert.equal(await toggle.getAttribute('aria-pressed'), 'true');
    const dark = await ground();
    assert.notEqual(dark, light);
    await page.reload();
    assert.equal(await ground(), dark);
    await reads(page.locator('#shown'), /^11$/);
    await columnIs(page, 'Req/s', cells => cells.some(cell => Number(cell) > 0));
    await picture(page, 'dark');
    await toggle.click();
    assert.equal(await ground(), light);
  });

  await context.test('is dark by itself where the system is, and keeps still where motion is unwanted', async () => {
    await page.evaluate('localStorage.clear()');
    await page.emulateMedia({ colorScheme: 'dark', reducedMotion: 'reduce' });
    await page.reload();
    assert.equal(await page.locator('#theme').getAttribute('aria-pressed'), 'true');
    assert.equal(await style(page, 'main', 'transition-duration'), '0s');
    await page.emulateMedia({ colorScheme: 'light', reducedMotion: 'no-preference' });
  });

  await context.test('fits a phone', async () => {
    await page.setViewportSize({ width: 390, height: 844 });
    const width = () => page.evaluate('document.documentElement.scrollWidth');
    await seen('that nothing is wider than the screen', async () => (await width()) === 390 && 'so');
    await columnIs(page, 'p99', cells => cells.length === 11);
    await reads(chart(page, 'Requests'), /^\d.*\nper second/m);
    await picture(page, 'phone');
    await page.getByRole('button', { name: 'Age' }).click();
    await columnIs(page, 'Route', ([first]) => first === 'shop.example.com/cart/checkout' || first === '/reports');
    await page.locator('#search').scrollIntoViewIfNeeded();
    await picture(page, 'phone-routes');
  });

  assert.deepEqual(complaints, [], 'no script failed and the policy was never broken');
});
