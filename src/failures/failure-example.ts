import type { FailureReason } from './failures.ts';

/**
 * One failed request, for people. Holds nothing that a client may keep secret: no header value, no query, no body. What
 * came from the client is cut.
 */
export interface FailureExample {
  readonly reason: FailureReason;
  /** Milliseconds since the epoch. */
  readonly at: number;
  /** `namespace/name`; empty without a route. */
  readonly service: string;
  /** As in the access log. */
  readonly status: number;
  readonly requestId: string;
  /** As it was matched against the routes; empty when the request did not get as far. */
  readonly path: string;
  /** `address:port` of the upstream asked last; empty when none was. */
  readonly upstream: string;
  /** What was wrong: a byte's place, a header's name, an error code; empty when the reason says it all. */
  readonly detail: string;
}

/** An example, and how many failures of the same reason and Service it stands for besides. */
export interface FailureNotice {
  readonly example: FailureExample;
  readonly others: number;
}

const MAX_PATH = 128;
const MAX_DETAIL = 256;
/** A stack has a dozen frames. */
const MAX_STACK = 4096;

/** Cuts what is as long as a client, or an error, makes it. */
export function boundedExample(example: FailureExample): FailureExample {
  const { path, detail, reason } = example;
  return { ...example, path: cut(path, MAX_PATH), detail: cut(detail, reason === 'internal' ? MAX_STACK : MAX_DETAIL) };
}

function cut(text: string, length: number): string {
  return text.length <= length ? text : `${text.slice(0, length)}…`;
}
