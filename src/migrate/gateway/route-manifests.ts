/** HTTPRoutes and GRPCRoutes from the rules of Ingress hosts: as few as say the same. Pure. */
import { CATCH_ALL_HOST, type ServiceRef, serviceKey } from '../../model/route.ts';
import { type ListenerPlan, shortened } from './listener-plan.ts';
import type { PlacedRules } from './location-rules.ts';
import { type Manifest, manifest, type ParentReference, type RouteMatchList, type RouteRule } from './manifests.ts';

/** The rules of a host, in the order in which its locations stand. */
export interface HostRules {
  readonly host: string;
  readonly rules: readonly PlacedRules[];
}

/** The API allows no more in one object. */
const MOST_RULES = 16;
const MOST_MATCHES = 64;
const MOST_MATCHES_OF_ROUTE = 128;
const MOST_HOSTNAMES = 16;

/** One object, before it has a name. */
interface Draft extends Omit<PlacedRules, 'listeners'> {
  readonly hosts: string[];
  /** Each host with its listeners. */
  readonly parents: ParentReference[];
}

export function routeManifests(hosts: readonly HostRules[], plan: ListenerPlan): Manifest[] {
  const drafts = new Map<string, Draft>();
  for (const { host, rules } of hosts) {
    for (const part of partsOf(rules)) addDraft(drafts, host, part, plan);
  }
  return named([...drafts.values()]);
}

/** Rules of one Ingress that may stand in one object: they attach to the same listeners and have the same annotations. */
function partsOf(rules: readonly PlacedRules[]): PlacedRules[] {
  const groups = Map.groupBy(rules, ({ ingress, kind, listeners, annotations, sendsToHttps }) =>
    JSON.stringify([ingress, kind, listeners, annotations, sendsToHttps]),
  );
  return [...groups.values()].flatMap(group => {
    const [first] = group as [PlacedRules];
    const merged = mergeRules(group.flatMap(one => one.rules));
    return splitRules(merged).map(part => ({ ...first, rules: part }));
  });
}

/** Rules that do the same are one with several matches. A prefix can be replaced where it is the only match. */
function mergeRules(rules: readonly RouteRule[]): RouteRule[] {
  const merged = new Map<string, RouteRule>();
  for (const rule of rules) {
    const { matches = [{}], ...rest } = rule;
    const key = replacesPrefix(rule) ? `${merged.size}` : JSON.stringify(rest);
    const known = merged.get(key);
    if (known === undefined) merged.set(key, rule);
    else if ((known.matches?.length ?? 1) + matches.length <= MOST_MATCHES)
      merged.set(key, { matches: distinct([...(known.matches ?? [{}]), ...matches]), ...rest });
    else merged.set(`${key} ${merged.size}`, rule);
  }
  return [...merged.values()];
}

function replacesPrefix({ filters = [] }: RouteRule): boolean {
  return filters.some(one => one.type === 'URLRewrite' && one.urlRewrite.path?.type === 'ReplacePrefixMatch');
}

function distinct(matches: RouteMatchList): RouteMatchList {
  return [...new Map(matches.map(match => [JSON.stringify(match), match])).values()];
}

function splitRules(rules: readonly RouteRule[]): RouteRule[][] {
  const parts: RouteRule[][] = [[]];
  let matches = 0;
  for (const rule of rules) {
    const count = rule.matches?.length ?? 1;
    const last = parts.at(-1) ?? [];
    if (last.length < MOST_RULES && matches + count <= MOST_MATCHES_OF_ROUTE) {
      last.push(rule);
      matches += count;
    } else {
      parts.push([rule]);
      matches = count;
    }
  }
  return parts;
}

/** Hosts of one Ingress that are served alike share an object. */
function addDraft(
  drafts: Map<string, Draft>,
  host: string,
  { listeners, ...part }: PlacedRules,
  plan: ListenerPlan,
): void {
  const { namespace } = part.ingress;
  const parents = listeners.map(kind => plan.parentOf(host, kind, namespace));
  const key = JSON.stringify([part, listeners, host === CATCH_ALL_HOST]);
  const known = drafts.get(key);
  if (known !== undefined && known.hosts.length < MOST_HOSTNAMES) {
    known.hosts.push(host);
    for (const parent of parents) if (!known.parents.some(one => isSame(one, parent))) known.parents.push(parent);
    return;
  }
  drafts.set(known === undefined ? key : `${key} ${drafts.size}`, { ...part, hosts: [host], parents });
}

function isSame(one: ParentReference, other: ParentReference): boolean {
  return JSON.stringify(one) === JSON.stringify(other);
}

/** The name of the Ingress; where it becomes several objects, with the first host of each, and a number where that is not enough. */
function named(drafts: readonly Draft[]): Manifest[] {
  const perIngress = Map.groupBy(
    drafts.filter(({ sendsToHttps }) => !sendsToHttps),
    ({ ingress }) => serviceKey(ingress),
  );
  const taken = new Set<string>();
  return drafts.map(draft => {
    const { ingress, kind, hosts, parents, rules, annotations, sendsToHttps } = draft;
    const isOnly = perIngress.get(serviceKey(ingress))?.length === 1;
    const wanted = sendsToHttps
      ? `${ingress.name}-to-https`
      : isOnly
        ? ingress.name
        : `${ingress.name}-${slug(hosts[0])}`;
    const name = freeName(wanted, kind, ingress, taken);
    const hostnames = hosts.filter(host => host !== CATCH_ALL_HOST);
    const spec = { parentRefs: parents, ...(hostnames.length > 0 && { hostnames }), rules };
    return manifest(kind, { namespace: ingress.namespace, name }, spec, annotations);
  });
}

function freeName(wanted: string, kind: string, { namespace }: ServiceRef, taken: Set<string>): string {
  for (let number = 1; ; number += 1) {
    const name = shortened(number === 1 ? wanted : `${wanted}-${number}`);
    const key = `${kind} ${namespace}/${name}`;
    if (taken.has(key)) continue;
    taken.add(key);
    return name;
  }
}

function slug(host = ''): string {
  return host === CATCH_ALL_HOST ? 'any-host' : host.replace(/^\*/, 'wildcard').replaceAll('.', '-');
}
