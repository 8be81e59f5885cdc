import type { GatewayApiKind } from '../../model/diagnostic.ts';
import type { ParentRef } from '../../resources/gateway/gateway-object.ts';

/** One condition of a status, without its time: who writes it knows whether it has changed. */
export interface Condition {
  readonly type: string;
  readonly status: 'True' | 'False' | 'Unknown';
  /** A word of the Gateway API, in CamelCase. */
  readonly reason: string;
  /** For people. */
  readonly message: string;
}

/** What the status of an object has to say, as far as it is ours. */
export type GatewayStatus =
  | {
      readonly kind: 'GatewayClass';
      readonly conditions: readonly Condition[];
      readonly supportedFeatures: readonly string[];
    }
  | {
      readonly kind: 'Gateway';
      readonly addresses: readonly { readonly type: string; readonly value: string }[];
      readonly conditions: readonly Condition[];
      readonly listeners: readonly ListenerStatus[];
      readonly attachedListenerSets: number;
    }
  | {
      readonly kind: 'ListenerSet';
      readonly conditions: readonly Condition[];
      readonly listeners: readonly ListenerStatus[];
    }
  | { readonly kind: 'HTTPRoute' | 'GRPCRoute' | 'TLSRoute'; readonly parents: readonly ParentStatus[] }
  | { readonly kind: 'BackendTLSPolicy'; readonly ancestors: readonly AncestorStatus[] };

export interface ListenerStatus {
  readonly name: string;
  readonly supportedKinds: readonly { readonly group: string; readonly kind: string }[];
  readonly attachedRoutes: number;
  readonly conditions: readonly Condition[];
}

/** What becomes of a route at one parent that is ours. */
export interface ParentStatus {
  readonly parentRef: ParentRef;
  readonly conditions: readonly Condition[];
}

export interface AncestorStatus {
  readonly ancestorRef: ParentRef;
  readonly conditions: readonly Condition[];
}

/** A status, and whose it is. */
export interface ObjectStatus {
  readonly object: { readonly kind: GatewayApiKind; readonly namespace: string; readonly name: string };
  /** Of the object that was translated: the `observedGeneration` of every condition. */
  readonly generation: number;
  readonly status: GatewayStatus;
}
