/** What the status of a route says at each of its parents. Pure. */
import type { Diagnostic } from '../../../model/diagnostic.ts';
import type { GatewayMetadata, RouteKind } from '../../../resources/gateway/gateway-object.ts';
import { printable } from '../../../text/printable.ts';
import { met, shortened, unmet } from '../conditions.ts';
import type { Condition, ObjectStatus } from '../gateway-status.ts';
import type { RouteReading } from '../readings.ts';
import type { Attachment, Refusal } from './attachment.ts';
import type { RefFault } from './backend-refs.ts';

/** What is wrong with a route, whatever its parents say. */
export interface RouteFaults {
  /** Why none of it is served as it stands; undefined: some is. */
  readonly refusal: Refusal | undefined;
  /** Why some of its rules are not served, while others are; none: all are. */
  readonly dropped: readonly string[];
  readonly refs: readonly RefFault[];
}

export function routeStatus(
  kind: RouteKind,
  { namespace, name, generation }: GatewayMetadata,
  attachments: readonly Attachment[],
  faults: RouteFaults,
): ObjectStatus {
  const parents = attachments.map(({ parentRef, refusal }) => ({
    parentRef,
    conditions: [accepted(refusal ?? faults.refusal), resolvedRefs(faults.refs), ...partiallyInvalid(faults.dropped)],
  }));
  return { object: { kind, namespace, name }, generation, status: { kind, parents } };
}

/** A route that names no parent of ours: its status is left alone. */
export function notOurs(kind: RouteKind, metadata: GatewayMetadata): RouteReading {
  const status = routeStatus(kind, metadata, [], { refusal: undefined, dropped: [], refs: [] });
  return { routes: [], streams: [], destinations: [], attached: new Set(), status, diagnostics: [] };
}

/** What is wrong with a route, for people. @param warnings what is wrong with annotations, its own and those of Services */
export function routeDiagnostics(
  kind: RouteKind,
  { namespace, name }: GatewayMetadata,
  attachments: readonly Attachment[],
  { refusal, dropped, refs }: RouteFaults,
  warnings: readonly Pick<Diagnostic, 'reason' | 'message'>[],
): Diagnostic[] {
  const diagnostics: Diagnostic[] = [];
  const tell = (severity: Diagnostic['severity'], reason: string, message: string): void => {
    diagnostics.push({
      object: { kind, namespace, name },
      severity,
      reason,
      message: shortened(printable(message)),
      paths: [],
    });
  };
  const refusals = new Set(refusal === undefined ? attachments.map(one => one.refusal) : [refusal]);
  for (const one of refusals) if (one !== undefined) tell('refused', one.reason, one.message);
  for (const rule of dropped) tell('warning', 'UnsupportedValue', `rule ${rule}; its requests get 500`);
  for (const { reason, message } of refs) tell('warning', reason, message);
  for (const { reason, message } of warnings) tell('warning', reason, message);
  return diagnostics;
}

function accepted(refusal: Refusal | undefined): Condition {
  if (refusal === undefined) return met('Accepted', 'the route is accepted');
  return unmet('Accepted', { reason: refusal.reason, message: printable(refusal.message) });
}

function resolvedRefs(faults: readonly RefFault[]): Condition {
  const [first] = faults;
  if (first === undefined) return met('ResolvedRefs', 'all references of the route are resolved');
  return unmet('ResolvedRefs', {
    reason: first.reason,
    message: printable(faults.map(({ message }) => message).join('; ')),
  });
}

/** The API wants the message to begin so. */
function partiallyInvalid(dropped: readonly string[]): Condition[] {
  if (dropped.length === 0) return [];
  return [met('PartiallyInvalid', printable(`Dropped Rule ${dropped.join('; ')}`), 'UnsupportedValue')];
}
