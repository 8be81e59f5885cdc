import type { ConfigMapStore } from '../ingress-store.ts';
import type { GatewayKind, GatewayKinds } from './gateway-object.ts';
import type { GatewayService } from './gateway-service.ts';

/** Where a source puts the Services that are made for Gateways. */
export interface GatewayServiceStore {
  /** These are all. @param isWhole the source has named all Services and EndpointSlices that there are */
  set(services: readonly GatewayService[], isWhole: boolean): void;
}

/** Where a source puts the objects of the Gateway API that it sees, and the Namespaces. */
export interface GatewayStore {
  readonly configMaps: ConfigMapStore;
  /** Undefined where no Services are made for Gateways. */
  readonly services?: GatewayServiceStore | undefined;
  /** Replaces all objects of a kind by these. Until the first call, or {@link absent}, it is not known which there are. */
  replace<K extends GatewayKind>(kind: K, objects: readonly GatewayKinds[K][]): void;
  /** Also called where only the status has changed. */
  upsert<K extends GatewayKind>(kind: K, object: GatewayKinds[K]): void;
  remove(kind: GatewayKind, object: { readonly namespace: string; readonly name: string }): void;
  /**
   * The API server has no such kind, or its objects may not be read: what is known of them stays in force where they may not be read,
   * and is empty where the kind is not there, until {@link replace}.
   * @param why for people, with what to do about it; undefined: the API server has no such kind
   */
  absent(kind: GatewayKind, why: string | undefined): void;
  /** The release of the Gateway API that the CRDs are of, as `v1.6.3`; undefined: not known. */
  setBundleVersion(version: string | undefined): void;
}
