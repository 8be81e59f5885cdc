import { connect } from 'node:net';
import { it } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { eventually } from '../support/eventually.ts';
import { Backend } from './backend.ts';
import { Entry } from './entry.ts';
import { NormalClient } from './normal-client.ts';
import { SIZES } from './sizes.ts';

const { visitors, timeoutMs } = SIZES;
const AT_A_TIME = 40;
const LONGEST_STAY_MS = 60;

/** nginx_status counts the connection that asks for it, as active and writing. */
const ASKING_ALONE = [1, 0, 1, 0];

const WORDS: readonly [string, ...string[]] = [
  '',
  'GET',
  'GET /page HTTP/1.1\r\nHost: test\r\n\r\n',
  'GET /page HTTP/1.1\r\nHost: test\r\n\r\nGET /pa',
  'GET /download/1/5000000 HTTP/1.1\r\nHost: test\r\n\r\n',
  'POST /page HTTP/1.1\r\nHost: test\r\nContent-Length: 1000\r\n\r\nabc',
  'POST /page HTTP/1.1\r\nHost: test\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n',
  'GET /page HTTP/1.1\r\nHost: test\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n',
  '\x16\x03\x01\x02\x00',
];

it(`${visitors} connections that come and go at random leave nothing behind, and a normal client does not notice`, {
  timeout: timeoutMs,
}, async t => {
  const backend = await Backend.start(t);
  const entry = await Entry.start(t, backend);
  const client = new NormalClient(entry.address);
  let left = visitors;
  const keepComing = async (): Promise<void> => {
    while (left > 0) {
      left -= 1;
      await visit(entry.address);
    }
  };
  await Promise.all(Array.from({ length: AT_A_TIME }, keepComing));
  await client.assertServed(t);
  // Those that come last may still be on their way out.
  await eventually('nobody is left', async () => String(await entry.gauges()) === String(ASKING_ALONE));
  // Connections to the backend are kept for some seconds, also one for each visitor who left before it was made.
  const fewDescriptors = async (): Promise<number | false> => {
    const count = await entry.metric('process_open_fds');
    return count < 100 && count;
  };
  const open = await eventually('few descriptors to be open', fewDescriptors, 20_000);
  t.diagnostic(`${open} descriptors are open in the end`);
});

async function visit(address: Entry['address']): Promise<void> {
  const socket = connect({ ...address });
  socket.on('error', () => undefined);
  const closed = new Promise<void>(resolve => socket.once('close', () => resolve()));
  if (Math.random() < 0.3) socket.pause();
  else socket.resume();
  socket.write(WORDS[Math.floor(Math.random() * WORDS.length)] ?? '');
  await delay(Math.random() * LONGEST_STAY_MS);
  const how = Math.random();
  if (how < 0.4 && !socket.destroyed) socket.resetAndDestroy();
  else if (how < 0.7) socket.end().resume();
  else socket.destroy();
  await closed;
}
