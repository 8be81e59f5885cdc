/** `kube-entry migrate`, as a person runs it. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { z } from 'zod';
import { parseYaml, parseYamlDocuments } from '../../src/formats/yaml.ts';
import { startHttpBackend } from '../support/http-backend.ts';
import { runHere, scratchDirectory } from './cli-fixture.ts';

const INGRESS = {
  apiVersion: 'networking.k8s.io/v1',
  kind: 'Ingress',
  metadata: { name: 'web', namespace: 'shop' },
  spec: {
    ingressClassName: 'nginx',
    rules: [
      {
        host: 'shop.example.com',
        http: {
          paths: [{ path: '/', pathType: 'Prefix', backend: { service: { name: 'web', port: { number: 80 } } } }],
        },
      },
    ],
  },
};

async function file(t: TestContext, name: string, value: object): Promise<string> {
  const path = join(await scratchDirectory(t), name);
  await writeFile(path, JSON.stringify(value));
  return path;
}

test('a dump that loses nothing exits with 0, in every form', async t => {
  const dump = await file(t, 'dump.json', INGRESS);
  for (const [format, start] of [
    ['text', /^no controller of ingress-nginx was found/],
    ['markdown', /^# From ingress-nginx to kube-entry/],
    ['html', /^<!DOCTYPE html>/],
    ['json', /^\{/],
  ] as const) {
    const { code, stdout, stderr } = await runHere(['migrate', '--manifests', dump, '--output', format]);
    assert.deepEqual({ code, stderr }, { code: 0, stderr: '' }, format);
    assert.match(stdout, start);
  }
  const piped = await runHere(['migrate', '--manifests', '-'], { input: JSON.stringify(INGRESS) });
  assert.match(piped.stdout, /1 Ingress: 1 works\nNothing would be lost\.\n$/);
});

test('JSON is as its schema says, with and without manifests of the Gateway API', async t => {
  const schema = z.fromJSONSchema(
    JSON.parse(readFileSync(join(import.meta.dirname, '../../deploy/migrate.schema.json'), 'utf8')),
  );
  const annotations = {
    'nginx.ingress.kubernetes.io/proxy-ssl-ciphers': 'x',
    'nginx.ingress.kubernetes.io/canary': 'true',
  };
  const lossy = { ...INGRESS, metadata: { ...INGRESS.metadata, name: 'lossy', annotations } };
  const dump = await file(t, 'dump.json', { apiVersion: 'v1', kind: 'List', items: [INGRESS, lossy] });
  for (const [options, hasManifests] of [
    [[], false],
    [['--to', 'gateway'], true],
  ] as const) {
    const { stdout } = await runHere(['migrate', '--manifests', dump, ...options, '--output', 'json']);
    const found: unknown = JSON.parse(stdout);
    schema.parse(found);
    assert.equal('manifests' in (found as object), hasManifests);
  }
});

test('values of ingress-nginx’s chart count, and become ours', async t => {
  const dump = await file(t, 'dump.json', INGRESS);
  const values = await file(t, 'values.yaml', { controller: { replicaCount: 2 }, udp: { '53': 'kube-system/dns:53' } });
  const text = await runHere(['migrate', '--manifests', dump, '--values', values]);
  assert.equal(text.code, 1, 'UDP is lost');
  assert.match(text.stdout, /unsupported udp: /);
  const ours = await runHere(['migrate', '--manifests', dump, '--values', values, '--output', 'values']);
  assert.match(ours.stderr, /^Values that are left out\n {2}unsupported udp: .*\n {4}UDP is not proxied/);
  assert.deepEqual(parseYaml(ours.stdout), { controller: { replicaCount: 2 } });
});

test('what cannot be read is said, with what to do', async t => {
  const dump = await file(t, 'dump.json', INGRESS);
  const broken = await file(t, 'values.yaml', ['no mapping']);
  for (const [argv, code, complaint] of [
    [['--manifests', '/nonexistent'], 1, /\/nonexistent does not exist/],
    [['--manifests', dump, '--values', broken], 1, /is no values file: it must be a mapping/],
    [['--manifests', dump, '--values', '/nonexistent'], 1, /\/nonexistent cannot be read/],
    [['--manifests', dump, '--output', 'values'], 2, /needs --values FILE/],
    [['--manifests', dump, '--output', 'pdf'], 2, /must be one of text, markdown/],
  ] as const) {
    const outcome = await runHere(['migrate', ...argv]);
    assert.equal(outcome.code, code, argv.join(' '));
    assert.match(outcome.stderr, complaint);
  }
});

test('a cluster is read and not changed, and what may not be read is said', async t => {
  const asked: string[] = [];
  const { address } = await startHttpBackend(t, ({ method, url = '' }, response) => {
    const { pathname, searchParams } = new URL(url, 'http://api');
    asked.push(`${method} ${pathname}`);
    response.setHeader('Content-Type', 'application/json');
    if (pathname.endsWith('/secrets')) {
      response.statusCode = 403;
      response.end(JSON.stringify({ kind: 'Status', message: 'secrets is forbidden' }));
    } else if (pathname.endsWith('/ingresses')) {
      const { kind: _, apiVersion: __, ...item } = INGRESS;
      const isSecond = searchParams.get('continue') === 'more';
      const items = [isSecond ? { ...item, metadata: { ...item.metadata, name: 'second' } } : item];
      response.end(
        JSON.stringify({ metadata: { resourceVersion: '1', ...(isSecond ? {} : { continue: 'more' }) }, items }),
      );
    } else response.end(JSON.stringify({ metadata: { resourceVersion: '1' }, items: null }));
  });
  const kubeconfig = await file(t, 'config', {
    'current-context': 'test',
    contexts: [{ name: 'test', context: { cluster: 'test', user: 'test' } }],
    clusters: [
      { name: 'test', cluster: { server: `http://127.0.0.1:${address.port}`, 'insecure-skip-tls-verify': true } },
    ],
    users: [{ name: 'test', user: {} }],
  });
  const { code, stdout, stderr } = await runHere(['migrate', '--kubeconfig', kubeconfig, '--output', 'json']);
  assert.deepEqual({ code, stderr }, { code: 0, stderr: '' });
  const report = JSON.parse(stdout);
  assert.deepEqual(
    report.ingresses.map(({ name }: { name: string }) => name),
    ['second', 'web'],
  );
  assert.match(report.notes.join('\n'), /secrets is forbidden/);
  assert.ok(
    asked.every(line => line.startsWith('GET ')),
    asked.join('\n'),
  );
});

test('--to gateway writes manifests, and says on standard error what they cannot say', async t => {
  const dump = await file(t, 'dump.json', INGRESS);
  const { code, stdout, stderr } = await runHere(['migrate', '--manifests', dump, '--to', 'gateway']);
  assert.equal(code, 0);
  const { documents, problems } = parseYamlDocuments(stdout);
  assert.deepEqual(problems, []);
  assert.deepEqual(
    documents.map(({ value }) => (value as { kind: string }).kind),
    ['Gateway', 'HTTPRoute'],
  );
  assert.match(stderr, /2 objects for 1 Ingress: 1 works\nNothing would be lost\.\n$/);
  const json = await runHere(['migrate', '--manifests', dump, '--to', 'gateway', '--output', 'json']);
  assert.equal((JSON.parse(json.stdout) as { manifests: unknown[] }).manifests.length, 2);
  const annotations = { 'nginx.ingress.kubernetes.io/affinity': 'cookie' };
  const lossy = await file(t, 'lossy.json', { ...INGRESS, metadata: { ...INGRESS.metadata, annotations } });
  const lost = await runHere(['migrate', '--manifests', lossy, '--to', 'gateway', '--gateway', 'infra/public']);
  assert.equal(lost.code, 1);
  assert.match(lost.stderr, /unsupported nginx\.ingress\.kubernetes\.io\/affinity/);
  assert.match(lost.stderr, /mend: kubectl --namespace shop annotate service web kube-entry\.io\/affinity=cookie/);
  assert.match(lost.stdout, /- name: public\n {6}namespace: infra\n {6}port: 80\n/);
  const none = await runHere(['migrate', '--manifests', '-', '--to', 'gateway'], { input: '---\n' });
  assert.equal(none.stdout, '', 'nothing that could be applied by mistake');
  for (const [argv, complaint] of [
    [['--to', 'nginx'], /--to: "nginx" .*gateway/],
    [['--gateway', 'a/b'], /--gateway: needs --to gateway/],
    [['--to', 'gateway', '--gateway', 'a'], /--gateway: "a" must be NAMESPACE\/NAME/],
    [['--to', 'gateway', '--output', 'html'], /must be one of text, json/],
  ] as const) {
    const outcome = await runHere(['migrate', '--manifests', dump, ...argv]);
    assert.equal(outcome.code, 2, argv.join(' '));
    assert.match(outcome.stderr, complaint);
  }
});

test('the kinds that a dump is to hold are the same in the help and in the guide', async () => {
  const { stdout } = await runHere(['migrate', '--help']);
  const kinds = / {2}kubectl get --all-namespaces --output json \\\n +([\w,]+)\n/.exec(stdout)?.[1] ?? '';
  const guide = readFileSync(join(import.meta.dirname, '../../deploy/migration.md'), 'utf8');
  const command = `kubectl get ${kinds} --all-namespaces --output json > dump.json`;
  assert.ok(kinds !== '' && guide.includes(`\n${command}\n`), command);
});

test('a dump is read as Windows writes it: with marks of UTF-8 and UTF-16, and with its line ends', async t => {
  const text = JSON.stringify(INGRESS, undefined, 2).replaceAll('\n', '\r\n');
  const path = join(await scratchDirectory(t), 'dump.json');
  const utf16 = Buffer.from(`\uFEFF${text}`, 'utf16le');
  for (const bytes of [Buffer.from(`\uFEFF${text}`), utf16, Buffer.from(utf16).swap16()]) {
    await writeFile(path, bytes);
    const { code, stdout } = await runHere(['migrate', '--manifests', path]);
    assert.equal(code, 0, stdout);
    assert.match(stdout, /1 Ingress: 1 works\nNothing would be lost\.\n$/);
  }
});

test('what cannot be read is no proof that nothing would be lost', async t => {
  const old = { ...INGRESS, apiVersion: 'extensions/v1beta1' };
  const path = join(await scratchDirectory(t), 'dump.json');
  for (const [text, problem] of [
    [JSON.stringify(old), /Ingress shop\/web is of extensions\/v1beta1/],
    [JSON.stringify(INGRESS).slice(0, -1), /dump\.json is not JSON/],
    [JSON.stringify({ ...INGRESS, metadata: {} }), /cannot be read: metadata/],
  ] as const) {
    await writeFile(path, text);
    for (const format of ['text', 'markdown', 'html']) {
      const { code, stdout } = await runHere(['migrate', '--manifests', path, '--output', format]);
      assert.equal(code, 1, stdout);
      assert.match(stdout.replaceAll('\\', '').replace(/\s+/g, ' '), problem);
      assert.match(stdout, /Nothing else would be lost\. 1 thing could not be read, and is not judged\./);
    }
    const gateway = await runHere(['migrate', '--manifests', path, '--to', 'gateway']);
    assert.equal(gateway.code, 1, gateway.stderr);
    assert.match(gateway.stderr, /Not read, and not judged/);
  }
});
