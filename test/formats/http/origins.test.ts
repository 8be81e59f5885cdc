import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FormatError } from '../../../src/errors.ts';
import { Origins, parseOrigin } from '../../../src/formats/http/origins.ts';

test('an origin is read in lower case, without the port that its scheme means', () => {
  const table: [text: string, origin: string][] = [
    ['https://a.example', 'https://a.example'],
    ['HTTPS://A.Example:443', 'https://a.example'],
    ['http://a.example:80', 'http://a.example'],
    ['https://a.example:80', 'https://a.example:80'],
    ['https://*.a.example:8443', 'https://*.a.example:8443'],
    ['http://localhost:3000', 'http://localhost:3000'],
    ['http://[::1]:3000', 'http://[::1]:3000'],
    ['tauri://localhost', 'tauri://localhost'],
  ];
  for (const [text, origin] of table) assert.equal(parseOrigin(text), origin);
});

test('what is no origin is refused', () => {
  const bad = [
    'a.example',
    'https://',
    'https://a.example/',
    'https://a.example/x',
    'https://user@a.example',
    'https://a*.example',
    'https://*',
    'https://*.*.example',
    'https://a.*.example',
    'https://a..example',
    'https://a.example:',
    'https://a.example\r\nX: y',
    '*',
    'null',
  ];
  for (const text of bad) assert.throws(() => parseOrigin(text), FormatError, text);
});

test('a wildcard stands for one label', () => {
  const origins = new Origins(['https://*.a.example:8443']);
  assert.ok(origins.has('https://x.a.example:8443'));
  for (const origin of ['https://a.example:8443', 'https://x.y.a.example:8443', 'https://x.a.example', ''])
    assert.ok(!origins.has(origin), origin);
});
