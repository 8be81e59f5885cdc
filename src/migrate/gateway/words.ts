/** What is written for the policies of a location, and where what cannot be written is told. */
import type { ClusterId, ServiceRef } from '../../model/route.ts';
import type { Destination } from '../../translate/destination.ts';
import type { BackendReference, RouteFilter } from './manifests.ts';
import type { Annotations } from './own-annotations.ts';
import type { Remark } from './remarks.ts';

/** What is written for policies. */
export interface Words {
  readonly filters: readonly RouteFilter[];
  readonly annotations: Annotations;
  /** Requests may not be served without what cannot be said: their routes are not written. */
  readonly isLeftOut: boolean;
}

export interface WordsContext {
  readonly ingress: ServiceRef;
  say(remark: Remark): void;
  destination(cluster: ClusterId): Destination | undefined;
  /** A reference to a Service of any namespace, which is let in where it takes a grant. */
  refer(service: ServiceRef, port: number): BackendReference;
}

export type Part = Partial<Words>;

const LEFT_OUT = 'its routes are not written, because they would be served without it';

export function unsaid(context: WordsContext, names: readonly string[], what: string, mend?: string): Part {
  context.say({ names, verdict: 'unsupported', reason: what, ...(mend !== undefined && { mend }) });
  return {};
}

export function leftOut(context: WordsContext, names: readonly string[], what: string): Part {
  context.say({ names, verdict: 'refused', reason: `${what}: ${LEFT_OUT}` });
  return { isLeftOut: true };
}
