import assert from 'node:assert/strict';
import { test } from 'node:test';
import { encodeComponent, encodeIllegal } from '../../../src/formats/http/percent-encoding.ts';

const ALL = String.fromCharCode(...Array(256).keys());

test('a component keeps the unreserved characters alone, and can be decoded byte by byte', () => {
  const text = encodeComponent(ALL);
  assert.match(text, /^(?:[A-Za-z0-9\-._~]|%[0-9A-F]{2})*$/);
  assert.equal(
    text.replace(/%(..)/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16))),
    ALL,
  );
});

test('a part of a URL keeps what URLs hold, and nothing that could end it', () => {
  assert.equal(encodeIllegal("/a%20b?c=d&e=[f]:@!$'()*+,;~"), "/a%20b?c=d&e=[f]:@!$'()*+,;~");
  assert.equal(encodeIllegal('a b\r\n#"<>\\^`{|}\x00\xff'), 'a%20b%0D%0A%23%22%3C%3E%5C%5E%60%7B%7C%7D%00%FF');
});
