import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, afterEach, before, describe, it } from 'node:test';
import { DEPLOY, dig, listAt, objectIn } from '../deploy/objects.ts';
import { eventually } from '../support/eventually.ts';
import { installGatewayCrds, WITHOUT_CRDS } from '../support/gateway-crds.ts';
import { RealBackend } from '../support/real-backend.ts';
import { RealEntry, runCommand, type TableView } from '../support/real-entry.ts';
import { ENTRY_ACCOUNT, RealKube } from '../support/real-kube.ts';
import { START_DEADLINE_MS } from '../support/real-process.ts';
import { applyFiles, deleteFiles, grantClusterRole } from '../support/real-rights.ts';
import { expose, servedBy } from '../support/real-services.ts';
import { manifest } from '../support/services.ts';

const DEADLINE_MS = 60_000;
const CLUSTER_ROLE_BINDING = 'base/cluster-role-binding.yaml';

let kube: RealKube;
let backend: RealBackend;

before(async () => {
  kube = await RealKube.start();
  backend = await RealBackend.start();
});

after(async () => {
  await backend?.stop();
  await kube?.stop();
});

describe('the rights of the entry', () => {
  afterEach(() =>
    deleteFiles(kube, ...['role', 'role-binding'].map(file => `namespaced/${file}.yaml`), CLUSTER_ROLE_BINDING),
  );

  it('without any it answers 503, says what is missing and which file grants it, and starts by itself once it is granted', async () => {
    const { kubectl } = kube;
    const address = await expose(kubectl, backend, 'waiting');
    await using entry = await RealEntry.start('--kubeconfig', kube.kubeconfig('entry'));
    const { msg, level } = await entry.logged('it says so', line => line.code === 'KUBE_FORBIDDEN', START_DEADLINE_MS);
    assert.match(msg, /may not list services in all namespaces: deploy\/base\/cluster-role\.yaml grants it/);
    assert.equal(level, 'warn');
    const answer = await entry.get('/waiting');
    assert.equal(answer.status, 503);
    assert.equal(answer.headers['retry-after'], '1');
    assert.equal((await entry.status('/readyz')).status, 503);
    assert.equal((await entry.status('/healthz')).status, 200);
    assert.match((await entry.table()).source.problem ?? '', /may not list services/);

    await grantClusterRole(kube);
    await entry.ready();
    assert.equal((await entry.get('/waiting/x')).body, `${address} /x`);
    await eventually('nothing is wrong', async () => (await entry.table()).source.problem === undefined, DEADLINE_MS);
    const complaints = entry.log().filter(line => line.msg.startsWith('forbidden: '));
    assert.equal(complaints.length, 1, 'once, however often it tried');
  });

  it('with a Role it serves the Services of that namespace alone', async () => {
    const { kubectl } = kube;
    await applyFiles(kube, 'namespaced/role.yaml', 'namespaced/role-binding.yaml');
    await kubectl.run(['create', 'namespace', 'elsewhere']);
    const address = await expose(kubectl, backend, 'inside');
    await expose(kubectl, backend, 'outside', { namespace: 'elsewhere' });
    await using namespaced = await RealEntry.start('--kubeconfig', kube.kubeconfig('entry'), '--namespace', 'default');
    await using forbidden = await RealEntry.start(
      ...['--kubeconfig', kube.kubeconfig('entry'), '--namespace', 'default', '--namespace', 'elsewhere'],
    );
    await namespaced.ready();
    assert.equal((await namespaced.get('/inside/x')).body, `${address} /x`);
    assert.equal((await namespaced.get('/outside')).status, 404);
    const { msg } = await forbidden.logged('it says so', line => line.code === 'KUBE_FORBIDDEN', START_DEADLINE_MS);
    assert.match(
      msg,
      /may not list services in namespace "elsewhere": a Role in that namespace, as deploy\/namespaced/,
    );
    await forbidden.logged('the other is read', line => line.msg === 'watching services in namespace "default"');
    assert.equal((await forbidden.get('/inside')).status, 503, 'a part of the namespaces is no table');
    assert.equal((await forbidden.table()).initialised, false);
  });

  it('with a Role in each of two namespaces it follows the labelled Services of both, and tells their owners', async () => {
    const { kubectl } = kube;
    for (const namespace of ['second', 'third']) await kubectl.run(['create', 'namespace', namespace]);
    const [role, binding] = ['role', 'role-binding'].map(file => objectIn(`namespaced/${file}.yaml`));
    const inSecond = (object: unknown): object => {
      const copy = structuredClone(Object(object)) as { metadata: { namespace: string } };
      copy.metadata.namespace = 'second';
      return copy;
    };
    await kubectl.apply(inSecond(role), inSecond(binding));
    await applyFiles(kube, 'namespaced/role.yaml', 'namespaced/role-binding.yaml');
    const labels = { tier: 'edge' };
    const one = await expose(kubectl, backend, 'one', { labels });
    const two = await expose(kubectl, backend, 'two', { labels, namespace: 'second' });
    const three = await expose(kubectl, backend, 'three', { namespace: 'second' });
    await expose(kubectl, backend, 'four', { labels, namespace: 'third' });

    await using entry = await RealEntry.start(
      ...['--kubeconfig', kube.kubeconfig('entry'), '--selector', 'tier=edge'],
      ...['--namespace', 'default', '--namespace', 'second'],
    );
    await entry.ready();
    assert.deepEqual(servedBy(await entry.table()), ['/one default/one', '/two second/two']);
    assert.equal((await entry.get('/one/x')).body, `${one} /x`);
    assert.equal((await entry.get('/two/x')).body, `${two} /x`);
    await eventually('nothing is wrong', async () => (await entry.table()).source.problem === undefined, DEADLINE_MS);

    await kubectl.run(['label', 'service', 'three', '--namespace', 'second', 'tier=edge']);
    await eventually('it is labelled', async () => (await entry.get('/three/x')).body === `${three} /x`, DEADLINE_MS);
    await kubectl.run(['label', 'service', 'two', '--namespace', 'second', 'tier-']);
    await eventually('its label is gone', async () => (await entry.get('/two')).status === 404, DEADLINE_MS);
    await kubectl.run(['delete', 'service', 'one']);
    await eventually('it is gone', async () => (await entry.get('/one')).status === 404, DEADLINE_MS);
    assert.deepEqual(servedBy(await entry.table()), ['/three second/three']);
    const told = await eventually('an Event', () => eventOn('three', 'Exposed', 'second'), DEADLINE_MS);
    assert.match(String(dig(told, 'message')), /exposed at \/three /);
    await kubectl.run(['delete', 'namespace', 'second', 'third', '--wait=false']);
  });

  it('with the ClusterRole it may list and watch Services, create and change Events, and nothing else', async () => {
    await grantClusterRole(kube);
    const verbs = ['get', 'list', 'watch', 'create', 'update', 'patch', 'delete'];
    const resources = ['services', 'events', 'endpoints', 'pods', 'secrets', 'configmaps', 'namespaces', 'nodes'];
    const allowed: string[] = [];
    for (const resource of resources) {
      for (const verb of verbs) {
        const { body } = await kube.api('POST', '/apis/authorization.k8s.io/v1/subjectaccessreviews', {
          apiVersion: 'authorization.k8s.io/v1',
          kind: 'SubjectAccessReview',
          spec: { user: ENTRY_ACCOUNT, resourceAttributes: { verb, resource } },
        });
        if (dig(body, 'status', 'allowed') === true) allowed.push(`${verb} ${resource}`);
      }
    }
    assert.deepEqual(allowed, ['list services', 'watch services', 'create events', 'patch events']);
  });

  it('are enough to tell the owners of Services what became of them', async () => {
    const { kubectl } = kube;
    await grantClusterRole(kube);
    await expose(kubectl, backend, 'told');
    await kubectl.apply(manifest('told-off', backend.port, { annotations: { path: 'no-slash' } }));
    await using entry = await RealEntry.start('--kubeconfig', kube.kubeconfig('entry'));
    await entry.ready();
    const exposed = await eventually('an Event on the first', () => eventOn('told', 'Exposed'), DEADLINE_MS);
    assert.equal(dig(exposed, 'type'), 'Normal');
    assert.match(String(dig(exposed, 'message')), /exposed at \/told /);
    const refused = await eventually('one on the second', () => eventOn('told-off', 'BadAnnotation'), DEADLINE_MS);
    assert.equal(dig(refused, 'type'), 'Warning');
    assert.match(String(dig(refused, 'message')), /kube-entry\.io\/path: "no-slash" must start with a slash/);
    assert.match(
      await kubectl.run(['describe', 'service', 'told-off']),
      /Warning +BadAnnotation .*must start with a slash/,
    );
  });
});

describe('what deploy/README.md says to apply', () => {
  before(async () => {
    await kube.kubectl.run(['apply', '--filename', join(DEPLOY, 'base/namespace.yaml')]);
  });

  it('is accepted by the server in a dry run, which leaves nothing behind', async () => {
    const output = await kube.kubectl.run(['apply', '--dry-run=server', '--kustomize', DEPLOY]);
    const kinds = output.trimEnd().split('\n');
    assert.equal(kinds.length, 6, output);
    assert.ok(
      kinds.every(line => line.endsWith('(server dry run)')),
      output,
    );
    const deployments = await kube.kubectl.json(['get', 'deployments', '--all-namespaces']);
    assert.deepEqual(listAt(deployments, 'items'), []);
  });

  it('is accepted with the PodDisruptionBudget, and with a Role instead of the ClusterRole', async () => {
    for (const folder of ['base', 'namespaced']) {
      const manifests = await kube.kubectl.run(['kustomize', join(DEPLOY, folder)]);
      const output = await kube.kubectl.run(['apply', '--dry-run=server', '-f', '-'], await forThisServer(manifests));
      assert.match(output, /^poddisruptionbudget\.policy\/kube-entry created \(server dry run\)$/m);
      assert.equal(/^role\./m.test(output), folder === 'namespaced', output);
      assert.equal(/^clusterrole/m.test(output), folder === 'base', output);
    }
  });

  for (const overlay of readdirSync(join(DEPLOY, 'overlays'))) {
    const hasGateways = overlay.startsWith('gateway');
    const skip = hasGateways && WITHOUT_CRDS;
    it(`is accepted as the overlay ${overlay} has it`, { skip }, async () => {
      if (hasGateways) await installGatewayCrds(kube);
      const manifests = await kube.kubectl.run(['kustomize', join(DEPLOY, 'overlays', overlay)]);
      const output = await kube.kubectl.run(['apply', '--dry-run=server', '-f', '-'], await forThisServer(manifests));
      // Some of it is there already, from what other tests have tried.
      assert.ok(
        output
          .trimEnd()
          .split('\n')
          .every(line => line.endsWith(' (server dry run)')),
        output,
      );
      assert.equal(/^networkpolicy\.networking\.k8s\.io\/kube-entry /m.test(output), overlay === 'hardened', output);
      assert.equal(/^poddisruptionbudget\./m.test(output), overlay !== 'single-node', output);
    });
  }

  it('installs the entry behind its node port, and changes nothing the second time', async () => {
    const { kubectl } = kube;
    await kubectl.run(['apply', '--kustomize', DEPLOY]);
    const service = await kubectl.json(['get', 'service', 'kube-entry', '--namespace', 'kube-entry']);
    assert.equal(dig(service, 'spec', 'ports', 0, 'nodePort'), 28888);
    const again = await kubectl.run(['apply', '--kustomize', DEPLOY]);
    assert.ok(
      again
        .trimEnd()
        .split('\n')
        .every(line => line.endsWith(' unchanged')),
      again,
    );
  });

  it('exposes the examples', async () => {
    const { kubectl } = kube;
    await kubectl.run(['create', 'namespace', 'examples']);
    const files = ['console', 'registry', 'reports', 'volume'].map(name => join(DEPLOY, `examples/${name}.yaml`));
    const manifests = files.map(file => readFileSync(file, 'utf8').replace(/^.*clusterIP:.*\n/gm, '')).join('\n');
    await kubectl.run(['apply', '--namespace', 'examples', '--filename', '-'], manifests);
    const printed = await runCommand(
      ...['routes', '--kubeconfig', kube.kubeconfig('admin'), '--namespace', 'examples', '--output', 'json'],
    );
    const table = JSON.parse(printed) as TableView;
    assert.deepEqual(servedBy(table), [
      '/ examples/console',
      '/ examples/console',
      '/reports examples/reports',
      '/statistics examples/reports',
      '/v2 examples/registry',
      '/volume examples/volume',
    ]);
    assert.deepEqual([table.refusals, table.warnings, table.conflicts], [[], [], []]);
  });
});

describe('on a cluster with the default range of node ports', () => {
  it('the base is refused for its node port alone, and the overlay default-range completes the installation', async () => {
    const plain = await RealKube.start({ nodePortRange: '30000-32767' });
    try {
      const { kubectl } = plain;
      await assert.rejects(
        kubectl.run(['apply', '--kustomize', DEPLOY]),
        /Invalid value: 28888: provided port is not in the valid range/,
      );
      const manifests = await kubectl.run(['kustomize', join(DEPLOY, 'overlays/default-range')]);
      const output = await kubectl.run(['apply', '--filename', '-'], await forThisServer(manifests, kubectl));
      assert.match(output, /^service\/kube-entry created$/m);
      // Its redirects name another port.
      assert.match(output, /^deployment\.apps\/kube-entry configured$/m);
      assert.match(output, /^serviceaccount\/kube-entry unchanged$/m);
    } finally {
      await plain.stop();
    }
  });
});

/** The Event about this Service for this reason, once there is one. */
async function eventOn(name: string, reason: string, namespace = 'default'): Promise<unknown> {
  const selector = `involvedObject.kind=Service,involvedObject.name=${name},reason=${reason}`;
  const events = await kube.kubectl.json(['get', 'events', '--namespace', namespace, '--field-selector', selector]);
  return listAt(events, 'items').at(0);
}

/** Servers before Kubernetes 1.21 know the budget by another version: see the README. */
async function forThisServer(manifests: string, kubectl = kube.kubectl): Promise<string> {
  const versions = (await kubectl.run(['api-versions'])).split('\n');
  return versions.includes('policy/v1') ? manifests : manifests.replaceAll('policy/v1\n', 'policy/v1beta1\n');
}
