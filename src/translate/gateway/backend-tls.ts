/** What BackendTLSPolicies say of Services, and what their statuses say. Pure. */
import { type ServiceRef, serviceKey } from '../../model/route.ts';
import { type BackendTlsPolicyObject, GATEWAY_GROUP } from '../../resources/gateway/gateway-object.ts';
import type { ServicePort } from '../../resources/service-object.ts';
import { byAge } from './by-age.ts';
import { type Fault, met, pending, unmet } from './conditions.ts';
import type { GatewayLookups } from './gateway-lookups.ts';
import type { AncestorStatus, Condition, ObjectStatus } from './gateway-status.ts';
import type { BackendTls } from './routes/route-context.ts';
import { readUpstreamTrust, type UpstreamTrust } from './upstream-trust.ts';

type Lookups = Pick<GatewayLookups, 'authorities' | 'service'>;

/** The most that the API allows. */
const MOST_ANCESTORS = 16;

/** A Service that a policy is about, or one of its ports. */
interface Target {
  readonly service: ServiceRef;
  /** Why the policy is not obeyed there; undefined: it is. */
  readonly fault: Fault | undefined;
}

interface PolicyReading {
  readonly object: BackendTlsPolicyObject;
  readonly trust: UpstreamTrust;
  readonly targets: readonly Target[];
}

/** What the policies of one namespace, or of several, say together. */
export class BackendTlsReading {
  readonly #policies: readonly PolicyReading[];
  /** The policy that counts, by target. */
  readonly #counting: ReadonlyMap<string, PolicyReading>;

  constructor(policies: readonly BackendTlsPolicyObject[], lookups: Lookups) {
    const counting = new Map<string, PolicyReading>();
    this.#policies = policies.toSorted(byAge).map(object => {
      const targets: Target[] = [];
      const reading: PolicyReading = { object, trust: readUpstreamTrust(object, lookups), targets };
      for (const { group, kind, name, sectionName } of object.spec.targetRefs) {
        // What else it targets is for others to obey.
        if ((group !== '' && group !== 'core') || kind !== 'Service') continue;
        const service = { namespace: object.metadata.namespace, name };
        const key = targetKey(service, sectionName);
        const winner = counting.get(key) ?? reading;
        counting.set(key, winner);
        const fault = winner === reading ? missing(service, sectionName, lookups) : conflict(winner, service);
        targets.push({ service, fault });
      }
      return reading;
    });
    this.#counting = counting;
  }

  /** How a port of a Service is connected to; undefined: no policy is about it. */
  tlsFor(service: ServiceRef, { name = '' }: Pick<ServicePort, 'name'>): BackendTls | undefined {
    const ofPort = name === '' ? undefined : this.#counting.get(targetKey(service, name));
    const reading = ofPort ?? this.#counting.get(targetKey(service));
    if (reading === undefined) return undefined;
    const { tls, refusal } = reading.trust;
    if (tls !== undefined) return { tls };
    const why = refusal?.message ?? 'its certificates have not been read yet';
    return { fault: `the BackendTLSPolicy ${serviceKey(reading.object.metadata)}: ${why}` };
  }

  /** @param gatewaysOf the Gateways of ours by which requests come to a Service */
  statuses(gatewaysOf: (service: ServiceRef) => Iterable<ServiceRef>): ObjectStatus[] {
    return this.#policies.map(({ object, trust, targets }) => {
      const { namespace, name, generation } = object.metadata;
      const ancestors = new Map<string, { readonly gateway: ServiceRef; readonly targets: Target[] }>();
      for (const target of targets) {
        for (const gateway of gatewaysOf(target.service)) {
          const key = serviceKey(gateway);
          const known = ancestors.get(key) ?? { gateway, targets: [] };
          known.targets.push(target);
          ancestors.set(key, known);
        }
      }
      const sorted = [...ancestors].sort(([a], [b]) => (a < b ? -1 : 1)).slice(0, MOST_ANCESTORS);
      return {
        object: { kind: 'BackendTLSPolicy', namespace, name },
        generation,
        status: {
          kind: 'BackendTLSPolicy',
          ancestors: sorted.map(([, ancestor]) => ancestorStatus(ancestor.gateway, trust, ancestor.targets)),
        },
      };
    });
  }
}

function ancestorStatus(
  { namespace, name }: ServiceRef,
  trust: UpstreamTrust,
  targets: readonly Target[],
): AncestorStatus {
  return {
    ancestorRef: { group: GATEWAY_GROUP, kind: 'Gateway', namespace, name },
    conditions: [accepted(trust, targets), resolvedRefs(trust)],
  };
}

function accepted({ refusal, isPending }: UpstreamTrust, targets: readonly Target[]): Condition {
  if (refusal !== undefined) return unmet('Accepted', refusal);
  const faults = targets.map(({ fault }) => fault).filter(fault => fault !== undefined);
  const [first] = faults;
  if (first !== undefined && faults.length === targets.length) return unmet('Accepted', first);
  if (isPending) return pending('Accepted', 'the certificates that it names have not been read yet');
  const exceptions = faults.map(({ message }) => `; but ${message}`).join('');
  return met('Accepted', `connections are verified as the policy says${exceptions}`);
}

function resolvedRefs({ references, isPending }: UpstreamTrust): Condition {
  const [first] = references;
  if (first !== undefined) {
    const message = references.map(fault => fault.message).join('; ');
    return unmet('ResolvedRefs', { reason: first.reason, message });
  }
  if (isPending) return pending('ResolvedRefs', 'the certificates that it names have not been read yet');
  return met('ResolvedRefs', 'all references of the policy are resolved');
}

function conflict({ object }: PolicyReading, service: ServiceRef): Fault {
  const message = `the older BackendTLSPolicy ${serviceKey(object.metadata)} has the same target, Service ${serviceKey(service)}`;
  return { reason: 'Conflicted', message };
}

function missing(service: ServiceRef, section: string | undefined, lookups: Lookups): Fault | undefined {
  const object = lookups.service(service);
  const refuse = (what: string): Fault => ({ reason: 'TargetNotFound', message: `there is no ${what}` });
  if (object === undefined) return refuse(`Service ${serviceKey(service)}`);
  if (section === undefined || object.spec.ports?.some(({ name }) => name === section) === true) return undefined;
  return refuse(`port ${section} in the Service ${serviceKey(service)}`);
}

/** A key for maps by target: neither names of Services nor those of ports hold a space. */
function targetKey(service: ServiceRef, section = ''): string {
  return `${serviceKey(service)} ${section}`;
}
