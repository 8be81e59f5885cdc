import assert from 'node:assert/strict';
import { test } from 'node:test';
import { withoutCookieLines } from '../../../src/formats/http/cookie-lines.ts';
import fc from '../../support/property.ts';

test('one cookie leaves all Cookie lines, and every other byte stays', () => {
  const rows: [lines: string, rest: string][] = [
    ['', ''],
    ['Accept: */*\r\n', 'Accept: */*\r\n'],
    ['Cookie: k=v\r\n', ''],
    ['A: 1\r\nCookie: k=v\r\nB: k=v\r\n', 'A: 1\r\nB: k=v\r\n'],
    [
      'cOOkie:a=1; k=v\r\nCOOKIE: \t k=v; b=2 \t\r\nX-Cookie: k=v\r\n',
      'cOOkie:a=1\r\nCOOKIE: \t b=2 \t\r\nX-Cookie: k=v\r\n',
    ],
    ['Cookie: k=1\r\nCookie: k=2\r\nCookie: a=k\r\n', 'Cookie: a=k\r\n'],
    ['Cookie:k=v; k=w\r\nHost: k=v\r\n', 'Host: k=v\r\n'],
    ['Cookie: :; k=v\r\n', 'Cookie: :\r\n'],
  ];
  for (const [lines, rest] of rows) assert.equal(withoutCookieLines(lines, 'k'), rest, JSON.stringify(lines));
});

test('no value of the cookie is left, and other lines are as they were', () => {
  const value = fc.string({ unit: fc.constantFrom('k', 'a', '=', ';', ' ', '\t', ':', '"', '\xe4'), maxLength: 20 });
  const name = fc.constantFrom('Cookie', 'COOKIE', 'cookie', 'X-Cookie', 'Cookie2', 'Set-Cookie', 'Accept');
  fc.assert(
    fc.property(fc.array(fc.tuple(name, value), { maxLength: 6 }), headers => {
      const lines = headers.map(([one, text]) => `${one}: ${text}\r\n`);
      const isCookie = (line: string): boolean => /^cookie:/i.test(line);
      const kept = withoutCookieLines(lines.join(''), 'k').split(/(?<=\r\n)/);
      assert.deepEqual(
        kept.filter(line => line !== '' && !isCookie(line)),
        lines.filter(line => !isCookie(line)),
      );
      for (const line of kept.filter(isCookie)) assert.doesNotMatch(line, /(?:^cookie:|;)[ \t]*k[ \t]*=/i);
    }),
  );
});
