/** Values of ingress-nginx's chart: what they say to its controller, and what of them our chart takes. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readNginxValues } from '../../src/migrate/nginx-values.ts';

const VALUES = {
  controller: {
    kind: 'DaemonSet',
    replicaCount: 3,
    ingressClass: 'edge',
    ingressClassResource: { name: 'edge', default: true, controllerValue: 'k8s.io/edge', parameters: {} },
    watchIngressWithoutClass: true,
    allowSnippetAnnotations: true,
    config: { 'use-gzip': true, 'proxy-body-size': '8m' },
    extraArgs: { 'default-ssl-certificate': 'a/b', 'update-status': 'true', v: 2 },
    service: { annotations: { 'example.com/x': 'y' }, externalTrafficPolicy: 'Local', internal: { enabled: true } },
    admissionWebhooks: { enabled: true },
    nodeSelector: { role: 'entry' },
    hostNetwork: false,
    scope: { enabled: true, namespace: 'shop' },
    somethingNew: 1,
  },
  defaultBackend: { enabled: true },
  tcp: {},
};

test('the flags and the ConfigMap are those that the chart would write', () => {
  const { flags, config } = readNginxValues(VALUES, 'values.yaml');
  assert.deepEqual(Object.fromEntries(flags), {
    ...{ 'ingress-class': 'edge', 'controller-class': 'k8s.io/edge', 'watch-ingress-without-class': 'true' },
    ...{ 'watch-namespace': 'shop', 'default-ssl-certificate': 'a/b', 'update-status': 'true', v: '2' },
  });
  assert.deepEqual(Object.fromEntries(config), {
    ...{ 'use-gzip': 'true', 'proxy-body-size': '8m', 'allow-snippet-annotations': 'true' },
  });
});

test('values that mean the same are kept, flags are renamed, and the rest is told', () => {
  const { ours, findings } = readNginxValues(VALUES, 'values.yaml');
  assert.deepEqual(ours, {
    controller: {
      ...{ kind: 'DaemonSet', replicaCount: 3, ingressClass: 'edge', watchIngressWithoutClass: true },
      ingressClassResource: { controllerValue: 'k8s.io/edge' },
      service: { annotations: { 'example.com/x': 'y' }, externalTrafficPolicy: 'Local' },
      nodeSelector: { role: 'entry' },
      scope: { enabled: true, namespace: 'shop' },
      extraArgs: { 'default-tls-secret': 'a/b' },
      config: { 'use-gzip': 'true', 'proxy-body-size': '8m', 'allow-snippet-annotations': 'true' },
    },
  });
  const verdicts = Object.fromEntries(findings.map(({ field, verdict }) => [field, verdict]));
  assert.deepEqual(verdicts, {
    'controller.ingressClassResource.name': 'works',
    'controller.ingressClassResource.default': 'works',
    'controller.ingressClassResource.parameters': 'works',
    'controller.allowSnippetAnnotations': 'works',
    'controller.extraArgs': 'works',
    'controller.service.internal': 'unsupported',
    'controller.admissionWebhooks': 'works',
    'controller.hostNetwork': 'works',
    'controller.somethingNew': 'works',
    defaultBackend: 'unsupported',
    tcp: 'works',
  });
});

test('what two releases cannot both have is left to ingress-nginx', () => {
  const pods = { matchLabels: { 'app.kubernetes.io/name': 'ingress-nginx' } };
  const spread = { maxSkew: 1, topologyKey: 'zone', whenUnsatisfiable: 'DoNotSchedule' };
  const { ours, findings } = readNginxValues(
    {
      ...{ fullnameOverride: 'ingress', serviceAccount: { create: true, name: 'ingress', annotations: { a: 'b' } } },
      controller: {
        ingressClassResource: { enabled: true, name: 'nginx' },
        hostPort: { enabled: true, ports: { http: 81 } },
        service: {
          clusterIP: '10.0.0.1',
          externalIPs: ['192.0.2.1'],
          loadBalancerIP: '192.0.2.2',
          nodePorts: { http: 3 },
        },
        topologySpreadConstraints: [{ ...spread, labelSelector: pods }],
        affinity: { nodeAffinity: { x: 'y' } },
      },
    },
    'values.yaml',
  );
  assert.deepEqual(ours, {
    serviceAccount: { annotations: { a: 'b' } },
    controller: { hostPort: { ports: { http: 81 } }, affinity: { nodeAffinity: { x: 'y' } } },
  });
  const told = findings.filter(({ verdict }) => verdict === 'differs').map(({ field }) => field);
  assert.deepEqual(told, ['controller.hostPort.enabled', 'controller.topologySpreadConstraints']);
});

test('hostile values change nothing but themselves', () => {
  const values = JSON.parse(
    '{"__proto__":{"x":1},"controller":{"config":{"__proto__":"y"},"service":{"annotations":{"__proto__":"z"}}}}',
  );
  const { ours, config } = readNginxValues(values, 'values.yaml');
  assert.deepEqual([...config], [['__proto__', 'y']]);
  assert.equal(({} as Record<string, unknown>).x, undefined);
  assert.equal(Object.getPrototypeOf(ours), Object.prototype);
  for (const odd of [
    {},
    { controller: null },
    { controller: 'x' },
    { controller: [] },
    { controller: { config: [] } },
  ]) {
    assert.ok(readNginxValues(odd, 'values.yaml').ours);
  }
});
