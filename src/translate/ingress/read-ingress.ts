/** One Ingress as it was understood: its places, what its annotations ask for, and what is wrong with it. Pure. */
import type { Diagnostic } from '../../model/diagnostic.ts';
import type { Policy } from '../../model/policy.ts';
import { CATCH_ALL_HOST, type ServiceRef } from '../../model/route.ts';
import type { IngressBackend, IngressObject, IngressTls } from '../../resources/ingress-object.ts';
import { quote } from '../../text/quote.ts';
import type { Destination } from '../destination.ts';
import { inOrder } from '../policies/in-order.ts';
import { INGRESS_FEATURES } from './annotations/features.ts';
import { refuseBlockedWords } from './blocked-words.ts';
import type { IngressConfig } from './config/ingress-config.ts';
import { refusedPart } from './deep-inspection.ts';
import type { AccessEffect, IngressEffect } from './ingress-feature.ts';
import type { IngressLookups } from './ingress-lookups.ts';
import type { IngressOptions } from './ingress-options.ts';
import { AnnotationValues } from './ingress-values.ts';
import { ownPolicies } from './own-policies.ts';
import { readRuleHost, readRulePath } from './rule-text.ts';
import type { Aged } from './seniority.ts';
import { tellUnsupported } from './unsupported.ts';

/** A path of a rule. */
export interface ReadPath {
  /** As nginx would compare it: bytes, a character each. */
  readonly path: string;
  readonly type: 'Exact' | 'Prefix';
  readonly backend: IngressBackend;
}

export interface ReadRule {
  /** In lower case; {@link CATCH_ALL_HOST} for a rule without one. */
  readonly host: string;
  readonly paths: readonly ReadPath[];
}

export interface IngressReading extends Aged {
  readonly rules: readonly ReadRule[];
  readonly defaultBackend: IngressBackend | undefined;
  readonly tls: readonly IngressTls[];
  readonly effect: IngressEffect;
  /** Of all its locations, in the order in which a request meets them. */
  readonly policies: readonly Policy[];
  /** Why all its locations answer 503; undefined: they do not. */
  readonly denial: string | undefined;
  /** It is not served as it is now. */
  readonly isRefused: boolean;
  /** Where its annotations lead beside its backends. */
  readonly referred: readonly Destination[];
  readonly diagnostics: readonly Diagnostic[];
}

export interface ReadContext {
  readonly config: IngressConfig;
  readonly options: IngressOptions;
  readonly lookups: IngressLookups;
}

/** So many paths of one Ingress are served: what one object costs has a bound. */
const MOST_PATHS = 1000;
/** Of mistakes of one kind in an Ingress, so many are named. */
const MOST_NAMED = 10;

export function readIngressObject(object: IngressObject, context: ReadContext): IngressReading {
  const { namespace, name } = object.metadata;
  const ingress: ServiceRef = { namespace, name };
  const values = new AnnotationValues(ingress, object.metadata.annotations, {
    ...context,
    hosts: hostsOfRules(object),
  });
  refuseBlockedWords(object.metadata.annotations, values);
  const effects = INGRESS_FEATURES.map(feature => feature.read?.(values)).filter(effect => effect !== undefined);
  const own = ownPolicies(object.metadata.annotations, values);
  const effect = withoutKinds(merged(effects), new Set(own.map(({ kind }) => kind)));
  const policies = inOrder([...(effect.policies ?? []), ...own]);
  const rules = readRules(object, values);
  const { defaultBackendService } = context.options;
  if (defaultBackendService !== undefined) context.lookups.service(defaultBackendService);
  for (const backend of backendsOf(object)) {
    if (backend.service !== undefined) context.lookups.service({ namespace, name: backend.service.name });
  }
  tellUnsupported(Object.keys(object.metadata.annotations), values);
  const { denial } = values;
  return {
    ingress,
    createdAt: object.metadata.creationTimestamp ?? '',
    rules,
    defaultBackend: object.spec.defaultBackend,
    tls: object.spec.tls,
    effect,
    policies: denial === undefined ? policies : [{ kind: 'unavailable', why: denial }],
    denial,
    isRefused: values.isRefused,
    referred: values.found,
    diagnostics: values.diagnostics,
  };
}

/** The hosts of its rules, each once. */
export function hostsOf({ rules, defaultBackend }: IngressReading): string[] {
  const hosts = new Set(rules.map(({ host }) => host));
  if (rules.length === 0 && defaultBackend !== undefined) hosts.add(CATCH_ALL_HOST);
  return [...hosts];
}

function readRules({ spec }: IngressObject, values: AnnotationValues): ReadRule[] {
  const rules: ReadRule[] = [];
  let count = 0;
  let faults = 0;
  const fault = (reason: 'BadHost' | 'BadPath', message: string, path?: string): void => {
    faults += 1;
    if (faults > MOST_NAMED) return;
    values.say('refused', reason, message, undefined, path === undefined ? [] : [path]);
  };
  for (const { host: hostText, http } of spec.rules) {
    const host = hostText === undefined || hostText === '' ? CATCH_ALL_HOST : readRuleHost(hostText);
    if (host === undefined) {
      fault(
        'BadHost',
        `the host ${quote(hostText ?? '')} is not a host name, nor one like "*.example.com": its paths are not served`,
      );
      continue;
    }
    const paths: ReadPath[] = [];
    for (const { path: text = '', pathType, backend } of http?.paths ?? []) {
      const part = refusedPart(text);
      if (part !== undefined) {
        values.isRefused = true;
        fault(
          'BadPath',
          `the path ${quote(text)} holds ${quote(part)}, for which ingress-nginx refuses the Ingress: change the path`,
          text,
        );
        continue;
      }
      const path = readRulePath(text);
      if ('fault' in path) {
        fault('BadPath', `the path ${quote(text)} ${path.fault}: it is not served`, text);
        continue;
      }
      count += 1;
      if (count <= MOST_PATHS)
        paths.push({ path: path.path, type: pathType === 'Exact' ? 'Exact' : 'Prefix', backend });
    }
    rules.push({ host, paths });
  }
  if (count > MOST_PATHS) {
    fault('BadPath', `it has ${count} paths, and ${MOST_PATHS} of one Ingress are served: split it`);
  }
  return rules;
}

/** Also those that cannot be read: nothing is served there. */
function hostsOfRules({ spec }: IngressObject): readonly string[] {
  const hosts = spec.rules.map(({ host = '' }) => (host === '' ? CATCH_ALL_HOST : (readRuleHost(host) ?? host)));
  return hosts.length === 0 ? [CATCH_ALL_HOST] : [...new Set(hosts)];
}

function backendsOf({ spec }: IngressObject): IngressBackend[] {
  const paths = spec.rules.flatMap(({ http }) => http?.paths ?? []);
  return [...(spec.defaultBackend === undefined ? [] : [spec.defaultBackend]), ...paths.map(({ backend }) => backend)];
}

/** Each annotation is read by one feature: what two say of the same field, they say of different parts of it. */
function merged(effects: readonly IngressEffect[]): IngressEffect {
  const all = <K extends 'overrides' | 'route' | 'speech' | 'upstream' | 'server' | 'paths'>(
    field: K,
  ): NonNullable<IngressEffect[K]> => Object.assign({}, ...effects.map(effect => effect[field]));
  const canary = effects.findLast(effect => effect.canary !== undefined)?.canary;
  const access = effects.findLast(effect => effect.access !== undefined)?.access;
  return {
    policies: effects.flatMap(({ policies = [] }) => policies),
    ...(access && { access }),
    ...{ overrides: all('overrides'), route: all('route'), speech: all('speech'), upstream: all('upstream') },
    ...{ server: all('server'), paths: all('paths') },
    ...(canary && { canary }),
  };
}

/** The annotations of this program beat those of ingress-nginx that mean the same. */
function withoutKinds(effect: IngressEffect, kinds: ReadonlySet<Policy['kind']>): IngressEffect {
  if (kinds.size === 0) return effect;
  const kept = (policies: readonly Policy[] = []): readonly Policy[] => policies.filter(({ kind }) => !kinds.has(kind));
  const access: AccessEffect | undefined = effect.access && {
    guarded: new Map([...effect.access.guarded].map(([host, policies]) => [host, kept(policies)])),
    open: kept(effect.access.open),
    openPaths: effect.access.openPaths,
  };
  return { ...effect, policies: kept(effect.policies), ...(access && { access }) };
}
