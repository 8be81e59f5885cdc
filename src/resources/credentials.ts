/** The users in a Secret: lines as htpasswd writes them in its key `auth`, or a key for each user that holds the hash. */
import { createHmac, randomBytes } from 'node:crypto';
import { Credentials } from '../model/credentials.ts';

/** Why the users of a Secret cannot be used, for people. It holds nothing that stands in the Secret but names of users. */
export interface CredentialsFault {
  readonly fault: string;
}

/** The key with lines of htpasswd. */
export const HTPASSWD_KEY = 'auth';

/** Each worker keeps all of them. */
const MOST_USERS = 10_000;
/** A wrong password costs as much work as a right one: a hash may take about a second of one CPU, and no more. */
const MOST_COST = 12;
const MOST_ROUNDS = 100_000;

const BCRYPT = /^\$2[aby]\$(\d\d)\$[./0-9A-Za-z]{53}$/;
const SHA_CRYPT =
  /^\$(?:5\$(?:rounds=(\d{1,9})\$)?[^$:\s]{0,16}\$[./\w]{43}|6\$(?:rounds=(\d{1,9})\$)?[^$:\s]{0,16}\$[./\w]{86})$/;
const OTHERS = /^(?:\$(?:apr1|1)\$[^$:\s]{1,8}\$[./\w]{22}|\{SHA\}[A-Za-z0-9+/]{27}=)$/;
/** The 20 bytes of a SHA-1, and up to 44 bytes of salt: 26 characters and == are 19 bytes. */
const SALTED_SHA = /^\{SSHA\}(?=.{28,88}$)(?!.{26}==$)(?:[A-Za-z0-9+/]{4})+(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;
/** How hashes begin that nginx knows and this program does not, and what they are. */
const UNKNOWN: readonly (readonly [form: RegExp, kind: string])[] = [
  [/^\{PLAIN\}/, 'a password in plain text ({PLAIN})'],
  [/^[./0-9A-Za-z]{13}$/, 'a hash of DES (crypt), which looks at eight characters of a password'],
];

/** RFC 7617 section 2. */
const CONTROL = /[\x00-\x1f\x7f]/;

/** What cannot be guessed is mixed in: the name of a version says nothing about the hashes. */
const SALT = randomBytes(32);

/** Reads lines of htpasswd: `NAME:HASH`, and comments that begin with #. Of two lines with one name the first counts. */
export function readHtpasswd(text: string): Credentials | CredentialsFault {
  const hashes = new Map<string, string>();
  for (const [index, line] of text.split('\n').entries()) {
    const entry = line.trim();
    if (entry === '' || entry.startsWith('#')) continue;
    const place = `line ${index + 1} of its key ${HTPASSWD_KEY}`;
    const [user = '', hash] = entry.split(':');
    if (hash === undefined || user === '') return { fault: `${place} is not NAME:HASH, which htpasswd writes` };
    const fault = CONTROL.test(user) ? 'holds a control character in its name' : faultOf(hash);
    if (fault !== undefined) return { fault: `${place} ${fault}` };
    if (!hashes.has(user)) hashes.set(user, hash);
  }
  return credentialsOf(hashes);
}

/** Reads a hash for each user. */
export function readUserMap(texts: Iterable<readonly [user: string, hash: string]>): Credentials | CredentialsFault {
  const hashes = new Map<string, string>();
  for (const [user, text] of texts) {
    const hash = text.trim();
    const fault = faultOf(hash);
    if (fault !== undefined) {
      return {
        fault: `it has no key ${HTPASSWD_KEY}, and as a hash for each user, its key ${user.slice(0, 64)} ${fault}`,
      };
    }
    hashes.set(user, hash);
  }
  return credentialsOf(hashes);
}

function credentialsOf(hashes: ReadonlyMap<string, string>): Credentials | CredentialsFault {
  if (hashes.size === 0) return { fault: 'it names no user: make its key auth with htpasswd -B' };
  if (hashes.size > MOST_USERS) return { fault: `it names more than ${MOST_USERS} users` };
  const entries = [...hashes];
  const id = createHmac('sha256', SALT).update(JSON.stringify(entries)).digest('base64url');
  return new Credentials(id, entries);
}

function faultOf(hash: string): string | undefined {
  const [, cost] = BCRYPT.exec(hash) ?? [];
  if (cost !== undefined) {
    if (Number(cost) >= 4 && Number(cost) <= MOST_COST) return undefined;
    return `has a bcrypt hash of cost ${cost}: write one of cost ${MOST_COST} at most, which takes about a second`;
  }
  const [isShaCrypt, ...rounds] = SHA_CRYPT.exec(hash) ?? [];
  if (isShaCrypt !== undefined) {
    if (rounds.every(count => count === undefined || Number(count) <= MOST_ROUNDS)) return undefined;
    return `has a SHA-crypt hash of more than ${MOST_ROUNDS} rounds: write one of fewer`;
  }
  if (OTHERS.test(hash) || SALTED_SHA.test(hash)) return undefined;
  const kind = UNKNOWN.find(([form]) => form.test(hash))?.[1];
  if (kind !== undefined) return `holds ${kind}, which is not taken: htpasswd -B makes one that is`;
  return 'holds no hash of a kind that is known here (bcrypt, apr1, MD5-crypt, SHA-crypt, {SHA}, {SSHA}): htpasswd -B makes one';
}
