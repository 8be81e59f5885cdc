import { detached } from '../../../formats/http/bytes.ts';
import { listElements } from '../../../formats/http/list.ts';
import type { HeaderEdit, RenamedHeader } from '../../../model/policy.ts';
import { fieldOf } from '../../fields/header-lines.ts';
import type { SubrequestAnswer } from '../subrequests/question.ts';
import { PreparedChanges } from './field-changes.ts';

/** What the service of auth-url has said about a request. */
export class AuthAnswer {
  readonly status: number;
  /** Values of WWW-Authenticate. */
  readonly challenges: readonly string[];
  /** Values of Set-Cookie, for the client. */
  readonly cookies: readonly string[];
  /** What it changes in the request for the upstream. */
  readonly changes: PreparedChanges;
  /** The longest that it may be kept, as it says itself; undefined where it says nothing. */
  readonly maxAgeMs: number | undefined;
  /** The memory that it takes, about. */
  readonly bytes: number;

  /** @param given header lines that the upstream gets */
  constructor({ status, lines }: SubrequestAnswer, given: readonly RenamedHeader[]) {
    this.status = status;
    this.challenges = valuesOf(lines, 'www-authenticate');
    this.cookies = valuesOf(lines, 'set-cookie');
    this.changes = new PreparedChanges(given.map(header => editOf(header, lines)));
    this.maxAgeMs = maxAgeMs(fieldOf(lines, 0, 'cache-control', ', '));
    const fields = this.changes.added.reduce((sum, [name, value]) => sum + 2 * (name.length + value.length), 0);
    this.bytes = 500 + fields + this.challenges.reduce((sum, { length }) => sum + length, 0);
  }
}

/** A header line that the answer lacks is taken away: the client may have sent one. */
function editOf({ from, to: name }: RenamedHeader, lines: string): HeaderEdit {
  const value = detached(fieldOf(lines, 0, from.toLowerCase(), ', '));
  return value === '' ? { op: 'remove', name, value } : { op: 'set', name, value };
}

function valuesOf(lines: string, name: string): readonly string[] {
  const joined = fieldOf(lines, 0, name, '\n');
  return joined === '' ? [] : joined.split('\n').map(detached);
}

/** RFC 9111 section 5.2.2: what a cache that many clients share may do. */
function maxAgeMs(cacheControl: string): number | undefined {
  let seconds: number | undefined;
  for (const element of listElements(cacheControl.toLowerCase())) {
    const [directive, value = ''] = element.split('=', 2);
    if (directive === 'no-store' || directive === 'no-cache' || directive === 'private') return 0;
    if (directive === 's-maxage' || (directive === 'max-age' && seconds === undefined)) {
      seconds = /^"?\d{1,9}"?$/.test(value) ? Number(value.replaceAll('"', '')) : 0;
    }
  }
  return seconds === undefined ? undefined : seconds * 1_000;
}
