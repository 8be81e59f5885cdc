/** An issuer of tokens, with the keys that it signs by. */
import { exportJWK, generateKeyPair, type JWK, type JWTHeaderParameters, SignJWT } from 'jose';
import type { Clock } from '../../src/clock.ts';

export const ISSUER = 'https://issuer.test';
export const AUDIENCE = 'api';

type Algorithm = 'RS256' | 'PS256' | 'ES256' | 'EdDSA';

export class Issuer {
  /** As it publishes it. */
  readonly jwk: JWK;
  readonly #key: CryptoKey;
  readonly #header: JWTHeaderParameters;
  readonly #clock: Clock;

  private constructor(clock: Clock, key: CryptoKey, jwk: JWK, header: JWTHeaderParameters) {
    this.#clock = clock;
    this.#key = key;
    this.jwk = jwk;
    this.#header = header;
  }

  static async create(clock: Clock, kid = 'one', alg: Algorithm = 'ES256'): Promise<Issuer> {
    const { privateKey, publicKey } = await generateKeyPair(alg, { extractable: true });
    const jwk = { ...(await exportJWK(publicKey)), kid, alg, use: 'sig' };
    return new Issuer(clock, privateKey, jwk, { alg, kid });
  }

  /** The answer with the keys. */
  static keys(...issuers: readonly Issuer[]): string {
    return JSON.stringify({ keys: issuers.map(({ jwk }) => jwk) });
  }

  /** A token that is right, but for what the claims and the header say. */
  token(claims: Readonly<Record<string, unknown>> = {}, header: Partial<JWTHeaderParameters> = {}): Promise<string> {
    const now = this.now;
    return new SignJWT({ sub: 'ann', iss: ISSUER, aud: AUDIENCE, iat: now, exp: now + 3_600, ...claims })
      .setProtectedHeader({ ...this.#header, ...header })
      .sign(this.#key);
  }

  /** In seconds. */
  get now(): number {
    return Math.floor(this.#clock.now() / 1000);
  }
}

/** A token with any header, claims and signature. */
export function forged(header: object, claims: object, signature = ''): string {
  const part = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url');
  return `${part(header)}.${part(claims)}.${signature}`;
}
