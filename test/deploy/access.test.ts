import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { DEPLOY, dig, listAt, objectIn } from './objects.ts';

/** What the program asks of the Kubernetes API. More must not be granted without a look at this list. */
const RULES = [
  { apiGroups: [''], resources: ['services'], verbs: ['list', 'watch'] },
  { apiGroups: [''], resources: ['events'], verbs: ['create', 'patch'] },
];
/** What it asks besides, once a Service is balanced over its pods. */
const ENDPOINT_RULES = [{ apiGroups: ['discovery.k8s.io'], resources: ['endpointslices'], verbs: ['list', 'watch'] }];
/** What it asks besides, once an object names a Secret with a certificate. */
const TLS_RULES = [{ apiGroups: [''], resources: ['secrets'], verbs: ['list', 'watch'] }];
/** What it asks besides, once a policy names a Secret: that one alone. */
const POLICY_RULES = [
  { apiGroups: [''], resources: ['secrets'], resourceNames: ['users'], verbs: ['get', 'list', 'watch'] },
];
/** What it asks besides, once it serves Ingresses. */
const NETWORKING = ['networking.k8s.io'];
const STATUS_RULE = { apiGroups: NETWORKING, resources: ['ingresses/status'], verbs: ['patch'] };
const INGRESS_RULES = [
  { apiGroups: NETWORKING, resources: ['ingresses', 'ingressclasses'], verbs: ['list', 'watch'] },
  STATUS_RULE,
  ...ENDPOINT_RULES,
  ...TLS_RULES,
];
/** The same in a namespace, where IngressClasses cannot be granted. */
const NAMESPACED_INGRESS_RULES = [
  { apiGroups: NETWORKING, resources: ['ingresses'], verbs: ['list', 'watch'] },
  STATUS_RULE,
];
/** What it asks besides in its own namespace. */
const OWN_INGRESS_RULES = [
  { apiGroups: [''], resources: ['configmaps'], resourceNames: ['kube-entry-ingress'], verbs: ['list', 'watch'] },
  { apiGroups: ['coordination.k8s.io'], resources: ['leases'], verbs: ['create'] },
  {
    apiGroups: ['coordination.k8s.io'],
    resources: ['leases'],
    resourceNames: ['kube-entry-ingress'],
    verbs: ['get', 'patch'],
  },
];
/** What it asks besides, once it serves Gateways. */
const GATEWAY_API = ['gateway.networking.k8s.io'];
const WITH_STATUS = [
  ...['gatewayclasses', 'gateways', 'listenersets'],
  ...['backendtlspolicies', 'httproutes', 'grpcroutes', 'tlsroutes'],
];
const GATEWAY_RULES = [
  {
    apiGroups: GATEWAY_API,
    resources: [...WITH_STATUS.slice(0, 3), 'referencegrants', ...WITH_STATUS.slice(3)],
    verbs: ['get', 'list', 'watch'],
  },
  { apiGroups: GATEWAY_API, resources: WITH_STATUS.map(resource => `${resource}/status`), verbs: ['update'] },
  { apiGroups: [''], resources: ['namespaces'], verbs: ['list', 'watch'] },
  { apiGroups: [''], resources: ['configmaps'], verbs: ['list', 'watch'] },
  {
    apiGroups: ['apiextensions.k8s.io'],
    resources: ['customresourcedefinitions'],
    resourceNames: ['gatewayclasses.gateway.networking.k8s.io'],
    verbs: ['get'],
  },
  ...ENDPOINT_RULES,
  ...TLS_RULES,
];
/** What it asks besides, to make a Service for each Gateway. */
const GATEWAY_SERVICE_RULES = [
  { apiGroups: [''], resources: ['services'], verbs: ['get', 'create', 'patch', 'delete'] },
  { apiGroups: ['discovery.k8s.io'], resources: ['endpointslices'], verbs: ['create', 'patch', 'delete'] },
];
const CONTAINER = ['spec', 'template', 'spec', 'containers', 0] as const;

const deployment = objectIn('base/deployment.yaml');
const account = objectIn('base/service-account.yaml');

for (const [kind, folder, file, what, rules] of [
  ['ClusterRole', 'base', 'cluster-role', 'to list and watch Services and to create and change Events', RULES],
  ['ClusterRole', 'overlays/endpoints', 'cluster-role', 'to list and watch EndpointSlices', ENDPOINT_RULES],
  ['ClusterRole', 'overlays/tls', 'cluster-role', 'to list and watch Secrets', TLS_RULES],
  ['Role', 'overlays/policies', 'role', 'to read the Secrets that are named in it', POLICY_RULES],
  [
    'ClusterRole',
    'overlays/ingress',
    'cluster-role',
    'to read what Ingresses take and to write their status',
    INGRESS_RULES,
  ],
  ['Role', 'overlays/ingress', 'role', 'to read one ConfigMap and to hold one Lease', OWN_INGRESS_RULES],
  [
    'ClusterRole',
    'overlays/gateway',
    'cluster-role',
    'to read what Gateways take and to write statuses',
    GATEWAY_RULES,
  ],
  [
    'ClusterRole',
    'overlays/gateway-service',
    'cluster-role',
    'to make Services and EndpointSlices',
    GATEWAY_SERVICE_RULES,
  ],
  ['Role', 'overlays/gateway', 'role', 'to hold one Lease', OWN_INGRESS_RULES.slice(1)],
  ['Role', 'namespaced', 'ingress-role', 'to serve the Ingresses of one namespace', NAMESPACED_INGRESS_RULES],
  ['Role', 'namespaced', 'tls-role', 'to list and watch the Secrets of one namespace', TLS_RULES],
  ['Role', 'namespaced', 'role', 'all of this in one namespace', [...RULES, ...ENDPOINT_RULES]],
] as const) {
  describe(`the ${kind} ${folder}/${file}.yaml`, () => {
    const role = objectIn(`${folder}/${file}.yaml`);
    const binding = objectIn(`${folder}/${file}-binding.yaml`);

    it(`allows ${what}, and no more`, () => {
      assert.equal(dig(role, 'kind'), kind);
      assert.deepEqual(dig(role, 'rules'), rules);
    });

    it('is bound to the account that the pods run as', () => {
      assert.deepEqual(dig(binding, 'roleRef'), {
        apiGroup: 'rbac.authorization.k8s.io',
        kind,
        name: dig(role, 'metadata', 'name'),
      });
      const { name, namespace } = dig(account, 'metadata') as { name: string; namespace: string };
      assert.deepEqual(listAt(binding, 'subjects'), [{ kind: 'ServiceAccount', name, namespace }]);
      assert.equal(dig(deployment, 'spec', 'template', 'spec', 'serviceAccountName'), name);
      assert.equal(dig(deployment, 'metadata', 'namespace'), namespace);
    });
  });
}

it('the Roles of one namespace are in the same one', () => {
  const [role, ...others] = ['role', 'tls-role', 'ingress-role'].map(file =>
    dig(objectIn(`namespaced/${file}.yaml`), 'metadata', 'namespace'),
  );
  for (const namespace of others) assert.equal(namespace, role);
});

it('the Role and the setting name the same namespace', () => {
  const watched = listAt(objectIn('namespaced/deployment.yaml'), ...CONTAINER, 'env');
  assert.deepEqual(watched, [
    { name: 'KUBE_ENTRY_NAMESPACE', value: dig(objectIn('namespaced/role.yaml'), 'metadata', 'namespace') },
  ]);
});

it('the files that the program names when access is missing are there', () => {
  const sources = join(DEPLOY, '../src');
  const named = readdirSync(sources, { recursive: true, encoding: 'utf8' })
    .filter(file => file.endsWith('.ts'))
    .flatMap(file => readFileSync(join(sources, file), 'utf8').match(/\bdeploy\/[\w/-]+\.yaml/g) ?? []);
  assert.ok(named.includes('deploy/base/cluster-role.yaml'));
  for (const file of named) assert.ok(existsSync(join(DEPLOY, '..', file)), file);
});

describe('the pod', () => {
  it('runs as nobody in particular, with the default seccomp profile', () => {
    const { runAsNonRoot, runAsUser, runAsGroup, seccompProfile } = dig(
      deployment,
      'spec',
      'template',
      'spec',
      'securityContext',
    ) as Record<string, unknown>;
    assert.equal(runAsNonRoot, true);
    assert.ok(Number(runAsUser) > 0 && Number(runAsGroup) > 0);
    assert.deepEqual(seccompProfile, { type: 'RuntimeDefault' });
  });

  it('has a read-only root file system, no capabilities and no way to more', () => {
    assert.equal(listAt(deployment, 'spec', 'template', 'spec', 'containers').length, 1);
    assert.deepEqual(dig(deployment, ...CONTAINER, 'securityContext'), {
      allowPrivilegeEscalation: false,
      readOnlyRootFilesystem: true,
      capabilities: { drop: ['ALL'] },
    });
  });

  it('takes nothing of the node: no host network, paths, ports or processes', () => {
    const pod = dig(deployment, 'spec', 'template', 'spec');
    for (const field of ['hostNetwork', 'hostPID', 'hostIPC']) assert.equal(dig(pod, field), undefined);
    for (const volume of listAt(pod, 'volumes')) assert.ok(dig(volume, 'emptyDir') !== undefined);
    for (const port of listAt(deployment, ...CONTAINER, 'ports')) assert.equal(dig(port, 'hostPort'), undefined);
  });

  it('runs in a namespace that enforces the restricted standard', () => {
    const labels = dig(objectIn('base/namespace.yaml'), 'metadata', 'labels');
    assert.equal(dig(labels, 'pod-security.kubernetes.io/enforce'), 'restricted');
  });
});
