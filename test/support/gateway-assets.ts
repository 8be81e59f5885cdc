/** The conformance suite of the Gateway API: where `npm run test:assets:gateway` puts it. */
import { existsSync, globSync } from 'node:fs';
import { join } from 'node:path';
import { builtFrom, MissingAssetsError } from './test-assets.ts';

/** The Go module that names its version. */
export const GATEWAY_MODULE = join(import.meta.dirname, '../assets/gateway');

export const CHANNELS = ['experimental', 'standard'] as const;
/** What is in a cluster's CustomResourceDefinitions: all fields, or only those that will stay. */
export type Channel = (typeof CHANNELS)[number];

/** A folder for what is built of the module as it is now. */
export function gatewayAssets(): string {
  return builtFrom(GATEWAY_MODULE, ['go.mod', 'go.sum', 'suite/suite_test.go']);
}

/** `conformance` is the suite, `echo-basic` the server of its pods. @throws MissingAssetsError */
export function gatewayProgram(program: 'conformance' | 'echo-basic'): string {
  const path = join(gatewayAssets(), program);
  if (existsSync(path)) return path;
  throw new MissingAssetsError('not built: npm run test:assets:gateway (needs Go; it takes minutes, once)');
}

/** The manifests of the same release: CustomResourceDefinitions, and what keeps them from being mixed. */
export function gatewayManifests(channel: Channel): string[] {
  const folder = join(gatewayAssets(), 'crd', channel);
  return globSync('gateway.networking.*.yaml', { cwd: folder }).map(file => join(folder, file));
}
