import { serviceKey } from '../../src/model/route.ts';
import type { GatewayKind, GatewayKinds } from '../../src/resources/gateway/gateway-object.ts';
import type { GatewayStore } from '../../src/resources/gateway/gateway-store.ts';
import { RecordingIngressStore } from './ingresses.ts';

/** A store that shows what it was told of the Gateway API, and each call. */
export class RecordingGatewayStore implements GatewayStore {
  readonly calls: string[] = [];
  readonly configMaps = new RecordingIngressStore().configMaps;
  readonly #objects = new Map<GatewayKind, Map<string, GatewayKinds[GatewayKind]>>();

  replace<K extends GatewayKind>(kind: K, objects: readonly GatewayKinds[K][]): void {
    this.calls.push(`replace ${kind} ${objects.length}`);
    this.#objects.set(kind, new Map(objects.map(object => [serviceKey(object.metadata), object])));
  }

  upsert<K extends GatewayKind>(kind: K, object: GatewayKinds[K]): void {
    this.calls.push(`upsert ${kind} ${object.metadata.name}`);
    this.#of(kind).set(serviceKey(object.metadata), object);
  }

  remove(kind: GatewayKind, object: { readonly namespace: string; readonly name: string }): void {
    this.calls.push(`remove ${kind} ${object.name}`);
    this.#of(kind).delete(serviceKey(object));
  }

  absent(kind: GatewayKind, why: string | undefined): void {
    this.calls.push(why === undefined ? `absent ${kind}` : `unreadable ${kind}`);
    if (why === undefined) this.#objects.set(kind, new Map());
  }

  setBundleVersion(version: string | undefined): void {
    this.calls.push(`bundle ${version}`);
  }

  get<K extends GatewayKind>(kind: K, name: string): GatewayKinds[K] | undefined {
    return this.#objects.get(kind)?.get(name) as GatewayKinds[K] | undefined;
  }

  /** `namespace/name` of each. */
  names(kind: GatewayKind): string[] {
    return [...this.#of(kind).keys()].sort();
  }

  #of(kind: GatewayKind): Map<string, GatewayKinds[GatewayKind]> {
    const objects = this.#objects.get(kind) ?? new Map<string, GatewayKinds[GatewayKind]>();
    this.#objects.set(kind, objects);
    return objects;
  }
}
