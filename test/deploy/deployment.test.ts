import assert from 'node:assert/strict';
import { dirname } from 'node:path';
import { describe, it } from 'node:test';
import { parseFlags } from '../../src/settings/flags.ts';
import { loadSettings } from '../../src/settings/load.ts';
import { environmentOf, flagOf } from '../../src/settings/schema.ts';
import { dig, listAt, named, objectIn } from './objects.ts';

const deployment = objectIn('base/deployment.yaml');
const service = objectIn('base/service.yaml');
const pod = dig(deployment, 'spec', 'template', 'spec');
const container = dig(pod, 'containers', 0);
const ports = listAt(container, 'ports');
const environment = listAt(container, 'env');
const [command, ...args] = listAt(container, 'args').map(String);

/** What a process started as the pod starts it would run with, for two CPUs. */
function settingsInForce() {
  const values = environment.map((variable): [string, string] => {
    const name = String(dig(variable, 'name'));
    const isCpuLimit = dig(variable, 'valueFrom', 'resourceFieldRef', 'resource') === 'limits.cpu';
    return [name, isCpuLimit ? '2' : String(dig(variable, 'value'))];
  });
  return loadSettings({ flags: parseFlags(args), environment: Object.fromEntries(values) });
}

function portNumber(name: unknown): unknown {
  return dig(named(ports, String(name)), 'containerPort');
}

describe('the arguments and the environment of the container', () => {
  it('are settings of the program', () => {
    assert.equal(command, 'serve');
    assert.deepEqual(parseFlags(args).positionals, []);
    assert.doesNotThrow(settingsInForce);
  });

  it('listen for clients where the Service sends them', () => {
    const { listen } = settingsInForce();
    assert.equal(listen.host, '0.0.0.0');
    assert.equal(listen.port, portNumber(dig(service, 'spec', 'ports', 0, 'targetPort')));
  });

  it('listen for TLS where the Service sends it, and send plain HTTP to its node port', () => {
    const { tlsListen, httpsPort } = settingsInForce();
    const port = dig(service, 'spec', 'ports', 1);
    assert.equal(tlsListen?.host, '0.0.0.0');
    assert.equal(tlsListen?.port, portNumber(dig(port, 'targetPort')));
    assert.equal(httpsPort, dig(port, 'nodePort'));
  });

  for (const setting of ['adminSocket', 'stateFile'] as const) {
    it(`put the ${flagOf(setting)} on a volume, the root file system being read-only`, () => {
      const mounts = listAt(container, 'volumeMounts');
      const mount = mounts.find(item => dig(item, 'mountPath') === dirname(settingsInForce()[setting]));
      assert.ok(mount !== undefined);
      assert.equal(dig(mount, 'readOnly'), undefined);
      assert.ok(dig(named(listAt(pod, 'volumes'), String(dig(mount, 'name'))), 'emptyDir') !== undefined);
    });
  }

  it('make the number of workers follow the CPU limit', () => {
    const variable = named(environment, environmentOf('workers'));
    assert.deepEqual(dig(variable, 'valueFrom'), { resourceFieldRef: { resource: 'limits.cpu' } });
    assert.ok(dig(container, 'resources', 'limits', 'cpu') !== undefined);
  });

  it('are not mixed with what Kubernetes sets for the Service kube-entry', () => {
    assert.equal(dig(pod, 'enableServiceLinks'), false);
  });
});

describe('the probes', () => {
  const paths = { startupProbe: '/healthz', livenessProbe: '/healthz', readinessProbe: '/readyz' };
  for (const [probe, path] of Object.entries(paths)) {
    it(`${probe} asks ${path} of the status listener, which the kubelet can reach`, () => {
      const { statusListen } = settingsInForce();
      const { path: asked, port } = dig(container, probe, 'httpGet') as Record<string, unknown>;
      assert.equal(asked, path);
      assert.equal(portNumber(port), statusListen.port);
      assert.equal(statusListen.host, '0.0.0.0');
    });
  }
});

describe('the rollout', () => {
  it('keeps two pods serving', () => {
    assert.equal(dig(deployment, 'spec', 'replicas'), 2);
    assert.deepEqual(dig(deployment, 'spec', 'strategy'), {
      type: 'RollingUpdate',
      rollingUpdate: { maxUnavailable: 0, maxSurge: 1 },
    });
  });

  it('lets a pod drain to the end before it is killed', () => {
    const { shutdownDelay, shutdownTimeout } = settingsInForce();
    assert.ok(Number(dig(pod, 'terminationGracePeriodSeconds')) * 1000 > shutdownDelay + shutdownTimeout);
  });

  it('places the pods on the entry nodes, spread over them', () => {
    assert.deepEqual(dig(pod, 'nodeSelector'), { role: 'entry' });
    const [spread, ...others] = listAt(pod, 'topologySpreadConstraints');
    assert.deepEqual(others, []);
    assert.equal(dig(spread, 'topologyKey'), 'kubernetes.io/hostname');
    assert.deepEqual(
      dig(spread, 'labelSelector', 'matchLabels'),
      dig(deployment, 'spec', 'template', 'metadata', 'labels'),
    );
  });

  it('asks for CPU and memory, and limits both', () => {
    for (const kind of ['requests', 'limits']) {
      for (const resource of ['cpu', 'memory']) {
        assert.ok(dig(container, 'resources', kind, resource) !== undefined, `${kind}.${resource}`);
      }
    }
  });
});

describe('the Service', () => {
  it('is where nginx-kit was: port 80 on NodePort 28888, and beside it port 443 on 28443', () => {
    assert.equal(dig(service, 'spec', 'type'), 'NodePort');
    const ports = listAt(service, 'spec', 'ports').map(port => [dig(port, 'port'), dig(port, 'nodePort')]);
    assert.deepEqual(ports, [
      [80, 28_888],
      [443, 28_443],
    ]);
  });

  it('selects the pods', () => {
    const labels = dig(deployment, 'spec', 'template', 'metadata', 'labels');
    assert.deepEqual(dig(service, 'spec', 'selector'), labels);
    assert.deepEqual(dig(deployment, 'spec', 'selector', 'matchLabels'), labels);
  });
});
