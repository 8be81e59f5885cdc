import { type ServiceRef, serviceKey } from '../model/route.ts';
import type { ConfigMap } from '../resources/config-map.ts';
import type { IngressClassObject, IngressObject } from '../resources/ingress-object.ts';
import type { IngressStore } from '../resources/ingress-store.ts';
import type { ManifestObjects } from './manifest-contents.ts';

type IngressContents = Pick<ManifestObjects, 'ingresses' | 'ingressClasses' | 'configMaps'>;

/** The Ingresses, IngressClasses and ConfigMaps of manifests, handed to the store that asks for them. */
export class ManifestIngresses {
  readonly #store: IngressStore;
  /** By namespace and name; undefined before the first set. */
  #ingresses: ReadonlyMap<string, IngressObject> | undefined;
  /** By name. */
  #classes: ReadonlyMap<string, IngressClassObject> = new Map();
  /** By namespace and name. */
  #configMaps: ReadonlyMap<string, ConfigMap> = new Map();

  constructor(store: IngressStore) {
    this.#store = store;
    const { configMaps } = store;
    configMaps.demand.onChange = (ref, isWanted) => {
      if (isWanted) configMaps.setConfigMap(ref, this.#configMaps.get(serviceKey(ref)));
    };
  }

  /** These are all. What has changed is told. @returns whether anything has */
  replace({ ingresses, ingressClasses, configMaps }: IngressContents): boolean {
    const store = this.#store;
    const isFirst = this.#ingresses === undefined;
    const [before, classesBefore, configMapsBefore] = [this.#ingresses ?? new Map(), this.#classes, this.#configMaps];
    this.#ingresses = new Map(ingresses.map(({ ingress }) => [serviceKey(ingress.metadata), ingress]));
    this.#classes = new Map(ingressClasses.map(({ ingressClass }) => [ingressClass.metadata.name, ingressClass]));
    this.#configMaps = new Map(configMaps.map(({ configMap }) => [serviceKey(configMap.metadata), configMap]));
    const wanted = [...store.configMaps.demand.values()];
    const changed = wanted.filter(ref => this.#configMapOf(ref) !== configMapsBefore.get(serviceKey(ref)));
    for (const ref of isFirst ? wanted : changed) store.configMaps.setConfigMap(ref, this.#configMapOf(ref));
    if (isFirst) {
      store.classes.replace([...this.#classes.values()]);
      store.replace([...this.#ingresses.values()]);
      return true;
    }
    const classes = differences(classesBefore, this.#classes);
    for (const { metadata } of classes.gone) store.classes.remove(metadata.name);
    for (const ingressClass of classes.come) store.classes.upsert(ingressClass);
    const { gone, come } = differences(before, this.#ingresses);
    for (const { metadata } of gone) store.remove(metadata);
    for (const ingress of come) store.upsert(ingress);
    return [changed, classes.gone, classes.come, gone, come].some(({ length }) => length > 0);
  }

  stop(): void {
    this.#store.configMaps.demand.onChange = undefined;
  }

  #configMapOf(ref: ServiceRef): ConfigMap | undefined {
    return this.#configMaps.get(serviceKey(ref));
  }
}

/** Objects of files that have not changed stay the same. */
function differences<T>(before: ReadonlyMap<string, T>, now: ReadonlyMap<string, T>): { gone: T[]; come: T[] } {
  return {
    gone: [...before].filter(([key]) => !now.has(key)).map(([, object]) => object),
    come: [...now].filter(([key, object]) => before.get(key) !== object).map(([, object]) => object),
  };
}
