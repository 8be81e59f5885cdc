/** What a running instance says of clusters. Fields are checked before use, because its version may differ from ours. */
import type { ClusterView, EndpointView } from '../admin/cluster-view.ts';
import type { EndpointChoiceView } from '../admin/endpoint-choice-view.ts';
import { isObject } from '../resources/service-object.ts';
import type { AdminClient } from './admin-client.ts';

/** @returns the clusters of a backend: one for each port that is exposed @throws UnavailableError */
export async function askClusters(client: AdminClient, backend: string): Promise<ClusterView[]> {
  const value = await client.json(`/endpoints?${new URLSearchParams({ backend })}`);
  return Array.isArray(value) ? value.filter(isCluster) : [];
}

function isCluster(value: unknown): value is ClusterView {
  return (
    isObject(value) &&
    hasTexts(value, 'name', 'balance', 'affinityCookie') &&
    hasNumbers(value, 'maxRequests', 'more') &&
    isObject(value.service) &&
    hasTexts(value.service, 'namespace', 'name') &&
    Array.isArray(value.endpoints) &&
    value.endpoints.every(isEndpoint)
  );
}

function isEndpoint(value: unknown): value is EndpointView {
  return (
    isObject(value) &&
    hasTexts(value, 'address', 'pod', 'zone', 'state') &&
    hasNumbers(value, 'port', 'inFlight') &&
    (value.firstByteMs === null || typeof value.firstByteMs === 'number') &&
    (value.ejection === null || isEjection(value.ejection)) &&
    (value.check === null || (isObject(value.check) && hasTexts(value.check, 'detail')))
  );
}

export function isChoice(value: unknown): value is EndpointChoiceView {
  return (
    isObject(value) &&
    hasTexts(value, 'outcome') &&
    Array.isArray(value.endpoints) &&
    value.endpoints.every(endpoint => isEndpoint(endpoint) && hasNumbers({ ...endpoint }, 'share'))
  );
}

function isEjection(value: unknown): boolean {
  return isObject(value) && hasTexts(value, 'reason', 'until') && hasNumbers(value, 'times');
}

function hasTexts(value: Readonly<Record<string, unknown>>, ...names: readonly string[]): boolean {
  return names.every(name => typeof value[name] === 'string');
}

function hasNumbers(value: Readonly<Record<string, unknown>>, ...names: readonly string[]): boolean {
  return names.every(name => typeof value[name] === 'number');
}
