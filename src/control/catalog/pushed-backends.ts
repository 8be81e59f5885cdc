import { type ClusterEndpoint, plainEndpoint } from '../../model/cluster.ts';
import type { PushedBackend } from '../../sources/pushed.ts';
import type { Translation } from '../../translate/service.ts';

/** The pushed set of backends, and what became of each. */
export class PushedBackends {
  #backends: readonly PushedBackend[] = [];
  #endpoints: ReadonlyMap<string, readonly ClusterEndpoint[]> = new Map();
  /** Of those whose annotations ask for routes, by name. */
  readonly #translations = new Map<string, Translation>();

  /** @param translate what an annotated one asks for @returns names of those that came, stay or went */
  replace(
    backends: readonly PushedBackend[],
    translate: (backend: PushedBackend) => Translation | undefined,
  ): Set<string> {
    const names = new Set([...this.#backends, ...backends].map(({ name }) => name));
    this.#backends = backends;
    this.#endpoints = new Map(backends.map(({ name, endpoints }) => [name, endpoints.map(plainEndpoint)]));
    this.#translations.clear();
    for (const backend of backends) {
      const translation = translate(backend);
      if (translation !== undefined) this.#translations.set(backend.name, translation);
    }
    return names;
  }

  all(): readonly PushedBackend[] {
    return this.#backends;
  }

  translationOf(name: string): Translation | undefined {
    return this.#translations.get(name);
  }

  /** Those take the place of the ClusterIP of a watched Service whose backend has this name. */
  endpointsOf(name: string): readonly ClusterEndpoint[] | undefined {
    return this.#endpoints.get(name);
  }
}

/** A pushed backend of its own is another owner than the watched Service it may be named after, and comes after it. */
export function pushedOwner(name: string): string {
  return `~pushed ${name}`;
}
