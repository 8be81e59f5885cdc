/** A running instance with Services behind it that answer quickly, slowly and badly, and clients that ask them. */
import { Agent, get } from 'node:http';
import type { TestContext } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import type { ServingProgram } from '../cli/serve-fixture.ts';
import { answer, RawUpstream, type UpstreamHandler } from '../support/raw-upstream.ts';
import { type ServiceManifest, service } from '../support/services.ts';

/** A Service with a creation time, as a cluster has them. */
export function agedService(
  [namespace, name]: readonly [namespace: string, name: string],
  { address }: Pick<RawUpstream, 'address'>,
  annotations: Readonly<Record<string, string>>,
  ageHours = 1,
): ServiceManifest {
  const createdAt = new Date(Date.now() - ageHours * 3_600_000).toISOString();
  return service(name, { namespace, address, annotations, createdAt });
}

/** Answers after a while. @param ms the longest it takes */
function within(ms: number, bytes = answer()): UpstreamHandler {
  let turn = 0;
  return async request => {
    await request.whole();
    turn += 1;
    // Most are quick, some are not: 7 and 23 share no factor, so every share of the range comes.
    await delay(((turn * 7) % 23 === 0 ? 1 : 0.1 + ((turn * 7) % 23) / 60) * ms);
    await request.connection.send(bytes);
  };
}

export interface Upstreams {
  readonly quick: RawUpstream;
  readonly slow: RawUpstream;
  /** Fails now and then. */
  readonly shaky: RawUpstream;
}

export async function startUpstreams(context: TestContext): Promise<Upstreams> {
  const failing = answer('', '', '503 Service Unavailable');
  let turn = 0;
  const shaky: UpstreamHandler = request => {
    turn += 1;
    return within(8, turn % 9 === 0 ? failing : answer())(request);
  };
  return {
    quick: await RawUpstream.start(context, within(3)),
    slow: await RawUpstream.start(context, within(90)),
    shaky: await RawUpstream.start(context, shaky),
  };
}

/** What a small company has, with the mistakes that people make. */
export function shopServices({ quick, slow, shaky }: Upstreams): object[] {
  return [
    agedService(['default', 'volume'], quick, { path: '/volume,/pv' }, 24 * 93),
    agedService(['default', 'console'], quick, { path: '/' }, 24 * 93),
    agedService(['default', 'registry'], slow, { path: '/v2', 'strip-prefix': 'false', 'max-body-size': '0' }, 24 * 41),
    agedService(['shop', 'storefront'], quick, { host: 'shop.example.com', path: '/' }, 24 * 12),
    agedService(['shop', 'cart'], quick, { host: 'shop.example.com', path: '/cart' }, 24 * 12),
    agedService(['shop', 'checkout'], shaky, { host: 'shop.example.com', path: '/cart/checkout' }, 30),
    agedService(['shop', 'search'], slow, { host: 'shop.example.com', path: '/search' }, 24 * 4),
    agedService(['tenants', 'pages'], quick, { host: '*.tenants.example.com', path: '/' }, 24 * 200),
    agedService(['observe', 'grafana'], quick, { path: '/grafana' }, 24 * 61),
    agedService(['observe', 'grafana-next'], quick, { path: '/grafana' }, 3),
    agedService(['reports', 'reports'], quick, { path: '/reports', 'read-timeout': '5 minutes' }, 2),
    agedService(['default', 'volume-admin'], quick, { path: '/volume/admin', 'strip-prefx': 'false' }, 24 * 7),
  ];
}

const TARGETS: readonly (readonly [host: string, target: string])[] = [
  ['shop.example.com', '/'],
  ['shop.example.com', '/cart?id=7'],
  ['shop.example.com', '/search?q=tea'],
  ['shop.example.com', '/cart/checkout'],
  ['entry.example.com', '/volume/api/v1/pools'],
  ['a.tenants.example.com', '/about'],
  ['entry.example.com', '/v2/library/manifests/latest'],
  ['entry.example.com', '/grafana/d/1'],
  ['shop.example.com', '/cart'],
];

/**
 * Clients that keep asking until the test ends.
 * @param perSecond about so many requests
 * @returns ends them sooner: the port of a program that has ended may be given to another test
 */
export function startTraffic(context: TestContext, program: ServingProgram, perSecond: number): () => void {
  const agent = new Agent({ keepAlive: true, maxSockets: 24 });
  const { host, port } = program.address;
  let count = 0;
  const ask = (): void => {
    const now = performance.now() / 1000;
    // A swell, so that there is something to see.
    const wanted = (perSecond / 20) * (1 + 0.45 * Math.sin(now / 5) + 0.2 * Math.sin(now / 1.7));
    for (let sent = 0; sent < wanted; sent += 1) {
      count += 1;
      const [name, path] = TARGETS[(count * 7 + (count % 5)) % TARGETS.length] ?? ['', '/'];
      get({ agent, host, port, path, headers: { host: name } }, response => response.resume()).on('error', () => {});
    }
  };
  const timer = setInterval(ask, 50);
  const stop = (): void => {
    clearInterval(timer);
    agent.destroy();
  };
  context.after(stop);
  return stop;
}
