import { serviceKey } from '../../model/route.ts';
import type { ConfigMap } from '../../resources/config-map.ts';
import type { IngressClassObject, IngressObject } from '../../resources/ingress-object.ts';
import type { IngressClassStore, IngressStore } from '../../resources/ingress-store.ts';
import { KeptConfigMaps } from './kept-config-maps.ts';

/** What a state file holds for Ingresses. */
export interface SavedIngresses {
  readonly ingresses: readonly IngressObject[];
  readonly ingressClasses: readonly IngressClassObject[];
  readonly configMaps: readonly ConfigMap[];
}

export const NO_INGRESSES: SavedIngresses = { ingresses: [], ingressClasses: [], configMaps: [] };

/** Stands between the sources and the store of Ingresses, and notes what passes, for the state file. */
export class IngressKeeper implements IngressStore {
  readonly classes: IngressClassStore;
  readonly configMaps: KeptConfigMaps;
  readonly #store: IngressStore;
  readonly #ingresses = new Map<string, IngressObject>();
  readonly #classes = new Map<string, IngressClassObject>();
  #restored: readonly IngressObject[] = [];
  #restoredClasses: readonly IngressClassObject[] = [];
  /** Called when what is to be kept has changed. */
  onChange: (() => void) | undefined;

  constructor(store: IngressStore) {
    this.#store = store;
    this.classes = this.#classStore();
    this.configMaps = new KeptConfigMaps(store.configMaps, () => this.onChange?.());
  }

  /** The Ingresses of the file, until the API server has named the present ones. */
  get restored(): readonly IngressObject[] {
    return this.#restored;
  }

  /** What is known now, of ConfigMaps those that are still asked for. Until the API server has named them, it is what the file held. */
  get kept(): SavedIngresses {
    return {
      ingresses: [...this.#restored, ...this.#ingresses.values()],
      ingressClasses: [...this.#restoredClasses, ...this.#classes.values()],
      configMaps: this.configMaps.kept,
    };
  }

  /** Puts what a file held into the store. The API server has said nothing yet. */
  restore({ ingresses, ingressClasses, configMaps }: SavedIngresses): void {
    const store = this.#store;
    store.classes.replace(ingressClasses);
    store.replace(ingresses);
    this.configMaps.restore(configMaps);
    this.#restored = ingresses;
    this.#restoredClasses = ingressClasses;
  }

  replace(ingresses: readonly IngressObject[]): void {
    this.#store.replace(ingresses);
    this.#restored = [];
    this.configMaps.forgetRestored();
    this.#ingresses.clear();
    for (const ingress of ingresses) this.#ingresses.set(serviceKey(ingress.metadata), ingress);
    this.onChange?.();
  }

  upsert(ingress: IngressObject): void {
    this.#store.upsert(ingress);
    this.#ingresses.set(serviceKey(ingress.metadata), ingress);
    this.onChange?.();
  }

  remove(ingress: { readonly namespace: string; readonly name: string }): void {
    this.#store.remove(ingress);
    this.#ingresses.delete(serviceKey(ingress));
    this.onChange?.();
  }

  unreadable(why: string): void {
    this.#store.unreadable(why);
  }

  #classStore(): IngressClassStore {
    const { classes } = this.#store;
    return {
      replace: all => {
        classes.replace(all);
        this.#restoredClasses = [];
        this.#classes.clear();
        for (const each of all) this.#classes.set(each.metadata.name, each);
        this.onChange?.();
      },
      upsert: each => {
        classes.upsert(each);
        this.#classes.set(each.metadata.name, each);
        this.onChange?.();
      },
      remove: name => {
        classes.remove(name);
        this.#classes.delete(name);
        this.onChange?.();
      },
      unreadable: why => classes.unreadable(why),
    };
  }
}
