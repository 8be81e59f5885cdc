import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { parseYamlDocuments } from '../../src/formats/yaml.ts';
import { needs } from '../support/installed.ts';
import { DEPLOY, dig, listAt, named, objectIn, textOf } from './objects.ts';

const OVERLAYS = readdirSync(join(DEPLOY, 'overlays'));
const CONTAINER_PORTS = ['spec', 'template', 'spec', 'containers', 0, 'ports'] as const;
const needsKubectl = needs('kubectl');

function built(folder: string): readonly unknown[] {
  const text = execFileSync('kubectl', ['kustomize', join(DEPLOY, folder)], { encoding: 'utf8' });
  return parseYamlDocuments(text).documents.map(({ value }) => value);
}

function kindsOf(objects: readonly unknown[]): string[] {
  return objects.map(object => String(dig(object, 'kind'))).sort();
}

function one(objects: readonly unknown[], kind: string): unknown {
  const found = objects.filter(object => dig(object, 'kind') === kind);
  assert.equal(found.length, 1, kind);
  return found[0];
}

/** The port that a redirect to https names. */
function httpsPortOf(objects: readonly unknown[]): unknown {
  const environment = listAt(one(objects, 'Deployment'), 'spec', 'template', 'spec', 'containers', 0, 'env');
  return dig(named(environment, 'KUBE_ENTRY_HTTPS_PORT'), 'value');
}

describe('the overlay ingress', () => {
  const environmentOf = (objects: readonly unknown[]): [unknown, unknown][] =>
    listAt(one(objects, 'Deployment'), 'spec', 'template', 'spec', 'containers', 0, 'env')
      .map((item): [unknown, unknown] => [dig(item, 'name'), dig(item, 'value')])
      .filter(([name]) => String(name).startsWith('KUBE_ENTRY_INGRESS_'));

  it('serves a class, reads the ConfigMap that its Role names, and writes no status', needsKubectl, () => {
    const objects = built('overlays/ingress');
    assert.deepEqual(environmentOf(objects), [
      ['KUBE_ENTRY_INGRESS_CLASS', 'nginx'],
      ['KUBE_ENTRY_INGRESS_CONFIGMAP', 'kube-entry/kube-entry-ingress'],
    ]);
    const extra = ['ClusterRole', 'ClusterRoleBinding', 'Role', 'RoleBinding'];
    assert.deepEqual(kindsOf(objects), [...kindsOf(built('base')), ...extra].sort());
  });
});

describe('the overlay gateway', () => {
  it('serves a class, and the one Gateway that has the address of the pod, on any port', needsKubectl, () => {
    const objects = built('overlays/gateway');
    const pod = dig(one(objects, 'Deployment'), 'spec', 'template', 'spec');
    const environment = listAt(named(listAt(pod, 'containers'), 'kube-entry'), 'env');
    const controller = dig(named(environment, 'KUBE_ENTRY_GATEWAY_CONTROLLER'), 'value');
    assert.equal(dig(one(objects, 'GatewayClass'), 'spec', 'controllerName'), controller);
    const address = named(environment, 'KUBE_ENTRY_GATEWAY_ADDRESSES');
    assert.equal(dig(address, 'valueFrom', 'fieldRef', 'fieldPath'), 'status.podIP');
    assert.deepEqual(dig(pod, 'securityContext', 'sysctls'), [
      { name: 'net.ipv4.ip_unprivileged_port_start', value: '0' },
    ]);
    const extra = ['ClusterRole', 'ClusterRoleBinding', 'GatewayClass', 'Role', 'RoleBinding', 'Service'];
    assert.deepEqual(kindsOf(objects), [...kindsOf(built('base')), ...extra].sort());
  });
});

describe('the overlay gateway-shared', () => {
  it('serves Gateways on the ports of the base, at the addresses of its Service', needsKubectl, () => {
    const objects = built('overlays/gateway-shared');
    const pod = dig(one(objects, 'Deployment'), 'spec', 'template', 'spec');
    const environment = listAt(named(listAt(pod, 'containers'), 'kube-entry'), 'env');
    assert.equal(dig(named(environment, 'KUBE_ENTRY_GATEWAY_MODE'), 'value'), 'shared');
    const { name, namespace } = dig(one(objects, 'Service'), 'metadata') as { name: string; namespace: string };
    assert.equal(dig(named(environment, 'KUBE_ENTRY_PUBLISH_SERVICE'), 'value'), `${namespace}/${name}`);
    assert.deepEqual(
      dig(pod, 'securityContext'),
      dig(one(built('base'), 'Deployment'), 'spec', 'template', 'spec', 'securityContext'),
    );
  });
});

describe('the overlay gateway-service', () => {
  it('serves Gateways by Services that lead to the pods of the base', needsKubectl, () => {
    const objects = built('overlays/gateway-service');
    const pod = dig(one(objects, 'Deployment'), 'spec', 'template', 'spec');
    const environment = listAt(named(listAt(pod, 'containers'), 'kube-entry'), 'env');
    assert.equal(dig(named(environment, 'KUBE_ENTRY_GATEWAY_MODE'), 'value'), 'service');
    const { name, namespace } = dig(one(objects, 'Service'), 'metadata') as { name: string; namespace: string };
    assert.equal(dig(named(environment, 'KUBE_ENTRY_GATEWAY_ENDPOINTS'), 'value'), `${namespace}/${name}`);
    assert.deepEqual(
      dig(pod, 'securityContext'),
      dig(one(built('base'), 'Deployment'), 'spec', 'template', 'spec', 'securityContext'),
    );
  });
});

describe('every overlay', () => {
  for (const overlay of OVERLAYS) {
    it(`${overlay} is documented, and README.md says for whom it is`, () => {
      assert.ok(textOf('README.md').includes(`overlays/${overlay}`));
      assert.ok(textOf('../README.md').includes(`\n| \`deploy/overlays/${overlay}\` |`));
    });

    it(`${overlay} keeps what the base demands of the pod and of the container`, needsKubectl, () => {
      const pod = (objects: readonly unknown[]) => dig(one(objects, 'Deployment'), 'spec', 'template', 'spec');
      const [ours, base] = [pod(built(`overlays/${overlay}`)), pod(built('base'))];
      const { sysctls: _, ...ofPod } = Object(dig(ours, 'securityContext')) as Record<string, unknown>;
      assert.deepEqual(ofPod, dig(base, 'securityContext'));
      const container = (of: unknown) => named(listAt(of, 'containers'), 'kube-entry');
      const added = /^KUBE_ENTRY_(?:HTTPS_PORT|INGRESS_\w+|GATEWAY_\w+|PUBLISH_SERVICE)$/;
      const environment = (of: unknown) =>
        listAt(container(of), 'env').filter(item => !added.test(String(dig(item, 'name'))));
      assert.deepEqual(environment(ours), environment(base));
      for (const part of ['args', 'volumeMounts', 'startupProbe', 'livenessProbe', 'readinessProbe']) {
        assert.deepEqual(dig(container(ours), part), dig(container(base), part), part);
      }
      const portsOf = (of: unknown) =>
        listAt(container(of), 'ports').map(port => ({ ...Object(port), hostPort: undefined, protocol: undefined }));
      assert.deepEqual(portsOf(ours), portsOf(base));
      const security = dig(container(ours), 'securityContext');
      for (const [key, value] of Object.entries(Object(dig(container(base), 'securityContext')))) {
        assert.deepEqual(dig(security, key), value, key);
      }
    });
  }
});

describe('the commands of README.md', needsKubectl, () => {
  it('apply an overlay with the image that was built', () => {
    const pipe = /^ {4}(kubectl kustomize .*) \| kubectl apply -f -$/m.exec(textOf('../README.md'))?.[1] ?? 'false';
    const env = { ...process.env, IMAGE: 'registry.example.com/kube-entry:1' };
    const text = execFileSync('sh', ['-c', pipe], { cwd: join(DEPLOY, '..'), env, encoding: 'utf8' });
    const objects = parseYamlDocuments(text).documents.map(({ value }) => value);
    const containers = listAt(one(objects, 'Deployment'), 'spec', 'template', 'spec', 'containers');
    assert.deepEqual(
      containers.map(container => dig(container, 'image')),
      [env.IMAGE],
    );
    const port = dig(one(objects, 'Service'), 'spec', 'ports', 0, 'nodePort');
    assert.ok(textOf('../README.md').includes(`curl http://NODE:${port}/`));
  });
});

describe('default-range', needsKubectl, () => {
  const objects = needsKubectl.skip === false ? built('overlays/default-range') : [];

  it('is the base on node ports that every API server gives out', () => {
    assert.deepEqual(kindsOf(objects), kindsOf(built('base')));
    const ports = listAt(one(objects, 'Service'), 'spec', 'ports').map(port => Number(dig(port, 'nodePort')));
    assert.equal(ports.length, 2);
    for (const port of ports) assert.ok(port >= 30_000 && port <= 32_767, String(port));
    assert.equal(httpsPortOf(objects), String(ports[1]));
    const others = (all: readonly unknown[]) =>
      all.filter(object => !['Service', 'Deployment'].includes(String(dig(object, 'kind'))));
    assert.deepEqual(others(objects), others(built('base')));
  });
});

for (const [overlay, role, what] of [
  ['endpoints', 'kube-entry-endpoints', 'EndpointSlices'],
  ['tls', 'kube-entry-tls', 'Secrets'],
] as const) {
  describe(overlay, needsKubectl, () => {
    it(`is the base with the right to read ${what}, in a role of its own`, () => {
      const objects = built(`overlays/${overlay}`);
      const own = objects.filter(object => dig(object, 'metadata', 'name') === role);
      assert.deepEqual(kindsOf(own), ['ClusterRole', 'ClusterRoleBinding']);
      const others = objects.filter(object => !own.includes(object));
      assert.deepEqual(others, built('base'));
    });
  });
}

describe('load-balancer', needsKubectl, () => {
  const objects = needsKubectl.skip === false ? built('overlays/load-balancer') : [];

  it('asks the cluster for a load balancer on ports 80 and 443, and for no node port of its own', () => {
    assert.deepEqual(kindsOf(objects), kindsOf(built('base')));
    const service = one(objects, 'Service');
    assert.equal(dig(service, 'spec', 'type'), 'LoadBalancer');
    assert.deepEqual(listAt(service, 'spec', 'ports'), [
      { name: 'http', port: 80, targetPort: 'http' },
      { name: 'https', port: 443, targetPort: 'https' },
    ]);
    assert.equal(httpsPortOf(objects), '0', 'a redirect names no port');
  });

  it('sees the addresses of its clients, on whichever nodes it runs', () => {
    assert.equal(dig(one(objects, 'Service'), 'spec', 'externalTrafficPolicy'), 'Local');
    assert.equal(dig(one(objects, 'Deployment'), 'spec', 'template', 'spec', 'nodeSelector'), undefined);
  });
});

describe('host-ports', needsKubectl, () => {
  const objects = needsKubectl.skip === false ? built('overlays/host-ports') : [];

  it('listens on ports 80 and 443 of the entry nodes', () => {
    assert.deepEqual(kindsOf(objects), kindsOf(built('base')));
    const pod = dig(one(objects, 'Deployment'), 'spec', 'template', 'spec');
    assert.deepEqual(dig(pod, 'nodeSelector'), { role: 'entry' });
    const ports = listAt(named(listAt(pod, 'containers'), 'kube-entry'), 'ports');
    assert.equal(dig(named(ports, 'http'), 'hostPort'), 80);
    assert.equal(dig(named(ports, 'https'), 'hostPort'), 443);
    assert.equal(httpsPortOf(objects), '0', 'a redirect names no port');
    assert.equal(dig(named(ports, 'status'), 'hostPort'), undefined, 'the status port stays within the cluster');
  });

  it('frees the port of a node before a new pod asks for it', () => {
    assert.deepEqual(dig(one(objects, 'Deployment'), 'spec', 'strategy', 'rollingUpdate'), {
      maxSurge: 0,
      maxUnavailable: 1,
    });
  });

  it('needs no node port, and a namespace that allows host ports', () => {
    const spec = dig(one(objects, 'Service'), 'spec');
    assert.equal(dig(spec, 'type'), 'ClusterIP');
    assert.equal(dig(spec, 'externalTrafficPolicy'), undefined, 'the API server refuses it for a ClusterIP');
    for (const index of [0, 1]) assert.equal(dig(spec, 'ports', index, 'nodePort'), undefined);
    const labels = dig(one(objects, 'Namespace'), 'metadata', 'labels');
    assert.equal(dig(labels, 'pod-security.kubernetes.io/enforce'), 'privileged');
  });
});

describe('single-node', needsKubectl, () => {
  const objects = needsKubectl.skip === false ? built('overlays/single-node') : [];

  it('is the base without its disruption budget', () => {
    const expected = kindsOf(built('base')).filter(kind => kind !== 'PodDisruptionBudget');
    assert.deepEqual(kindsOf(objects), expected);
  });

  it('runs one pod on whatever node there is, that of the control plane included', () => {
    const deployment = one(objects, 'Deployment');
    assert.equal(dig(deployment, 'spec', 'replicas'), 1);
    const pod = dig(deployment, 'spec', 'template', 'spec');
    assert.equal(dig(pod, 'nodeSelector'), undefined);
    assert.equal(dig(pod, 'topologySpreadConstraints'), undefined);
    assert.ok(listAt(pod, 'tolerations').every(toleration => dig(toleration, 'effect') === 'NoSchedule'));
  });

  it('sees the addresses of its clients', () => {
    assert.equal(dig(one(objects, 'Service'), 'spec', 'externalTrafficPolicy'), 'Local');
  });
});

describe('hardened', needsKubectl, () => {
  const objects = needsKubectl.skip === false ? built('overlays/hardened') : [];
  const policy = objectIn('overlays/hardened/network-policy.yaml');

  it('is the base with a NetworkPolicy', () => {
    assert.deepEqual(kindsOf(objects), [...kindsOf(built('base')), 'NetworkPolicy'].sort());
  });

  it('has a NetworkPolicy that covers the pods, both ways', () => {
    const deployment = one(objects, 'Deployment');
    assert.deepEqual(
      dig(policy, 'spec', 'podSelector', 'matchLabels'),
      dig(deployment, 'spec', 'template', 'metadata', 'labels'),
    );
    assert.equal(dig(policy, 'metadata', 'namespace'), dig(deployment, 'metadata', 'namespace'));
    assert.deepEqual(dig(policy, 'spec', 'policyTypes'), ['Ingress', 'Egress']);
  });

  it('lets clients in from anywhere, and only the monitoring to the status port', () => {
    const ports = listAt(objectIn('base/deployment.yaml'), ...CONTAINER_PORTS);
    const [clients, monitoring, ...others] = listAt(policy, 'spec', 'ingress');
    assert.deepEqual(others, []);
    assert.equal(dig(clients, 'from'), undefined);
    assert.deepEqual(
      dig(clients, 'ports'),
      ['http', 'https'].map(name => ({ protocol: 'TCP', port: dig(named(ports, name), 'containerPort') })),
    );
    assert.equal(listAt(monitoring, 'from').length, 1);
    assert.deepEqual(dig(monitoring, 'ports'), [
      { protocol: 'TCP', port: dig(named(ports, 'status'), 'containerPort') },
    ]);
  });

  it('lets out what it needs: names, the Kubernetes API, the pods of the cluster', () => {
    const rules = listAt(policy, 'spec', 'egress').map(rule => ({
      to: dig(rule, 'to', 0, 'namespaceSelector'),
      ports: listAt(rule, 'ports').map(port => [dig(port, 'protocol'), dig(port, 'port')].join(' ')),
    }));
    assert.deepEqual(rules, [
      { to: { matchLabels: { 'kubernetes.io/metadata.name': 'kube-system' } }, ports: ['UDP 53', 'TCP 53'] },
      { to: undefined, ports: ['TCP 443', 'TCP 6443'] },
      { to: {}, ports: ['TCP '] },
    ]);
  });

  it('meets the restricted Pod Security Standard, with a fixed share of the node', () => {
    const pod = dig(one(objects, 'Deployment'), 'spec', 'template', 'spec');
    assert.deepEqual(dig(pod, 'securityContext', 'seccompProfile'), { type: 'RuntimeDefault' });
    assert.equal(dig(pod, 'enableServiceLinks'), false);
    const container = dig(pod, 'containers', 0);
    const { requests, limits } = dig(container, 'resources') as { requests: object; limits: object };
    assert.deepEqual(requests, limits);
    assert.deepEqual(dig(container, 'securityContext'), {
      allowPrivilegeEscalation: false,
      capabilities: { drop: ['ALL'] },
      privileged: false,
      readOnlyRootFilesystem: true,
      runAsNonRoot: true,
    });
    for (const level of ['enforce', 'audit', 'warn']) {
      const label = `pod-security.kubernetes.io/${level}`;
      assert.equal(dig(one(objects, 'Namespace'), 'metadata', 'labels', label), 'restricted', level);
    }
  });

  it('gives the account’s token to the entry alone', () => {
    assert.equal(dig(one(objects, 'ServiceAccount'), 'automountServiceAccountToken'), false);
    const pod = dig(one(objects, 'Deployment'), 'spec', 'template', 'spec');
    assert.equal(dig(pod, 'automountServiceAccountToken'), true);
  });

  it('spreads the pods over zones and nodes, as a preference', () => {
    const spread = listAt(one(objects, 'Deployment'), 'spec', 'template', 'spec', 'topologySpreadConstraints');
    assert.deepEqual(spread.map(item => dig(item, 'topologyKey')).sort(), [
      'kubernetes.io/hostname',
      'topology.kubernetes.io/zone',
    ]);
    assert.ok(spread.every(item => dig(item, 'whenUnsatisfiable') === 'ScheduleAnyway'));
  });
});
