/** The statuses that objects of the Gateway API would get, a line for each object, listener and parent. */
import type { ParentRef } from '../resources/gateway/gateway-object.ts';
import { plural } from '../text/labels.ts';
import { printable } from '../text/printable.ts';
import type { Condition, ListenerStatus } from '../translate/gateway/gateway-status.ts';
import type { LocatedStatus } from './inspect-gateways.ts';
import type { Io } from './io.ts';

/** Conditions that say something bad, or at least something odd, by being true. */
const BAD_IF_TRUE: ReadonlySet<string> = new Set([
  'Conflicted',
  'OverlappingTLSConfig',
  'InsecureFrontendValidationMode',
  'PartiallyInvalid',
]);

export function statusLines(statuses: readonly LocatedStatus[], io: Io): string[] {
  return statuses.flatMap(one => {
    const { kind, namespace, name, file, line } = one;
    const what = `${printable(`${file}:${line}:`)} ${kind} ${namespace === '' ? '' : `${namespace}/`}${name}`;
    return statusesOf(one).map(({ of, conditions, also }, index) => {
      const where = of === '' ? '' : ` ${printable(of)}`;
      const start = index === 0 ? `${what}${where}` : `${' '.repeat(2)}${printable(of)}`;
      return `${index === 0 ? '  ' : '    '}${start}: ${[...conditions.flatMap(one => words(one, io)), ...also].join(', ')}`;
    });
  });
}

interface StatusPart {
  /** The listener, or the parent; empty for the object itself. */
  readonly of: string;
  readonly conditions: readonly Condition[];
  readonly also: readonly string[];
}

function statusesOf({ status, namespace }: LocatedStatus): StatusPart[] {
  switch (status.kind) {
    case 'GatewayClass':
      return [{ of: '', conditions: status.conditions, also: [] }];
    case 'Gateway': {
      const also = status.addresses.map(({ value }) => value);
      return [{ of: '', conditions: status.conditions, also }, ...status.listeners.map(listenerPart)];
    }
    case 'ListenerSet':
      return [{ of: '', conditions: status.conditions, also: [] }, ...status.listeners.map(listenerPart)];
    case 'BackendTLSPolicy':
      return status.ancestors.map(({ ancestorRef, conditions }) => part(ancestorRef, conditions, namespace));
    default:
      return status.parents.map(({ parentRef, conditions }) => part(parentRef, conditions, namespace));
  }
}

function listenerPart({ name, conditions, attachedRoutes }: ListenerStatus): StatusPart {
  return { of: `listener ${name}`, conditions, also: [plural(attachedRoutes, 'route')] };
}

function part(
  { kind, namespace, name, sectionName, port }: ParentRef,
  conditions: readonly Condition[],
  own: string,
): StatusPart {
  const which = [sectionName, port === undefined ? undefined : `port ${port}`].filter(word => word !== undefined);
  return {
    of: `at ${kind} ${namespace ?? own}/${name}${which.length === 0 ? '' : ` ${which.join(' ')}`}`,
    conditions,
    also: [],
  };
}

/** `Accepted`, or `not Programmed (Invalid: why)`; nothing for what is good by being false. */
function words({ type, status, reason, message }: Condition, { paint }: Io): string | [] {
  const why = printable(`${reason}: ${message}`);
  if (status === 'Unknown') return paint('yellow', `${type} unknown (${why})`);
  const isGood = (status === 'True') !== BAD_IF_TRUE.has(type);
  if (!isGood) return paint('red', status === 'True' ? `${type} (${why})` : `not ${type} (${why})`);
  if (status === 'False') return [];
  return reason === type ? type : `${type} (${why})`;
}
