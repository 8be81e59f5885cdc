/**
 * What becomes of the stored status of an object of the Gateway API when ours is put into it. Pure. Conditions, listeners and parents of
 * others stay as they are stored, in their order; ours are found by their type, name, or controller and parent.
 */
import { isDeepStrictEqual } from 'node:util';
import type { ParentRef } from '../../resources/gateway/gateway-object.ts';
import { isObject } from '../../resources/service-object.ts';
import type { Condition, GatewayStatus, ListenerStatus, ObjectStatus } from '../../translate/gateway/gateway-status.ts';

/** The API server takes no more. */
const MOST_PARENTS = 32;
const MOST_ANCESTORS = 16;
const LONGEST_MESSAGE = 32_000;

/** The types of conditions that this program writes, by where they stand. Conditions that are no longer reported are removed. */
const OWN = {
  GatewayClass: ['Accepted', 'SupportedVersion'],
  Gateway: ['Accepted', 'Programmed', 'ResolvedRefs', 'InsecureFrontendValidationMode'],
  ListenerSet: ['Accepted', 'Programmed'],
  listener: ['Accepted', 'Conflicted', 'ResolvedRefs', 'Programmed', 'OverlappingTLSConfig'],
  parent: ['Accepted', 'ResolvedRefs', 'PartiallyInvalid'],
  ancestor: ['Accepted', 'ResolvedRefs'],
} as const;

export interface MergeOptions {
  readonly controllerName: string;
  /** Milliseconds since 1970: of conditions whose status is another than before. */
  readonly now: number;
}

/**
 * `same`: nothing is to be written. `behind`: the stored status is of a newer version of the object. `full`: the API server would not
 * take it, because others have written as much as there is room for.
 */
export type Merged =
  | { readonly outcome: 'same' | 'behind' | 'full' }
  | { readonly outcome: 'changed'; readonly status: Readonly<Record<string, unknown>> };

type Json = Record<string, unknown>;

/** Ends a merge: the stored status is of a newer version of the object. */
const BEHIND = Symbol('behind');

/** @param stored the status as it is stored @param said undefined: nothing of it is ours */
export function mergedStatus(
  stored: unknown,
  kind: ObjectStatus['object']['kind'],
  said: ObjectStatus | undefined,
  options: MergeOptions,
): Merged {
  const before = isObject(stored) ? stored : {};
  const merge = new Merge(said, options);
  try {
    const fields = said === undefined ? merge.withdrawn(before) : merge.fields(before, said.status);
    const status = { ...before, ...fields };
    if (isDeepStrictEqual(status, before)) return { outcome: 'same' };
    return listLength(fields.parents) > MOST_PARENTS ? { outcome: 'full' } : { outcome: 'changed', status };
  } catch (reason) {
    if (reason === BEHIND) return { outcome: 'behind' };
    throw new Error(`the status of a ${kind} cannot be merged`, { cause: reason });
  }
}

class Merge {
  readonly #generation: number;
  readonly #namespace: string;
  readonly #controllerName: string;
  readonly #time: string;

  constructor(said: ObjectStatus | undefined, { controllerName, now }: MergeOptions) {
    this.#generation = said?.generation ?? 0;
    this.#namespace = said?.object.namespace ?? '';
    this.#controllerName = controllerName;
    this.#time = `${new Date(now).toISOString().slice(0, 19)}Z`;
  }

  fields(before: Json, status: GatewayStatus): Json {
    switch (status.kind) {
      case 'GatewayClass': {
        const conditions = this.#conditions(before.conditions, status.conditions, OWN.GatewayClass);
        return { conditions, supportedFeatures: status.supportedFeatures.map(name => ({ name })) };
      }
      case 'Gateway':
        return {
          addresses: status.addresses.map(({ type, value }) => ({ type, value })),
          conditions: this.#conditions(before.conditions, status.conditions, OWN.Gateway),
          listeners: this.#listeners(before.listeners, status.listeners),
          // API servers with older CRDs do not keep it.
          ...(status.attachedListenerSets > 0 || before.attachedListenerSets !== undefined
            ? { attachedListenerSets: status.attachedListenerSets }
            : {}),
        };
      case 'ListenerSet':
        return {
          conditions: this.#conditions(before.conditions, status.conditions, OWN.ListenerSet),
          listeners: this.#listeners(before.listeners, status.listeners),
        };
      case 'BackendTLSPolicy': {
        const own = status.ancestors.map(({ ancestorRef, conditions }) => ({ ref: ancestorRef, conditions }));
        const entries = this.#entries(before.ancestors, 'ancestorRef', own, OWN.ancestor);
        // No more are to be named: those of others stay.
        return orNothing('ancestors', this.#withinRoom(entries, MOST_ANCESTORS), before);
      }
      default: {
        const own = status.parents.map(({ parentRef, conditions }) => ({ ref: parentRef, conditions }));
        return orNothing('parents', this.#entries(before.parents, 'parentRef', own, OWN.parent), before);
      }
    }
  }

  /** Only lists of parents and ancestors say whose their entries are. The rest belongs to the controller of the class. */
  withdrawn(before: Json): Json {
    const others = (key: 'parents' | 'ancestors'): Json => {
      const entries = listOf(before[key]);
      const kept = entries.filter(entry => !this.#isOwn(entry));
      return kept.length === entries.length ? {} : { [key]: kept };
    };
    return { ...others('parents'), ...others('ancestors') };
  }

  #conditions(before: unknown, said: readonly Condition[], own: readonly string[]): unknown[] {
    const byType = new Map(said.map(condition => [condition.type, condition]));
    const kept = listOf(before).flatMap(stored => {
      const { type, observedGeneration } = isObject(stored) ? stored : {};
      if (typeof type !== 'string') return [stored];
      const condition = byType.get(type);
      const isOwn = own.includes(type) || condition !== undefined;
      if (isOwn && typeof observedGeneration === 'number' && observedGeneration > this.#generation) throw BEHIND;
      if (condition === undefined) return isOwn ? [] : [stored];
      byType.delete(type);
      return [this.#condition(condition, isObject(stored) ? stored : {})];
    });
    return [...kept, ...[...byType.values()].map(condition => this.#condition(condition, {}))];
  }

  #condition({ type, status, reason, message }: Condition, before: Json): Json {
    return {
      ...{ type, status, observedGeneration: this.#generation, reason, message: message.slice(0, LONGEST_MESSAGE) },
      lastTransitionTime: before.status === status ? (before.lastTransitionTime ?? this.#time) : this.#time,
    };
  }

  #listeners(before: unknown, said: readonly ListenerStatus[]): Json[] {
    const known = new Map(
      listOf(before)
        .filter(isObject)
        .map(listener => [listener.name, listener]),
    );
    return said.map(({ name, supportedKinds, attachedRoutes, conditions }) => {
      const stored = known.get(name) ?? {};
      return {
        ...stored,
        name,
        supportedKinds: supportedKinds.map(({ group, kind }) => ({ group, kind })),
        attachedRoutes,
        conditions: this.#conditions(stored.conditions, conditions, OWN.listener),
      };
    });
  }

  #entries(
    before: unknown,
    field: 'parentRef' | 'ancestorRef',
    said: readonly { readonly ref: ParentRef; readonly conditions: readonly Condition[] }[],
    own: readonly string[],
  ): unknown[] {
    const left = new Map(said.map(({ ref, conditions }) => [this.#keyOf(ref), { ref, conditions }]));
    const kept = listOf(before).flatMap(stored => {
      if (!this.#isOwn(stored)) return [stored];
      const ref = isObject(stored[field]) ? stored[field] : {};
      const entry = left.get(this.#keyOf(ref));
      left.delete(this.#keyOf(ref));
      return entry === undefined
        ? []
        : [{ ...stored, conditions: this.#conditions(stored.conditions, entry.conditions, own) }];
    });
    const added = [...left.values()].map(({ ref, conditions }) => ({
      [field]: withoutNothing(ref),
      controllerName: this.#controllerName,
      conditions: this.#conditions([], conditions, own),
    }));
    return [...kept, ...added];
  }

  #withinRoom(entries: readonly unknown[], most: number): unknown[] {
    let room = most - entries.filter(entry => !this.#isOwn(entry)).length;
    return entries.filter(entry => {
      if (!this.#isOwn(entry)) return true;
      room -= 1;
      return room >= 0;
    });
  }

  #isOwn(entry: unknown): entry is Json {
    return isObject(entry) && entry.controllerName === this.#controllerName;
  }

  /** What may be left out is what the API fills in. */
  #keyOf({ group, kind, namespace, name, sectionName, port }: Json | ParentRef): string {
    const place = [group ?? 'gateway.networking.k8s.io', kind ?? 'Gateway', namespace ?? this.#namespace, name];
    return JSON.stringify([...place, sectionName ?? '', port ?? 0]);
  }
}

/** An object that has nothing to do with this program gets no status by it. */
function orNothing(field: string, entries: readonly unknown[], before: Json): Json {
  return entries.length === 0 && before[field] === undefined ? {} : { [field]: entries };
}

function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

function listLength(value: unknown): number {
  return listOf(value).length;
}

function withoutNothing(ref: ParentRef): Json {
  return Object.fromEntries(Object.entries(ref).filter(([, value]) => value !== undefined));
}
