/** What an end answered, as far as it is compared, and how two answers differ. */

export interface Answer {
  readonly status: number;
  /** By lower-case name: those that are compared. Several lines are one value with commas, as in a list header. */
  readonly headers: ReadonlyMap<string, string>;
  /** SHA-256 of the body. */
  readonly bodyHash: string;
  readonly bodyBytes: number;
}

/** No answer came: Node's or the system's error code, such as ECONNREFUSED. */
export interface Failure {
  readonly failure: string;
}

export type Outcome = Answer | Failure;

/** One thing in which two answers differ. */
export interface Difference {
  /** `status`, `body`, `answer` where one end gave none, or the name of a header in lower case. */
  readonly what: string;
  readonly against: string;
  readonly with: string;
}

/** Headers that say what a client will do next, or may do. Others have dates, counts and names of servers in them. */
export const COMPARED_HEADERS: readonly string[] = [
  'location',
  'content-type',
  'content-encoding',
  'cache-control',
  'www-authenticate',
  'strict-transport-security',
  'access-control-allow-origin',
  'access-control-allow-methods',
  'access-control-allow-headers',
  'access-control-allow-credentials',
];

export function isFailure(outcome: Outcome): outcome is Failure {
  return 'failure' in outcome;
}

/**
 * What is not there cannot agree: an end that gave no answer is a difference, even where neither did. Where the status differs, headers and body differ with it as a rule: then only Location is told beside it, because it says
 * where a client would have gone.
 */
export function differencesOf(against: Outcome, other: Outcome): Difference[] {
  if (isFailure(against) || isFailure(other)) {
    return [{ what: 'answer', against: shown(against), with: shown(other) }];
  }
  const differences: Difference[] = [];
  const compare = (what: string, ours: string, theirs: string): void => {
    if (ours !== theirs) differences.push({ what, against: ours, with: theirs });
  };
  compare('status', String(against.status), String(other.status));
  const isOtherStatus = differences.length > 0;
  for (const name of new Set([...against.headers.keys(), ...other.headers.keys()])) {
    if (isOtherStatus && name !== 'location') continue;
    compare(name, against.headers.get(name) ?? '-', other.headers.get(name) ?? '-');
  }
  if (!isOtherStatus && against.bodyHash !== other.bodyHash)
    compare('body', describeBody(against), describeBody(other));
  return differences;
}

const HEADERS_OF_PAGES = ['content-type', 'content-encoding'];

/**
 * Whether a difference is one of the page of a redirect or an error. Most of these pages are made by the server itself, in its own
 * words, and not by what is behind it.
 */
export function isOfPage(outcome: Outcome, { what }: Difference): boolean {
  return !isFailure(outcome) && outcome.status >= 300 && (what === 'body' || HEADERS_OF_PAGES.includes(what));
}

function shown(outcome: Outcome): string {
  return isFailure(outcome) ? outcome.failure : String(outcome.status);
}

function describeBody({ bodyBytes, bodyHash }: Answer): string {
  return `${bodyBytes} bytes, sha256 ${bodyHash.slice(0, 12)}`;
}
