import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type IngressPath, pathForms } from '../../../src/migrate/gateway/path-forms.ts';

/** `TYPE VALUE`, and what is rewritten. */
function forms(...paths: readonly IngressPath[]): string[] {
  return pathForms(paths).map(form => {
    if (typeof form === 'string') return form;
    const { match, modifier, rewrite } = form;
    const to = modifier && ('replaceFullPath' in modifier ? modifier.replaceFullPath : modifier.replacePrefixMatch);
    const change = modifier === undefined ? '' : ` ${modifier.type} ${to}`;
    return `${match.type} ${match.value}${change}${rewrite === undefined ? '' : ` rewrite ${rewrite}`}`;
  });
}

const regex = (path: string, target?: string): IngressPath => ({ path, match: 'regex', target });

describe('the paths of an Ingress, as the Gateway API says them', () => {
  it('plain paths stay what they are, with the escapes that a path needs', () => {
    assert.deepEqual(forms({ path: '/a b' }, { path: '/é'.normalize(), match: 'exact' }), [
      'PathPrefix /a%20b',
      'Exact /%E9',
    ]);
  });

  it('the patterns that people write for prefixes become prefixes', () => {
    for (const [path, target, form] of [
      ['/app(/|$)(.*)', '/$2', 'PathPrefix /app ReplacePrefixMatch /'],
      ['/app(?:/|$)(.*)', '/$1', 'PathPrefix /app ReplacePrefixMatch /'],
      ['/app/?(.*)', '/$1', 'PathPrefix /app ReplacePrefixMatch /'],
      ['/app/(.*)', '/new/$1', 'PathPrefix /app ReplacePrefixMatch /new'],
      ['/app(/.*)?', '$1', 'PathPrefix /app ReplacePrefixMatch /'],
      ['/app/(.*)', '/app/$1', 'PathPrefix /app'],
      ['/(.*)', '/$1', 'PathPrefix /'],
      ['/app', '/', 'PathPrefix /app ReplaceFullPath /'],
      ['/app/.*', undefined, 'PathPrefix /app'],
      ['/v1.0/', undefined, 'PathPrefix /v1.0'],
    ] as const) {
      assert.deepEqual(forms(regex(path, target)), [form], path);
    }
  });

  it('other patterns match whole paths, as nginx looks for them at their beginning', () => {
    for (const [path, target, form] of [
      ['/id/[0-9]+', undefined, 'RegularExpression (?i)/id/[0-9]+.*'],
      ['/id/[0-9]+$', undefined, 'RegularExpression (?i)/id/[0-9]+$'],
      ['/a|/b', undefined, 'RegularExpression (?i)(?:/a|/b).*'],
      ['/(a|b)/(.*)', '/$2', 'RegularExpression (?i)/(a|b)/(.*) rewrite (?i)^/(a|b)/(.*) /$2'],
      ['/id/[0-9]+', '/one', 'RegularExpression (?i)/id/[0-9]+.* ReplaceFullPath /one'],
      ['/app(/|$)(.*)', '/$1', 'RegularExpression (?i)/app(/|$)(.*) rewrite (?i)^/app(/|$)(.*) /$1'],
    ] as const) {
      assert.deepEqual(forms(regex(path, target)), [form], path);
    }
  });

  it('where the longest prefix would not be the longest text, patterns stay', () => {
    assert.deepEqual(forms(regex('/app(/|$)(.*)', '/$2'), regex('/app/api')), [
      'RegularExpression (?i)/app(/|$)(.*) rewrite (?i)^/app(/|$)(.*) /$2',
      'RegularExpression (?i)/app/api.*',
    ]);
    assert.deepEqual(forms(regex('/app(/|$)(.*)', '/$2'), regex('/')), [
      'PathPrefix /app ReplacePrefixMatch /',
      'PathPrefix /',
    ]);
  });

  it('beside a pattern, the root is a prefix, and a tail changes no order', () => {
    assert.deepEqual(forms(regex('/'), regex('/[a-z]+(.*)'), regex('/[a-z]+/abcd')), [
      'PathPrefix /',
      'RegularExpression (?i)/[a-z]+(.*)',
      'RegularExpression (?i)/[a-z]+/abcd.*',
    ]);
    assert.deepEqual(forms(regex('/[a-z](.*)'), regex('/[a-z]/ab')), [
      'RegularExpression (?i)/[a-z](.*).*',
      'RegularExpression (?i)/[a-z]/ab.*',
    ]);
  });

  it('what the API does not take is said, and not written', () => {
    assert.deepEqual(
      forms({ path: '/a//b' }, { path: '/..' }, { path: `/${'a'.repeat(1100)}` }, regex('/é(.*)', '/$1')),
      [
        'the Gateway API takes no such path',
        'the Gateway API takes no such path',
        'the path is longer than 1024 characters',
        'the pattern holds characters that a path of a request has as escapes',
      ],
    );
  });
});
