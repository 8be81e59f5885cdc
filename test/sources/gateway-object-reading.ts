/** Reads objects of the Gateway API as tests want them. */
import assert from 'node:assert/strict';
import { readGatewayObject } from '../../src/resources/gateway/gateway-kinds.ts';
import type { GatewayKind, GatewayKinds } from '../../src/resources/gateway/gateway-object.ts';
import { fieldName, isShapeProblem } from '../../src/resources/service-object.ts';

export function read<K extends GatewayKind>(kind: K, spec: unknown, more: object = {}): GatewayKinds[K] {
  const object = readGatewayObject(kind, { metadata: { name: 'web' }, spec, ...more }, 'default');
  assert.ok(!isShapeProblem(object), JSON.stringify(object));
  return object;
}

export function problemOf(kind: GatewayKind, spec: unknown, metadata: unknown = { name: 'web' }): string {
  const object = readGatewayObject(kind, { metadata, spec }, 'default');
  assert.ok(isShapeProblem(object), 'it was read');
  return `${fieldName(object.path)}: ${object.reason}`;
}

/** What was read, without the fields that are absent. */
export function plain(value: unknown): unknown {
  return JSON.parse(JSON.stringify(value));
}
