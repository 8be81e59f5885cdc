import assert from 'node:assert/strict';
import { test } from 'node:test';
import { chromium } from 'playwright-core';
import { eventually } from '../support/eventually.ts';
import { needs, pathOf } from '../support/installed.ts';
import { PIECES, scene } from './scene.ts';

/** A browser on a busy machine takes its time: only a failing test waits so long. */
const PATIENCE_MS = 180_000;
const MESSAGES = 20;

/** What a page does over one connection: its values come back from `evaluate`, so it holds no TypeScript. */
const STREAM = `(async () => {
  const reader = (await fetch('/stream')).body.getReader();
  const sizes = [];
  for (let next = await reader.read(); !next.done; next = await reader.read()) sizes.push(next.value.length);
  return sizes;
})()`;
const PROTOCOLS = `performance.getEntriesByType('resource').concat(performance.getEntriesByType('navigation'))
  .map(entry => entry.nextHopProtocol)`;
const WEB_SOCKET = `new Promise((resolve, reject) => {
  const socket = new WebSocket(location.origin.replace('http', 'ws') + '/socket');
  const came = [];
  socket.onerror = () => reject(new Error('no WebSocket'));
  socket.onopen = () => socket.send('message 0');
  socket.onmessage = ({ data }) => {
    came.push(data);
    if (came.length === ${MESSAGES}) socket.close(1000);
    else socket.send('message ' + came.length + 'x'.repeat(1000 * came.length));
  };
  socket.onclose = ({ code, wasClean }) => resolve({ code, wasClean, sizes: came.map(text => text.length) });
})`;

test('Chromium is served over HTTP/2', { ...needs('chromium'), timeout: 600_000 }, async t => {
  const { https, program } = await scene(t);
  const args = ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking'];
  const browser = await chromium.launch({ executablePath: pathOf('chromium'), args, timeout: PATIENCE_MS });
  t.after(() => browser.close());
  const profile = await browser.newContext({ ignoreHTTPSErrors: true });
  profile.setDefaultTimeout(PATIENCE_MS);
  const page = await profile.newPage();

  await t.test('a page with thirty requests', async () => {
    await page.goto(`${https}/page`);
    await page.waitForFunction("document.title === 'all the same'");
    const protocols = (await page.evaluate(PROTOCOLS)) as string[];
    assert.deepEqual(protocols, new Array(31).fill('h2'));
  });

  await t.test('an answer in pieces', async () => {
    const sizes = (await page.evaluate(STREAM)) as number[];
    assert.equal(
      sizes.reduce((sum, size) => sum + size, 0),
      PIECES * 'piece 0\n'.length,
    );
    assert.ok(sizes.length > 1, 'the pieces come when they are sent');
  });

  await t.test('a WebSocket, on the connection of the page', async () => {
    const sizes = [
      'message 0',
      ...Array.from({ length: MESSAGES - 1 }, (_, n) => `message ${n + 1}${'x'.repeat(1000 * (n + 1))}`),
    ];
    assert.deepEqual(await page.evaluate(WEB_SOCKET), {
      code: 1000,
      wasClean: true,
      sizes: sizes.map(text => text.length),
    });
    await eventually('its line of the log', () => /"CONNECT \/socket HTTP\/2\.0" 101/.test(program.stdout));
  });
});
