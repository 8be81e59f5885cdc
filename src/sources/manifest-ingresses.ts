import { serviceKey } from '../model/route.ts';
import type { IngressClassObject, IngressObject } from '../resources/ingress-object.ts';
import type { IngressStore } from '../resources/ingress-store.ts';
import { ManifestConfigMaps } from './manifest-config-maps.ts';
import type { ManifestObjects } from './manifest-contents.ts';
import { differences } from './manifest-differences.ts';

type IngressContents = Pick<ManifestObjects, 'ingresses' | 'ingressClasses' | 'configMaps'>;

/** The Ingresses, IngressClasses and ConfigMaps of manifests, handed to the store that asks for them. */
export class ManifestIngresses {
  readonly #store: IngressStore;
  /** By namespace and name; undefined before the first set. */
  #ingresses: ReadonlyMap<string, IngressObject> | undefined;
  /** By name. */
  #classes: ReadonlyMap<string, IngressClassObject> = new Map();
  readonly #configMaps: ManifestConfigMaps;

  constructor(store: IngressStore) {
    this.#store = store;
    this.#configMaps = new ManifestConfigMaps(store.configMaps);
  }

  /** These are all. What has changed is told. @returns whether anything has */
  replace({ ingresses, ingressClasses, configMaps }: IngressContents): boolean {
    const store = this.#store;
    const isFirst = this.#ingresses === undefined;
    const [before, classesBefore] = [this.#ingresses ?? new Map(), this.#classes];
    this.#ingresses = new Map(ingresses.map(({ ingress }) => [serviceKey(ingress.metadata), ingress]));
    this.#classes = new Map(ingressClasses.map(({ ingressClass }) => [ingressClass.metadata.name, ingressClass]));
    const isConfigured = this.#configMaps.replace(configMaps);
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
    return isConfigured || [classes.gone, classes.come, gone, come].some(({ length }) => length > 0);
  }

  stop(): void {
    this.#configMaps.stop();
  }
}
