import { errors, type JWTPayload, type JWTVerifyOptions, jwtVerify } from 'jose';
import type { Clock } from '../../clock.ts';
import { KnownDigests } from '../runtime/known-digests.ts';
import { type FetchKeys, type IssuerKeys, KeySet } from './key-set.ts';

/** What a token has to say. */
export interface TokenRules {
  readonly issuer: string;
  readonly audience: string;
  /** Names the place of the keys. */
  readonly keys: string;
}

/** `detail`: why, for the log; it holds nothing of the token. */
export type TokenVerdict =
  | { readonly is: 'valid' }
  | { readonly is: 'invalid' | 'unavailable'; readonly detail: string };

/** Signatures by private keys alone: a token that a public key could have made, or none, is refused (RFC 8725 section 3.1). */
const ALGORITHMS = [
  'RS256',
  'RS384',
  'RS512',
  'PS256',
  'PS384',
  'PS512',
  'ES256',
  'ES384',
  'ES512',
  'EdDSA',
  'Ed25519',
];
/** By so much the clocks of the issuer and this machine may differ. */
const TOLERANCE_S = 30;
/** A token that was valid is known for so long, but no longer than it is valid. */
const KNOWN_MS = 5 * 60_000;
/** Of keys without identifiers, so many are tried. */
const MOST_TRIED = 4;
/** Issuers that a worker keeps the keys of. */
const MOST_SETS = 1_000;

/** Verifies tokens of issuers (RFC 7519). Signatures are checked in threads of Node's pool; a token that was valid is known for a while. */
export class TokenVerifier {
  readonly #clock: Clock;
  readonly #known: KnownDigests;
  readonly #sets = new Map<string, KeySet>();

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#known = new KnownDigests(clock);
  }

  /** Whether the token was found valid a while ago, by keys that are still those of the issuer. */
  isKnown(token: string, rules: TokenRules, fetch: FetchKeys): boolean {
    const keys = this.#setOf(rules).known(fetch);
    return keys !== undefined && this.#known.has(this.#digestOf(token, rules, keys));
  }

  async verify(token: string, rules: TokenRules, fetch: FetchKeys): Promise<TokenVerdict> {
    const set = this.#setOf(rules);
    const keys = await set.current(fetch);
    if (keys === undefined) return { is: 'unavailable', detail: set.fault };
    try {
      return await this.#verifyBy(keys, token, rules);
    } catch (error) {
      if (!(error instanceof errors.JWKSNoMatchingKey)) return invalid(error);
    }
    const newer = await set.newer(keys, fetch);
    if (newer === undefined) return { is: 'invalid', detail: 'the issuer has no key with its identifier' };
    try {
      return await this.#verifyBy(newer, token, rules);
    } catch (error) {
      return invalid(error);
    }
  }

  /** @throws JOSEError for a token that is not valid */
  async #verifyBy(keys: IssuerKeys, token: string, rules: TokenRules): Promise<TokenVerdict> {
    const { issuer, audience } = rules;
    const now = this.#clock.now();
    const { exp = 0 } = await payloadOf(token, keys, {
      ...{ issuer, audience, algorithms: ALGORITHMS, requiredClaims: ['exp'] },
      ...{ clockTolerance: TOLERANCE_S, currentDate: new Date(now) },
    });
    const leftMs = (exp + TOLERANCE_S) * 1000 - now;
    this.#known.add(this.#digestOf(token, rules, keys), Math.min(KNOWN_MS, leftMs));
    return { is: 'valid' };
  }

  #setOf({ keys }: TokenRules): KeySet {
    const known = this.#sets.get(keys);
    if (known !== undefined) return known;
    const set = new KeySet(this.#clock);
    this.#sets.set(keys, set);
    const [oldest] = this.#sets.keys();
    if (this.#sets.size > MOST_SETS && oldest !== undefined) this.#sets.delete(oldest);
    return set;
  }

  #digestOf(token: string, { issuer, audience, keys }: TokenRules, { revision }: IssuerKeys): string {
    return this.#known.of(token, issuer, audience, keys, String(revision));
  }
}

/** Where several keys come into question, one after the other is tried. */
async function payloadOf(token: string, { find }: IssuerKeys, options: JWTVerifyOptions): Promise<JWTPayload> {
  try {
    return (await jwtVerify(token, find, options)).payload;
  } catch (error) {
    if (!(error instanceof errors.JWKSMultipleMatchingKeys)) throw error;
    let tried = 0;
    for await (const key of error) {
      tried += 1;
      try {
        return (await jwtVerify(token, key, options)).payload;
      } catch (failure) {
        if (!(failure instanceof errors.JWSSignatureVerificationFailed) || tried === MOST_TRIED) throw failure;
      }
    }
    throw new errors.JWSSignatureVerificationFailed();
  }
}

/** Claims are named, and their values are not. */
function invalid(error: unknown): TokenVerdict {
  if (error instanceof errors.JWTExpired) return { is: 'invalid', detail: 'it has expired' };
  if (error instanceof errors.JWTClaimValidationFailed) {
    return { is: 'invalid', detail: `its claim ${error.claim} is missing or wrong` };
  }
  if (error instanceof errors.JOSEError) return { is: 'invalid', detail: error.code };
  return { is: 'invalid', detail: 'it cannot be read' };
}
