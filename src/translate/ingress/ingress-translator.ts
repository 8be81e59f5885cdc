/**
 * All Ingresses that are served, host by host: a change costs what the hosts cost that it touches, whatever their number. It knows no
 * source and no clock: what Ingresses name is looked up where its owner says.
 */
import { isDeepStrictEqual } from 'node:util';
import { messageOf } from '../../errors.ts';
import { bugDiagnostic, type Diagnostic, type ObjectRef } from '../../model/diagnostic.ts';
import type { ClusterId, Route, ServiceRef } from '../../model/route.ts';
import type { ClientCertificatePolicy } from '../../model/tls-host.ts';
import type { IngressObject } from '../../resources/ingress-object.ts';
import type { SecretRef } from '../../resources/secret-store.ts';
import type { ServiceObject } from '../../resources/service-object.ts';
import type { Destination } from '../destination.ts';
import { IndexBy } from '../index-by.ts';
import { type HostClaims, type UpstreamCanary, upstreamCanary } from './canaries.ts';
import { type IngressClasses, isServed } from './classes.ts';
import { DEFAULT_INGRESS_CONFIG } from './config/config-table.ts';
import type { IngressConfig } from './config/ingress-config.ts';
import { hostDiagnostics } from './host-diagnostics.ts';
import { type HostRoutes, hostRoutes, otherWww } from './host-routes.ts';
import { hostTls, wildcardOf } from './host-tls.ts';
import { ingressKey } from './ingress-key.ts';
import type { IngressLookups } from './ingress-lookups.ts';
import type { IngressOptions } from './ingress-options.ts';
import { type HostLocations, type Location, locationsOf, placeKey } from './locations.ts';
import { hostsOf, type IngressReading, readIngressObject } from './read-ingress.ts';
import { byAge } from './seniority.ts';
import { UnusedCanaries } from './unused-canaries.ts';
import { upstreamEffect, upstreamOf, upstreamsOf } from './upstreams.ts';

/** A host as it is served. */
export interface HostTranslation extends Pick<HostRoutes, 'routes' | 'destinations' | 'aliases'> {
  /** Undefined: the TLS port does nothing for it that it does not do for any host. */
  readonly tls: IngressTlsHost | undefined;
  /** Whose host it is: the first Ingress that names it. */
  readonly owner: Pick<IngressReading, 'ingress' | 'createdAt'>;
}

export interface IngressTlsHost {
  readonly ingress: ServiceRef;
  readonly createdAt: string;
  readonly secret: SecretRef | undefined;
  readonly clientCertificate: ClientCertificatePolicy | undefined;
  readonly passthrough: ClusterId | undefined;
}

/** What has changed since it was asked last. */
export interface IngressChanges {
  /** By host; undefined: no Ingress names it now. */
  readonly hosts: ReadonlyMap<string, HostTranslation | undefined>;
  /** By key, where the annotations of an Ingress lead now; none for one that is gone. */
  readonly referred: ReadonlyMap<string, readonly Destination[]>;
  /** By key, all that is wrong with an Ingress now. */
  readonly diagnostics: ReadonlyMap<string, readonly Diagnostic[]>;
}

/** An Ingress as it came, and as it is served. */
interface Known {
  readonly object: IngressObject;
  /** Undefined: it is not served: of another class, or refused since it is known. */
  readonly reading: IngressReading | undefined;
  /** What is wrong with the newest version; that of before may be served. */
  readonly diagnostics: readonly Diagnostic[];
}

/** Where what is not in Ingresses comes from. */
export interface Surroundings {
  /** What one Ingress names is looked up here. @param key of the Ingress */
  lookupsFor(key: string): IngressLookups;
  service(service: ServiceRef): ServiceObject | undefined;
  /** Hears of what only a bug in this program can cause. */
  onBug(error: unknown, ingress: ObjectRef): void;
}

export class IngressTranslator {
  readonly #options: IngressOptions;
  readonly #surroundings: Surroundings;
  readonly #known = new Map<string, Known>();
  readonly #byHost = new IndexBy<IngressReading>();
  readonly #byUpstream = new IndexBy<IngressReading>();
  readonly #canariesByHost = new IndexBy<IngressReading>();
  /** Hosts whose canaries may be others than before. */
  readonly #canaryHosts = new Set<string>();
  readonly #locations = new Map<string, HostLocations>();
  /** By further name, the hosts whose Ingresses ask for it. */
  readonly #byAlias = new IndexBy<string>();
  /** Wildcards with a certificate. */
  readonly #tlsWildcards = new Set<string>();
  /** By host, what is wrong with its Ingresses there, by key. */
  readonly #hostDiagnostics = new Map<string, ReadonlyMap<string, readonly Diagnostic[]>>();
  readonly #canaries = new Map<string, UpstreamCanary>();
  readonly #unusedCanaries = new UnusedCanaries({
    locations: host => this.#locations.get(host),
    canary: name => this.#canaries.get(name),
  });
  readonly #upstreams = new Map<string, IngressReading['effect']['upstream']>();
  readonly #dirtyHosts = new Set<string>();
  readonly #dirtyUpstreams = new Set<string>();
  readonly #dirtyIngresses = new Set<string>();
  #classes: IngressClasses = new Map();
  #config: IngressConfig = DEFAULT_INGRESS_CONFIG;

  constructor(options: IngressOptions, surroundings: Surroundings) {
    this.#options = options;
    this.#surroundings = surroundings;
  }

  /** @param config values of the ConfigMap of ingress-nginx */
  set config(config: IngressConfig) {
    this.#config = config;
    for (const key of this.#known.keys()) this.touch(key);
  }

  set classes(classes: IngressClasses) {
    this.#classes = classes;
    for (const key of this.#known.keys()) this.touch(key);
  }

  /** The objects of all Ingresses that are served. */
  *served(): Generator<IngressObject> {
    for (const { object, reading } of this.#known.values()) if (reading !== undefined) yield object;
  }

  /** An Ingress as it is served; undefined: it is not. */
  readingOf(key: string): IngressReading | undefined {
    return this.#known.get(key)?.reading;
  }

  upsert(object: IngressObject): void {
    const key = ingressKey(object.metadata);
    this.#known.set(key, { reading: undefined, diagnostics: [], ...this.#known.get(key), object });
    this.touch(key);
  }

  /** Only its status has changed, which is not translated. */
  statusChanged(object: IngressObject): void {
    const key = ingressKey(object.metadata);
    const known = this.#known.get(key);
    if (known !== undefined) this.#known.set(key, { ...known, object });
  }

  remove(ingress: ServiceRef): void {
    const key = ingressKey(ingress);
    const known = this.#known.get(key);
    if (known === undefined) return;
    this.#unindex(known.reading, true);
    this.#known.delete(key);
    this.#dirtyIngresses.add(key);
  }

  /** What the Ingress names may have changed: it is read again. */
  touch(key: string): void {
    this.#dirtyIngresses.add(key);
  }

  /** Translates what may be otherwise than before. */
  settle(): IngressChanges {
    const read = [...this.#dirtyIngresses];
    this.#dirtyIngresses.clear();
    for (const key of read) this.#read(key);
    this.#settleLocations();
    this.#settleUpstreams();
    const hosts = new Map<string, HostTranslation | undefined>();
    const touched = new Set(read);
    for (const host of this.#dirtyHosts) {
      const before = this.#hostDiagnostics.get(host);
      try {
        hosts.set(host, this.#translate(host));
      } catch (error) {
        // It goes on as it was.
        const [owner] = this.#locations.get(host)?.readings ?? [];
        if (owner === undefined) throw error;
        this.#hostDiagnostics.set(host, new Map([[ingressKey(owner.ingress), [this.#bug(owner.ingress, error)]]]));
      }
      for (const key of [...(before?.keys() ?? []), ...(this.#hostDiagnostics.get(host)?.keys() ?? [])])
        touched.add(key);
    }
    const canaries = [...this.#dirtyHosts].flatMap(host => [...(this.#canariesByHost.of(host) ?? [])]);
    for (const key of this.#unusedCanaries.settle(new Set(canaries))) touched.add(key);
    this.#dirtyHosts.clear();
    return {
      hosts,
      referred: new Map(read.map(key => [key, this.#known.get(key)?.reading?.referred ?? []])),
      diagnostics: new Map([...touched].map(key => [key, this.#diagnosticsOf(key)])),
    };
  }

  #read(key: string): void {
    const known = this.#known.get(key);
    if (known === undefined) return;
    const { object } = known;
    const lookups = this.#surroundings.lookupsFor(key);
    const isOurs = isServed(object, this.#classes, this.#options);
    const { reading: fresh, diagnostics } = isOurs ? this.#readObject(object, lookups) : NOT_OURS;
    // What is edited into something that cannot be served goes on as it was, as in ingress-nginx; so does what names an object that has
    // not been read yet.
    const isKept = isOurs && (fresh === undefined || fresh.isRefused || lookups.isAwaiting);
    const kept = known.reading ?? (fresh?.isRefused ? undefined : fresh);
    const reading = isKept ? kept : fresh;
    const leadsElsewhere = !leadsAlike(known.reading, reading);
    this.#unindex(known.reading, leadsElsewhere);
    this.#known.set(key, { object, reading, diagnostics });
    this.#index(reading, leadsElsewhere);
  }

  #readObject(object: IngressObject, lookups: IngressLookups): Pick<Known, 'reading' | 'diagnostics'> {
    try {
      const reading = readIngressObject(object, { config: this.#config, options: this.#options, lookups });
      return { reading, diagnostics: reading.diagnostics };
    } catch (error) {
      return { reading: undefined, diagnostics: [this.#bug(object.metadata, error)] };
    }
  }

  #bug({ namespace, name }: ServiceRef, error: unknown): Diagnostic {
    const object = { kind: 'Ingress' as const, namespace, name };
    this.#surroundings.onBug(error, object);
    return bugDiagnostic(object, messageOf(error));
  }

  #index(reading: IngressReading | undefined, leadsElsewhere: boolean): void {
    if (reading === undefined) return;
    const [hosts, upstreams] = this.#dirty(reading, leadsElsewhere);
    this.#byHost.add(hosts, reading);
    this.#byUpstream.add(upstreams, reading);
    if (reading.effect.canary !== undefined) this.#canariesByHost.add(hosts, reading);
  }

  #unindex(reading: IngressReading | undefined, leadsElsewhere: boolean): void {
    if (reading === undefined) return;
    const [hosts, upstreams] = this.#dirty(reading, leadsElsewhere);
    this.#byHost.delete(hosts, reading);
    this.#byUpstream.delete(upstreams, reading);
    if (reading.effect.canary === undefined) return;
    this.#canariesByHost.delete(hosts, reading);
    this.#unusedCanaries.forget(ingressKey(reading.ingress));
  }

  #dirty(reading: IngressReading, leadsElsewhere: boolean): readonly [hosts: string[], upstreams: string[]] {
    const [hosts, upstreams] = [hostsOf(reading), upstreamsOf(reading)];
    for (const host of hosts) {
      this.#dirtyHosts.add(host);
      if (reading.effect.canary !== undefined) this.#canaryHosts.add(host);
    }
    // Hundreds of Ingresses may lead to one Service: an edit that changes nothing of that costs them nothing.
    if (leadsElsewhere) for (const name of upstreams) this.#dirtyUpstreams.add(name);
    return [hosts, upstreams];
  }

  /** Who has which place: canaries need to know it. */
  #settleLocations(): void {
    for (const host of this.#dirtyHosts) {
      const readings = this.#readingsOf(this.#byHost.of(host));
      const primaries = readings.filter(({ effect }) => effect.canary === undefined);
      const before = this.#locations.get(host);
      const now = primaries.length === 0 ? undefined : locationsOf(host, primaries);
      // A canary may take requests of any upstream that its host leads to.
      if (this.#canaryHosts.has(host) || this.#canariesByHost.of(host) !== undefined) {
        for (const location of [...(before?.locations ?? []), ...(now?.locations ?? [])]) this.#touchUpstream(location);
      }
      this.#byAlias.delete(furtherNames(before), host);
      this.#byAlias.add(furtherNames(now), host);
      if (now === undefined) this.#locations.delete(host);
      else this.#locations.set(host, now);
      // A rule takes a name away from those who only want it too.
      if ((before === undefined) !== (now === undefined)) {
        for (const other of this.#byAlias.of(host) ?? []) this.#dirtyHosts.add(other);
      }
      if (host.startsWith('*.')) this.#settleWildcard(host, primaries);
    }
    this.#canaryHosts.clear();
  }

  /** The certificate of a wildcard counts for hosts of one label more. */
  #settleWildcard(wildcard: string, readings: readonly IngressReading[]): void {
    const has = hostTls(wildcard, readings)?.secret !== undefined;
    if (has === this.#tlsWildcards.has(wildcard)) return;
    if (has) this.#tlsWildcards.add(wildcard);
    else this.#tlsWildcards.delete(wildcard);
    for (const host of this.#locations.keys()) if (wildcardOf(host) === wildcard) this.#dirtyHosts.add(host);
  }

  #touchUpstream({ backend, namespace }: Location): void {
    const name = backend && upstreamOf(namespace, backend);
    if (name !== undefined) this.#dirtyUpstreams.add(name);
  }

  /** What belongs to a Service and port, and not to a host: where it changes, all hosts that lead there change. */
  #settleUpstreams(): void {
    for (const name of this.#dirtyUpstreams) {
      const readings = this.#readingsOf(this.#byUpstream.of(name));
      const primaries = readings.filter(({ effect }) => effect.canary === undefined);
      const effect = upstreamEffect(primaries);
      const canary = upstreamCanary(name, this.#hostsWithCanary(primaries));
      const isSame =
        isDeepStrictEqual(effect, this.#upstreams.get(name)) && isDeepStrictEqual(canary, this.#canaries.get(name));
      if (effect === undefined) this.#upstreams.delete(name);
      else this.#upstreams.set(name, effect);
      if (canary === undefined) this.#canaries.delete(name);
      else this.#canaries.set(name, canary);
      if (isSame) continue;
      for (const reading of primaries) for (const host of hostsOf(reading)) this.#dirtyHosts.add(host);
    }
    this.#dirtyUpstreams.clear();
  }

  #hostsWithCanary(readings: readonly IngressReading[]): HostClaims[] {
    if (this.#canariesByHost.isEmpty) return [];
    return [...new Set(readings.flatMap(hostsOf))].flatMap(host => {
      const canaries = this.#canariesByHost.of(host);
      const locations = this.#locations.get(host)?.locations;
      return canaries === undefined || locations === undefined ? [] : [{ host, locations, readings: canaries }];
    });
  }

  #translate(host: string): HostTranslation | undefined {
    const locations = this.#locations.get(host);
    if (locations === undefined) {
      this.#hostDiagnostics.delete(host);
      return undefined;
    }
    const { readings } = locations;
    const [owner] = readings as [IngressReading];
    const tls = hostTls(host, readings);
    const { routes, aliases, destinations, problems } = hostRoutes(locations, {
      options: this.#options,
      config: this.#config,
      service: this.#surroundings.service,
      upstream: name => this.#upstreams.get(name),
      canary: name => this.#canaries.get(name),
      hasTls: tls !== undefined || this.#tlsWildcards.has(wildcardOf(host) ?? ''),
      isRuled: name => this.#locations.has(name),
    });
    this.#hostDiagnostics.set(host, hostDiagnostics(locations, problems));
    return { routes, aliases, destinations, owner, tls: this.#tlsOf(locations, routes, tls) };
  }

  #tlsOf(
    { readings, places }: HostLocations,
    routes: readonly Route[],
    tls: ReturnType<typeof hostTls>,
  ): IngressTlsHost | undefined {
    const server = readings.find(({ effect }) => effect.server?.clientCertificate !== undefined);
    const root = places.get(placeKey('Prefix', '/'));
    const isPassthrough = root?.reading.effect.server?.isPassthrough === true;
    const passthrough = isPassthrough ? routes.find(({ path }) => path === '/')?.cluster : undefined;
    const clientCertificate = server?.effect.server?.clientCertificate;
    const [first] = readings;
    if (first === undefined || (tls === undefined && clientCertificate === undefined && passthrough === undefined))
      return undefined;
    const { ingress, createdAt } = tls ?? first;
    return { ingress, createdAt, secret: tls?.secret, clientCertificate, passthrough };
  }

  #readingsOf(readings: ReadonlySet<IngressReading> | undefined): IngressReading[] {
    return [...(readings ?? [])].sort(byAge);
  }

  #diagnosticsOf(key: string): readonly Diagnostic[] {
    const known = this.#known.get(key);
    if (known === undefined) return [];
    const hosts = known.reading === undefined ? [] : hostsOf(known.reading);
    const ofHosts = hosts.flatMap(host => this.#hostDiagnostics.get(host)?.get(key) ?? []);
    return [...known.diagnostics, ...this.#unusedCanaries.of(key), ...ofHosts];
  }
}

/** An Ingress of another class. */
const NOT_OURS: Pick<Known, 'reading' | 'diagnostics'> = { reading: undefined, diagnostics: [] };

/** Whether all that belongs to Services and ports is the same of both, and not to hosts. */
function leadsAlike(one: IngressReading | undefined, other: IngressReading | undefined): boolean {
  if (one === undefined || other === undefined) return one === other;
  return (
    one.createdAt === other.createdAt &&
    isDeepStrictEqual(upstreamsOf(one), upstreamsOf(other)) &&
    isDeepStrictEqual(one.effect.upstream, other.effect.upstream) &&
    isDeepStrictEqual(one.effect.canary, other.effect.canary)
  );
}

/** Names beside its own that the Ingresses of a host ask for. */
function furtherNames(host: HostLocations | undefined): string[] {
  if (host === undefined) return [];
  const asked = host.readings.flatMap(({ effect }) => effect.server?.aliases ?? []);
  const isSentHere = host.readings.some(({ effect }) => effect.server?.wwwRedirectStatus !== undefined);
  const other = isSentHere ? otherWww(host.host) : undefined;
  return [...new Set(other === undefined ? asked : [...asked, other])];
}
