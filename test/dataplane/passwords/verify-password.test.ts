import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { describe, it } from 'node:test';
import { isPasswordOf } from '../../../src/dataplane/passwords/verify-password.ts';
import { HASHES, PASSWORD } from '../../support/passwords.ts';

/** What openssl makes of a password. */
function opensslHash(password: string, ...options: string[]): string {
  return execFileSync('openssl', ['passwd', ...options, '-stdin'], { input: password, encoding: 'utf8' }).trim();
}

describe('a password', { concurrency: 4 }, () => {
  for (const [kind, hash] of Object.entries(HASHES)) {
    it(`is compared with a hash of the kind ${kind}`, () => {
      assert.ok(isPasswordOf(PASSWORD, hash));
      for (const other of ['', 'Hunter2', `${PASSWORD} `, `${PASSWORD}\0`, PASSWORD.slice(1)]) {
        assert.ok(!isPasswordOf(other, hash), JSON.stringify(other));
      }
    });
  }

  // Where a digest fits a whole number of times into the password, implementations differ from each other.
  for (const length of [1, 15, 16, 17, 31, 32, 33, 63, 64, 65, 96, 128]) {
    it(`of ${length} bytes has the hash that openssl writes`, () => {
      const password = 'pässword-'.repeat(length).slice(0, length);
      for (const options of [
        ['-apr1', '-salt', 'salt'],
        ['-1', '-salt', 'saltsalt'],
        ['-5', '-salt', 'rounds=1000$salt'],
        ['-6', '-salt', 'rounds=1000$0123456789abcdef'],
      ]) {
        const hash = opensslHash(password, ...options);
        assert.ok(isPasswordOf(password, hash), hash);
        assert.ok(!isPasswordOf(`${password}x`, hash), hash);
      }
    });
  }

  it('has a hash of 5 000 rounds where none are named', () => {
    assert.ok(isPasswordOf('a', opensslHash('a', '-6', '-salt', 'x')));
  });
});
