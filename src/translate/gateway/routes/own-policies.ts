/** The annotations of this program on a route: they mean what they mean on a Service, for all its rules. Pure. */
import type { Policy } from '../../../model/policy.ts';
import type { RouteOverrides } from '../../../model/route.ts';
import { PREFIX } from '../../../resources/annotation-prefix.ts';
import type { GatewayMetadata, RouteKind } from '../../../resources/gateway/gateway-object.ts';
import { closest } from '../../../text/closest.ts';
import { readOverrides } from '../../annotations.ts';
import type { Destination } from '../../destination.ts';
import { POLICIES } from '../../policies/policies.ts';
import { readServicePolicies } from '../../policies/service-policies.ts';
import { References } from '../../references.ts';
import { RefusalError } from '../../refusal-error.ts';
import { gatewayKey } from '../gateway-key.ts';
import type { RouteContext } from './route-context.ts';
import type { RuledKind } from './served-routes.ts';

export interface OwnPolicies {
  readonly policies: readonly Policy[];
  /** Limits of time and size, for rules that say none of their own. */
  readonly overrides: RouteOverrides;
  /** Where they lead. */
  readonly destinations: readonly Destination[];
  /** Why no request is served: a protection is never left out; undefined: all of them can be read. */
  readonly fault: string | undefined;
  readonly warnings: readonly { readonly reason: string; readonly message: string }[];
}

const NONE: OwnPolicies = { policies: [], overrides: {}, destinations: [], fault: undefined, warnings: [] };

/** Of mistakes of one kind in a route, so many are told. */
const MOST_NAMED = 10;
const LIMITS = ['connect-timeout', 'read-timeout', 'send-timeout', 'max-body-size'];
const NAMES: ReadonlySet<string> = new Set([
  ...LIMITS,
  ...POLICIES.flatMap(({ rows }) => rows.map(({ name }) => name)),
]);

export function readOwnPolicies(kind: RuledKind, metadata: GatewayMetadata, context: RouteContext): OwnPolicies {
  const { namespace, name, annotations } = metadata;
  if (!Object.keys(annotations).some(annotation => annotation.startsWith(PREFIX))) return NONE;
  const warnings = strayAnnotations(kind, metadata, NAMES);
  const warn = (reason: string, message: string): void => void warnings.push({ reason, message });
  const faults: string[] = [];
  const attempt = <T>(read: () => T): T | undefined => {
    try {
      return read();
    } catch (error) {
      if (!(error instanceof RefusalError)) throw error;
      faults.push(error.message);
      return undefined;
    }
  };
  const route = { namespace, name };
  const options = { ...context.options, services: context.lookups.service };
  const references = new References(route, { warn }, options);
  const get = (annotation: string): string | undefined =>
    Object.hasOwn(annotations, PREFIX + annotation) ? annotations[PREFIX + annotation] : undefined;
  const policies = readServicePolicies(route, { get, attempt, warn, port: 0, references }, options) ?? [];
  return {
    // A Service of the same name has budgets of its own.
    policies: policies.map(policy => ('owner' in policy ? { ...policy, owner: gatewayKey(kind, route) } : policy)),
    overrides: readOverrides(get, attempt),
    destinations: references.found,
    fault: faults[0],
    warnings,
  };
}

/** Tells of annotations of this program that mean nothing on a route. @param known the names of those that do */
export function strayAnnotations(
  kind: RouteKind,
  { annotations }: GatewayMetadata,
  known: ReadonlySet<string>,
): { reason: string; message: string }[] {
  const names = Object.keys(annotations).filter(annotation => annotation.startsWith(PREFIX));
  const stray = names.filter(annotation => !known.has(annotation.slice(PREFIX.length)));
  return stray.slice(0, MOST_NAMED).map(annotation => {
    const near = closest(annotation.slice(PREFIX.length), [...known]);
    const advice = near === undefined ? '' : `; did you mean ${PREFIX}${near}?`;
    return { reason: 'UnknownAnnotation', message: `${annotation}: has no effect on ${kind}s${advice}` };
  });
}
