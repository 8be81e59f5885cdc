import { asksForTheSame, type GatewayKind, type GatewayKinds } from '../../resources/gateway/gateway-object.ts';
import { gatewayKey } from './gateway-key.ts';

/** What has become of an object: both are there where it has changed, one where it has come or gone. */
export interface ObjectChange<K extends GatewayKind = GatewayKind> {
  readonly before: GatewayKinds[K] | undefined;
  readonly now: GatewayKinds[K] | undefined;
}

/** The objects of the Gateway API as they are known. */
export class GatewayObjects {
  readonly #kinds: { readonly [K in GatewayKind]: Map<string, GatewayKinds[K]> } = {
    GatewayClass: new Map(),
    Gateway: new Map(),
    ListenerSet: new Map(),
    HTTPRoute: new Map(),
    GRPCRoute: new Map(),
    TLSRoute: new Map(),
    ReferenceGrant: new Map(),
    BackendTLSPolicy: new Map(),
    Namespace: new Map(),
  };

  all<K extends GatewayKind>(kind: K): GatewayKinds[K][] {
    return [...this.#kinds[kind].values()];
  }

  /** @param key as {@link gatewayKey} gives it */
  get<K extends GatewayKind>(kind: K, key: string): GatewayKinds[K] | undefined {
    return this.#kinds[kind].get(key);
  }

  /** @returns undefined where it asks for the same as before */
  set<K extends GatewayKind>(kind: K, object: GatewayKinds[K]): ObjectChange<K> | undefined {
    const key = gatewayKey(kind, object.metadata);
    const before = this.#kinds[kind].get(key);
    this.#kinds[kind].set(key, object);
    return before !== undefined && asksForTheSame(before, object) ? undefined : { before, now: object };
  }

  /** @returns undefined where there was none */
  delete<K extends GatewayKind>(kind: K, key: string): ObjectChange<K> | undefined {
    const before = this.#kinds[kind].get(key);
    if (!this.#kinds[kind].delete(key)) return undefined;
    return { before, now: undefined };
  }
}
