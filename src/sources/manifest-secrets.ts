import { serviceKey } from '../model/route.ts';
import { type Secret, TLS_SECRET } from '../resources/secret.ts';
import type { SecretRef, SecretStore, SecretStores } from '../resources/secret-store.ts';
import type { ManifestSecret } from './manifest-contents.ts';

/** The Secrets of manifests, handed to the stores that ask for them. */
export class ManifestSecrets {
  readonly #stores: SecretStores;
  /** By namespace and name. */
  #secrets: ReadonlyMap<string, ManifestSecret> = new Map();

  constructor(stores: SecretStores) {
    this.#stores = stores;
    for (const store of [stores.tls, stores.named]) {
      store.demand.onChange = (ref, isWanted) => {
        if (isWanted) store.setSecret(ref, this.#find(store, ref));
      };
    }
  }

  /** These are all. What is asked for is told as far as it has changed. @returns whether it has */
  replace(secrets: readonly ManifestSecret[]): boolean {
    const { tls, named } = this.#stores;
    const stores = [tls, named].map(store => ({ store, wanted: [...store.demand.values()] }));
    const before = stores.map(({ store, wanted }) => wanted.map(ref => this.#find(store, ref)));
    this.#secrets = new Map(secrets.map(item => [serviceKey(item.secret.metadata), item]));
    let isChanged = false;
    for (const [index, { store, wanted }] of stores.entries()) {
      for (const [place, ref] of wanted.entries()) {
        const secret = this.#find(store, ref);
        // Objects of files that have not changed stay the same.
        if (secret === before[index]?.[place]) continue;
        store.setSecret(ref, secret);
        isChanged = true;
      }
    }
    return isChanged;
  }

  stop(): void {
    for (const { demand } of [this.#stores.tls, this.#stores.named]) demand.onChange = undefined;
  }

  #find(store: SecretStore, ref: SecretRef): Secret | undefined {
    const found = this.#secrets.get(serviceKey(ref));
    return store === this.#stores.tls && found?.type !== TLS_SECRET ? undefined : found?.secret;
  }
}
