import { KubeEntryError } from '../errors.ts';

/** What a redirect or a rewrite makes of a path cannot be sent. */
export class PathEditError extends KubeEntryError {
  readonly code = 'BAD_PATH_EDIT';
}

/** What a rewrite makes of a path is no path: its author has to mend it, whatever clients ask for. */
export class NoPathError extends KubeEntryError {
  readonly code = 'NO_PATH';
}

/** The longest target that a redirect or a rewrite may make: as long as a request line may be. */
export const MAX_TARGET_LENGTH = 8 * 1024;

export function tooLong(): PathEditError {
  return new PathEditError(`the result is longer than ${MAX_TARGET_LENGTH} bytes`);
}
