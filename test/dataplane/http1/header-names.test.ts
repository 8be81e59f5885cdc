import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { identify as identifyBytes } from '../../../src/dataplane/http1/header-names.ts';
import * as names from '../../../src/dataplane/pipeline/header-ids.ts';
import fc from '../../support/property.ts';

/** Of no single name. */
const OF_MANY = ['OTHER', 'X_CLIENT_CERT'];

/** `PROXY_CONNECTION` is the number of `proxy-connection`. */
const LISTED = Object.entries(names).flatMap(([constant, id]): [string, number][] =>
  typeof id === 'number' && !OF_MANY.includes(constant) ? [[constant.toLowerCase().replaceAll('_', '-'), id]] : [],
);

/** Within other bytes: the ones around a name must not matter. */
function identify(name: string): number {
  const bytes = Buffer.from(`x${name}:x`, 'latin1');
  return identifyBytes(bytes, 1, name.length);
}

describe('header names', () => {
  it('each has a number of its own', () => {
    assert.ok(LISTED.length >= 26);
    assert.equal(new Set(LISTED.map(([, id]) => id)).size, LISTED.length);
  });

  it('each is known in every case', () => {
    for (const [name, id] of LISTED) {
      const letters = name.length;
      const inEveryCase = letters <= 10 ? 2 ** letters : 2 ** 10;
      for (let mask = 0; mask < inEveryCase; mask += 1) {
        const cased = [...name].map((letter, index) => ((mask >> (index % 10)) & 1 ? letter.toUpperCase() : letter));
        assert.equal(identify(cased.join('')), id, cased.join(''));
      }
    }
  });

  it('one byte more, less or other makes another name', () => {
    const known = new Set(LISTED.map(([name]) => name));
    for (const [name] of LISTED) {
      const neighbours = [`${name}s`, `x${name}`, name.slice(1), name.slice(0, -1)];
      for (let index = 0; index < name.length; index += 1) {
        for (let byte = 0x21; byte < 0x100; byte += 1) {
          neighbours.push(name.slice(0, index) + String.fromCharCode(byte) + name.slice(index + 1));
        }
      }
      for (const neighbour of neighbours) {
        const isSame = neighbour === '' || known.has(neighbour.replace(/[A-Z]/g, letter => letter.toLowerCase()));
        if (!isSame) assert.equal(identify(neighbour), names.OTHER, JSON.stringify(neighbour));
      }
    }
  });

  it('all that begin with x-client-cert- have one number, with underscores as well', () => {
    for (const name of [
      'x-client-cert-verify',
      'X-Client-Cert-Subject-DN',
      'x-client-cert--',
      'X_CLIENT_CERT_VERIFY',
    ]) {
      assert.equal(identify(name), names.X_CLIENT_CERT, name);
    }
    for (const name of [
      'x-client-cert',
      'x-client-cert-',
      'x-client-certs-verify',
      'xx-client-cert-verify',
      'x-c',
      'x',
    ]) {
      assert.equal(identify(name), names.OTHER, name);
    }
  });

  it('an underscore is no hyphen, and a letter outside ASCII no letter', () => {
    // U+212A, the Kelvin sign, is k in lower case; 0x5f and 0x0d are what a careless case fold makes of DEL and a hyphen.
    for (const name of ['content_length', 'transfer_encoding', 'host\x7f', 'x\x0dreal-ip', '\xcaeep-alive']) {
      assert.equal(identify(name), names.OTHER, name);
    }
  });

  it('any other token is other', () => {
    const known = new Map(LISTED);
    fc.assert(
      fc.property(fc.stringMatching(/^[!#$%&'*+.^_`|~0-9A-Za-z-]{1,30}$/), name => {
        assert.equal(identify(name), known.get(name.toLowerCase()) ?? names.OTHER);
      }),
    );
  });
});
