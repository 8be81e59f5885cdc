import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { AuthAnswer } from '../../../src/dataplane/pipeline/filters/auth-answer.ts';
import {
  AuthCache,
  LONGEST_KEY,
  MOST_ANSWERS,
  MOST_BYTES,
} from '../../../src/dataplane/pipeline/filters/auth-cache.ts';
import { FakeClock } from '../../support/fake-clock.ts';

const answerOf = (lines = ''): AuthAnswer =>
  new AuthAnswer({ status: 200, lines, body: '' }, [{ from: 'X-User', to: 'X-User' }]);

describe('the cache of answers of auth services', () => {
  it('gives an answer until its time is over', () => {
    const clock = new FakeClock();
    const cache = new AuthCache(clock);
    const answer = answerOf();
    cache.set('a', answer, 1_000);
    clock.advance(999);
    assert.equal(cache.get('a'), answer);
    clock.advance(1);
    assert.equal(cache.get('a'), undefined);
    assert.equal(cache.size, 0);
    cache.set('a', answer, 0);
    assert.equal(cache.size, 0);
  });

  it('lets the oldest answers go beyond its number of them', () => {
    const cache = new AuthCache(new FakeClock());
    const answer = answerOf();
    for (let count = 0; count < MOST_ANSWERS + 10; count += 1) cache.set(`key ${count}`, answer, 1_000);
    assert.equal(cache.size, MOST_ANSWERS);
    assert.equal(cache.get('key 9'), undefined);
    assert.equal(cache.get('key 10'), answer);
  });

  it('lets them go beyond its memory, too, and takes no key that is longer than a credential', () => {
    const cache = new AuthCache(new FakeClock());
    const answer = answerOf(`X-User: ${'x'.repeat(50_000)}\r\n`);
    for (let count = 0; count < 1_000; count += 1) cache.set(`key ${count}`, answer, 1_000);
    assert.ok(cache.size * answer.bytes <= MOST_BYTES && cache.size > 50, `${cache.size}`);
    for (let count = 0; count < 1_000; count += 1) cache.set('the same', answer, 1_000);
    assert.equal(cache.get('the same'), answer);
    const before = cache.size;
    cache.set('x'.repeat(LONGEST_KEY + 1), answer, 1_000);
    assert.equal(cache.size, before);
  });
});
