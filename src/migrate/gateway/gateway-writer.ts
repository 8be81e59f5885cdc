/** Writes hosts of Ingresses as objects of the Gateway API. Pure. */
import {
  CATCH_ALL_HOST,
  type ClusterId,
  type Route,
  type RouteOverrides,
  type ServiceRef,
  serviceKey,
} from '../../model/route.ts';
import type { SecretRef } from '../../resources/secret-store.ts';
import type { Destination } from '../../translate/destination.ts';
import { wildcardOf } from '../../translate/ingress/host-tls.ts';
import type { HostTranslation } from '../../translate/ingress/ingress-translator.ts';
import type { Dump } from '../dump.ts';
import { referenceFrom } from './backend-words.ts';
import { type GatewayChoice, ListenerPlan, type PlannedHost } from './listener-plan.ts';
import { locationRules, type PlacedRules } from './location-rules.ts';
import { type Manifest, referenceGrant } from './manifests.ts';
import { type IngressPath, pathForms } from './path-forms.ts';
import { Remarks } from './remarks.ts';
import { type HostRules, routeManifests } from './route-manifests.ts';
import { backendTlsManifests, tlsRoute } from './tls-manifests.ts';

interface Surroundings {
  /** Where annotations lead. */
  readonly referred: readonly Destination[];
  readonly dump: Dump;
  readonly choice: GatewayChoice;
  readonly defaultCertificate: SecretRef | undefined;
  readonly usual: RouteOverrides;
}

/** A host with all its routes: a further name of another host has routes of its own. */
interface ServedHost {
  readonly host: string;
  readonly routes: readonly Route[];
  /** Of the host whose further name it is, or of itself. */
  readonly translation: HostTranslation;
}

/** What the API takes as a hostname. */
const HOSTNAME = /^(?:\*\.)?[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/;

export class GatewayWriter {
  readonly remarks = new Remarks();
  readonly #hosts: ReadonlyMap<string, HostTranslation>;
  readonly #with: Surroundings;
  readonly #destinations: ReadonlyMap<ClusterId, Destination>;
  /** Services of other namespaces that routes name: by their namespace and that of the route. */
  readonly #foreign = new Map<string, { readonly from: string; readonly to: string; readonly names: Set<string> }>();

  constructor(hosts: ReadonlyMap<string, HostTranslation>, surroundings: Surroundings) {
    this.#hosts = hosts;
    this.#with = surroundings;
    const known = [...surroundings.referred, ...[...hosts.values()].flatMap(({ destinations }) => destinations)];
    this.#destinations = new Map(known.map(destination => [destination.cluster.id, destination]));
  }

  write(): Manifest[] {
    const served = this.#servedHosts();
    const planned = new Map(served.map(one => [one.host, this.#plan(one)]));
    const kept = served.filter(({ host }) => planned.get(host) !== undefined);
    const rules: HostRules[] = kept.map(one => {
      const all = this.#rulesOf(one, planned.get(one.host));
      return { host: one.host, rules: wholeRedirect(one, all) };
    });
    const used = rules.filter(one => one.rules.length > 0).map(({ host }) => host);
    const passed = kept.filter(({ host }) => planned.get(host)?.certificate === 'passthrough');
    const isUsed = new Set([...used, ...passed.map(({ host }) => host)]);
    const plan = new ListenerPlan(
      [...planned.values()].filter(one => one !== undefined && isUsed.has(one.host)) as PlannedHost[],
      this.#with.choice,
    );
    const routes = routeManifests(rules, plan);
    const streams = passed.flatMap(({ host, translation }) =>
      tlsRoute(host, translation, this.#destinations, plan, this.remarks),
    );
    const policies = backendTlsManifests(this.#leadTo(kept), this.remarks);
    return [...plan.manifests(), ...this.#grants(), ...policies, ...routes, ...streams];
  }

  #servedHosts(): ServedHost[] {
    const all = [...this.#hosts.values()].flatMap(translation =>
      [...Map.groupBy(translation.routes, ({ host }) => host)].map(([host, routes]) => ({ host, routes, translation })),
    );
    return all.sort((a, b) => (a.host < b.host ? -1 : 1));
  }

  /** @returns undefined for a host that is not written */
  #plan({ host, translation }: ServedHost): PlannedHost | undefined {
    const { ingress } = translation.owner;
    if (host !== CATCH_ALL_HOST && !HOSTNAME.test(host)) {
      const reason = `the host ${host} is not written: the Gateway API takes no such hostname`;
      this.remarks.say(ingress, { names: [], verdict: 'refused', reason });
      return undefined;
    }
    if (translation.tls?.clientCertificate !== undefined) {
      const why = 'a Gateway asks for certificates of clients on a whole port, not for one host';
      const mend = 'write a Gateway of its own for the host, with spec.tls.frontend.default.validation';
      const reason = `${why}: ${host} is not written, because it would be served without them`;
      const names = ['auth-tls-secret', 'auth-tls-verify-client'];
      this.remarks.say(ingress, { names, verdict: 'refused', reason, mend });
      return undefined;
    }
    if (host.startsWith('*.')) {
      const reason = `${host} takes hosts with any number of labels in front, not with one alone`;
      this.remarks.say(ingress, { names: [], verdict: 'differs', reason });
    }
    return { host, certificate: this.#certificateOf(host, translation) };
  }

  #certificateOf(host: string, { tls, owner }: HostTranslation): PlannedHost['certificate'] {
    const isOwn = this.#hosts.has(host);
    if (isOwn && tls?.passthrough !== undefined) return 'passthrough';
    const wildcard = this.#hosts.get(wildcardOf(host) ?? '')?.tls?.secret;
    if (!isOwn) return wildcard ?? this.#secretForName(host, owner.ingress);
    if (tls === undefined) return wildcard;
    const secret = tls.secret ?? this.#with.defaultCertificate;
    if (secret === undefined) {
      const reason = `no Secret has a certificate for ${host}, and a Gateway has no default certificate: it is not served over https`;
      const mend = 'name one with spec.tls.secretName';
      this.remarks.say(tls.ingress, { names: [], verdict: 'unsupported', reason, mend });
    }
    return secret;
  }

  /** Of a further name of a host: where the Ingress lists it for TLS. */
  #secretForName(host: string, ingress: ServiceRef): SecretRef | undefined {
    const sections = this.#with.dump.ingresses.get(serviceKey(ingress))?.spec.tls ?? [];
    const listed = sections.find(({ hosts }) => hosts.some(one => one.toLowerCase() === host));
    const { secretName = '' } = listed ?? {};
    return secretName === '' ? undefined : { namespace: ingress.namespace, name: secretName };
  }

  #rulesOf({ routes }: ServedHost, planned: PlannedHost | undefined): PlacedRules[] {
    const hasHttps = planned?.certificate !== undefined;
    // What no location takes gets 404 from a Gateway, too.
    const own = routes.filter(({ service, policies = [] }) => service.namespace !== '' || policies.some(isAnswer));
    const forms = pathForms(own.map(pathOf));
    return own.flatMap((route, index) => {
      const { ingress } = route;
      const form = forms[index];
      if (ingress === undefined || form === undefined) return [];
      const of = ingress.ingress;
      const rules = locationRules(route, form, {
        ingress: of,
        hasHttps,
        usual: this.#with.usual,
        say: remark => this.remarks.say(of, remark),
        destination: id => this.#destinations.get(id),
        refer: (service, port) => this.#refer(of.namespace, service, port),
      });
      if (planned?.certificate !== 'passthrough') return rules;
      // Bytes of TLS go to the Service untouched: no HTTPRoute sees them.
      return rules.flatMap(rule =>
        rule.listeners.includes('http') ? [{ ...rule, listeners: ['http'] as const }] : [],
      );
    });
  }

  #refer(namespace: string, service: ServiceRef, port: number) {
    if (service.namespace !== namespace) {
      const key = `${service.namespace} ${namespace}`;
      const known = this.#foreign.get(key) ?? { from: namespace, to: service.namespace, names: new Set<string>() };
      known.names.add(service.name);
      this.#foreign.set(key, known);
    }
    return referenceFrom(namespace, service, port);
  }

  #grants(): Manifest[] {
    return [...this.#foreign.values()].map(({ from, to, names }) =>
      referenceGrant(
        { kind: 'Service', namespace: to, names: [...names].sort() },
        { kinds: ['GRPCRoute', 'HTTPRoute'], namespace: from },
      ),
    );
  }

  /** The clusters that the written hosts lead to, with an Ingress that leads there. */
  #leadTo(hosts: readonly ServedHost[]): { readonly destination: Destination; readonly ingress: ServiceRef }[] {
    const found = new Map<ClusterId, { readonly destination: Destination; readonly ingress: ServiceRef }>();
    for (const { routes } of hosts) {
      for (const { cluster, canary, ingress } of routes) {
        for (const id of [cluster, ...(canary === undefined ? [] : [canary.cluster])]) {
          const destination = this.#destinations.get(id);
          if (destination !== undefined && ingress !== undefined && !found.has(id))
            found.set(id, { destination, ingress: ingress.ingress });
        }
      }
    }
    return [...found.values()];
  }
}

function isAnswer({ kind }: { readonly kind: string }): boolean {
  return kind === 'return' || kind === 'redirect';
}

function pathOf({ path, match, policies = [] }: Route): IngressPath {
  const rewrite = policies.find(({ kind }) => kind === 'rewrite');
  return { path, match, target: rewrite?.kind === 'rewrite' ? rewrite.target : undefined };
}

/** Where all of a host is sent to https, one rule says so, whatever the path. */
function wholeRedirect({ translation }: ServedHost, rules: readonly PlacedRules[]): readonly PlacedRules[] {
  const isSent = (rule: PlacedRules): boolean => rule.sendsToHttps === true;
  const sent = rules.filter(isSent);
  const [first] = sent;
  const others = rules.filter(rule => !isSent(rule));
  if (first === undefined || others.some(({ listeners }) => listeners.includes('http'))) return rules;
  const statuses = new Set(sent.map(({ rules: [rule] }) => JSON.stringify(rule?.filters)));
  if (statuses.size > 1) return rules;
  const own = sent.find(({ ingress }) => serviceKey(ingress) === serviceKey(translation.owner.ingress)) ?? first;
  const [rule] = own.rules;
  return [{ ...own, rules: [{ ...(rule?.filters && { filters: rule.filters }) }] }, ...others];
}
