import type { TestContext } from 'node:test';
import { type ClientOptions, Http2Client } from '../support/http2-client.ts';
import {
  type ProxyDescription,
  type ProxyUnderTest,
  type RouteDescription,
  startProxy,
} from '../support/proxy-under-test.ts';
import { answering, RawUpstream, type UpstreamHandler } from '../support/raw-upstream.ts';

export interface SceneOptions extends Omit<ProxyDescription, 'routes'> {
  readonly upstream?: UpstreamHandler;
  /** What the route has beyond its path and its upstream. */
  readonly route?: Partial<RouteDescription>;
  readonly client?: ClientOptions;
}

export interface Scene {
  readonly proxy: ProxyUnderTest;
  readonly upstream: RawUpstream;
  readonly client: Http2Client;
}

/** A proxy in front of an HTTP/1.1 upstream at /volume, and a client of HTTP/2. */
export async function scene(t: TestContext, options: SceneOptions = {}): Promise<Scene> {
  const { upstream: handler = answering(), route = {}, client: clientOptions = {}, ...description } = options;
  const upstream = await RawUpstream.start(t, handler);
  const proxy = await startProxy(t, 'wire', { ...description, routes: [{ path: '/volume', to: upstream, ...route }] });
  const client = await Http2Client.connect(t, proxy.address, clientOptions);
  return { proxy, upstream, client };
}
