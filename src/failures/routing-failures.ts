/** No route or endpoint takes the request now. */
import { entry, type Failure, later } from './failure.ts';

export const ROUTING_FAILURES = {
  no_route: entry(
    404,
    false,
    'No route takes the host and path of the request.',
    'Run kube-entry explain HOST/PATH to see which routes come near, and check the annotation kube-entry.io/path of the Service, or the matches of the HTTPRoute.',
  ),
  backend_invalid: entry(
    500,
    false,
    'The rule of the HTTPRoute or GRPCRoute leads to no backend that is there and may be used.',
    'Look at the condition ResolvedRefs in the status of the route: it names the backendRef and what is wrong with it.',
  ),
  table_not_loaded: later(
    'The entry has just started and has not read its first route table.',
    'Wait; if it lasts, kube-entry status says what the source of routes waits for.',
  ),
  no_endpoint: later(
    'The Service of the route has no endpoint to send the request to.',
    'Look whether pods of the Service are ready, with kubectl get endpointslices; or push a backend with endpoints.',
  ),
  endpoints_busy: later(
    'Each endpoint of the Service has as many requests in flight as kube-entry.io/max-requests allows, and the request has waited for 1 s, or 100 others of its worker were waiting.',
    'Add pods, find out why they are slow, or raise kube-entry.io/max-requests.',
  ),
  memory_exhausted: later(
    'What the connections of the worker keep is as much as its memory allows, and the head is too long to be kept as well.',
    'Look at nginx_connections_active: raise the memory limit, add replicas, or lower the limits of time for clients.',
  ),
} as const satisfies Record<string, Failure>;
