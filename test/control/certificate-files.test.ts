/** The default certificate: two files that are followed, a Secret, or one that is made at the start. */
import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import { mkdtempSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeEach, describe, it, type TestContext } from 'node:test';
import { pino } from 'pino';
import type { SecretState } from '../../src/control/catalog/known-secrets.ts';
import { DefaultCertificate } from '../../src/control/certificates/default-certificate.ts';
import { SettingsError } from '../../src/errors.ts';
import { type Certificate, PrivateKey } from '../../src/model/certificate.ts';
import { SharedText } from '../../src/model/shared-text.ts';
import { atEnd } from '../support/cleanup.ts';
import { FakeClock } from '../support/fake-clock.ts';
import { type SelfSigned, selfSigned } from '../support/self-signed.ts';

const SECRET = { namespace: 'default', name: 'entry-tls' };

describe('the default certificate', () => {
  let folder: string;
  let clock: FakeClock;
  let log: Record<string, unknown>[];
  let changes: Certificate[];
  let say: (state: SecretState) => void;

  beforeEach(context => {
    folder = mkdtempSync(join(tmpdir(), 'default-certificate-'));
    atEnd(context as TestContext, () => rmSync(folder, { recursive: true }));
    clock = new FakeClock();
    clock.jump(Date.now() - clock.now());
    [log, changes] = [[], []];
    say = () => assert.fail('no Secret is asked for');
  });

  const at = (name: string): string => join(folder, name);

  function write({ cert, key }: SelfSigned, directory = folder): void {
    writeFileSync(join(directory, 'tls.crt'), cert);
    writeFileSync(join(directory, 'tls.key'), key, { mode: 0o400 });
  }

  function start(
    context: unknown,
    settings: { readonly defaultTlsSecret?: typeof SECRET } = {},
    hasFiles = true,
  ): DefaultCertificate {
    const started = new DefaultCertificate({
      settings: {
        tlsCertificate: hasFiles ? at('tls.crt') : '',
        tlsKey: hasFiles ? at('tls.key') : '',
        defaultTlsSecret: undefined,
        ...settings,
      },
      secrets: {
        followDefault(_secret, onChange) {
          say = onChange;
        },
      },
      clock,
      logger: pino({ base: null }, { write: line => void log.push(JSON.parse(line)) }),
      onChange: certificate => changes.push(certificate),
    });
    atEnd(context as TestContext, () => started.close());
    return started;
  }

  it('is made at the start where none is given, for this machine, and that is said', context => {
    const { certificate } = start(context, {}, false);
    const read = new X509Certificate(certificate.chain.toString());
    assert.ok(
      read.checkHost('localhost') !== undefined &&
        read.checkIP('127.0.0.1') !== undefined &&
        read.checkIP('::1') !== undefined,
    );
    assert.ok(read.verify(read.publicKey));
    assert.match(String(log[0]?.msg), /self-signed/);
  });

  it('is read of two files, with what stands beside it left out', context => {
    const pair = selfSigned();
    write({ ...pair, cert: `# a comment\n${pair.cert}${pair.key}` });
    const { certificate } = start(context);
    assert.deepEqual([`${certificate.chain}`, certificate.key.reveal()], [pair.cert, pair.key]);
  });

  it('ends the start when it cannot be used, and says why', context => {
    assert.throws(() => start(context), /tlsCertificate: .*tls\.crt cannot be read: it does not exist/);
    write({ ...selfSigned(), key: selfSigned().key });
    assert.throws(() => start(context), SettingsError);
    assert.throws(() => start(context), /tls\.crt and .*tls\.key do not belong together/);
  });

  it('changes within a second of its files, once both are there', context => {
    const [old, renewed] = [selfSigned(), selfSigned()];
    write(old);
    const files = start(context);
    writeFileSync(at('tls.crt'), renewed.cert);
    clock.advance(300);
    assert.deepEqual([changes, log], [[], []], 'the key comes next');
    rmSync(at('tls.key'));
    writeFileSync(at('tls.key'), renewed.key, { mode: 0o400 });
    clock.advance(300);
    assert.equal(changes.length, 1);
    assert.deepEqual([`${files.certificate.chain}`, files.certificate.key.reveal()], [renewed.cert, renewed.key]);
    clock.advance(2_000);
    assert.equal(changes.length, 1);
  });

  it('changes when Kubernetes swaps the folder of a mounted Secret', context => {
    const [old, renewed] = [selfSigned(), selfSigned()];
    for (const [name, pair] of [
      ['one', old],
      ['two', renewed],
    ] as const) {
      const directory = mkdtempSync(at(name));
      write(pair, directory);
      symlinkSync(directory, at(`link-${name}`));
    }
    renameSync(at('link-one'), at('..data'));
    for (const name of ['tls.crt', 'tls.key']) symlinkSync(join('..data', name), at(name));
    start(context);
    renameSync(at('link-two'), at('..data'));
    clock.advance(300);
    assert.equal(`${changes[0]?.chain}`, renewed.cert);
  });

  it('stays as it is while its files are half written or do not belong together, which is said once', context => {
    const old = selfSigned();
    write(old);
    const files = start(context);
    const { cert, key } = selfSigned();
    const broken = [cert.slice(0, 200), cert, cert.replace(/^[^-].*$/m, 'AAAA')];
    for (const [index, text] of broken.entries()) {
      writeFileSync(at('tls.crt'), text);
      for (let look = 0; look < 5; look += 1) clock.advance(300);
      assert.equal(log.length, index + 1, text);
      assert.match(String(log[index]?.msg), /stays as it is/);
    }
    rmSync(at('tls.crt'));
    clock.advance(900);
    assert.match(String(log.at(-1)?.problem), /does not exist/);
    assert.deepEqual([changes, `${files.certificate.chain}`], [[], old.cert]);
    for (const line of key.split('\n').slice(1, 3).concat(old.key.split('\n').slice(1, 3))) {
      assert.ok(!JSON.stringify(log).includes(line), 'no line of a key');
    }
  });

  it('is no larger than any certificate is', context => {
    write({ ...selfSigned(), cert: 'x'.repeat(1_000_000) });
    assert.throws(() => start(context), /larger than 128k/);
  });

  it('comes from a Secret as soon as that is read, and stays when the Secret goes or cannot be used', context => {
    const files = start(context, { defaultTlsSecret: SECRET }, false);
    const made = files.certificate;
    const known = ({ cert, key }: SelfSigned): SecretState => ({
      state: 'known',
      value: {
        metadata: { ...SECRET, resourceVersion: '' },
        certificate: { chain: SharedText.of(cert), key: new PrivateKey(key) },
        ca: '',
        revoked: '',
        credentials: { fault: 'none' },
      },
    });
    say({ state: 'absent' });
    assert.equal(files.certificate, made);
    assert.equal(log.at(-1)?.problem, 'there is no Secret default/entry-tls');
    const pair = selfSigned();
    say(known(pair));
    assert.deepEqual([changes.length, `${files.certificate.chain}`], [1, pair.cert]);
    say(known({ ...pair, key: selfSigned().key }));
    assert.match(String(log.at(-1)?.problem), /do not belong together/);
    say({ state: 'absent' });
    assert.deepEqual([changes.length, `${files.certificate.chain}`], [1, pair.cert]);
  });
});
