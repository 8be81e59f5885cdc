/** The chart, rendered by a real Helm: the objects of the overlays, and the values of ingress-nginx's chart. */
import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { parseYamlDocuments } from '../../src/formats/yaml.ts';
import { KEPT } from '../../src/migrate/nginx-values.ts';
import { flagOf, SETTING_KEYS } from '../../src/settings/schema.ts';
import { helmProgram, NEEDS_HELM } from '../support/helm-assets.ts';
import { findProgram } from '../support/installed.ts';
import { DEPLOY, dig, listAt, named, objectIn } from './objects.ts';

const CHART = join(DEPLOY, 'chart');

interface Rendered {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

function helm(command: readonly string[], values: object): Rendered {
  const argv = [...command, '--values', '-', '--kube-version', '1.33.0'];
  const { status, stdout, stderr } = spawnSync(helmProgram(), argv, {
    input: JSON.stringify(values),
    encoding: 'utf8',
  });
  return { status, stdout, stderr };
}

function template(values: object = {}, release = 'kube-entry', namespace = 'kube-entry'): unknown[] {
  const { status, stdout, stderr } = helm(['template', release, CHART, '--namespace', namespace], values);
  assert.equal(status, 0, stderr);
  return parseYamlDocuments(stdout).documents.map(({ value }) => value);
}

function kustomized(folder: string): unknown[] {
  const text = execFileSync('kubectl', ['kustomize', join(DEPLOY, folder)], { encoding: 'utf8' });
  return parseYamlDocuments(text).documents.map(({ value }) => value);
}

/** The order of variables means nothing here: none is made of another. */
function byName(objects: readonly unknown[]): Record<string, unknown> {
  for (const object of objects) {
    const containers = dig(object, 'spec', 'template', 'spec', 'containers');
    const variables = dig(containers, 0, 'env');
    if (Array.isArray(variables)) variables.sort((a, b) => (String(dig(a, 'name')) < String(dig(b, 'name')) ? -1 : 1));
  }
  const named = objects.map(object => [`${dig(object, 'kind')} ${dig(object, 'metadata', 'name')}`, object] as const);
  return Object.fromEntries([...named].sort(([a], [b]) => (a < b ? -1 : 1)));
}

function one(objects: readonly unknown[], kind: string): unknown {
  const found = objects.filter(object => dig(object, 'kind') === kind);
  assert.equal(found.length, 1, kind);
  return found[0];
}

const containerOf = (objects: readonly unknown[], kind = 'Deployment'): unknown =>
  dig(one(objects, kind), 'spec', 'template', 'spec', 'containers', 0);

const argsOf = (objects: readonly unknown[], kind = 'Deployment'): string[] =>
  listAt(containerOf(objects, kind), 'args').map(String);

type Values = Readonly<Record<string, unknown>>;

/** Mappings are merged, anything else replaces what was there. */
function merge(base: Values, over: Values): Values {
  const isMapping = (value: unknown): value is Values =>
    typeof value === 'object' && value !== null && !Array.isArray(value);
  const merged: Record<string, unknown> = { ...base };
  for (const [key, value] of Object.entries(over)) {
    const before = merged[key];
    merged[key] = isMapping(before) && isMapping(value) ? merge(before, value) : value;
  }
  return merged;
}

/** What deploy/base is, in values. */
const BASE: Values = {
  namespace: { create: true },
  controller: {
    image: { tag: '' },
    ingressClass: '',
    nodeSelector: { role: 'entry' },
    service: {
      ...{ type: 'NodePort', externalTrafficPolicy: 'Cluster', nodePorts: { http: 28888, https: 28443 } },
    },
  },
};

const NO_NODE_PORTS = { nodePorts: { http: '', https: '' } };
const CONTROL_PLANE = ['node-role.kubernetes.io/control-plane', 'node-role.kubernetes.io/master'];

/** By overlay, what its values are besides those of the base. */
const OVERLAYS: Readonly<Record<string, Values>> = {
  'default-range': { controller: { service: { nodePorts: { http: 30_888, https: 30_443 } } } },
  endpoints: { rbac: { endpoints: true } },
  gateway: { controller: { gateway: { enabled: true } } },
  'gateway-service': { controller: { gateway: { enabled: true, mode: 'service' } } },
  'gateway-shared': { controller: { gateway: { enabled: true, mode: 'shared' } } },
  'host-ports': {
    namespace: { labels: { 'pod-security.kubernetes.io/enforce': 'privileged' } },
    controller: { hostPort: { enabled: true }, service: { type: 'ClusterIP', ...NO_NODE_PORTS } },
  },
  ingress: { controller: { ingressClass: 'nginx' } },
  'load-balancer': {
    controller: {
      nodeSelector: null,
      service: { type: 'LoadBalancer', externalTrafficPolicy: 'Local', ...NO_NODE_PORTS },
    },
  },
  'single-node': {
    controller: {
      ...{ replicaCount: 1, nodeSelector: null, topologySpreadConstraints: [] },
      tolerations: CONTROL_PLANE.map(key => ({ key, effect: 'NoSchedule' })),
      resources: { requests: { cpu: '100m', memory: '192Mi' } },
      service: { externalTrafficPolicy: 'Local' },
    },
  },
  tls: { rbac: { secrets: true } },
};

/** Overlays that the chart has no values for, and why. */
const WITHOUT_VALUES: Readonly<Record<string, string>> = {
  hardened: 'a NetworkPolicy belongs to a cluster, whose namespaces it names',
  policies: 'a Role that names single Secrets belongs to them',
};

describe('the chart', NEEDS_HELM, () => {
  it('is clean for helm lint, with values and without', () => {
    for (const values of [{}, BASE, ...Object.values(OVERLAYS).map(overlay => merge(BASE, overlay))]) {
      const { status, stdout, stderr } = helm(['lint', CHART, '--strict', '--quiet'], values);
      assert.equal(status, 0, stdout + stderr);
      assert.equal(stdout.trim(), '');
    }
  });

  it('has values for every overlay, or a reason why not', () => {
    const known = [...Object.keys(OVERLAYS), ...Object.keys(WITHOUT_VALUES)];
    assert.deepEqual(readdirSync(join(DEPLOY, 'overlays')).sort(), known.sort());
  });

  const needsKubectl = { skip: findProgram('kubectl') === undefined && 'kubectl not installed' };

  it('is deploy/base, object by object', needsKubectl, () => {
    assert.deepEqual(byName(template(BASE)), byName(kustomized('base')));
  });

  for (const [overlay, values] of Object.entries(OVERLAYS)) {
    it(`is deploy/overlays/${overlay}, object by object`, needsKubectl, () => {
      assert.deepEqual(byName(template(merge(BASE, values))), byName(kustomized(`overlays/${overlay}`)));
    });
  }

  it('has every value that is taken over from ingress-nginx’s chart', () => {
    const values = objectIn('chart/values.yaml');
    for (const path of KEPT) assert.notEqual(dig(values, ...path.split('.')), undefined, path);
  });

  it('refuses values that are no values of it', () => {
    for (const [values, complaint] of [
      [{ controller: { replicas: 3 } }, /replicas/],
      [{ controller: { kind: 'StatefulSet' } }, /kind/],
      [{ controller: { service: { type: 'Loadbalancer' } } }, /type/],
      [{ defaultBackend: { enabled: true } }, /defaultBackend/],
    ] as const) {
      const { status, stderr } = helm(['template', 'kube-entry', CHART], values);
      assert.equal(status, 1);
      assert.match(stderr, complaint);
    }
  });

  it('names settings that the program has', () => {
    const values = {
      controller: {
        ...{ config: { 'use-gzip': true }, watchIngressWithoutClass: true, publishService: { enabled: true } },
        ...{ ingressClassResource: { controllerValue: 'example.com/x' }, scope: { enabled: true, namespace: 'shop' } },
        extraArgs: { 'allow-external-name': '', 'shutdown-delay': '10s' },
      },
    };
    const args = argsOf(template(values, 'edge', 'system'));
    assert.deepEqual(args.slice(4), [
      ...['--ingress-without-class', '--ingress-controller=example.com/x'],
      '--publish-service=system/edge-kube-entry',
      ...['--status-lease=system/edge-kube-entry-ingress', '--namespace=shop'],
      ...['--allow-external-name', '--shutdown-delay=10s'],
    ]);
    const flags = SETTING_KEYS.map(flagOf);
    for (const arg of args.slice(1)) assert.ok(flags.includes(/^--([a-z-]+)/.exec(arg)?.[1] ?? ''), arg);
  });

  it('makes a DaemonSet on ports of the nodes of the values that many use with ingress-nginx', () => {
    const objects = template({
      controller: { kind: 'DaemonSet', hostPort: { enabled: true }, service: { enabled: false } },
    });
    const kinds = objects.map(object => dig(object, 'kind'));
    assert.ok(!kinds.includes('Service') && !kinds.includes('Deployment'));
    const set = one(objects, 'DaemonSet');
    assert.equal(dig(set, 'spec', 'replicas'), undefined);
    assert.equal(dig(set, 'spec', 'updateStrategy', 'rollingUpdate', 'maxSurge'), 0);
    assert.equal(dig(named(listAt(containerOf(objects, 'DaemonSet'), 'ports'), 'http'), 'hostPort'), 80);
  });

  it('makes roles of one namespace alone where one is served', () => {
    const objects = template({ controller: { scope: { enabled: true, namespace: 'shop' } } });
    const kinds = objects.map(object => String(dig(object, 'kind'))).filter(kind => /Role/.test(kind));
    assert.ok(
      kinds.every(kind => !kind.startsWith('Cluster')),
      kinds.join(),
    );
    for (const object of objects.filter(one => dig(one, 'kind') === 'Role')) {
      // Its own ConfigMap and Lease are where it is installed.
      const isOwn = String(dig(object, 'metadata', 'name')).endsWith('-own');
      assert.equal(dig(object, 'metadata', 'namespace'), isOwn ? 'kube-entry' : 'shop');
    }
  });

  it('makes a ConfigMap of texts, and what else is asked for', () => {
    const objects = template({
      commonLabels: { team: 'edge' },
      controller: {
        config: { 'use-gzip': true, 'keep-alive': 75, 'proxy-body-size': '8m' },
        ...{ autoscaling: { enabled: true }, metrics: { enabled: true, serviceMonitor: { enabled: true } } },
        ingressClassResource: { enabled: true, default: true },
        extraEnvs: [{ name: 'A', value: 'b' }],
      },
    });
    assert.deepEqual(dig(one(objects, 'ConfigMap'), 'data'), {
      ...{ 'use-gzip': 'true', 'keep-alive': '75', 'proxy-body-size': '8m' },
    });
    assert.equal(dig(one(objects, 'IngressClass'), 'spec', 'controller'), 'k8s.io/ingress-nginx');
    assert.equal(dig(one(objects, 'Deployment'), 'spec', 'replicas'), undefined, 'the autoscaler decides');
    assert.equal(listAt(one(objects, 'HorizontalPodAutoscaler'), 'spec', 'metrics').length, 1);
    assert.ok(one(objects, 'ServiceMonitor'));
    for (const object of objects) assert.equal(dig(object, 'metadata', 'labels', 'team'), 'edge');
    assert.equal(dig(one(objects, 'Deployment'), 'spec', 'selector', 'matchLabels', 'team'), undefined);
  });

  it('keeps two releases of one namespace apart', () => {
    const [a, b] = ['public', 'internal'].map(release => one(template({}, release), 'Deployment'));
    assert.notDeepEqual(dig(a, 'spec', 'selector'), dig(b, 'spec', 'selector'));
  });
});
