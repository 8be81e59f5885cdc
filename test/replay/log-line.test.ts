/** What lines of access logs ask for, hostile ones included. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readLogLine } from '../../src/replay/log-line.ts';

const TIME = '[28/Nov/2026:20:51:33 +0000]';

function combined(requestLine: string, status = 200): string {
  return `10.0.0.1 - - ${TIME} "${requestLine}" ${status} 12 "-" "curl/8"`;
}

test('combined lines, and those that go on after it, name a method and a target', () => {
  const request = { method: 'GET', target: '/a?b=c', host: undefined };
  const line = combined('GET /a?b=c HTTP/1.1');
  for (const rest of [
    '',
    ' 81 0.004 [shop-web-80] [] 10.1.2.3:8080 12 0.004 200 8a2b3c',
    ' 8a2b 81 0.004 shop/web / 10.1.2.3:8080 200 0.004 -',
  ]) {
    assert.deepEqual(readLogLine(line + rest), request, rest);
  }
  assert.deepEqual(readLogLine(combined('HEAD / HTTP/2.0')), { method: 'HEAD', target: '/', host: undefined });
  assert.deepEqual(readLogLine(combined('GET /old')), { method: 'GET', target: '/old', host: undefined }, 'HTTP/0.9');
});

test('what a container runtime puts before a line does not matter', () => {
  const stamped = `2026-11-28T20:51:33.123456789Z stdout F ${combined('GET /a HTTP/1.1')}`;
  assert.deepEqual(readLogLine(stamped), { method: 'GET', target: '/a', host: undefined });
});

test('the JSON log names the host, too', () => {
  const line = JSON.stringify({ time: '…', requestLine: 'GET /a HTTP/1.1', host: 'shop.example.com', status: 200 });
  assert.deepEqual(readLogLine(line), { method: 'GET', target: '/a', host: 'shop.example.com' });
  const none = JSON.stringify({ requestLine: 'GET /a HTTP/1.1', host: '' });
  assert.deepEqual(readLogLine(none), { method: 'GET', target: '/a', host: undefined });
});

test('escapes become the bytes that the client sent', () => {
  const read = readLogLine(combined('GET /\\xC3\\xA9\\x22\\x5Cx HTTP/1.1'));
  assert.deepEqual(read, { method: 'GET', target: '/\xc3\xa9"\\x', host: undefined });
});

test('the absolute form names its host', () => {
  const read = readLogLine(combined('GET http://Shop.example.com:8080?a HTTP/1.1'));
  assert.deepEqual(read, { method: 'GET', target: '/?a', host: 'Shop.example.com:8080' });
});

test('no line can put a second request or a header into what is sent', () => {
  for (const target of [
    '/\\x0D\\x0AHost: evil',
    '/a b',
    '/\\x00',
    '/\\x7F',
    'a',
    'http://',
    'http://user@host/',
    'http://a\\x22b/',
    'ftp://host/',
  ]) {
    assert.equal(readLogLine(combined(`GET ${target} HTTP/1.1`)), 'request', target);
  }
  for (const host of ['a\r\nEvil: 1', 'a b', 'a/b', 'a,b', '[::1', 'a:b', 'é']) {
    assert.equal(readLogLine(JSON.stringify({ requestLine: 'GET / HTTP/1.1', host })), 'request', host);
  }
  for (const method of ['get', 'GE T', 'G\\x0D\\x0AT', '', 'M'.repeat(40)]) {
    assert.equal(readLogLine(combined(`${method} / HTTP/1.1`)), 'request', method);
  }
});

test('what clients sent that is no HTTP is told from what is no log', () => {
  for (const junk of ['\\x16\\x03\\x01\\x02', '-', '', 'PRI * HTTP/2.0 x']) {
    assert.equal(readLogLine(combined(junk, 400)), 'request', junk);
  }
  for (const line of [
    'hello',
    '{',
    '{}',
    '[]',
    '{"requestLine":1}',
    `${TIME} "`,
    combined('GET / HTTP/1.1').slice(0, 60),
  ]) {
    assert.equal(readLogLine(line), 'format', line);
  }
});

test('a user name cannot pass for the time and the request', () => {
  // nginx escapes the quote that the pattern needs.
  const line = `10.0.0.1 - x ${TIME} \\x22GET /evil HTTP/1.1\\x22 200  ${TIME} "GET /real HTTP/1.1" 200 1 "-" "-"`;
  assert.deepEqual(readLogLine(line), { method: 'GET', target: '/real', host: undefined });
});

test('a line is read in time that grows with its length', () => {
  const long = `${'[28/Nov/2026:20:51:33 +0000] '.repeat(8_000)}"`;
  assert.equal(readLogLine(long), 'format');
  assert.equal(readLogLine(combined(`GET /${'a'.repeat(200_000)} b`)), 'request');
});
