/**
 * What a bug may end. Everything that the event loop calls in the data plane belongs to one connection; what it throws would end
 * the worker, with all its connections.
 */

/** Something that a bug in its own callbacks ends alone. */
export interface Guarded {
  /** One of its callbacks has thrown. Throws nothing itself. */
  crashed(error: unknown): void;
}

/** A callback for the event loop, whose bugs end its owner alone. */
export function guarded<Args extends unknown[]>(owner: Guarded, act: (...args: Args) => void): (...args: Args) => void {
  return (...args) => {
    try {
      act(...args);
    } catch (error) {
      owner.crashed(error);
    }
  };
}
