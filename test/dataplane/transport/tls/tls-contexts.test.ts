import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { test } from 'node:test';
import { TlsContexts } from '../../../../src/dataplane/transport/tls/tls-contexts.ts';
import type { Certificate } from '../../../../src/model/certificate.ts';
import { selfSigned } from '../../../support/self-signed.ts';
import { certificateOf } from '../../../support/tls-names.ts';

/** So many contexts are kept. */
const MOST = 128;

const CERTIFICATE = certificateOf(selfSigned());
/** One of many certificates; what is in them makes no difference here. */
const numbered = (number: number): Certificate => ({ ...CERTIFICATE, id: `certificate ${number}` });

test('a context is made for the first handshake with a certificate, and serves those after it', () => {
  const keys = randomBytes(48);
  const contexts = new TlsContexts(() => keys);
  const context = contexts.of(numbered(0), undefined, '', true);
  assert.equal(contexts.of(numbered(0), undefined, '', true), context);
  assert.notEqual(contexts.of(numbered(1), undefined, '', true), context);
  assert.notEqual(contexts.of(numbered(0), undefined, 'another scope', true), context);
  assert.notEqual(contexts.of(numbered(0), undefined, '', false), context);
});

test('of very many certificates, the contexts that were used last are kept', () => {
  const keys = randomBytes(48);
  const contexts = new TlsContexts(() => keys);
  const [first, second] = [
    contexts.of(numbered(0), undefined, '', true),
    contexts.of(numbered(1), undefined, '', true),
  ];
  for (let number = 2; number < MOST; number += 1) contexts.of(numbered(number), undefined, '', true);
  assert.equal(contexts.of(numbered(0), undefined, '', true), first);
  // There is room for one less: it is the second one that was not used for the longest time.
  contexts.of(numbered(MOST), undefined, '', true);
  assert.equal(contexts.of(numbered(0), undefined, '', true), first);
  assert.notEqual(contexts.of(numbered(1), undefined, '', true), second);
});

test('what OpenSSL holds for a context is freed with the context, whenever memory is collected', () => {
  let keys = randomBytes(48);
  const contexts = new TlsContexts(() => keys);
  const freed: number[] = [];
  const use = (number: number): void => {
    const { context } = contexts.of(numbered(number), undefined, '', true);
    const native = context as { close: () => void };
    const close = native.close.bind(native);
    native.close = () => {
      freed.push(number);
      close();
    };
  };
  for (let number = 0; number < MOST; number += 1) use(number);
  assert.deepEqual(freed, []);
  use(MOST);
  assert.deepEqual(freed, [0]);
  keys = randomBytes(48);
  use(MOST + 1);
  assert.equal(freed.length, MOST + 1);
});

test('with other keys of tickets, contexts are made anew', () => {
  let keys = randomBytes(48);
  const contexts = new TlsContexts(() => keys);
  const context = contexts.of(numbered(0), undefined, '', true);
  keys = randomBytes(48);
  const renewed = contexts.of(numbered(0), undefined, '', true);
  assert.notEqual(renewed, context);
  assert.equal(contexts.of(numbered(0), undefined, '', true), renewed);
});
