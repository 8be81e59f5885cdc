import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { inspect } from 'node:util';
import { secret, tlsSecret } from '../../support/secrets.ts';
import { until } from './harness.ts';
import { SecretHarness } from './secret-harness.ts';

/** Anything that looks like PEM will do: whether it can be used is judged elsewhere. */
function pair(name: string) {
  return {
    cert: `-----BEGIN CERTIFICATE-----\n${name}\n-----END CERTIFICATE-----\n`,
    key: `-----BEGIN PRIVATE KEY-----\nsecret-of-${name}\n-----END PRIVATE KEY-----\n`,
  };
}

const TLS = 'type=kubernetes.io/tls';

describe('a source of Secrets', () => {
  it('asks for nothing while nothing asks for a certificate, and no more once nothing does', async () => {
    await using harness = await SecretHarness.start();
    const { api, tls } = harness;
    assert.equal(api.requests.length, 0);
    api.apply(tlsSecret('shop', pair('one')));
    tls.want('shop');
    await tls.untilKnown('shop', pair('one').cert);
    await harness.untilWatching();
    tls.want('shop', false);
    await until(() => api.openWatches.length === 0);
    tls.want('shop');
    await harness.untilWatching();
    assert.equal(harness.lists.length, 2);
  });

  it('follows all certificates with one watch, of one type, and keeps those that are asked for', async () => {
    await using harness = await SecretHarness.start();
    const { api, tls } = harness;
    api.apply(tlsSecret('shop', pair('one')));
    api.apply(tlsSecret('other', pair('other'), { namespace: 'elsewhere' }));
    api.apply(tlsSecret('unwanted', pair('unwanted')));
    api.apply(secret('token', { 'tls.crt': 'x' }));
    tls.want('shop');
    tls.want('other', true, 'elsewhere');
    tls.want('missing');
    await tls.untilKnown('shop', pair('one').cert);
    await tls.untilKnown('missing', undefined);
    await harness.untilWatching();
    assert.deepEqual(harness.watched, [`* ${TLS}`]);
    assert.equal(tls.secrets.get('default/shop')?.certificate?.key.reveal(), pair('one').key);
    assert.deepEqual([...tls.secrets.keys()].sort(), ['default/missing', 'default/shop', 'elsewhere/other']);
  });

  it('hands over a certificate that is renewed, deleted and made again', async () => {
    await using harness = await SecretHarness.start();
    const { api, tls } = harness;
    api.apply(tlsSecret('shop', pair('one')));
    tls.want('shop');
    await harness.untilWatching();
    api.apply(tlsSecret('shop', pair('two')));
    await tls.untilKnown('shop', pair('two').cert);
    api.remove('default', 'shop', 'secrets');
    await tls.untilKnown('shop', undefined);
    api.apply(tlsSecret('shop', pair('three')));
    await tls.untilKnown('shop', pair('three').cert);
    assert.equal(harness.lists.length, 1);
  });

  it('reads a Secret that is asked for later by its name', async () => {
    await using harness = await SecretHarness.start();
    const { api, tls } = harness;
    api.apply(tlsSecret('late', pair('late')));
    tls.want('shop');
    await harness.untilWatching();
    tls.want('late');
    await tls.untilKnown('late', pair('late').cert);
    const [, single] = harness.lists;
    assert.equal(single?.namespace, 'default');
    assert.equal(single?.query.fieldSelector, `metadata.name=late,${TLS}`);
    assert.deepEqual(harness.watched, [`* ${TLS}`]);
  });

  it('watches only namespaces that the settings name, and only those where something asks', async () => {
    await using harness = await SecretHarness.start({ namespace: ['shop', 'volume'] });
    const { api, tls } = harness;
    api.apply(tlsSecret('web', pair('web'), { namespace: 'shop' }));
    tls.want('web', true, 'shop');
    await tls.untilKnown('web', pair('web').cert, 'shop');
    await harness.untilWatching();
    assert.deepEqual(harness.watched, [`shop ${TLS}`]);
    tls.want('web', true, 'volume');
    await tls.untilKnown('web', undefined, 'volume');
    await harness.untilWatching(2);
    assert.deepEqual(harness.watched, [`shop ${TLS}`, `volume ${TLS}`]);
  });

  it('watches authorities and other single Secrets by name alone, of any type and in any namespace', async () => {
    await using harness = await SecretHarness.start({ namespace: ['shop'] });
    const { api, named } = harness;
    const ca = pair('authority').cert;
    api.apply(secret('ca', { 'ca.crt': ca, 'other.txt': 'not kept' }));
    api.apply(secret('neighbour', { 'ca.crt': ca }));
    named.want('ca');
    await until(() => named.secrets.get('default/ca')?.ca === ca);
    await harness.untilWatching();
    assert.deepEqual(harness.watched, ['default metadata.name=ca']);
    assert.doesNotMatch(inspect(named.secrets, { depth: 9 }), /not kept/);
    named.want('ca', false);
    await until(() => api.openWatches.length === 0);
    named.want('ca');
    await harness.untilWatching();
  });

  it('reads a name as a name, whatever it holds', async () => {
    await using harness = await SecretHarness.start();
    const { api, named } = harness;
    named.want('ca,type=evil');
    await named.untilKnown('ca,type=evil', undefined);
    assert.equal(harness.lists[0]?.query.fieldSelector, 'metadata.name=ca\\,type\\=evil');
    assert.ok(api.requests.every(({ resource }) => resource === 'secrets'));
  });

  it('watches no more than 200 Secrets by name, and takes another when one is let go', async () => {
    await using harness = await SecretHarness.start();
    const { api, named } = harness;
    for (let index = 0; index < 200; index += 1) named.want(`ca-${index}`);
    named.want('late');
    assert.match(named.refusals.get('default/late') ?? '', /^more than 200 Secrets are asked for/);
    await until(() => api.openWatches.length === 200);
    api.apply(secret('late', { 'ca.crt': pair('late').cert }));
    named.want('ca-7', false);
    await until(() => named.secrets.get('default/late')?.ca === pair('late').cert);
  });

  it('keeps certificates in force while the API is away, and puts right what it missed', async () => {
    await using harness = await SecretHarness.start();
    const { api, tls } = harness;
    api.apply(tlsSecret('shop', pair('one')));
    tls.want('shop');
    await tls.untilKnown('shop', pair('one').cert);
    await harness.untilWatching();
    api.down();
    await until(() => harness.problems !== '');
    api.apply(tlsSecret('shop', pair('two')));
    assert.equal(`${tls.secrets.get('default/shop')?.certificate?.chain}`, pair('one').cert);
    await api.up();
    await harness.passPause();
    await tls.untilKnown('shop', pair('two').cert);
  });

  it('lists anew when the version it would go on from is gone', async () => {
    await using harness = await SecretHarness.start();
    const { api, tls } = harness;
    api.apply(tlsSecret('shop', pair('one')));
    tls.want('shop');
    await harness.untilWatching();
    api.apply(tlsSecret('shop', pair('two')));
    await tls.untilKnown('shop', pair('two').cert);
    api.sendError(410);
    await until(() => harness.lists.length === 2);
    api.apply(tlsSecret('shop', pair('three')));
    await tls.untilKnown('shop', pair('three').cert);
  });
});

describe('a source that may not read Secrets', () => {
  it('says so once, serves what it knows, and reads them as soon as it may', async () => {
    await using harness = await SecretHarness.start();
    const { api, tls } = harness;
    api.refuse('secrets', 403);
    api.apply(tlsSecret('shop', pair('one')));
    tls.want('shop');
    await until(() => tls.refusals.has('default/shop'));
    assert.match(tls.refusals.get('default/shop') ?? '', /deploy\/overlays\/tls\/cluster-role\.yaml grants it/);
    assert.match(harness.problems, /may not list secrets with type=kubernetes\.io\/tls in all namespaces/);
    assert.equal(
      harness.sources.every(source => source.report().synced),
      true,
      'all else serves on',
    );
    await harness.passPause();
    const warnings = harness.log.filter(({ level }) => level > 30).map(({ msg }) => msg);
    assert.equal(warnings.length, 1);
    assert.match(warnings[0] ?? '', /Until Secrets can be read, hosts that name one get the default certificate/);
    await harness.passPause(() => api.grant('secrets'));
    await tls.untilKnown('shop', pair('one').cert);
    assert.equal(tls.refusals.size, 0);
  });

  it('names the Role of the namespace where namespaces are watched', async () => {
    await using harness = await SecretHarness.start({ namespace: ['shop'] });
    const { api, tls } = harness;
    api.refuse('secrets', 403);
    tls.want('web', true, 'shop');
    await until(() => tls.refusals.has('shop/web'));
    assert.match(tls.refusals.get('shop/web') ?? '', /a Role in that namespace, as deploy\/namespaced\/tls-role\.yaml/);
  });
});

describe('the first table', () => {
  it('waits for the certificates that are asked for, so that nobody is shown the default one after a restart', async () => {
    await using harness = await SecretHarness.start();
    const { api, tls } = harness;
    api.apply(tlsSecret('shop', pair('one')));
    assert.equal(harness.isAwaited, false, 'nothing asks');
    await using second = await SecretHarness.start();
    second.tls.want('shop');
    assert.equal(second.isAwaited, true);
    await second.tls.untilKnown('shop', undefined);
    assert.equal(second.isAwaited, false);
    tls.want('shop');
    assert.equal(harness.isAwaited, false, 'what begins to ask later is waited for no more');
  });

  it('waits five seconds at most', async () => {
    await using harness = await SecretHarness.start();
    harness.api.fail('list', 'hang');
    harness.tls.want('shop');
    await until(() => harness.api.received('list').length === 1);
    harness.clock.advance(4_999);
    assert.equal(harness.isAwaited, true);
    harness.clock.advance(1);
    assert.equal(harness.isAwaited, false);
    assert.equal(harness.changes, 1);
  });
});

describe('what a Secret holds', () => {
  it('is in no log line, problem or error, whatever goes wrong with it', async () => {
    await using harness = await SecretHarness.start();
    const { api, tls } = harness;
    const bad = tlsSecret('shop', { cert: 'SECRET-text-that-is-no-PEM', key: pair('shop').key });
    api.apply(bad);
    tls.want('shop');
    await until(() => tls.problems.has('default/shop'));
    assert.match(tls.problems.get('default/shop') ?? '', /^data\.tls\.crt is not PEM/);
    await harness.untilWatching();
    const line = JSON.stringify({ type: 'MODIFIED', object: { ...tlsSecret('shop', pair('one')) } });
    // Cut within the key, and then with a character that JSON does not allow there.
    for (const broken of [line.slice(0, -20), line.replace('tls.key":"', 'tls.key":x"')]) {
      api.write(`${broken}\n`);
      await harness.passPause();
      await harness.untilWatching();
    }
    const key = Buffer.from(pair('one').key).toString('base64');
    const said = inspect([harness.log, [...tls.problems], harness.problems], { depth: 9, maxStringLength: null });
    for (const part of ['SECRET-text', 'secret-of', key.slice(0, 12), key.slice(-12)]) {
      assert.ok(!said.includes(part), part);
    }
  });
});
