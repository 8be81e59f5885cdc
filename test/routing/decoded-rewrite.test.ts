import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { DecodedRewrite } from '../../src/routing/decoded-rewrite.ts';
import { NoPathError, PathEditError } from '../../src/routing/path-edit-error.ts';
import { PatternCostError } from '../../src/routing/pattern/pattern-cost-error.ts';
import fc from '../support/property.ts';

const STRIP = '(?i)/app(/|$)(.*)';

/** What nginx 1.22 sends to the upstream where a location rewrites with `rewrite PATTERN TARGET break`. */
const NGINX: readonly [pattern: string, target: string, decoded: string, upstream: string][] = [
  [STRIP, '/new/$2', '/app/a/b', '/new/a/b'],
  [STRIP, '/new/$2', '/app/a b', '/new/a%20b'],
  [STRIP, '/new/$2', '/app/a"b<c>d\\e^f`g{h|i}', '/new/a%22b%3Cc%3Ed%5Ce%5Ef%60g%7Bh%7Ci%7D'],
  [STRIP, '/new/$2', '/app/\xc3\xa9', '/new/%C3%A9'],
  [STRIP, '/new/$2', '/app/%?#', '/new/%25%3F%23'],
  [STRIP, '/new/$2', '/app/\x7f\x01', '/new/%7F%01'],
  [STRIP, '/new/$2', "/app/a;b=c&d,e!f$g'(h)*i@j:k+[]~", "/new/a;b=c&d,e!f$g'(h)*i@j:k+[]~"],
  [STRIP, '/new/$2', '/APP/Q', '/new/Q'],
  [STRIP, '/new/$2', '/app', '/new/'],
  ['/app', '/', '/app/x', '/'],
  ['(?i)/app', '/', '/x/APPLE', '/'],
  ['/(.*)', '/$2', '/a/b', '/'],
  ['/empty(.*)', '$1', '/empty/x', '/x'],
];

describe('DecodedRewrite', () => {
  for (const [pattern, target, decoded, upstream] of NGINX) {
    it(`${pattern} ${target} makes ${upstream} of ${JSON.stringify(decoded)}`, () => {
      assert.equal(new DecodedRewrite({ pattern, target }).rewrite(decoded)?.path, upstream);
    });
  }

  it('leaves a path that does not match', () => {
    assert.equal(new DecodedRewrite({ pattern: '/app', target: '/' }).rewrite('/other'), undefined);
  });

  it('tells the prefix that the path has lost, as a URL holds it', () => {
    const rewrite = new DecodedRewrite({ pattern: '/(a.*)/b', target: '/', forwardedPrefix: '/p/$1' });
    assert.equal(rewrite.rewrite('/a\r\nX: y/b')?.forwardedPrefix, '/p/a%0D%0AX:%20y');
    const empty = new DecodedRewrite({ pattern: '/app(/.*)?', target: '/', forwardedPrefix: '$1' });
    assert.equal(empty.rewrite('/app')?.forwardedPrefix, undefined);
  });

  it('sends nothing that is no path', () => {
    assert.throws(() => new DecodedRewrite({ pattern: '/e(.*)', target: '$1' }).rewrite('/e'), NoPathError);
    assert.throws(() => new DecodedRewrite({ pattern: '/e(.*)', target: 'x$1' }).rewrite('/e/y'), NoPathError);
  });

  it('lets no group make a segment of dots, or a path without end', () => {
    const dots = new DecodedRewrite({ pattern: '/x(.*)', target: '/static/.$1' });
    assert.throws(() => dots.rewrite('/x./secret'), PathEditError);
    assert.throws(() => dots.rewrite('/x'), PathEditError);
    const long = new DecodedRewrite({ pattern: '/(.*)', target: '/$1$1$1' });
    assert.throws(() => long.rewrite(`/${'x'.repeat(3_000)}`), PathEditError);
    const grows = new DecodedRewrite({ pattern: '/(.*)', target: '/$1' });
    assert.throws(() => grows.rewrite(`/${' '.repeat(3_000)}`), PathEditError);
  });

  it('gives up on a path that costs too much', () => {
    const evil = new DecodedRewrite({ pattern: '/(x+x+)+y', target: '/' });
    assert.throws(() => evil.rewrite(`/${'x'.repeat(8_000)}`), PatternCostError);
  });

  it('makes what a request line can hold of any bytes', () => {
    const rewrite = new DecodedRewrite({ pattern: '/(.*)', target: '/new/$1', forwardedPrefix: '/$1' });
    const byte = fc.integer({ min: 1, max: 255 }).map(code => String.fromCharCode(code));
    const bytes = fc
      .array(
        byte.filter(one => one !== '/'),
        { maxLength: 40 },
      )
      .map(all => all.join(''));
    fc.assert(
      fc.property(bytes, text => {
        const result = rewrite.rewrite(`/a${text}`);
        assert.match(result?.path ?? '', /^[!-~]+$/);
        assert.match(result?.forwardedPrefix ?? '', /^[!-~]+$/);
      }),
    );
  });
});
