import type { Certificate } from '../../model/certificate.ts';
import type { ConfigMapRef } from '../../resources/config-map.ts';
import type { SecretRef } from '../../resources/secret-store.ts';
import type { Found, GatewayLookups } from '../../translate/gateway/gateway-lookups.ts';
import { authoritiesFault } from '../../translate/tls-authorities.ts';
import { certificateOf, isFault, toServe } from '../certificates/certificate-facts.ts';
import type { KnownConfigMaps } from './known-config-maps.ts';
import { faultOf, lastRead } from './known-objects.ts';
import type { KnownSecrets } from './known-secrets.ts';
import { SecretSearch } from './secret-search.ts';
import type { ReferenceSearch, ServiceReferences } from './service-references.ts';

/** Where objects that are named are known. */
export interface NamedObjects {
  readonly references: Pick<ServiceReferences, 'search' | 'set'>;
  /** `tls`: those with certificates; `named`: others. */
  readonly secrets: { readonly tls: KnownSecrets; readonly named: KnownSecrets };
  readonly configMaps: KnownConfigMaps;
}

/** Looks up what one translation of objects of the Gateway API names, and remembers which it was asked for. */
export class GatewaySearch implements Omit<GatewayLookups, 'namespaceLabels'> {
  readonly service: ReferenceSearch['find'];
  readonly namedSecrets: SecretSearch;
  readonly #known: NamedObjects;
  readonly #services: ReferenceSearch;
  readonly #secrets: SecretRef[] = [];
  readonly #configMaps: ConfigMapRef[] = [];

  constructor(known: NamedObjects) {
    this.#known = known;
    this.#services = known.references.search();
    this.service = this.#services.find;
    this.namedSecrets = new SecretSearch(known.secrets.named);
  }

  certificate(ref: SecretRef): Found<Certificate> {
    this.#secrets.push(ref);
    const state = this.#known.secrets.tls.of(ref);
    const secret = lastRead(state);
    if (secret === undefined) return faultOf(state, 'Secret');
    const read = certificateOf(secret);
    const { certificate } = secret;
    if (isFault(read) || certificate === undefined) return { fault: isFault(read) ? read.fault : 'it has no tls.key' };
    return { value: toServe(read, certificate.key) };
  }

  authorities(ref: ConfigMapRef): Found<string> {
    this.#configMaps.push(ref);
    const state = this.#known.configMaps.of(ref);
    const configMap = lastRead(state);
    if (configMap === undefined) return faultOf(state, 'ConfigMap');
    const pem = configMap.data.get('ca.crt') ?? '';
    const fault = authoritiesFault(pem);
    return fault === undefined ? { value: pem } : { fault };
  }

  /** From now on the asker hears of changes of what was looked up, and of nothing else. */
  ask(asker: string): void {
    const { references, secrets, configMaps } = this.#known;
    references.set(asker, this.#services.asked);
    secrets.tls.ask(asker, this.#secrets);
    secrets.named.ask(asker, this.namedSecrets.asked);
    configMaps.ask(asker, this.#configMaps);
  }
}
