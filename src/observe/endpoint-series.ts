import type { ServiceRef } from '../model/route.ts';
import { familyHead, labelValue } from './exposition.ts';

const ENDPOINTS = 'kube_entry_endpoints';

/** How many endpoints of a Service are in each state. */
export interface EndpointCounts {
  readonly service: ServiceRef;
  readonly counts: ReadonlyMap<string, number>;
}

/** What the metrics tell about endpoints. */
export interface EndpointStatistics {
  counts(): Iterable<EndpointCounts>;
  /** Since the start, by reason. */
  readonly ejections: Readonly<Record<string, number>>;
}

/** The family of endpoints by Service and state, in one text: prom-client would make objects for each of them. */
export function endpointSeries(all: Iterable<EndpointCounts>): Buffer {
  let text = familyHead(ENDPOINTS, 'gauge', 'Endpoints of Services whose requests are balanced here, by state.');
  for (const { service, counts } of all) {
    const labels = `namespace="${labelValue(service.namespace)}",service="${labelValue(service.name)}"`;
    for (const [state, count] of counts) text += `${ENDPOINTS}{${labels},state="${state}"} ${count}\n`;
  }
  return Buffer.from(text);
}
