import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import {
  formatUriReference,
  parseUriReference,
  removeDotSegments,
  splitAuthority,
} from '../../../src/formats/http/uri.ts';
import fc from '../../support/property.ts';

const anyReference = fc.string({
  unit: fc.constantFrom('a', 'Z', '0', ':', '/', '?', '#', '@', '[', ']', '.', '%', '\\', ' ', '\xe4'),
  maxLength: 16,
});

/** The regular expression of RFC 3986 appendix B. */
const APPENDIX_B = /^(([^:/?#]+):)?(\/\/([^/?#]*))?([^?#]*)(\?([^#]*))?(#(.*))?/s;

/** RFC 3986 section 5.2.4, step by step. */
function dotSegmentsRemoved(path: string): string {
  let input = path;
  let output = '';
  while (input !== '') {
    if (input.startsWith('../')) input = input.slice(3);
    else if (input.startsWith('./')) input = input.slice(2);
    else if (input.startsWith('/./')) input = input.slice(2);
    else if (input === '/.') input = '/';
    else if (input.startsWith('/../') || input === '/..') {
      input = `/${input.slice(4)}`;
      output = output.slice(0, Math.max(0, output.lastIndexOf('/')));
    } else if (input === '.' || input === '..') input = '';
    else {
      const next = input.indexOf('/', 1);
      output += next < 0 ? input : input.slice(0, next);
      input = next < 0 ? '' : input.slice(next);
    }
  }
  return output;
}

describe('URI references', () => {
  it('every text falls into the parts of appendix B, and back', () => {
    fc.assert(
      fc.property(anyReference, text => {
        const [, , scheme, , authority, path, query = '', , fragment = ''] = APPENDIX_B.exec(text) ?? [];
        const reference = parseUriReference(text);
        assert.deepEqual(reference, { scheme, authority, path, suffix: query + fragment });
        assert.equal(formatUriReference(reference), text);
      }),
      { numRuns: 3_000 },
    );
  });

  it('dot segments are removed as section 5.2.4 says', () => {
    const path = fc
      .array(fc.constantFrom('a', 'b', '.', '..', '...', '', '.a'), { minLength: 1, maxLength: 7 })
      .map(segments => `/${segments.join('/')}`);
    fc.assert(
      fc.property(path, text => {
        assert.equal(removeDotSegments(text), dotSegmentsRemoved(text));
      }),
      { numRuns: 3_000 },
    );
  });

  it('an escaped dot is a dot, as to a browser', () => {
    assert.equal(removeDotSegments('/a/%2E%2e/b'), '/b');
    assert.equal(removeDotSegments('/a/%2e./%2eb'), '/%2eb');
  });

  it('an authority is user information, host and port, as the URL standard finds them', () => {
    const host = fc.oneof(
      fc.domain(),
      fc.ipV4(),
      fc.ipV6().map(address => `[${address}]`),
    );
    const port = fc.option(fc.nat(65_535), { nil: undefined });
    fc.assert(
      fc.property(host, port, fc.constantFrom('', 'u@', 'u:p@'), (name, number, user) => {
        const authority = `${user}${name}${number === undefined ? '' : `:${number}`}`;
        const url = new URL(`http://${authority}/`);
        const parts = splitAuthority(authority);
        assert.equal(new URL(`http://${parts.host}/`).hostname, url.hostname);
        assert.equal(Number(parts.port ?? 80), Number(url.port || 80));
        assert.equal(parts.userInfo === undefined, user === '');
      }),
      { numRuns: 1_000 },
    );
  });

  for (const [authority, userInfo, host, port] of [
    ['', undefined, '', undefined],
    ['ex.com:', undefined, 'ex.com', ''],
    ['a@b@ex.com:81', 'a@b', 'ex.com', '81'],
    ['[::1]:8080', undefined, '[::1]', '8080'],
    ['[::1', undefined, '[', ':1'],
    ['::1', undefined, '', ':1'],
  ] as const) {
    it(`the parts of the authority ${JSON.stringify(authority)}`, () => {
      assert.deepEqual(splitAuthority(authority), { userInfo, host, port });
    });
  }
});
