import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { mapRefreshUrl } from '../../../src/formats/http/refresh.ts';
import fc from '../../support/property.ts';

/** HTML, "shared declarative refresh steps", step by step. @returns the URL; undefined when there is none */
function refreshUrl(input: string): string | undefined {
  let position = 0;
  const isSpace = () => ' \t\n\f\r'.includes(input[position] ?? 'x');
  const skipSpaces = () => {
    while (position < input.length && isSpace()) position += 1;
  };
  skipSpaces();
  const digits = /^[0-9]*/.exec(input.slice(position))?.[0] ?? '';
  if (digits === '' && input[position] !== '.') return undefined;
  position += digits.length;
  position += /^[0-9.]*/.exec(input.slice(position))?.[0].length ?? 0;
  if (position >= input.length) return undefined;
  if (input[position] !== ';' && input[position] !== ',' && !isSpace()) return undefined;
  skipSpaces();
  if (input[position] === ';' || input[position] === ',') position += 1;
  skipSpaces();
  if (position >= input.length) return undefined;
  const whole = input.slice(position);
  if (/^u/i.test(whole)) {
    for (const letter of 'url') {
      if (input[position]?.toLowerCase() !== letter) return whole;
      position += 1;
    }
    skipSpaces();
    if (input[position] !== '=') return whole;
    position += 1;
    skipSpaces();
  }
  const quote = input[position] === '"' || input[position] === "'" ? input[position] : undefined;
  if (quote !== undefined) position += 1;
  const rest = input.slice(position);
  return quote !== undefined && rest.includes(quote) ? rest.slice(0, rest.indexOf(quote)) : rest;
}

const field = fc.string({
  unit: fc.constantFrom('5', '0', '.', ';', ',', ' ', '\t', 'url', 'URL', '=', "'", '"', '/x', 'u', 'a'),
  maxLength: 9,
});

describe('Refresh', () => {
  it('of any field the URL that a browser goes to changes, and nothing else', () => {
    fc.assert(
      fc.property(field, text => {
        const url = refreshUrl(text);
        const seen: string[] = [];
        const mapped = mapRefreshUrl(text, found => {
          seen.push(found);
          return `/v${found}`;
        });
        assert.deepEqual(seen, url === undefined || url === '' ? [] : [url]);
        if (seen.length === 0) assert.equal(mapped, text);
        else if (url?.startsWith('/')) assert.equal(refreshUrl(mapped), `/v${url}`);
      }),
      { numRuns: 5_000 },
    );
  });

  it('a long number that is none costs no more than its length', () => {
    const hostile = `${'1'.repeat(500_000)}x`;
    assert.equal(
      mapRefreshUrl(hostile, () => assert.fail()),
      hostile,
    );
  });
});
