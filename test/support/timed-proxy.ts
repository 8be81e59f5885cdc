import type { TestContext } from 'node:test';
import type { Settings } from '../../src/settings/schema.ts';
import { FakeClock } from './fake-clock.ts';
import { type ProxyKind, type ProxyUnderTest, startProxy } from './proxy-under-test.ts';
import type { RawUpstream } from './raw-upstream.ts';

/** A proxy whose time passes only when the test says so, with `/volume` leading to the upstream, if there is one. */
export async function startTimedProxy(
  t: TestContext,
  engine: ProxyKind,
  settings: Partial<Settings>,
  upstream?: RawUpstream,
): Promise<{ readonly proxy: ProxyUnderTest; readonly clock: FakeClock }> {
  const clock = new FakeClock();
  const routes = upstream === undefined ? [] : [{ path: '/volume', to: upstream }];
  return { proxy: await startProxy(t, engine, { routes, settings, clock }), clock };
}
