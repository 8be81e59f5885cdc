import type { ConfigMap, ConfigMapRef } from './config-map.ts';
import type { Demand } from './demand.ts';
import type { IngressClassObject, IngressObject } from './ingress-object.ts';
import type { ShapeProblem } from './service-object.ts';

/** Where a source puts the Ingresses that it sees, and what else Ingresses are made of. */
export interface IngressStore {
  /** Something is said of them before the first Ingress. */
  readonly classes: IngressClassStore;
  readonly configMaps: ConfigMapStore;
  /** Replaces all Ingresses by these. Until the first call, or {@link unreadable}, it is not known which there are. */
  replace(ingresses: readonly IngressObject[]): void;
  /** Also called where only the status has changed: `asksForTheSame`. */
  upsert(ingress: IngressObject): void;
  remove(ingress: { readonly namespace: string; readonly name: string }): void;
  /**
   * No Ingresses may be read, or the cluster has none: what is known of them stays in force, until {@link replace}.
   * @param why for people, with what to do about it
   */
  unreadable(why: string): void;
}

export interface IngressClassStore {
  /** Replaces all IngressClasses by these. */
  replace(classes: readonly IngressClassObject[]): void;
  upsert(ingressClass: IngressClassObject): void;
  remove(name: string): void;
  /**
   * No IngressClass may be read: only the annotation `kubernetes.io/ingress.class` says whose an Ingress is, and what is
   * known of classes is forgotten, until {@link replace}.
   * @param why for people, with what to do about it
   */
  unreadable(why: string): void;
}

/**
 * Where a source puts the ConfigMaps that are asked for. Until something is said of one it is not known yet: whether it exists
 * may be about to be read.
 */
export interface ConfigMapStore {
  /** Which ConfigMaps are asked for. Of the others nothing need be said, and nothing of them is kept. */
  readonly demand: Demand;
  /** @param configMap undefined: there is no such ConfigMap; a problem: it cannot be used, and why */
  setConfigMap(ref: ConfigMapRef, configMap: ConfigMap | ShapeProblem | undefined): void;
  /**
   * The ConfigMap may not be read: what is known of it stays in force, until {@link setConfigMap}.
   * @param why for people, with what to do about it
   */
  configMapUnreadable(ref: ConfigMapRef, why: string): void;
  /** One that a state file held: it counts, for those that ask for it now or later, until something is said of it. */
  restoreConfigMap(configMap: ConfigMap): void;
  /** What there is has been named: of what a state file held only that counts which is asked for. */
  forgetRestored(): void;
}
