import type { TestContext } from 'node:test';
import type { Policy } from '../../src/model/policy.ts';
import { Http2Client } from '../support/http2-client.ts';
import { type Fields, getFields } from '../support/http2-fields.ts';
import {
  type ProxyDescription,
  type ProxyUnderTest,
  type RouteDescription,
  startProxy,
} from '../support/proxy-under-test.ts';
import type { RawResponse } from '../support/raw-client.ts';
import { answering, RawUpstream, type UpstreamHandler } from '../support/raw-upstream.ts';

export interface PolicySceneOptions extends Omit<ProxyDescription, 'routes'> {
  readonly respond?: UpstreamHandler;
  /** What the guarded route has beyond its path and its upstream. */
  readonly route?: Partial<RouteDescription>;
  /** Further routes. The cluster of the first is {@link BESIDE}. */
  readonly beside?: readonly RouteDescription[];
}

/** The cluster that the first further route leads to: policies may ask it. */
export const BESIDE = 'test/service-2:80';

/** A proxy whose route /guarded has policies, and whose route /open leads to the same upstream and has none. */
export class PolicyScene {
  /** Of a GET to the guarded route by HTTP/2. */
  readonly fields: Fields = getFields('/guarded');
  readonly proxy: ProxyUnderTest;
  readonly upstream: RawUpstream;
  readonly #t: TestContext;

  constructor(t: TestContext, proxy: ProxyUnderTest, upstream: RawUpstream) {
    this.#t = t;
    this.proxy = proxy;
    this.upstream = upstream;
  }

  /** A GET to the guarded route. @param headerLines each with its line end */
  get(headerLines = '', target = '/guarded'): Promise<RawResponse> {
    return this.proxy.get(target, headerLines);
  }

  /** A client of HTTP/2 that is connected. */
  http2(): Promise<Http2Client> {
    return Http2Client.connect(this.#t, this.proxy.address);
  }
}

export async function policyScene(
  t: TestContext,
  policies: readonly Policy[],
  { respond = answering(), route = {}, beside = [], ...description }: PolicySceneOptions = {},
): Promise<PolicyScene> {
  const upstream = await RawUpstream.start(t, respond);
  const routes = [{ path: '/guarded', to: upstream, policies, ...route }, { path: '/open', to: upstream }, ...beside];
  return new PolicyScene(t, await startProxy(t, 'wire', { ...description, routes }), upstream);
}
