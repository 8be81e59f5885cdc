/** What policies of a Service lead to beside its own endpoints. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { serviceKey } from '../../src/model/route.ts';
import type { ServiceObject } from '../../src/resources/service-object.ts';
import { References } from '../../src/translate/references.ts';
import { parseServiceReference } from '../../src/translate/service-reference.ts';
import { service } from '../support/services.ts';

const SHOP = { namespace: 'default', name: 'shop' };

/** @param others the Services that are known */
function referencesOf(...others: ServiceObject[]): { references: References; warnings: string[] } {
  const known = new Map(others.map(object => [serviceKey(object.metadata), object]));
  const warnings: string[] = [];
  const reader = { warn: (reason: string, message: string) => void warnings.push(`${reason} ${message}`) };
  const options = { allowExternalName: false, services: (ref: typeof SHOP) => known.get(serviceKey(ref)) };
  return { references: new References(SHOP, reader, options), warnings };
}

describe('a reference to a Service', () => {
  test('leads to its port, balanced as its own annotations say, exposed or not', () => {
    const annotations = { balance: 'ewma', 'max-requests': '5' };
    const pages = service('pages', {
      annotations,
      spec: { clusterIP: '10.96.0.5', ports: [{ port: 8080 }, { name: 'admin', port: 9090 }] },
    });
    const { references, warnings } = referencesOf(pages);
    assert.equal(references.toService('x', parseServiceReference('pages:admin')), 'default/pages:9090');
    assert.equal(references.toService('x', parseServiceReference('pages:8080')), 'default/pages:8080');
    assert.deepEqual(warnings, []);
    const [admin] = references.found;
    assert.deepEqual(admin?.cluster.balance, { policy: 'ewma' });
    assert.equal(admin?.cluster.maxRequests, 5);
    assert.equal(admin?.cluster.name, 'default-pages-9090');
    assert.deepEqual(
      admin?.endpoints.map(({ address, port }) => [address, port]),
      [['10.96.0.5', 9090]],
    );
  });

  test('that cannot be followed is a warning that says what to do', () => {
    const headless = service('headless', { spec: { clusterIP: 'None' } });
    const outside = service('outside', { spec: { type: 'ExternalName', externalName: 'a.example' } });
    const many = service('many', { spec: { ports: [{ port: 1 }, { port: 2 }] } });
    const { references, warnings } = referencesOf(headless, outside, many);
    const rows: [text: string, warning: RegExp][] = [
      ['gone', /^ServiceNotFound kube-entry\.io\/x: there is no Service default\/gone: create it, or name another one/],
      [
        'headless',
        /^ServiceNotUsable .* default\/headless cannot be sent to: the Service is headless .*balance: least-request/,
      ],
      ['outside', /^ServiceNotUsable .*ExternalName Services are served only with --allow-external-name/],
      ['many:3', /^ServiceNotUsable .*the Service has no TCP port "3"; it has 1, 2/],
    ];
    for (const [text, warning] of rows) {
      assert.equal(references.toService('x', parseServiceReference(text)), undefined, text);
      assert.match(warnings.at(-1) ?? '', warning);
      assert.match(warnings.at(-1) ?? '', /This policy waits until/);
    }
    assert.deepEqual(references.found, []);
    assert.equal(references.toService('x', parseServiceReference('many')), 'default/many:1');
    assert.match(warnings.at(-1) ?? '', /^PortNotChosen .*1 is taken; choose one, as in "many:8080"/);
  });

  test('never leaves its namespace', () => {
    for (const text of [
      '',
      'other/pages',
      'Pages',
      'pages:',
      'a:b:c',
      'http://pages',
      'pages:a b',
      '../pages',
      'pages.other',
      'a b',
      'a\r\nb',
    ])
      assert.throws(() => parseServiceReference(text), /names no Service/, text);
  });
});

describe('a URL', () => {
  test('leads to its host, which is verified for https', () => {
    const { references } = referencesOf();
    const rows: [url: string, address: string, port: number, serverName: string | undefined][] = [
      ['https://auth.example/check', 'auth.example', 443, 'auth.example'],
      ['http://auth.example:8080', 'auth.example', 8080, undefined],
      ['https://[2001:db8::1]:8443/', '2001:db8::1', 8443, '2001:db8::1'],
    ];
    for (const [index, [url, address, port, serverName]] of rows.entries()) {
      const id = references.toUrl(new URL(url));
      const { cluster, endpoints } = references.found[index] ?? assert.fail();
      assert.equal(cluster.id, id);
      assert.deepEqual(
        endpoints.map(one => [one.address, one.port]),
        [[address, port]],
      );
      assert.deepEqual(cluster.tls, serverName && { serverName, isVerified: true });
      assert.deepEqual(cluster.service, SHOP);
    }
  });

  test('is one cluster for all policies of a Service, and another one for each Service', () => {
    const { references } = referencesOf();
    const id = references.toUrl(new URL('https://auth.example/one'));
    assert.equal(references.toUrl(new URL('https://auth.example/two')), id);
    assert.equal(references.found.length, 1);
    const others = new References({ ...SHOP, name: 'cart' }, { warn: () => undefined }, { allowExternalName: false });
    assert.notEqual(others.toUrl(new URL('https://auth.example/one')), id);
  });
});
