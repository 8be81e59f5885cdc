import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { describe, it } from 'node:test';
import type { FetchKeys, KeyAnswer } from '../../../src/dataplane/tokens/key-set.ts';
import { TokenVerifier } from '../../../src/dataplane/tokens/token-verifier.ts';
import { FakeClock } from '../../support/fake-clock.ts';
import { AUDIENCE, forged, ISSUER, Issuer } from '../../support/issuer.ts';

const RULES = { issuer: ISSUER, audience: AUDIENCE, keys: 'here' };
const SECOND = 1_000;

/** A verifier whose issuer answers what the test says. */
class Scene {
  readonly clock = new FakeClock();
  readonly verifier = new TokenVerifier(this.clock);
  asked = 0;
  answer: KeyAnswer = { fault: 'away' };
  readonly #fetch: FetchKeys = done => {
    this.asked += 1;
    done(this.answer);
  };

  publish(...issuers: readonly Issuer[]): void {
    this.answer = { body: Issuer.keys(...issuers) };
  }

  /** What is found, in a word or with its reason. */
  async verify(token: string): Promise<string> {
    const verdict = await this.verifier.verify(token, RULES, this.#fetch);
    return verdict.is === 'valid' ? 'valid' : `${verdict.is}: ${verdict.detail}`;
  }

  isKnown(token: string): boolean {
    return this.verifier.isKnown(token, RULES, this.#fetch);
  }
}

async function scene(): Promise<{ readonly scene: Scene; readonly issuer: Issuer }> {
  const made = new Scene();
  const issuer = await Issuer.create(made.clock);
  made.publish(issuer);
  return { scene: made, issuer };
}

describe('a token', { concurrency: 4 }, () => {
  for (const alg of ['RS256', 'PS256', 'ES256', 'EdDSA'] as const) {
    it(`that is signed by ${alg} is valid`, async () => {
      const made = new Scene();
      const issuer = await Issuer.create(made.clock, 'one', alg);
      made.publish(issuer);
      assert.equal(await made.verify(await issuer.token()), 'valid');
    });
  }

  it('has to be of the issuer, for the audience, and valid now', async () => {
    const { scene: made, issuer } = await scene();
    const { now } = issuer;
    const cases: readonly (readonly [claims: Readonly<Record<string, unknown>>, verdict: string])[] = [
      [{ iss: 'https://other.test' }, 'invalid: its claim iss is missing or wrong'],
      [{ iss: undefined }, 'invalid: its claim iss is missing or wrong'],
      [{ iss: [ISSUER] }, 'invalid: its claim iss is missing or wrong'],
      [{ aud: 'other' }, 'invalid: its claim aud is missing or wrong'],
      [{ aud: undefined }, 'invalid: its claim aud is missing or wrong'],
      [{ aud: ['other', AUDIENCE] }, 'valid'],
      [{ exp: now - 31 }, 'invalid: it has expired'],
      [{ exp: now - 29 }, 'valid'],
      [{ exp: undefined }, 'invalid: its claim exp is missing or wrong'],
      [{ exp: 'never' }, 'invalid: its claim exp is missing or wrong'],
      [{ nbf: now + 31 }, 'invalid: its claim nbf is missing or wrong'],
      [{ nbf: now + 29 }, 'valid'],
    ];
    for (const [claims, verdict] of cases) {
      assert.equal(await made.verify(await issuer.token(claims)), verdict, JSON.stringify(claims));
    }
  });

  it('that is not signed, or by the public key as a secret, is refused', async () => {
    const made = new Scene();
    const issuer = await Issuer.create(made.clock, 'one', 'RS256');
    made.publish(issuer);
    const claims = { iss: ISSUER, aud: AUDIENCE, exp: issuer.now + 60 };
    for (const alg of ['none', 'None', 'NONE', '']) {
      assert.match(await made.verify(forged({ alg, kid: 'one' }, claims)), /^invalid/, alg);
    }
    const { n = '' } = issuer.jwk;
    for (const secret of [n, Buffer.from(n, 'base64url'), JSON.stringify(issuer.jwk)]) {
      const unsigned = forged({ alg: 'HS256', kid: 'one' }, claims).slice(0, -1);
      const signature = createHmac('sha256', secret).update(unsigned).digest('base64url');
      assert.match(await made.verify(`${unsigned}.${signature}`), /^invalid/);
    }
  });

  it('does not bring its own key, and names none but those of the issuer', async () => {
    const { scene: made } = await scene();
    const stranger = await Issuer.create(made.clock, 'two');
    const { jwk } = stranger;
    for (const header of [
      { jwk },
      { jwk, kid: 'one' },
      { jku: 'https://evil.test/keys', kid: 'one' },
      { x5u: 'https://evil.test/cert', kid: 'one' },
      { kid: '../../dev/null' },
      { kid: "one' UNION SELECT 'x" },
      { kid: '__proto__' },
      { kid: ['one'] as unknown as string },
      { crit: ['exp'], exp: 1 },
    ]) {
      assert.match(await made.verify(await stranger.token({}, header).catch(() => 'a.b.c')), /^invalid/);
    }
    assert.ok(made.asked <= 2, 'the issuer is not asked for each of them');
  });

  it('whose parts were changed is refused', async () => {
    const { scene: made, issuer } = await scene();
    const [header = '', claims = '', signature = ''] = (await issuer.token()).split('.');
    const other = forged({}, { iss: ISSUER, aud: AUDIENCE, exp: issuer.now + 9_999, sub: 'root' }).split('.')[1] ?? '';
    for (const token of [
      `${header}.${other}.${signature}`,
      `${header}.${claims}.${signature.slice(0, -4)}AAAA`,
      `${header}.${claims}.${'A'.repeat(signature.length)}`,
      `${header}.${claims}.A`,
      'a.b.c',
      `${header}.e30.${signature}`,
      `${header}.${'A'.repeat(8_000)}.${signature}`,
    ]) {
      assert.match(await made.verify(token), /^invalid/, token.slice(0, 40));
    }
  });

  it('that was valid is known, until it expires, five minutes have passed, or the keys are others', async () => {
    const { scene: made, issuer } = await scene();
    const token = await issuer.token();
    const short = await issuer.token({ exp: issuer.now + 10 });
    assert.equal(made.isKnown(token), false);
    for (const one of [token, short]) assert.equal(await made.verify(one), 'valid');
    assert.deepEqual([made.isKnown(token), made.isKnown(short), made.isKnown(`${token}x`)], [true, true, false]);
    assert.equal(
      made.verifier.isKnown(token, { ...RULES, audience: 'other' }, () => {}),
      false,
    );
    made.clock.advance(40 * SECOND);
    assert.deepEqual([made.isKnown(token), made.isKnown(short)], [true, false]);
    made.clock.advance(260 * SECOND);
    assert.equal(made.isKnown(token), false);
    assert.equal(await made.verify(token), 'valid');
    // An unknown key makes it ask, and the answer lacks the key of before.
    const next = await Issuer.create(made.clock, 'two');
    made.publish(next);
    assert.equal(await made.verify(await next.token()), 'valid');
    assert.equal(made.isKnown(token), false);
    assert.match(await made.verify(token), /^invalid/);
  });
});

describe('the keys of an issuer', { concurrency: 4 }, () => {
  it('are fetched once for all requests, and again after ten minutes, while those of before serve', async () => {
    const { scene: made, issuer } = await scene();
    const token = await issuer.token();
    for (let index = 0; index < 20; index += 1) assert.equal(await made.verify(token), 'valid');
    assert.equal(made.asked, 1);
    made.clock.advance(601 * SECOND);
    made.answer = { fault: 'away' };
    for (let index = 0; index < 20; index += 1) assert.equal(await made.verify(token), 'valid');
    assert.equal(made.asked, 2);
    made.clock.advance(SECOND);
    made.publish(issuer);
    assert.equal(await made.verify(token), 'valid');
    assert.equal(made.asked, 3);
  });

  it('serve for a day while the issuer does not answer, and no longer', async () => {
    const { scene: made, issuer } = await scene();
    const token = await issuer.token({ exp: issuer.now + 10 * 86_400 });
    assert.equal(await made.verify(token), 'valid');
    made.answer = { fault: 'away' };
    made.clock.advance(86_399 * SECOND);
    assert.equal(await made.verify(token), 'valid');
    made.clock.advance(SECOND);
    assert.equal(await made.verify(token), 'unavailable: away');
    made.publish(issuer);
    made.clock.advance(SECOND);
    assert.equal(await made.verify(token), 'valid');
  });

  it('are asked for once a second while there are none', async () => {
    const made = new Scene();
    const issuer = await Issuer.create(made.clock);
    const token = await issuer.token();
    for (let index = 0; index < 20; index += 1) assert.equal(await made.verify(token), 'unavailable: away');
    assert.equal(made.asked, 1);
    made.publish(issuer);
    made.clock.advance(SECOND);
    assert.equal(await made.verify(token), 'valid');
  });

  it('are others within ten seconds after the issuer has changed them, however many unknown ones are named', async () => {
    const { scene: made, issuer } = await scene();
    assert.equal(await made.verify(await issuer.token()), 'valid');
    const next = await Issuer.create(made.clock, 'two');
    const token = await next.token();
    for (let index = 0; index < 50; index += 1) {
      assert.equal(
        await made.verify(await next.token({}, { kid: `x${index}` })),
        'invalid: the issuer has no key with its identifier',
      );
    }
    assert.equal(made.asked, 1, 'the keys have just come');
    made.publish(issuer, next);
    made.clock.advance(10 * SECOND);
    assert.equal(await made.verify(token), 'valid');
    assert.equal(await made.verify(await issuer.token()), 'valid');
    assert.equal(made.asked, 2);
  });

  it('need no identifiers', async () => {
    const made = new Scene();
    const [one, two] = [await Issuer.create(made.clock), await Issuer.create(made.clock)];
    const bare = [one, two].map(({ jwk: { kid: _, ...jwk } }) => jwk);
    made.answer = { body: JSON.stringify({ keys: bare }) };
    for (const issuer of [one, two]) {
      assert.equal(await made.verify(await issuer.token({}, { kid: undefined as unknown as string })), 'valid');
    }
    const stranger = await Issuer.create(made.clock);
    assert.match(await made.verify(await stranger.token({}, { kid: undefined as unknown as string })), /SIGNATURE/);
  });

  it('are public keys of a usable size; what else is published beside them does no harm', async () => {
    const { scene: made, issuer } = await scene();
    const others = [
      { kty: 'oct', k: 'c2VjcmV0', kid: 'one' },
      { ...issuer.jwk, d: 'AAAA' },
      { kty: 'RSA', n: 'A'.repeat(100_000), e: 'AQAB', kid: 'one' },
      { kty: 'RSA', n: 'A'.repeat(342), e: 'A'.repeat(342), kid: 'one' },
      null,
      7,
      'key',
    ];
    made.answer = { body: JSON.stringify({ keys: [...others, issuer.jwk] }) };
    assert.equal(await made.verify(await issuer.token()), 'valid');
  });

  for (const [body, fault] of [
    ['<html>', /is no JSON/],
    ['{}', /no list named keys/],
    ['null', /no list named keys/],
    ['{"keys":{}}', /no list named keys/],
    ['{"keys":[]}', /no public key/],
    ['{"keys":[{"kty":"oct","k":"c2VjcmV0"}]}', /no public key/],
  ] as const) {
    it(`are not had from an answer that is ${body}`, async () => {
      const { scene: made, issuer } = await scene();
      made.answer = { body };
      assert.match(await made.verify(await issuer.token()), fault);
    });
  }
});
