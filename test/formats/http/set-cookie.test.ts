import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { mapCookiePath } from '../../../src/formats/http/set-cookie.ts';
import fc from '../../support/property.ts';

interface Cookie {
  readonly pair: string;
  readonly attributes: readonly (readonly [name: string, value: string])[];
}

/** RFC 6265 section 5.2, step by step. */
function readCookie(text: string): Cookie {
  const semicolon = text.indexOf(';');
  const pair = semicolon < 0 ? text : text.slice(0, semicolon);
  let unparsed = semicolon < 0 ? '' : text.slice(semicolon);
  const attributes: [string, string][] = [];
  while (unparsed !== '') {
    unparsed = unparsed.slice(1);
    const next = unparsed.indexOf(';');
    const attribute = next < 0 ? unparsed : unparsed.slice(0, next);
    unparsed = next < 0 ? '' : unparsed.slice(next);
    const equals = attribute.indexOf('=');
    const name = equals < 0 ? attribute : attribute.slice(0, equals);
    const value = equals < 0 ? '' : attribute.slice(equals + 1);
    attributes.push([blanksOff(name).toLowerCase(), blanksOff(value)]);
  }
  return { pair, attributes };
}

function blanksOff(text: string): string {
  return text.replace(/^[ \t]+|[ \t]+$/g, '');
}

const field = fc.string({
  unit: fc.constantFrom('a', '=', ';', ' ', '\t', '/', 'path', 'Path', 'PATH=/', '; Path=/x', '"', '\xe4', '_'),
  maxLength: 10,
});

describe('Set-Cookie', () => {
  it('of any field the paths change, and nothing else that a user agent reads', () => {
    fc.assert(
      fc.property(field, text => {
        const before = readCookie(text);
        const after = readCookie(mapCookiePath(text, path => `/v${path}`));
        assert.equal(after.pair, before.pair);
        assert.deepEqual(
          after.attributes,
          before.attributes.map(([name, value]) => [
            name,
            name === 'path' && value.startsWith('/') ? `/v${value}` : value,
          ]),
        );
      }),
      { numRuns: 3_000 },
    );
  });

  for (const text of ['__Host-sid=1; Path=/; Secure', ' __host-sid=1; path=/', '__HOST-x; Path=/']) {
    it(`${text} keeps its path`, () => {
      assert.equal(
        mapCookiePath(text, () => assert.fail()),
        text,
      );
    });
  }

  it('__Secure- is no __Host-', () => {
    assert.equal(
      mapCookiePath('__Secure-sid=1; Path=/', () => '/v/'),
      '__Secure-sid=1; Path=/v/',
    );
  });

  it('blanks stay where they are', () => {
    assert.equal(
      mapCookiePath('a=b ;\tPath = /x ; Secure', path => `/v${path}`),
      'a=b ;\tPath = /v/x ; Secure',
    );
  });
});
