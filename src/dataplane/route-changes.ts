import type { PolicyKind } from '../model/policy.ts';
import { policySlot, type WorkerCounters } from '../observe/counters.ts';
import { PreparedChanges } from './pipeline/filters/field-changes.ts';
import type { FieldEdits } from './pipeline/ports.ts';

/** A policy that changes the header lines of all messages alike. */
export interface ConstantPolicy {
  readonly kind: PolicyKind;
  readonly request: PreparedChanges | undefined;
  readonly response: PreparedChanges | undefined;
}

/** What a route changes in responses whatever its policies, before they do. */
export interface OwnChanges {
  responses(isOverTls: boolean): PreparedChanges;
}

/** What a route changes in the header lines of its messages, where that is the same for all of them: no request has to be asked for it. */
export class RouteChanges {
  /** Undefined where requests stay as they are. */
  readonly request: FieldEdits | undefined;
  /** Where requests that a policy has let pass are counted. */
  readonly #slots: readonly number[];
  readonly #inClear: PreparedChanges | undefined;
  readonly #overTls: PreparedChanges | undefined;

  /** @param policies in the order in which messages meet them */
  constructor(policies: readonly ConstantPolicy[], own: OwnChanges | undefined) {
    const responses = policies.map(({ response }) => response);
    this.request = together(policies.map(({ request }) => request))?.ofRequest;
    this.#slots = policies.flatMap(({ kind, request }) => (request === undefined ? [] : policySlot(kind, 'passed')));
    this.#inClear = together([own?.responses(false), ...responses]);
    this.#overTls = together([own?.responses(true), ...responses]);
  }

  /** In responses, both from upstreams and made here; undefined where they stay as they are. */
  responses(isOverTls: boolean): PreparedChanges | undefined {
    return isOverTls ? this.#overTls : this.#inClear;
  }

  /** Counts a request that goes on. */
  count(counters: WorkerCounters): void {
    for (const slot of this.#slots) counters.addTo(slot, 1);
  }
}

function together(changes: readonly (PreparedChanges | undefined)[]): PreparedChanges | undefined {
  const some = changes.filter(one => one !== undefined);
  return some.length > 1 ? new PreparedChanges(some.flatMap(({ edits }) => edits)) : some[0];
}
