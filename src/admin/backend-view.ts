import type { BackendInForce } from '../control/catalog/backends-in-force.ts';
import type { Balance, CookieAffinity } from '../model/cluster.ts';
import type { CanaryRule, Route } from '../model/route.ts';
import { formatNginxKey } from '../translate/balance/hash-key.ts';

type Fields = Readonly<Record<string, unknown>>;

/** ingress-nginx's name for the server of requests to any host. */
const ANY_HOST = '_';

/** The words of ingress-nginx 0.25 for a policy. It has none for others, and leaves the field out. */
const LOAD_BALANCE: Readonly<Partial<Record<Balance['policy'], string>>> = {
  'round-robin': 'round_robin',
  ewma: 'ewma',
};

/** What only a record that was pushed says, with the values of one that does not say it. */
const UNSAID = {
  secureCACert: { secret: '', caFilename: '', pemSha: '' },
  sslPassthrough: false,
  noServer: false,
  trafficShapingPolicy: { weight: 0, header: '', headerValue: '', cookie: '' },
};

/** A backend as ingress-nginx 0.25 shows it (internal/ingress/types.go), in its field order; a pushed one as it came. */
export function viewBackend(backend: BackendInForce): Fields {
  if (!('cluster' in backend)) return backend.record;
  const { cluster, object, port, routes, endpoints, record = {}, shaping, alternative } = backend;
  const said = { ...UNSAID, ...(shaping && { trafficShapingPolicy: viewShaping(shaping) }), ...record };
  const { secureCACert, sslPassthrough, noServer, trafficShapingPolicy } = said;
  const alternatives = Array.isArray(record.alternativeBackends)
    ? record.alternativeBackends
    : alternative && [alternative];
  const loadBalance = LOAD_BALANCE[cluster.balance.policy];
  return {
    name: cluster.name,
    service: {
      metadata: { creationTimestamp: null },
      spec: object.spec,
      status: { loadBalancer: {} },
    },
    port: port.port,
    secureCACert,
    sslPassthrough,
    endpoints: endpoints
      .filter(({ state }) => state === 'ready')
      .map(endpoint => ({ address: endpoint.address, port: String(endpoint.port) })),
    sessionAffinityConfig: viewAffinity(cluster.affinity, routes),
    upstreamHashByConfig: viewHash(cluster.balance),
    ...(loadBalance !== undefined && { 'load-balance': loadBalance }),
    noServer,
    trafficShapingPolicy,
    ...(alternatives !== undefined && { alternativeBackends: alternatives }),
  };
}

/** The fields that 0.25 does not know are those of later versions. */
function viewShaping({ weight, weightTotal, header, headerValue, headerPattern, cookie }: CanaryRule) {
  return {
    ...{ weight, ...(weightTotal !== undefined && { weightTotal }), header, headerValue },
    ...(headerPattern !== undefined && { headerPattern }),
    cookie,
  };
}

function viewAffinity(affinity: CookieAffinity | undefined, routes: readonly Route[]): Fields {
  if (affinity === undefined) return { name: '', cookieSessionAffinity: { name: '' } };
  const { name, path, maxAgeSeconds } = affinity;
  const byHost = Map.groupBy(routes, ({ host }) => host || ANY_HOST);
  const locations = [...byHost].map(([host, there]) => [host, there.map(route => route.path)]);
  return {
    name: 'cookie',
    cookieSessionAffinity: {
      name,
      ...(maxAgeSeconds !== undefined && { maxage: `${maxAgeSeconds}` }),
      locations: Object.fromEntries(locations),
      ...(path !== '' && { path }),
    },
  };
}

function viewHash(balance: Balance): Fields {
  if (balance.policy !== 'hash') return { 'upstream-hash-by-subset-size': 3 };
  const { key, subset } = balance;
  return {
    'upstream-hash-by': formatNginxKey(key),
    ...(subset !== undefined && { 'upstream-hash-by-subset': true }),
    'upstream-hash-by-subset-size': subset ?? 3,
  };
}
