/** What ingress-nginx does without a word, and `migrate` tells. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { selfSigned } from '../support/self-signed.ts';
import { ingress, report, reportOf, silences } from './dumps.ts';

test('a rewrite without a capture drops what follows the path', () => {
  const found = report([
    ingress('plain', { annotations: { 'rewrite-target': '/' }, paths: { '/app': 'web' }, host: 'a.example.com' }),
    ingress('deep', { annotations: { 'rewrite-target': '/v2/' }, paths: { '/app/': 'web' }, host: 'b.example.com' }),
    ingress('right', {
      annotations: { 'rewrite-target': '/$2' },
      paths: { '/app(/|$)(.*)': 'web' },
      host: 'c.example.com',
    }),
    ingress('wrong', { annotations: { 'rewrite-target': '/$2' }, paths: { '/(.*)': 'web' }, host: 'd.example.com' }),
    ingress('lazy', {
      annotations: { 'rewrite-target': '/$1' },
      paths: { '/api(?:/|$)(.*)': 'web' },
      host: 'e.example.com',
    }),
  ]);
  const dropped = (name: string) => silences(found, name, 'PathDropped');
  assert.deepEqual(dropped('plain'), [
    'rewrite-target "/" has no capture of /app: every path below becomes /, as in /app/page | path: /app(/|$)(.*) with nginx.ingress.kubernetes.io/rewrite-target: "/$2"',
  ]);
  assert.match(dropped('deep')[0] ?? '', /\| path: \/app\(\/\|\$\)\(\.\*\) with .*rewrite-target: "\/v2\/\$2"$/);
  assert.match(dropped('wrong')[0] ?? '', /^rewrite-target "\/\$2" has no capture of \/\(\.\*\)/);
  assert.deepEqual([dropped('right'), dropped('lazy')], [[], []]);
});

test('a host in regex mode is told to the Ingress that causes it, and to those that it changes', () => {
  const found = report([
    ingress('cause', { annotations: { 'use-regex': 'true' }, paths: { '/id/[0-9]+': 'web' } }),
    ingress('login', { paths: { '= /Login': 'web', '/': 'web' }, age: 1 }),
    ingress('blog/elsewhere', { paths: { '/foo': 'web' }, age: 2 }),
    ingress('other-host', { paths: { '/foo': 'web' }, host: 'other.example.com', age: 3 }),
  ]);
  const of = (name: string) => silences(found, name, 'RegexMode');
  assert.deepEqual(of('cause'), [
    'use-regex makes regular expressions of all paths of shop.example.com, also of those of other Ingresses: login, blog/elsewhere | give these paths a host of their own',
  ]);
  assert.deepEqual(of('login'), [
    'for shop.example.com, the paths /Login are regular expressions without regard to case, because of use-regex of Ingress cause: /Login takes /Loginx and /LOGIN, too | give the paths of shop/cause a host of their own',
  ]);
  assert.match(
    of('elsewhere')[0] ?? '',
    /because of use-regex of Ingress shop\/cause: \/foo takes \/foox and \/FOO, too/,
  );
  assert.deepEqual(of('other-host'), []);
});

test('the loser of a host and path is told who has it', () => {
  const found = report([ingress('old', {}), ingress('blog/new', { age: 1 })]);
  assert.deepEqual(silences(found, 'old', 'Conflict'), []);
  assert.match(
    silences(found, 'new', 'Conflict')[0] ?? '',
    /^shop\.example\.com with Prefix \/ belongs to the older Ingress shop\/old/,
  );
});

test('hosts that get the default certificate are told, with the reason', () => {
  const { cert, key } = selfSigned({ names: ['shop.example.com', '*.apps.example.com'] });
  const secret = (name: string, data: object) => ({
    ...{
      apiVersion: 'v1',
      kind: 'Secret',
      type: 'kubernetes.io/tls',
      metadata: { name, namespace: 'shop' },
      stringData: data,
    },
  });
  const tls = (host: string, secretName?: string) => ({
    host,
    tls: [{ hosts: [host], ...(secretName && { secretName }) }],
  });
  const objects = [
    ingress('right', tls('shop.example.com', 'pair')),
    ingress('label', tls('a.apps.example.com', 'pair')),
    ingress('wildcard', tls('*.apps.example.com', 'pair')),
    ingress('other', tls('other.example.com', 'pair')),
    ingress('missing', tls('missing.example.com', 'nowhere')),
    ingress('broken', tls('broken.example.com', 'broken')),
    ingress('nameless', tls('nameless.example.com')),
    ingress('none', { host: 'none.example.com' }),
  ];
  const found = report([
    ...objects,
    secret('pair', { 'tls.crt': cert, 'tls.key': key }),
    secret('broken', { 'tls.crt': 'x' }),
  ]);
  const of = (name: string) => silences(found, name, 'FakeCertificate').map(text => text.split(' | ')[0]);
  for (const name of ['right', 'label', 'wildcard', 'none']) assert.deepEqual(of(name), [], name);
  assert.match(
    of('other')[0] ?? '',
    /the certificate of Secret shop\/pair is for shop\.example\.com, \*\.apps\.example\.com$/,
  );
  assert.match(of('missing')[0] ?? '', /there is no Secret shop\/nowhere$/);
  assert.match(of('broken')[0] ?? '', /the Secret shop\/broken cannot be used/);
  assert.match(of('nameless')[0] ?? '', /its TLS section names no Secret$/);
  assert.ok(!JSON.stringify(found).includes('PRIVATE KEY'));
  // Most dumps have no Secrets at all: then none is missed.
  const without = report(objects);
  assert.deepEqual(silences(without, 'missing', 'FakeCertificate'), []);
  assert.equal(silences(without, 'nameless', 'FakeCertificate').length, 1);
});

test('a Service that is not there is told where the dump has Services', () => {
  const service = {
    ...{ apiVersion: 'v1', kind: 'Service', metadata: { name: 'web', namespace: 'shop' } },
    spec: { clusterIP: '10.96.0.1', ports: [{ port: 80 }] },
  };
  const missing = ingress('missing', { paths: { '/': 'nowhere' }, host: 'a.example.com' });
  const found = report([missing, ingress('fine', {}), service]);
  assert.match(silences(found, 'missing', 'NoBackend')[0] ?? '', /there is no Service shop\/nowhere/);
  assert.deepEqual(silences(found, 'fine', 'NoBackend'), []);
  assert.deepEqual(silences(report([missing]), 'missing', 'NoBackend'), []);
});

test('of two server-wide settings of a host the older one counts', () => {
  const found = report([
    ingress('old', { annotations: { 'app-root': '/a' } }),
    ingress('new', { annotations: { 'app-root': '/b' }, paths: { '/x': 'web' }, age: 1 }),
  ]);
  assert.deepEqual(silences(found, 'new', 'SettingLost'), [
    'for shop.example.com, app-root is that of Ingress old, which is older | say it in one of them',
  ]);
});

test('annotations that nothing reads are dead, with what was meant', () => {
  const found = report([ingress('web', { annotations: { 'rewrite-traget': '/', 'no-such-thing-at-all': 'x' } })]);
  assert.deepEqual(
    reportOf(found, 'web').findings.map(({ verdict, mend }) => [verdict, mend]),
    [
      ['dead', 'nginx.ingress.kubernetes.io/rewrite-target: "/"'],
      ['dead', 'remove nginx.ingress.kubernetes.io/no-such-thing-at-all'],
    ],
  );
  const old = ingress('old', {}) as { metadata: { annotations: Record<string, string> } };
  old.metadata.annotations = {
    'ingress.kubernetes.io/rewrite-target': '/',
    'alb.ingress.kubernetes.io/scheme': 'internal',
  };
  assert.deepEqual(
    reportOf(report([old]), 'old').findings.map(({ field, mend }) => [field, mend]),
    [['ingress.kubernetes.io/rewrite-target', 'nginx.ingress.kubernetes.io/rewrite-target: "/"']],
  );
});

test('Ingresses of other classes are counted and named, and not judged', () => {
  const other = ingress('other', {}) as { spec: Record<string, unknown> };
  other.spec.ingressClassName = 'traefik';
  const none = ingress('none', {}) as { spec: Record<string, unknown> };
  delete none.spec.ingressClassName;
  const found = report([ingress('own', {}), other, none]);
  assert.deepEqual([found.ingresses.length, found.otherIngresses], [1, 2]);
  const notes = found.notes.filter(note => note.startsWith('left out'));
  assert.match(notes[0] ?? '', /of the class "traefik": \S+\/other; --ingress-class/);
  assert.match(notes[1] ?? '', /name no class: \S+\/none; a controller with --watch-ingress-without-class/);
  assert.equal(notes.length, 2);
});

test('a canary takes requests of all places of its Service, and only the first canary counts', () => {
  const canary = { canary: 'true', 'canary-weight': '10' };
  const found = report([
    ingress('primary', {}),
    ingress('elsewhere', { host: 'other.example.com', age: 1 }),
    ingress('first', { annotations: canary, paths: { '/': 'next' }, age: 2 }),
    ingress('second', { annotations: canary, paths: { '/': 'later' }, age: 3 }),
    ingress('lost', { annotations: canary, host: 'nowhere.example.com', age: 4 }),
  ]);
  assert.match(
    silences(found, 'first', 'CanaryShared')[0] ?? '',
    /^the canary also takes requests for other\.example\.com\/,/,
  );
  assert.match(silences(found, 'second', 'CanaryUnused')[0] ?? '', /already has the canary shop\/first/);
  assert.match(silences(found, 'lost', 'CanaryUnused')[0] ?? '', /the canary takes no request$/);
  assert.deepEqual(
    ['first', 'second', 'lost'].map(name => reportOf(found, name).verdict !== 'dead'),
    [true, false, false],
  );
});

test('a Service that is both canary and backend loses one of them in ingress-nginx', () => {
  const canary = { canary: 'true', 'canary-weight': '10' };
  const found = report([
    ingress('primary', {}),
    ingress('first', { host: 'b.example.com', paths: { '/': 'next' }, age: 1 }),
    ingress('canary', { annotations: canary, paths: { '/': 'next' }, age: 2 }),
    ingress('early', { annotations: canary, paths: { '/': 'later' }, age: 3 }),
    ingress('backend', { host: 'c.example.com', paths: { '/x': 'later', '/y': 'web' }, age: 4 }),
  ]);
  const of = (name: string) => silences(found, name, 'CanaryIsBackend');
  assert.deepEqual(of('canary'), [
    'in ingress-nginx the canary takes no request, because the older Ingress first has its Service as a backend (shop/next:80); here it takes its requests',
  ]);
  assert.deepEqual(of('backend'), [
    'in ingress-nginx its paths to shop/later:80 are not served, because the older Ingress early has the same Service as a canary; here they are',
  ]);
  assert.deepEqual(['primary', 'first', 'early'].flatMap(of), []);
});

test('how requests are spread over a Service is what the oldest Ingress says', () => {
  const found = report([
    ingress('old', { annotations: { 'load-balance': 'ewma' } }),
    ingress('new', { host: 'b.example.com', age: 1 }),
  ]);
  assert.match(silences(found, 'new', 'SettingLost')[0] ?? '', /shop\/web:80 is as Ingress old says, which is older/);
});
