/** What this program does for a reason of its own. */
import { entry, type Failure } from './failure.ts';

export const PROGRAM_FAILURES = {
  out_of_sockets: entry(
    502,
    false,
    'This machine has no file descriptor, local port or memory left for a connection to the upstream.',
    'Raise the limit of open files, and look for a Service whose connections are not kept alive.',
  ),
  shutdown: entry(
    499,
    true,
    'This program ended before the request was over.',
    'Raise shutdown-timeout, and keep terminationGracePeriodSeconds above it and shutdown-delay together.',
  ),
  internal: entry(
    500,
    true,
    'A bug of kube-entry ended this request; others were not harmed.',
    'Report it, with the stack that the program log shows at error.',
  ),
} as const satisfies Record<string, Failure>;
