import assert from 'node:assert/strict';
import { test } from 'node:test';
import { format, inspect } from 'node:util';
import { serialize } from 'node:v8';
import { pino } from 'pino';
import { PrivateKey } from '../../src/model/certificate.ts';
import { SharedText } from '../../src/model/shared-text.ts';

const PEM = '-----BEGIN PRIVATE KEY-----\nc2VjcmV0\n-----END PRIVATE KEY-----\n';
const certificate = { id: 'one', chain: SharedText.of('a chain'), key: new PrivateKey(PEM) };

test('a private key shows itself to reveal() alone', () => {
  const lines: string[] = [];
  const logger = pino({ base: null }, { write: line => void lines.push(line) });
  logger.info({ certificate, key: certificate.key }, `about ${certificate.key}`);
  logger.error({ err: new Error('failed', { cause: certificate }), key: [certificate.key] });
  const shown = [
    String(certificate.key),
    `${certificate.key}`,
    JSON.stringify(certificate),
    inspect(certificate, { depth: 9, showHidden: true }),
    inspect(certificate.key, { customInspect: false, showHidden: true }),
    format('%s %j %o %O', certificate.key, certificate.key, certificate.key, certificate.key),
    inspect(new Error('failed', { cause: certificate.key })),
    serialize(certificate).toString('latin1'),
    ...lines,
  ];
  for (const text of shown) assert.doesNotMatch(text, /c2VjcmV0|BEGIN/);
  assert.equal(JSON.stringify(certificate), '{"id":"one","chain":{},"key":"***"}');
  assert.equal(certificate.key.reveal(), PEM);
});
