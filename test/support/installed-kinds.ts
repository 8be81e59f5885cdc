import type { ServerResponse } from 'node:http';
import { GATEWAY_KINDS } from '../../src/resources/gateway/gateway-kinds.ts';
import { type ReceivedRequest, sendJson, sendStatus } from './kube-api-wire.ts';

/** The kinds of the Gateway API that the API server of kube-api.ts has CRDs of. */
export class InstalledKinds {
  /** By version of the Gateway API, the resources that it has. */
  readonly #installed = new Map<string, Set<string>>();

  add(version: string, resources: readonly string[]): void {
    this.#installed.set(version, new Set([...(this.#installed.get(version) ?? []), ...resources]));
  }

  remove(resource: string): void {
    for (const resources of this.#installed.values()) resources.delete(resource);
  }

  /** Whether a request is for a kind of the Gateway API that is not installed. */
  lacks({ resource, version }: ReceivedRequest): boolean {
    if (resource === 'namespaces' || !Object.values(GATEWAY_KINDS).some(kind => kind.resource === resource))
      return false;
    return this.#installed.get(version)?.has(resource) !== true;
  }

  /** Which resources a version of the Gateway API has: 404 for one without any. */
  describe(url: string, response: ServerResponse): void {
    const [, version = ''] = /^\/apis\/gateway\.networking\.k8s\.io\/([a-z0-9]+)$/.exec(url) ?? [];
    const resources = [...(this.#installed.get(version) ?? [])];
    if (resources.length === 0) sendStatus(response, 404);
    else sendJson(response, 200, { kind: 'APIResourceList', resources: resources.map(name => ({ name })) });
  }
}
