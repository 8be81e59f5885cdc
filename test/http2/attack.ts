/** An attack on HTTP/2, and what it may cost at most: bytes kept, and requests that reach an upstream. */
import assert from 'node:assert/strict';
import type { TestContext } from 'node:test';
import { eventually } from '../support/eventually.ts';
import { FakeClock } from '../support/fake-clock.ts';
import type { Http2Client } from '../support/http2-client.ts';
import type { ProxyUnderTest } from '../support/proxy-under-test.ts';
import { type Scene, type SceneOptions, scene } from './scene.ts';

export const PROTOCOL_ERROR = 1;
export const FLOW_CONTROL_ERROR = 3;
export const REFUSED_STREAM = 7;
export const CANCEL = 8;
export const COMPRESSION_ERROR = 9;
export const ENHANCE_YOUR_CALM = 11;

/** What all connections may keep, beyond what the bytes of one read take. */
const BOUND = 2 * 1024 * 1024;

export interface AttackOptions extends SceneOptions {
  /** Requests that the upstream may see; none, where it is left out. */
  readonly reaches?: number;
}

/**
 * Acts, and watches that what the engine keeps stays bounded, and that nothing is left of the connection. Time stands still: what may
 * be done so often in a second is not granted anew on a slow machine, and no time limit helps.
 */
export async function attack(
  t: TestContext,
  { reaches = 0, ...options }: AttackOptions,
  act: (scene: Scene) => Promise<void>,
): Promise<Scene> {
  const staged = await scene(t, { clock: new FakeClock(), ...options });
  const { proxy, client, upstream } = staged;
  let most = 0;
  const timer = setInterval(() => {
    most = Math.max(most, proxy.keptBytes);
  }, 5);
  try {
    await act(staged);
  } finally {
    clearInterval(timer);
  }
  assert.ok(Math.max(most, proxy.keptBytes) < BOUND, `${most} bytes are kept`);
  client.socket.end();
  await client.closed();
  await eventually('the connection to be gone', () => proxy.counters.get('active') === 0);
  assert.equal(proxy.keptBytes, 0, 'bytes are kept of a connection that is gone');
  assert.ok(upstream.requests.length <= reaches, `${upstream.requests.length} requests reached the upstream`);
  return staged;
}

/** Sends bytes until the server has had enough, or all of them are sent. @returns the code of its GOAWAY */
export async function flood(client: Http2Client, bytes: Buffer, times: number): Promise<number> {
  for (let sent = 0; sent < times && client.goawayCode === undefined && client.end === undefined; sent += 1) {
    if (!client.socket.write(bytes)) await new Promise(resolve => setTimeout(resolve, 1));
  }
  return client.goaway();
}

/**
 * Sends more and more until the proxy has had enough. How many of its answers the kernel takes before they wait in the proxy is
 * the kernel's to say.
 */
export async function overwhelm(client: Http2Client, proxy: ProxyUnderTest, next: () => Buffer): Promise<void> {
  await eventually('the proxy to have had enough', async () => {
    for (let count = 0; count < 100 && client.socket.writableLength === 0; count += 1) {
      client.socket.write(next());
      // The proxy reads what was sent, and answers.
      await new Promise(resolve => setImmediate(resolve));
    }
    return proxy.counters.get('http2ProtocolErrors') > 0;
  });
}
