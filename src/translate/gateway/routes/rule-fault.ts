import { FormatError, KubeEntryError } from '../../../errors.ts';

/** A rule of a route that cannot be served as it stands. */
export class RuleFault extends KubeEntryError {
  readonly code = 'BAD_RULE';
  /** A word of the Gateway API. */
  readonly reason: 'UnsupportedValue' | 'IncompatibleFilters';

  constructor(message: string, reason: RuleFault['reason'] = 'UnsupportedValue') {
    super(message);
    this.reason = reason;
  }
}

/** @param where put before what is wrong @returns what `read` gives @throws RuleFault instead of a FormatError */
export function orFault<T>(where: string, read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof FormatError)) throw error;
    throw new RuleFault(`${where}: ${error.message}`);
  }
}
