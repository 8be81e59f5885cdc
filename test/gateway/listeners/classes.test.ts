import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { KnownGatewayServices } from '../../../src/control/catalog/gateway-services.ts';
import { HostProfiles } from '../../../src/control/catalog/host-profiles.ts';
import { SharedGatewayPorts } from '../../../src/control/catalog/shared-gateway-ports.ts';
import { classStatuses } from '../../../src/translate/gateway/gateway-class.ts';
import { supportedFeatures } from '../../../src/translate/gateway/supported-features.ts';
import { CONTROLLER, condition, gatewayClass, object } from './scene.ts';

function statusOf(spec: object, bundleVersion?: string) {
  const options = { controllerName: CONTROLLER, bundleVersion: () => bundleVersion };
  const [found] = classStatuses([gatewayClass(spec)], options);
  assert.ok(found?.status.kind === 'GatewayClass');
  return { ...found, status: found.status };
}

describe('GatewayClasses', () => {
  test('that name our controller are accepted, with what is supported', () => {
    const { object, generation, status } = statusOf({});
    assert.deepEqual(object, { kind: 'GatewayClass', namespace: '', name: 'ours' });
    assert.equal(generation, 3);
    assert.equal(condition(status.conditions, 'Accepted'), 'True Accepted');
    assert.equal(condition(status.conditions, 'SupportedVersion'), undefined);
    assert.equal(status.supportedFeatures, supportedFeatures({}));
  });

  test('of other controllers are left alone', () => {
    const theirs = object('GatewayClass', { controllerName: 'example.com/other' }, { namespace: '' });
    assert.deepEqual(classStatuses([theirs], { controllerName: CONTROLLER }), []);
  });

  test('have no parameters', () => {
    const { status } = statusOf({ parametersRef: { group: 'example.com', kind: 'Parameters', name: 'many' } });
    assert.equal(condition(status.conditions, 'Accepted'), 'False InvalidParameters');
  });

  test('say whether the version of the CRDs is one that is supported', () => {
    const versions = ['v1.4.9', 'v1.5.0', 'v1.6.3', 'v1.7.0-rc.1', 'v1.8.0', 'v1.70.0', 'main', ''];
    const told = versions.map(version => condition(statusOf({}, version).status.conditions, 'SupportedVersion'));
    const [yes, no] = ['True SupportedVersion', 'False UnsupportedVersion'];
    assert.deepEqual(told, [no, yes, yes, yes, no, no, no, no]);
  });

  test('list features in the order that the API wants, each once, at most 64', () => {
    const gatewayServices = new KnownGatewayServices({ type: 'NodePort', host: '::', range: { first: 1, last: 2 } });
    const sharedPorts = new SharedGatewayPorts({ host: '::', port: 80 }, undefined, new HostProfiles());
    for (const [options, hasServices] of [
      [{}, false] as const,
      [{ gatewayServices }, true] as const,
      [{ sharedPorts }, false] as const,
    ]) {
      const features = supportedFeatures(options);
      assert.deepEqual(features, [...new Set(features)].sort());
      assert.ok(features.length <= 64);
      assert.equal(features.includes('GatewayInfrastructure'), hasServices);
      assert.equal(features.includes('GatewayPort8080'), !('sharedPorts' in options));
    }
  });
});
