import { type ServiceRef, serviceKey } from '../model/route.ts';
import type { Logger } from '../observe/logger.ts';

/**
 * Errors that only a bug in this program can cause, in what leads the workers. None of them ends the program: the routes in
 * force go on being served, and a restart would meet the same object again.
 */
export class ControlErrors {
  readonly #logger: Logger;
  /** How many there were. */
  count = 0;

  constructor(logger: Logger) {
    this.#logger = logger;
  }

  /** @param doing what failed, as a verb with its object @param service whose object it failed for, where that is known */
  report(error: unknown, doing: string, service?: ServiceRef): void {
    this.count += 1;
    const about = service === undefined ? {} : { service: serviceKey(service) };
    this.#logger.error(
      { err: error instanceof Error ? error : new Error(String(error)), doing, ...about },
      'internal error: the routes in force stay; please report it with this entry',
    );
  }
}
