import { KubeEntryError } from '../../errors.ts';

/** A path has encoded slashes, and leads to different routes by whether an upstream reads them as slashes. */
export class AmbiguousPathError extends KubeEntryError {
  readonly code = 'AMBIGUOUS_PATH';

  constructor() {
    super('the path leads to different routes by whether its encoded slashes are read as slashes');
  }
}
