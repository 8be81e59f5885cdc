import { gatewayManifests } from './gateway-assets.ts';
import type { RealKube } from './real-kube.ts';

/** Why tests that need the CRDs of the Gateway API cannot run; false where they can. */
export const WITHOUT_CRDS =
  gatewayManifests('standard').length === 0 && 'the CRDs are not there: npm run test:assets:gateway';

/** With the CRDs of all kinds but these, as parts of the names of their files. */
export async function installGatewayCrds(
  { kubectl }: Pick<RealKube, 'kubectl'>,
  ...missing: readonly string[]
): Promise<void> {
  const files = gatewayManifests('standard').filter(file => !missing.some(kind => file.includes(kind)));
  const crds = files.filter(file => !file.includes('vap_'));
  await kubectl.run(['apply', '--server-side', ...crds.map(file => `--filename=${file}`)]);
  await kubectl.run(['wait', '--for=condition=Established', 'crd', '--all', '--timeout=60s']);
}
