import type { Cluster } from '../../src/model/cluster.ts';
import type { Diagnostic } from '../../src/model/diagnostic.ts';
import type { Route } from '../../src/model/route.ts';
import { readIngress } from '../../src/resources/ingress-object.ts';
import type { ServiceObject } from '../../src/resources/service-object.ts';
import { DEFAULT_INGRESS_CONFIG } from '../../src/translate/ingress/config/config-table.ts';
import type { IngressConfig } from '../../src/translate/ingress/config/ingress-config.ts';
import type { ConfigMapData } from '../../src/translate/ingress/ingress-feature.ts';
import type { IngressLookups } from '../../src/translate/ingress/ingress-lookups.ts';
import type { IngressOptions } from '../../src/translate/ingress/ingress-options.ts';
import { NGINX_PREFIX } from '../../src/translate/ingress/ingress-values.ts';
import { translateIngresses } from '../../src/translate/ingress/translate-ingresses.ts';
import type { Authorities } from '../../src/translate/tls-authorities.ts';

export interface OneIngress {
  readonly path?: string;
  readonly pathType?: string;
  readonly config?: Partial<IngressConfig>;
  readonly options?: Partial<IngressOptions>;
  /** By `namespace/name`. */
  readonly configMaps?: ReadonlyMap<string, Readonly<Record<string, string>>>;
  /** Of every Secret. */
  readonly authorities?: Authorities;
  readonly certificate?: ReturnType<IngressLookups['certificate']>;
  /** Names of Services of the namespace `shop` beside `web`. */
  readonly services?: readonly string[];
}

export interface Translated {
  /** Of all hosts, by host and path. */
  readonly routes: readonly Route[];
  /** The one for the path of the Ingress. */
  readonly route: Route;
  /** That its routes lead to. */
  readonly clusters: readonly Cluster[];
  readonly diagnostics: readonly Diagnostic[];
  /** `reason field` of each diagnostic. */
  readonly told: readonly string[];
  readonly isServed: boolean;
}

/** The Ingress `shop/web` of the host `a.example`, whose path leads to the Service `web`. @param annotations without prefix */
export function translateOne(
  annotations: Readonly<Record<string, string>>,
  {
    path = '/',
    pathType = 'Prefix',
    config = {},
    options = {},
    configMaps = new Map(),
    services = [],
    authorities,
    certificate = authorities && { certificate: undefined },
  }: OneIngress = {},
): Translated {
  const ingress = readIngress(
    {
      metadata: {
        namespace: 'shop',
        name: 'web',
        annotations: Object.fromEntries(
          Object.entries(annotations).map(([name, value]) => [NGINX_PREFIX + name, value]),
        ),
      },
      spec: {
        ingressClassName: 'nginx',
        rules: [
          {
            host: 'a.example',
            http: { paths: [{ path, pathType, backend: { service: { name: 'web', port: { number: 80 } } } }] },
          },
        ],
      },
    },
    'shop',
  );
  if (!('spec' in ingress)) throw new Error(JSON.stringify(ingress));
  const known = new Map(['web', ...services].map(name => [`shop/${name}`, serviceNamed(name)]));
  const { hosts, diagnostics, served } = translateIngresses(
    {
      ingresses: [ingress],
      classes: [{ metadata: { name: 'nginx' }, spec: { controller: 'k8s.io/ingress-nginx' } } as never],
      config: { ...DEFAULT_INGRESS_CONFIG, ...config },
      lookups: {
        isAwaiting: false,
        service: ({ namespace, name }) => known.get(`${namespace}/${name}`),
        credentials: () => undefined,
        authorities: () => authorities,
        certificate: () => certificate,
        configMap: ({ namespace, name }): ConfigMapData | { fault: string } => {
          const data = configMaps.get(`${namespace}/${name}`);
          return data === undefined ? { fault: 'it is not there' } : new Map(Object.entries(data));
        },
      },
    },
    { ingressClass: ['nginx'], allowExternalName: false, ...options },
  );
  const routes = [...hosts.values()].flatMap(host => host.routes);
  const all = [...diagnostics.values()].flat();
  const route =
    routes.find(
      one =>
        one.host === 'a.example' && one.path === (path.replace(/(.)\/$/, '$1') || '/') && one.policies !== undefined,
    ) ?? routes[0];
  return {
    routes,
    route: route as Route,
    clusters: [...hosts.values()].flatMap(({ destinations }) => destinations.map(({ cluster }) => cluster)),
    diagnostics: all,
    told: all.map(({ reason, field = '' }) => `${reason} ${field.replace(NGINX_PREFIX, '')}`),
    isServed: served.size > 0,
  };
}

function serviceNamed(name: string): ServiceObject {
  return {
    metadata: { namespace: 'shop', name, annotations: {} },
    spec: { clusterIP: '10.0.0.1', ports: [{ port: 80, name: 'http' }] },
  } as unknown as ServiceObject;
}
