import { isNothing, isObject } from './service-object.ts';
import type { SliceEndpoint } from './slice-endpoint.ts';

/**
 * Finds those endpoints of an EndpointSlice that say what they said in its earlier version: they were checked and read then. Of the
 * hundred endpoints of a slice nearly always one changes, and the others are to make no work and no new objects.
 * @param items whatever the slice has as its endpoints
 * @param before of a slice with the same type of addresses
 * @returns by their places in `items`
 */
export function keptEndpoints(items: unknown, before: readonly SliceEndpoint[]): (SliceEndpoint | undefined)[] {
  if (!Array.isArray(items) || before.length === 0) return [];
  let next = 0;
  return (items as unknown[]).map((item, index) => {
    const place = placeOf(item, before, next, index);
    if (place >= 0) next = place + 1;
    return before[place];
  });
}

/** Endpoints go and come, one at a time: the others stay in their order. @returns -1 for one that is not found */
function placeOf(item: unknown, before: readonly SliceEndpoint[], next: number, index: number): number {
  if (says(item, before[next])) return next;
  if (says(item, before[next + 1])) return next + 1;
  return says(item, before[index]) ? index : -1;
}

/** Whether an endpoint in the form of the API says this and nothing else that is read here. What is not sure is not the same. */
function says(item: unknown, known: SliceEndpoint | undefined): boolean {
  if (known === undefined || !isObject(item)) return false;
  const { addresses, targetRef, nodeName, zone, hints } = item;
  return (
    isHint(hints, known) &&
    Array.isArray(addresses) &&
    addresses.length === 1 &&
    addresses[0] === known.address &&
    isObject(targetRef) &&
    targetRef.kind === 'Pod' &&
    targetRef.uid === known.uid &&
    targetRef.name === known.pod &&
    (nodeName ?? '') === known.nodeName &&
    (zone ?? '') === known.zone &&
    known.state === 'ready' &&
    isReady(item.conditions)
  );
}

function isReady(conditions: unknown): boolean {
  return (
    isObject(conditions) &&
    conditions.ready === true &&
    isAbsentOr(true, conditions.serving) &&
    isAbsentOr(false, conditions.terminating)
  );
}

function isHint(hints: unknown, { forNodes, forZones }: SliceEndpoint): boolean {
  if (isNothing(hints)) return forNodes.length === 0 && forZones.length === 0;
  return isObject(hints) && isListOf(forNodes, hints.forNodes) && isListOf(forZones, hints.forZones);
}

function isListOf(names: readonly string[], items: unknown): boolean {
  if (isNothing(items)) return names.length === 0;
  if (!Array.isArray(items) || items.length !== names.length) return false;
  return (items as unknown[]).every((item, index) => isObject(item) && item.name === names[index]);
}

function isAbsentOr(expected: boolean, value: unknown): boolean {
  return isNothing(value) || value === expected;
}
