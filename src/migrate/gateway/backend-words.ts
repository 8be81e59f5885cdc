/** Where the requests of a location go: backends with their shares, and the matches by which a canary takes some. Pure. */
import type { Cluster } from '../../model/cluster.ts';
import type { Canary, ClusterId, ServiceRef } from '../../model/route.ts';
import type { Destination } from '../../translate/destination.ts';
import type { BackendReference, ValueMatch } from './manifests.ts';
import type { WordsContext } from './words.ts';

/** The requests that meet the headers, besides the path, and their share of each backend. */
export interface BackendRule {
  readonly headers?: readonly ValueMatch[];
  readonly backendRefs: readonly BackendReference[];
}

/**
 * In the order in which they count: a match by a header comes before the rules without one.
 * @returns undefined where there is no port to name
 */
export function backendRules(
  cluster: ClusterId,
  canary: Canary | undefined,
  context: WordsContext,
): readonly BackendRule[] | undefined {
  const primary = backendReference(cluster, context);
  if (primary === undefined) return undefined;
  const taking = canary && backendReference(canary.cluster, context);
  if (canary === undefined || taking === undefined) return [{ backendRefs: [primary] }];
  return [
    ...headerMatches(canary).map(match => ({ headers: [match], backendRefs: [taking] })),
    ...never(canary).map(match => ({ headers: [match], backendRefs: [primary] })),
    ...cookieMatches(canary, 'always').map(match => ({ headers: [match], backendRefs: [taking] })),
    ...cookieMatches(canary, 'never').map(match => ({ headers: [match], backendRefs: [primary] })),
    { backendRefs: shares(canary, primary, taking) },
  ];
}

function shares({ weight, weightTotal = 100 }: Canary, primary: BackendReference, taking: BackendReference) {
  if (weight <= 0) return [primary];
  if (weight >= weightTotal) return [taking];
  return [
    { ...primary, weight: weightTotal - weight },
    { ...taking, weight },
  ];
}

function headerMatches({ header, headerValue, headerPattern }: Canary): ValueMatch[] {
  if (header === '') return [];
  if (headerValue !== '') return [{ name: header, value: headerValue }];
  if (headerPattern !== undefined)
    return [{ type: 'RegularExpression', name: header, value: wholePattern(headerPattern) }];
  return [{ name: header, value: 'always' }];
}

function never({ header, headerValue, headerPattern }: Canary): ValueMatch[] {
  return header === '' || headerValue !== '' || headerPattern !== undefined ? [] : [{ name: header, value: 'never' }];
}

function cookieMatches({ cookie }: Canary, value: 'always' | 'never'): ValueMatch[] {
  if (cookie === '') return [];
  const name = cookie.replaceAll(/[^\w-]/g, '\\$&');
  return [{ type: 'RegularExpression', name: 'Cookie', value: `(?:.*; *)?${name}=${value}(?:;.*)?` }];
}

/** Matches the values that a pattern is found in anywhere. */
function wholePattern(pattern: string): string {
  const [, start, middle, end] = /^(\^?)([^|]*?)(\$?)$/.exec(pattern) ?? [];
  if (middle === undefined) return `.*(?:${pattern}).*`;
  return `${start === '^' ? '' : '.*'}${middle}${end === '$' ? '' : '.*'}`;
}

function backendReference(id: ClusterId, context: WordsContext): BackendReference | undefined {
  const destination = context.destination(id);
  const port = destination && portOf(destination);
  if (destination === undefined) return undefined;
  const { service } = destination.cluster;
  if (port === undefined) {
    const text = portTextOf(destination.cluster);
    const reason = `the port ${text} of the Service ${service.namespace}/${service.name} is not known, and a route names ports by number`;
    context.say({ names: [], verdict: 'refused', reason: `${reason}: its routes are not written` });
    return undefined;
  }
  return context.refer(service, port);
}

/** Of a Service that is not in the dump, as the Ingress writes it. */
function portOf({ port, cluster }: Destination): number | undefined {
  if (port !== undefined) return port.port;
  const text = portTextOf(cluster);
  return /^[1-9]\d{0,4}$/.test(text) ? Number(text) : undefined;
}

function portTextOf({ name, service }: Pick<Cluster, 'name' | 'service'>): string {
  return name.slice(`${service.namespace}-${service.name}-`.length);
}

/** A reference from an object of one namespace. */
export function referenceFrom(namespace: string, service: ServiceRef, port: number): BackendReference {
  return { name: service.name, ...(service.namespace !== namespace && { namespace: service.namespace }), port };
}
