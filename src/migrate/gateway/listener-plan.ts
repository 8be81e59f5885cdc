/** The listeners of the Gateway that takes the place of Ingress hosts, and the ListenerSets of those that it has no room for. Pure. */
import { createHash } from 'node:crypto';
import { CATCH_ALL_HOST, type ServiceRef } from '../../model/route.ts';
import type { SecretRef } from '../../resources/secret-store.ts';
import type { ListenerKind } from './location-rules.ts';
import { type Manifest, manifest, type ParentReference, referenceGrant } from './manifests.ts';

/** A host, as listeners serve it. */
export interface PlannedHost {
  readonly host: string;
  /** Its certificate; absent: it is not served over https. `passthrough`: the Service has it. */
  readonly certificate?: SecretRef | 'passthrough' | undefined;
}

export interface GatewayChoice {
  /** A Gateway that is there already: none is written. */
  readonly existing: ServiceRef | undefined;
}

/** The name of the Gateway that is written, and of its class, which is that of deploy/overlays/gateway. */
const GATEWAY: ServiceRef = { namespace: 'kube-entry', name: 'kube-entry' };
const CLASS = 'kube-entry';

/** The API allows no more in one object. */
const MOST_LISTENERS = 64;
const LONGEST_NAME = 253;
const PORTS: Readonly<Record<ListenerKind, number>> = { http: 80, https: 443 };

interface PlannedListener {
  readonly name: string;
  readonly host: string;
  readonly kind: ListenerKind;
  readonly certificate: PlannedHost['certificate'];
  /** Of the routes that attach to it. */
  readonly namespaces: Set<string>;
}

export class ListenerPlan {
  readonly #existing: ServiceRef | undefined;
  readonly #gateway: ServiceRef;
  readonly #listeners: PlannedListener[];

  constructor(hosts: readonly PlannedHost[], { existing }: GatewayChoice) {
    this.#existing = existing;
    this.#gateway = existing ?? GATEWAY;
    this.#listeners = hosts.flatMap(({ host, certificate }) => [
      {
        name: listenerName('http', host),
        host,
        kind: 'http' as const,
        certificate: undefined,
        namespaces: new Set<string>(),
      },
      ...(certificate === undefined
        ? []
        : [
            {
              name: listenerName('https', host),
              host,
              kind: 'https' as const,
              certificate,
              namespaces: new Set<string>(),
            },
          ]),
    ]);
  }

  /** What a route of a namespace names to be served on a listener. */
  parentOf(host: string, kind: ListenerKind, namespace: string): ParentReference {
    const gateway = {
      name: this.#gateway.name,
      ...(namespace !== this.#gateway.namespace && { namespace: this.#gateway.namespace }),
    };
    if (this.#existing !== undefined) return { ...gateway, port: PORTS[kind] };
    const index = this.#listeners.findIndex(one => one.host === host && one.kind === kind);
    const listener = this.#listeners[index];
    if (listener === undefined) return gateway;
    listener.namespaces.add(namespace);
    const set = Math.floor(index / MOST_LISTENERS);
    const { name: sectionName } = listener;
    if (set === 0) return { ...gateway, sectionName };
    return { kind: 'ListenerSet', ...gateway, name: this.#setName(set), sectionName };
  }

  /** Called once all routes have asked for their parents. */
  manifests(): Manifest[] {
    const used = this.#listeners;
    if (this.#existing !== undefined || used.length === 0) return [];
    const [first = [], ...more] = chunks(used, MOST_LISTENERS);
    const gateway = manifest('Gateway', this.#gateway, {
      gatewayClassName: CLASS,
      ...(more.length > 0 && { allowedListeners: { namespaces: { from: 'Same' } } }),
      listeners: first.map(listener => this.#listenerSpec(listener)),
    });
    const sets = more.map((listeners, index) =>
      manifest(
        'ListenerSet',
        { namespace: this.#gateway.namespace, name: this.#setName(index + 1) },
        { parentRef: { name: this.#gateway.name }, listeners: listeners.map(one => this.#listenerSpec(one)) },
      ),
    );
    return [gateway, ...sets, ...this.#grants(more.length > 0)];
  }

  #setName(number: number): string {
    return `${this.#gateway.name}-${number}`;
  }

  #listenerSpec({ name, host, kind, certificate, namespaces }: PlannedListener) {
    const isPassthrough = certificate === 'passthrough';
    const others = [...namespaces].sort();
    const isSame = others.every(namespace => namespace === this.#gateway.namespace);
    return {
      name,
      ...(host !== CATCH_ALL_HOST && { hostname: host }),
      ...{ port: PORTS[kind], protocol: kind === 'http' ? 'HTTP' : isPassthrough ? 'TLS' : 'HTTPS' },
      ...(kind === 'https' && { tls: isPassthrough ? { mode: 'Passthrough' } : this.#certificateOf(certificate) }),
      ...(!isSame && {
        allowedRoutes: {
          namespaces: {
            from: 'Selector',
            selector: { matchExpressions: [{ key: 'kubernetes.io/metadata.name', operator: 'In', values: others }] },
          },
        },
      }),
    };
  }

  #certificateOf(certificate: SecretRef | undefined) {
    if (certificate === undefined) return {};
    const { namespace, name } = certificate;
    return { certificateRefs: [{ name, ...(namespace !== this.#gateway.namespace && { namespace }) }] };
  }

  #grants(hasSets: boolean): Manifest[] {
    const secrets = this.#listeners.map(({ certificate }) => certificate).filter(isSecret);
    const foreign = secrets.filter(({ namespace }) => namespace !== this.#gateway.namespace);
    const kinds = hasSets ? ['Gateway', 'ListenerSet'] : ['Gateway'];
    return [...Map.groupBy(foreign, ({ namespace }) => namespace)]
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([namespace, own]) => {
        const names = [...new Set(own.map(({ name }) => name))].sort();
        return referenceGrant({ kind: 'Secret', namespace, names }, { kinds, namespace: this.#gateway.namespace });
      });
  }
}

function isSecret(certificate: PlannedHost['certificate']): certificate is SecretRef {
  return certificate !== undefined && certificate !== 'passthrough';
}

/** `https-shop.example.com`, `http-wildcard.example.com`, `http` for all hosts. */
function listenerName(kind: ListenerKind, host: string): string {
  if (host === CATCH_ALL_HOST) return kind;
  return shortened(`${kind}-${host.replace(/^\*/, 'wildcard')}`);
}

/** A name of the API, which may have 253 characters. */
export function shortened(name: string): string {
  if (name.length <= LONGEST_NAME) return name;
  const digest = createHash('sha256').update(name).digest('hex').slice(0, 8);
  return `${name.slice(0, LONGEST_NAME - digest.length - 1).replace(/[-.]+$/, '')}-${digest}`;
}

function chunks<T>(items: readonly T[], size: number): T[][] {
  const count = Math.ceil(items.length / size);
  return Array.from({ length: count }, (_, index) => items.slice(index * size, (index + 1) * size));
}
