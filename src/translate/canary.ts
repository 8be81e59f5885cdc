/** What makes a Service the canary of another. Pure. */
import type { Canary, CanaryRule, ServiceRef } from '../model/route.ts';
import { PREFIX } from '../resources/annotation-prefix.ts';
import type { ServiceObject } from '../resources/service-object.ts';
import { readAnnotation } from './annotations.ts';
import { CANARY_EXAMPLE, parseCanaryRule, parsePrimary } from './policies/canary.ts';
import { badAnnotation, RefusalError } from './refusal-error.ts';

/** Whose canary a Service is, and what the routes of that one get. */
export interface CanaryOf {
  readonly primary: ServiceRef;
  readonly canary: Canary;
  /** As {@link Route.createdAt}: the oldest canary counts. */
  readonly createdAt: string;
}

/** What its annotations say of it. */
export interface CanaryAsked {
  readonly primary: ServiceRef;
  readonly rule: CanaryRule;
  /** Undefined where it is not known. */
  readonly object: ServiceObject | undefined;
}

export interface CanaryReader {
  get(name: 'canary-of' | 'canary'): string | undefined;
  attempt<T>(read: () => T): T | undefined;
  warn(
    reason: 'AnnotationWithoutEffect' | 'ServiceNotFound' | 'ServiceNotUsable',
    message: string,
    field: string,
  ): void;
}

/** What a canary without a path says of its own endpoints. All else is as the routes of its primary have it. */
const EFFECTIVE: ReadonlySet<string> = new Set([
  ...['canary-of', 'canary', 'port', 'balance', 'max-requests', 'slow-start', 'health-check', 'affinity'],
  ...['affinity-name', 'affinity-path', 'affinity-domain', 'affinity-max-age', 'affinity-samesite', 'affinity-secure'],
  ...['protocol', 'ca-secret', 'server-name', 'tls-verify'],
]);

/** @param names the annotations of a canary without a path, behind the prefix @returns those that have no effect */
export function withoutEffectOnCanary(names: readonly string[]): readonly string[] {
  return names.filter(name => !EFFECTIVE.has(name));
}

/**
 * The annotations of a canary without a path. A primary whose clients are bound by a cookie binds those of its canary, too, unless the
 * canary says something of its own.
 */
export function canaryAnnotations(
  get: (name: string) => string | undefined,
  { spec }: ServiceObject,
  primary: ServiceObject | undefined,
): (name: string) => string | undefined {
  const isOnItsOwn =
    get('affinity') !== undefined || get('balance')?.trim() === 'service' || spec.type === 'ExternalName';
  if (isOnItsOwn || primary === undefined) return get;
  return name => get(name) ?? (name.startsWith('affinity') ? primary.metadata.annotations?.[PREFIX + name] : undefined);
}

/**
 * @param find looks Services up
 * @returns undefined for a Service that is no canary, or where something is wrong: the reader has been told
 */
export function readCanary(
  { namespace, name }: ServiceRef,
  { get, attempt, warn }: CanaryReader,
  find: (service: ServiceRef) => ServiceObject | undefined,
  engine: 'wire' | 'node' = 'wire',
): CanaryAsked | undefined {
  const [primaryText, ruleText] = [get('canary-of'), get('canary')];
  const [ofField, ruleField] = [`${PREFIX}canary-of`, `${PREFIX}canary`];
  if (primaryText === undefined) {
    if (ruleText !== undefined)
      warn('AnnotationWithoutEffect', `${ruleField}: has no effect without ${ofField}`, ruleField);
    return undefined;
  }
  if (engine === 'node') attempt(() => refuseForEngine(ofField));
  const primary = attempt(() => readAnnotation('canary-of', primaryText, text => parsePrimary(text, name)));
  const rule = attempt(() => {
    if (ruleText === undefined) throw badAnnotation('canary-of', `needs ${ruleField}, as in "${CANARY_EXAMPLE}"`);
    return readAnnotation('canary', ruleText, parseCanaryRule);
  });
  if (primary === undefined || rule === undefined) return undefined;
  const object = find({ namespace, name: primary });
  if (object === undefined) {
    const advice = 'create it, or name another one; --namespace and --selector must take it';
    const message = `${ofField}: there is no Service ${namespace}/${primary}: ${advice}. The canary waits until it is there`;
    warn('ServiceNotFound', message, ofField);
  } else if (object.metadata.annotations?.[`${PREFIX}path`] === undefined) {
    const message = `${ofField}: the Service ${namespace}/${primary} has no routes that a canary could share: give it ${PREFIX}path`;
    warn('ServiceNotUsable', message, ofField);
  }
  return { primary: { namespace, name: primary }, rule, object };
}

function refuseForEngine(field: string): never {
  const message = `${field}: --engine node knows no canaries: run --engine wire, or remove it`;
  throw new RefusalError('NeedsEngineWire', message, field);
}
