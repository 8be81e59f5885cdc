/** Ingresses as sources say them, and what follows from them: routes, clusters, certificates, and what is wrong. */
import type { Diagnostic, ObjectRef } from '../../model/diagnostic.ts';
import { CATCH_ALL_HOST, type Route, type RouteOverrides, type ServiceRef, serviceKey } from '../../model/route.ts';
import type { ConfigMapRef } from '../../resources/config-map.ts';
import { asksForTheSame, type IngressClassObject, type IngressObject } from '../../resources/ingress-object.ts';
import type { IngressClassStore, IngressStore } from '../../resources/ingress-store.ts';
import type { SecretRef } from '../../resources/secret-store.ts';
import type { ServiceObject } from '../../resources/service-object.ts';
import type { RouteLedger } from '../../routing/ledger.ts';
import type { Destination } from '../../translate/destination.ts';
import { usualLimits } from '../../translate/ingress/annotations/proxy-limits.ts';
import {
  type ConfigRemark,
  DEFAULT_INGRESS_CONFIG,
  readIngressConfig,
} from '../../translate/ingress/config/config-table.ts';
import { globalHeaders } from '../../translate/ingress/header-text.ts';
import { ingressKey } from '../../translate/ingress/ingress-key.ts';
import type { IngressLookups } from '../../translate/ingress/ingress-lookups.ts';
import type { IngressOptions } from '../../translate/ingress/ingress-options.ts';
import { type HostTranslation, IngressTranslator } from '../../translate/ingress/ingress-translator.ts';
import { hostsOf } from '../../translate/ingress/read-ingress.ts';
import type { ServiceTls } from '../certificates/service-tls.ts';
import { ConfigMapSearch } from './config-map-search.ts';
import { hostConflicts } from './host-conflicts.ts';
import type { HostClaim, HostProfiles } from './host-profiles.ts';
import { KnownConfigMaps } from './known-config-maps.ts';
import { faultOf, lastRead } from './known-objects.ts';
import type { KnownSecrets } from './known-secrets.ts';
import type { Remarks } from './remarks.ts';
import { SecretSearch } from './secret-search.ts';
import type { ServiceClusters } from './service-clusters.ts';
import type { ServiceReferences } from './service-references.ts';

export interface IngressesOptions {
  readonly settings: IngressOptions;
  /** The ConfigMap of ingress-nginx; undefined: its defaults count. */
  readonly configMap: ConfigMapRef | undefined;
  readonly secrets: { readonly named: KnownSecrets };
  /** Looks a Service up. */
  readonly service: (service: ServiceRef) => ServiceObject | undefined;
  readonly references: Pick<ServiceReferences, 'search' | 'set'>;
  readonly leading: Pick<ServiceClusters, 'change'>;
  readonly ledger: Pick<RouteLedger, 'set'>;
  readonly tls: Pick<ServiceTls, 'set' | 'forget'>;
  readonly remarks: Pick<Remarks, 'set' | 'forget'>;
  readonly profiles: HostProfiles;
  /** Hears of what only a bug in this program can cause. */
  readonly onBug: (error: unknown, object: ObjectRef) => void;
}

/** What one translation has asked for. */
interface Searches {
  readonly services: ReadonlySet<string>;
  readonly secrets: readonly SecretRef[];
  readonly configMaps: readonly ConfigMapRef[];
}

/** Who asks for the ConfigMap of ingress-nginx: no Ingress has such a key. */
const GLOBAL_CONFIG = 'ingress-configmap';
const HOST_KEY = 'ingress-host ';
/** So many headers of a ConfigMap that cannot be sent are named. */
const MOST_HEADER_FAULTS = 10;

export class Ingresses implements IngressStore {
  readonly classes: IngressClassStore;
  readonly configMaps = new KnownConfigMaps();
  readonly #options: IngressesOptions;
  readonly #translator: IngressTranslator;
  readonly #objects = new Map<string, IngressObject>();
  readonly #classObjects = new Map<string, IngressClassObject>();
  /** By Ingress, what its translation has looked up last. */
  readonly #searches = new Map<string, () => Searches>();
  readonly #hosts = new Map<string, HostTranslation>();
  readonly #referred = new Map<string, readonly Destination[]>();
  /** The ConfigMap of ingress-nginx, as it is in force. */
  #config = DEFAULT_INGRESS_CONFIG;
  #isKnown = false;

  constructor(options: IngressesOptions) {
    this.#options = options;
    const { configMap, settings } = options;
    this.#translator = new IngressTranslator(settings, {
      lookupsFor: key => this.#lookupsFor(key),
      service: options.service,
      onBug: options.onBug,
    });
    this.classes = this.#classStore();
    if (configMap !== undefined) this.configMaps.ask(GLOBAL_CONFIG, [configMap]);
  }

  /** It is known which Ingresses there are, or no Ingress is served. */
  get isKnown(): boolean {
    return this.#isKnown || this.#options.settings.ingressClass.length === 0;
  }

  /** The objects of the Ingresses that are served. */
  served(): Iterable<IngressObject> {
    return this.#translator.served();
  }

  objectOf(ingress: ServiceRef): IngressObject | undefined {
    return this.#objects.get(ingressKey(ingress));
  }

  /** The routes that an Ingress asks for; another object may have the host or the place of some. */
  routesOf(ingress: ServiceRef): Route[] {
    const key = ingressKey(ingress);
    const reading = this.#translator.readingOf(key);
    const routes = (reading === undefined ? [] : hostsOf(reading)).flatMap(host => this.#hosts.get(host)?.routes ?? []);
    return routes.filter(route => route.ingress !== undefined && ingressKey(route.ingress.ingress) === key);
  }

  /** The limits that an Ingress says itself, as it is served. */
  ownLimits(ingress: ServiceRef): RouteOverrides {
    return this.#translator.readingOf(ingressKey(ingress))?.effect.overrides ?? {};
  }

  /** The limits of all Ingresses that the ConfigMap has, and ingress-nginx's defaults do not. */
  get configuredLimits(): RouteOverrides {
    const usual = usualLimits(DEFAULT_INGRESS_CONFIG);
    const limits = Object.entries(usualLimits(this.#config));
    return Object.fromEntries(limits.filter(([field, limit]) => limit !== usual[field as keyof RouteOverrides]));
  }

  /** The hosts that Ingresses name, as they are served. */
  hosts(): Iterable<[host: string, translation: HostTranslation]> {
    return this.#hosts.entries();
  }

  replace(ingresses: readonly IngressObject[]): void {
    const kept = new Set(ingresses.map(({ metadata }) => ingressKey(metadata)));
    for (const [key, { metadata }] of this.#objects) if (!kept.has(key)) this.remove(metadata);
    for (const ingress of ingresses) this.upsert(ingress);
    this.#isKnown = true;
  }

  upsert(ingress: IngressObject): void {
    const key = ingressKey(ingress.metadata);
    const before = this.#objects.get(key);
    this.#objects.set(key, ingress);
    if (before !== undefined && asksForTheSame(before, ingress)) this.#translator.statusChanged(ingress);
    else this.#translator.upsert(ingress);
  }

  remove(ingress: ServiceRef): void {
    this.#objects.delete(ingressKey(ingress));
    this.#translator.remove(ingress);
  }

  unreadable(): void {
    this.#isKnown = true;
  }

  /** What an Ingress or a host of Ingresses has looked up has changed. @returns whether it is one of them */
  touch(key: string): boolean {
    if (key.startsWith(HOST_KEY)) {
      const host = key.slice(HOST_KEY.length);
      const translation = this.#hosts.get(host);
      if (translation !== undefined) this.#setTls(host, translation);
      return true;
    }
    if (!this.#searches.has(key)) return false;
    this.#translator.touch(key);
    return true;
  }

  /**
   * Translates what has changed, and says it to the ledger, the clusters and the TLS port.
   * @returns whether there was anything
   */
  settle(): boolean {
    this.#settleConfigMaps();
    const { hosts, referred, diagnostics } = this.#translator.settle();
    for (const [key, destinations] of referred) {
      this.#ask(key);
      this.#options.leading.change(this.#referred.get(key) ?? [], destinations);
      if (destinations.length > 0) this.#referred.set(key, destinations);
      else this.#referred.delete(key);
    }
    for (const [host, translation] of hosts) this.#serve(host, translation);
    for (const [key, found] of diagnostics) this.#remark(key, found);
    return hosts.size + diagnostics.size > 0;
  }

  /** Says which routes of a host are served: those of its names that do not belong to Services. */
  claim(host: string): void {
    const { ledger, profiles, remarks } = this.#options;
    const key = HOST_KEY + host;
    const translation = this.#hosts.get(host);
    const lost = new Map<string, ObjectRef>();
    for (const name of namesOf(translation)) {
      const owner = profiles.foreignOwner('ingresses', name);
      if (owner !== undefined) lost.set(name, owner);
    }
    ledger.set(key, translation?.routes.filter(route => !lost.has(route.host)) ?? []);
    remarks.set(key, 'host', translation === undefined ? [] : hostConflicts(objectOf(translation), lost));
  }

  #serve(host: string, translation: HostTranslation | undefined): void {
    const { leading, tls, profiles } = this.#options;
    const before = this.#hosts.get(host);
    if (translation === undefined) this.#hosts.delete(host);
    else this.#hosts.set(host, translation);
    leading.change(before?.destinations ?? [], translation?.destinations ?? []);
    const claim =
      translation === undefined ? NO_CLAIM : { object: objectOf(translation), createdAt: translation.owner.createdAt };
    profiles.set('ingresses', host, namesOf(translation), claim);
    if (translation === undefined) tls.forget(HOST_KEY + host);
    else this.#setTls(host, translation);
    this.claim(host);
  }

  #setTls(host: string, { tls, aliases }: HostTranslation): void {
    const key = HOST_KEY + host;
    if (tls === undefined || host === CATCH_ALL_HOST) {
      this.#options.tls.forget(key);
      return;
    }
    const { ingress, createdAt, secret, clientCertificate, passthrough } = tls;
    const object = { kind: 'Ingress' as const, ...ingress };
    const asked = { object, createdAt, field: 'spec.tls', hosts: [host, ...aliases] };
    this.#options.tls.set(key, { ...asked, secret, clientCertificate, passthrough }, []);
  }

  #settleConfigMaps(): void {
    for (const key of this.configMaps.takeChanged()) {
      if (key === GLOBAL_CONFIG) this.#readGlobalConfig();
      else this.#translator.touch(key);
    }
  }

  /** One that is gone leaves the defaults of ingress-nginx, as it does there. */
  #readGlobalConfig(): void {
    const { configMap, remarks } = this.#options;
    if (configMap === undefined) return;
    const { config, remarks: found } = readIngressConfig(lastRead(this.configMaps.of(configMap))?.data);
    this.#config = config;
    this.#translator.config = config;
    const { addHeaders, proxySetHeaders } = config;
    const named = [addHeaders, proxySetHeaders].filter(ref => ref !== undefined);
    this.configMaps.ask(GLOBAL_CONFIG, [configMap, ...named]);
    const headers = [
      ...this.#headerRemarks('add-headers', addHeaders),
      ...this.#headerRemarks('proxy-set-headers', proxySetHeaders, 'host'),
    ];
    const said = [...found, ...headers].map(
      ({ key, reason, message }): Diagnostic => ({
        object: { kind: 'ConfigMap', ...configMap },
        ...{ field: key, severity: 'warning', reason, message, paths: [] },
      }),
    );
    remarks.set(GLOBAL_CONFIG, 'routes', said);
  }

  /** What keeps headers of a ConfigMap from being sent. @param refused a name that must not be set */
  #headerRemarks(key: string, ref: ConfigMapRef | undefined, refused = ''): ConfigRemark[] {
    if (ref === undefined) return [];
    const state = this.configMaps.of(ref);
    const fault = faultOf(state, 'ConfigMap')?.fault;
    const faults = fault === undefined ? globalHeaders(lastRead(state)?.data, refused).faults : [fault];
    return faults
      .slice(0, MOST_HEADER_FAULTS)
      .map(why => ({ key, reason: 'AnnotationIgnored', message: `${key}: ${serviceKey(ref)}: ${why}` }));
  }

  #remark(key: string, found: readonly Diagnostic[]): void {
    const { remarks } = this.#options;
    const [refusals, others] = [found.filter(isRefusal), found.filter(one => !isRefusal(one))];
    remarks.set(key, 'refusal', refusals);
    remarks.set(key, 'routes', others);
  }

  #lookupsFor(key: string): IngressLookups {
    const services = this.#options.references.search();
    const secrets = new SecretSearch(this.#options.secrets.named);
    const configMaps = new ConfigMapSearch(this.configMaps);
    this.#searches.set(key, () => ({ services: services.asked, secrets: secrets.asked, configMaps: configMaps.asked }));
    return {
      service: services.find,
      credentials: secrets.credentials,
      authorities: secrets.authorities,
      certificate: secrets.certificate,
      configMap: configMaps.find,
      get isAwaiting() {
        return secrets.isAwaiting || configMaps.isAwaiting;
      },
    };
  }

  /** Asks for what the newest translation of an Ingress has looked up. */
  #ask(key: string): void {
    const { references, secrets } = this.#options;
    const known = this.#objects.has(key) ? this.#searches.get(key)?.() : undefined;
    references.set(key, known?.services ?? new Set());
    secrets.named.ask(key, known?.secrets ?? []);
    this.configMaps.ask(key, known?.configMaps ?? []);
    if (known === undefined) this.#searches.delete(key);
  }

  #classStore(): IngressClassStore {
    const changed = (): void => {
      this.#translator.classes = new Map(this.#classObjects);
    };
    return {
      replace: classes => {
        this.#classObjects.clear();
        for (const one of classes) this.#classObjects.set(one.metadata.name, one);
        changed();
      },
      upsert: one => {
        this.#classObjects.set(one.metadata.name, one);
        changed();
      },
      remove: name => {
        if (this.#classObjects.delete(name)) changed();
      },
      unreadable: () => {
        this.#classObjects.clear();
        this.#translator.classes = undefined;
      },
    };
  }
}

const NO_CLAIM: HostClaim = { object: { namespace: '', name: '' }, createdAt: '' };

/** The host, and the others that its routes are for. No Service names the catch-all: all come before it. */
function namesOf(translation: HostTranslation | undefined): string[] {
  return [...new Set(translation?.routes.map(({ host }) => host))];
}

function objectOf({ owner }: HostTranslation): ObjectRef {
  return { kind: 'Ingress', ...owner.ingress };
}

function isRefusal({ severity }: Diagnostic): boolean {
  return severity === 'refused';
}
