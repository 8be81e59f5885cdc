import { createLocalJWKSet, type JSONWebKeySet, type JWK } from 'jose';
import type { Clock } from '../../clock.ts';

/** What the issuer answered, or why it did not. */
export type KeyAnswer = { readonly body: string } | { readonly fault: string };

/** Asks the issuer for its keys, in a limited time. */
export type FetchKeys = (done: (answer: KeyAnswer) => void) => void;

/** The public keys of an issuer, as one answer had them. */
export interface IssuerKeys {
  readonly find: ReturnType<typeof createLocalJWKSet>;
  /** Names this answer. */
  readonly revision: number;
}

/** From then on they are asked for again, while those that are known serve on. */
const REFRESH_MS = 10 * 60_000;
/** An issuer that is away for so long may have withdrawn a key meanwhile: then no token is verified any longer. */
const LONGEST_MS = 24 * 3_600_000;
/** After a failure, nothing is asked for so long. */
const RETRY_MS = 1_000;
/** Whatever key identifiers clients make up, the issuer is asked no more often for one that is not known. */
const UNKNOWN_KEY_MS = 10_000;
/** Requests that wait for one answer. */
const MOST_WAITING = 1_000;

const MOST_KEYS = 100;
/** RSA of 8 192 bits, in base64: a larger one makes each check dear. So does a large exponent. */
const LONGEST_MODULUS = 1_366;
const LONGEST_EXPONENT = 6;

/** The keys by which an issuer signs tokens: fetched when they are needed first, and again from time to time. */
export class KeySet {
  /** Why there are no keys. */
  fault = 'nothing was asked yet';
  readonly #clock: Clock;
  #keys: IssuerKeys | undefined;
  #fetchedAt = 0;
  #askedAt = Number.NEGATIVE_INFINITY;
  #hasFailed = false;
  #pending: Promise<void> | undefined;
  #waiting = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** The keys that are known; undefined where there are none, or they are too old. It asks for newer ones when it is time. */
  known(fetch: FetchKeys): IssuerKeys | undefined {
    if (this.#keys === undefined) return undefined;
    const age = this.#clock.monotonic() - this.#fetchedAt;
    if (age >= REFRESH_MS && this.#mayAsk(RETRY_MS)) void this.#fetch(fetch);
    return age < LONGEST_MS ? this.#keys : undefined;
  }

  /** Waits for the keys where none are known. @returns undefined where they cannot be had: see {@link fault} */
  async current(fetch: FetchKeys): Promise<IssuerKeys | undefined> {
    const known = this.known(fetch);
    if (known !== undefined) return known;
    if (!(await this.#wait(fetch, this.#hasFailed ? RETRY_MS : 0))) return undefined;
    return this.known(fetch);
  }

  /** Others than those that lack a key; undefined where the issuer has no others, or was asked just now. */
  async newer({ revision }: IssuerKeys, fetch: FetchKeys): Promise<IssuerKeys | undefined> {
    if (this.#keys?.revision === revision) await this.#wait(fetch, UNKNOWN_KEY_MS);
    return this.#keys?.revision === revision ? undefined : this.#keys;
  }

  /** @returns whether an answer was waited for */
  async #wait(fetch: FetchKeys, sinceMs: number): Promise<boolean> {
    if (this.#waiting >= MOST_WAITING) {
      this.fault = `${MOST_WAITING} requests wait for the keys already`;
      return false;
    }
    if (!this.#mayAsk(sinceMs) && this.#pending === undefined) return false;
    this.#waiting += 1;
    try {
      await this.#fetch(fetch);
    } finally {
      this.#waiting -= 1;
    }
    return true;
  }

  #mayAsk(sinceMs: number): boolean {
    return this.#pending === undefined && this.#clock.monotonic() - this.#askedAt >= sinceMs;
  }

  #fetch(fetch: FetchKeys): Promise<void> {
    if (this.#pending !== undefined) return this.#pending;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#pending = promise;
    this.#askedAt = this.#clock.monotonic();
    // It may answer in here.
    fetch(answer => {
      this.#pending = undefined;
      this.#take(answer);
      resolve();
    });
    return promise;
  }

  #take(answer: KeyAnswer): void {
    const read = 'fault' in answer ? answer : readKeys(answer.body);
    this.#hasFailed = 'fault' in read;
    if ('fault' in read) {
      this.fault = read.fault;
      return;
    }
    this.#fetchedAt = this.#clock.monotonic();
    this.#keys = { find: createLocalJWKSet(read), revision: (this.#keys?.revision ?? 0) + 1 };
  }
}

/** Takes the public keys that signatures are verified with; what an issuer publishes beside them is passed over. */
function readKeys(body: string): JSONWebKeySet | { readonly fault: string } {
  let value: unknown;
  try {
    value = JSON.parse(body);
  } catch {
    return { fault: 'its answer is no JSON' };
  }
  const all: unknown = typeof value === 'object' && value !== null && 'keys' in value ? value.keys : undefined;
  if (!Array.isArray(all)) return { fault: 'its answer is no JSON Web Key Set: it has no list named keys' };
  const keys = all.filter(isUsable).slice(0, MOST_KEYS);
  return keys.length > 0 ? { keys } : { fault: 'its answer has no public key of the kinds RSA, EC and OKP' };
}

function isUsable(value: unknown): value is JWK {
  if (typeof value !== 'object' || value === null) return false;
  const { kty, d, n = '', e = '' } = value as JWK;
  if (kty !== 'RSA' && kty !== 'EC' && kty !== 'OKP') return false;
  return d === undefined && String(n).length <= LONGEST_MODULUS && String(e).length <= LONGEST_EXPONENT;
}
