import assert from 'node:assert/strict';
import { test } from 'node:test';
import { MAX_CLIENT_HELLO, readClientHello } from '../../../../src/dataplane/transport/tls/client-hello.ts';
import {
  clientHello,
  extension,
  helloWith,
  inRecords,
  record,
  serverNameExtension,
  vector,
} from '../../../support/client-hello.ts';
import fc from '../../../support/property.ts';

/** What is read of all bytes, and of each beginning of them: nothing, until they are whole. */
function read(bytes: Buffer): ReturnType<typeof readClientHello> {
  for (let end = 0; end < bytes.length; end += 1) {
    const early = readClientHello(bytes, end);
    if (typeof early === 'string') return early;
    assert.equal(early, undefined, `a hello of ${bytes.length} bytes was taken after ${end}`);
  }
  return readClientHello(bytes, bytes.length);
}

test('the name in a real hello is read wherever the bytes are cut', async () => {
  for (const options of [
    { maxVersion: 'TLSv1.2' },
    { ecdhCurve: 'X25519' },
    { ecdhCurve: 'X25519MLKEM768' },
  ] as const) {
    const hello = await clientHello({ servername: 'A.Example', ALPNProtocols: ['h2', 'http/1.1'], ...options });
    const expected = { serverName: 'a.example', offersTls13: !('maxVersion' in options) };
    assert.deepEqual(read(hello), expected);
    assert.deepEqual(readClientHello(Buffer.concat([hello, Buffer.from([20, 3, 3])]), hello.length + 3), expected);
  }
});

test('a hello may be cut into records, up to 32 of them', async () => {
  const hello = await clientHello({ servername: 'a.example', ecdhCurve: 'X25519' });
  const shortest = Math.ceil((hello.length - 5) / 32);
  for (let size = shortest; size < hello.length; size += 1) {
    assert.deepEqual(
      readClientHello(inRecords(hello, size), hello.length + 5 * 32),
      { serverName: 'a.example', offersTls13: true },
      `${size}`,
    );
  }
  assert.equal(read(inRecords(hello, shortest - 1)), 'malformed');
  assert.equal(read(inRecords(hello, 1)), 'malformed');
});

const named = (serverName: string): ReturnType<typeof readClientHello> => ({ serverName, offersTls13: false });

test('a hello without a name, or with one that no host has, names none', () => {
  assert.deepEqual(read(helloWith()), named(''));
  for (const name of ['a b', 'a\0b', '[::1]', 'a..b', '.a', '*.example', `${'a'.repeat(254)}`, 'ä.example', '.']) {
    assert.deepEqual(read(helloWith(serverNameExtension(name))), named(''), name);
  }
  assert.deepEqual(read(helloWith(serverNameExtension('a.example.'))), named('a.example'));
  assert.deepEqual(read(helloWith(serverNameExtension('10.0.0.1'))), named('10.0.0.1'));
});

test('a hello of before TLS 1.3 may end without extensions', () => {
  const whole = helloWith();
  const message = whole.subarray(5, -2);
  message.writeUIntBE(message.length - 4, 1, 3);
  assert.deepEqual(read(record(message)), named(''));
});

test('TLS 1.3 is offered where the list of versions names it, whatever else is wrong with the list', () => {
  const versions = (bytes: readonly number[]): Buffer => extension(43, vector(1, Buffer.from(bytes)));
  const offers = (...extensions: readonly Buffer[]): boolean | undefined => {
    const hello = read(helloWith(...extensions));
    return typeof hello === 'object' ? hello.offersTls13 : undefined;
  };
  assert.equal(offers(versions([3, 4])), true);
  assert.equal(offers(versions([0x7a, 0x7a, 3, 4, 3, 3])), true);
  assert.equal(offers(versions([3, 3])), false);
  assert.equal(offers(versions([3, 3, 4])), false);
  assert.equal(offers(versions([])), false);
  assert.equal(offers(extension(43, Buffer.alloc(0))), false);
  assert.equal(offers(extension(43, Buffer.from([9, 3, 4]))), false);
});

test('what is not TLS is told from TLS by its first byte', () => {
  for (const text of ['GET / HTTP/1.1\r\n', 'P', 'OPTIONS * HTTP/1.1', 'PRI * HTTP/2.0']) {
    assert.equal(read(Buffer.from(text)), 'plain-http');
  }
  for (const bytes of [[0], [0x80, 0x2e, 1], [21, 3, 1], [0xff], [0x0d, 0x0a], [...Buffer.from('get /')]]) {
    assert.equal(read(Buffer.from(bytes)), 'not-tls');
  }
});

test('broken records and messages are refused as soon as that shows', () => {
  const name = serverNameExtension('a.example');
  const broken: Record<string, readonly number[] | Buffer> = {
    'another version': [22, 2],
    'an empty record': [22, 3, 1, 0, 0],
    'a record beyond 16 KiB': [22, 3, 1, 0x40, 1],
    'another message': [22, 3, 1, 0, 5, 2],
    'a message beyond 16 KiB': [22, 3, 1, 0x40, 0, 1, 0, 0x3f, 0xfd],
    'a record that is longer than the message': [22, 3, 1, 0, 60, 1, 0, 0, 50],
    'an alert between two records': Buffer.concat([record(Buffer.from([1, 0, 1, 0])), Buffer.from([21])]),
    'two names': helloWith(name, name),
    'an empty name': helloWith(serverNameExtension('')),
    'a list of names that goes on': helloWith(
      extension(0, vector(2, Buffer.concat([Buffer.from([0]), vector(2, Buffer.from('a')), Buffer.from([0])]))),
    ),
    'a name of another type': helloWith(extension(0, vector(2, Buffer.from([1, 0, 1, 97])))),
    'an empty list of names': helloWith(extension(0, vector(2, Buffer.alloc(0)))),
    'an extension beyond the end': helloWith(Buffer.from([0, 5, 0, 9, 1])),
    'half an extension': helloWith(Buffer.from([0, 5, 0])),
    'bytes behind the extensions': record(
      Buffer.concat([Buffer.from([1]), vector(3, Buffer.concat([helloWith().subarray(9), Buffer.from([0])]))]),
    ),
  };
  for (const [what, bytes] of Object.entries(broken)) assert.equal(read(Buffer.from(bytes)), 'malformed', what);
});

test('whatever comes, a hello is taken or refused before the limit', () => {
  const parts = fc.oneof(
    fc.uint8Array({ maxLength: 64 }).map(bytes => Buffer.from(bytes)),
    fc.uint8Array({ minLength: 1, maxLength: 300 }).map(bytes => record(Buffer.from(bytes))),
    fc.string().map(name => helloWith(serverNameExtension(name))),
    fc.constant(Buffer.from([22, 3, 1, 0x40, 0, 1, 0, 0x3f, 0xfc])),
  );
  fc.assert(
    fc.property(fc.array(parts, { minLength: 1, maxLength: 6 }), all => {
      const bytes = Buffer.concat([...all, Buffer.alloc(MAX_CLIENT_HELLO)]);
      const outcome = readClientHello(bytes, bytes.length);
      assert.notEqual(outcome, undefined);
      // What it says does not depend on what comes later, or on how much has come.
      for (let end = 1; end < Math.min(bytes.length, 400); end += 1) {
        const early = readClientHello(bytes, end);
        if (early !== undefined) assert.deepEqual(early, outcome);
      }
    }),
  );
});

test('a changed byte of a hello never makes more of it than a name', async () => {
  const hello = await clientHello({ servername: 'a.example', ecdhCurve: 'X25519' });
  fc.assert(
    fc.property(fc.nat(hello.length - 1), fc.nat(255), (at, byte) => {
      const bytes = Buffer.from(hello);
      bytes[at] = byte;
      const outcome = readClientHello(bytes, bytes.length);
      if (typeof outcome === 'object') assert.match(outcome.serverName, /^[a-z0-9._-]{0,253}$/);
    }),
  );
});
