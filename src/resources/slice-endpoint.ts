/** What is read of one endpoint of an EndpointSlice. */
export interface SliceEndpoint {
  /** A literal IP address, in the one form that all sources give it. */
  readonly address: string;
  /** `draining`: the pod is terminating and still serves. `unready`: it takes no requests. */
  readonly state: 'ready' | 'draining' | 'unready';
  /** Of the pod, like {@link uid}; empty where the endpoint is no pod. */
  readonly pod: string;
  readonly uid: string;
  /** Empty where unknown, like {@link zone}. */
  readonly nodeName: string;
  readonly zone: string;
  /** Topology hints: whose clients it is meant for. Empty: it has none. */
  readonly forNodes: readonly string[];
  readonly forZones: readonly string[];
}
