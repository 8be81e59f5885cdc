/** What manifests hold, each object with its place. */
import type { ConfigMap } from '../resources/config-map.ts';
import type { EndpointSlice } from '../resources/endpoint-slice.ts';
import type { GatewayKind, GatewayKinds } from '../resources/gateway/gateway-object.ts';
import type { IngressClassObject, IngressObject } from '../resources/ingress-object.ts';
import type { Secret } from '../resources/secret.ts';
import type { ServiceObject } from '../resources/service-object.ts';

/** A place in the text of a manifest that cannot be read: bad YAML, or an object of the wrong shape. */
export interface ManifestProblem {
  readonly file: string;
  /** Counted from 1. */
  readonly line: number;
  readonly reason: string;
}

interface ObjectPlace {
  readonly file: string;
  /** The first line of the object. */
  readonly line: number;
}

interface AnnotatedPlace extends ObjectPlace {
  /** The line of an annotation, given by its full key; of the object when it has no such annotation. */
  lineOf(annotation: string): number;
}

export interface ManifestService extends AnnotatedPlace {
  readonly object: ServiceObject;
}

export interface ManifestSlice extends ObjectPlace {
  readonly slice: EndpointSlice;
}

export interface ManifestSecret extends ObjectPlace {
  readonly secret: Secret;
  readonly type: string;
}

export interface ManifestIngress extends AnnotatedPlace {
  readonly ingress: IngressObject;
}

export interface ManifestIngressClass extends ObjectPlace {
  readonly ingressClass: IngressClassObject;
}

export interface ManifestConfigMap extends ObjectPlace {
  readonly configMap: ConfigMap;
  /** The line of a key of its data; of the object when it has no such key. */
  lineOf(key: string): number;
}

/** An object of the Gateway API, or a Namespace, which Gateways choose routes by. */
export interface ManifestGatewayObject<K extends GatewayKind = GatewayKind> extends AnnotatedPlace {
  readonly kind: K;
  readonly object: GatewayKinds[K];
}

/** The objects of each kind that is read. */
export interface ManifestObjects {
  readonly services: readonly ManifestService[];
  readonly slices: readonly ManifestSlice[];
  readonly secrets: readonly ManifestSecret[];
  readonly ingresses: readonly ManifestIngress[];
  readonly ingressClasses: readonly ManifestIngressClass[];
  readonly configMaps: readonly ManifestConfigMap[];
  readonly gatewayObjects: readonly ManifestGatewayObject[];
}

export interface ManifestContents extends ManifestObjects {
  readonly problems: readonly ManifestProblem[];
  /** What is likely a mistake and keeps no object from being read. */
  readonly warnings: readonly ManifestProblem[];
}

export const NO_OBJECTS: ManifestObjects = {
  services: [],
  slices: [],
  secrets: [],
  ingresses: [],
  ingressClasses: [],
  configMaps: [],
  gatewayObjects: [],
};

/** While they are gathered. */
export type Gathered<T> = { -readonly [Key in keyof T]: T[Key] extends readonly (infer Item)[] ? Item[] : never };

export function isEmpty(objects: ManifestObjects): boolean {
  return Object.keys(NO_OBJECTS).every(kind => objects[kind as keyof ManifestObjects].length === 0);
}
