import type { IngressRoute } from '../model/route.ts';
import { CompiledIngress } from './compiled-ingress.ts';

/** More that differ are seldom: most is said by the ConfigMap, for all Ingresses alike. */
const MOST_KNOWN = 256;

/**
 * Makes what requests to locations of Ingresses get. Ingresses that ask for the same share one, whatever their names: requests to
 * thousands of Ingresses then find it in the caches of the CPU.
 */
export class IngressCompiler {
  readonly #made = new WeakMap<IngressRoute, CompiledIngress>();
  /** By all that is said but the name of the Ingress. */
  readonly #known = new Map<string, CompiledIngress>();

  compile(route: IngressRoute): CompiledIngress {
    const made = this.#made.get(route) ?? this.#shared(route);
    this.#made.set(route, made);
    return made;
  }

  #shared(route: IngressRoute): CompiledIngress {
    const { ingress: _, ...said } = route;
    const key = JSON.stringify(said);
    let compiled = this.#known.get(key);
    if (compiled === undefined) {
      // What routes have stays theirs.
      if (this.#known.size >= MOST_KNOWN) this.#known.clear();
      compiled = new CompiledIngress(route);
      this.#known.set(key, compiled);
    }
    return compiled;
  }
}
