import { hash } from 'node:crypto';
import { clientNetwork } from '../../../formats/client-network.ts';
import type { BasicAuthPolicy } from '../../../model/policy.ts';
import type { PasswordCheck, PasswordVerdict, PasswordVerifier } from '../../passwords/password-verifier.ts';
import { AUTHORIZATION } from '../header-ids.ts';
import { type Filter, type FilteredExchange, Refusal, SUSPENDED, type Verdict } from './filter.ts';

/** RFC 7617 section 2, with the alphabet of RFC 4648 section 4. */
const BASIC = /^basic +([A-Za-z0-9+/]+={0,2})$/i;
/** Neither a name nor a password may hold any (RFC 7617 section 2); bcrypt would stop at the first that is 0. */
const CONTROL = /[\x00-\x1f\x7f]/;
/** The work of SHA-crypt grows with the square of a length. */
const LONGEST = 256;

interface UserAndPassword {
  readonly user: string;
  readonly password: string;
}

/** Serves only clients with a user and a password of the policy (RFC 7617), and takes the password away from the request. */
export class BasicAuth implements Filter {
  readonly #policy: BasicAuthPolicy;
  readonly #verifier: PasswordVerifier;
  readonly #missing: Refusal;
  readonly #wrong: Refusal;

  constructor(policy: BasicAuthPolicy, verifier: PasswordVerifier) {
    this.#policy = policy;
    this.#verifier = verifier;
    const challenge = [['WWW-Authenticate', `Basic realm="${policy.realm}", charset="UTF-8"`]] as const;
    this.#missing = new Refusal('credentials_missing', policy.secret, challenge);
    this.#wrong = new Refusal('credentials_wrong', policy.secret, challenge);
  }

  request(exchange: FilteredExchange): Verdict {
    const { head, requestEdits, clientIp } = exchange;
    if (!head.has(AUTHORIZATION)) return this.#missing;
    const given = readBasic(head.value(AUTHORIZATION));
    if (given === undefined) return this.#wrong;
    requestEdits.drop('authorization');
    const { credentials, secret } = this.#policy;
    const own = credentials.hashOf(given.user);
    // Of an unknown user as much work is done as of a known one, so that the time does not tell them apart.
    const check = {
      ...given,
      hash: own ?? credentials.anyHash(numberOf(credentials.id + given.user)),
      owner: secret,
      client: clientNetwork(clientIp),
    };
    const digest = this.#verifier.digestOf(check);
    if (own !== undefined && this.#verifier.isKnown(digest)) return undefined;
    return this.#ask(exchange, check, digest, own !== undefined);
  }

  /** The request no longer waits. */
  end(exchange: FilteredExchange): void {
    const cancel = exchange.kept(this) as (() => void) | undefined;
    cancel?.();
  }

  #ask(exchange: FilteredExchange, check: PasswordCheck, digest: string, isKnownUser: boolean): Verdict {
    const cancel = this.#verifier.verify(check, digest, verdict => {
      resume(this.#judged(verdict === 'right' && !isKnownUser ? 'wrong' : verdict));
    });
    if (typeof cancel === 'string') return this.#judged(cancel);
    const resume = exchange.suspend();
    exchange.keep(this, cancel);
    return SUSPENDED;
  }

  #judged(verdict: PasswordVerdict): Exclude<Verdict, typeof SUSPENDED> {
    switch (verdict) {
      case 'right':
        return undefined;
      case 'wrong':
        return this.#wrong;
      case 'crowded':
        return new Refusal('passwords_crowded', this.#policy.secret);
      case 'unavailable':
        return new Refusal('passwords_unavailable', this.#policy.secret);
    }
  }
}

/** @returns undefined for what is no user with a password */
function readBasic(value: string): UserAndPassword | undefined {
  const [, base64] = BASIC.exec(value) ?? [];
  if (base64 === undefined) return undefined;
  const text = Buffer.from(base64, 'base64').toString('utf8');
  const colon = text.indexOf(':');
  if (colon < 1 || CONTROL.test(text)) return undefined;
  const user = text.slice(0, colon);
  const password = text.slice(colon + 1);
  return user.length > LONGEST || Buffer.byteLength(password) > LONGEST ? undefined : { user, password };
}

/** Always the same for one text. */
function numberOf(text: string): number {
  return Number.parseInt(hash('sha256', text, 'hex').slice(0, 8), 16);
}
