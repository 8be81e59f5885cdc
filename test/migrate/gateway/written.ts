/** What `migrate --to gateway` makes of objects. */
import { type ControllerChoice, findController } from '../../../src/migrate/controller.ts';
import { Dump } from '../../../src/migrate/dump.ts';
import { type GatewayMigration, migrateToGateway } from '../../../src/migrate/gateway/gateway-migration.ts';
import type { GatewayChoice } from '../../../src/migrate/gateway/listener-plan.ts';
import type { Manifest } from '../../../src/migrate/gateway/manifests.ts';
import { NO_CHOICE } from '../dumps.ts';

export function written(
  objects: readonly object[],
  { existing, ...choice }: Partial<ControllerChoice & GatewayChoice> = {},
): GatewayMigration {
  const dump = new Dump();
  for (const object of objects) dump.add(object);
  return migrateToGateway(dump, findController(dump, { ...NO_CHOICE, ...choice }), { existing });
}

/** Of one kind, without the fields that are the same of all. */
export function specs({ manifests }: GatewayMigration, kind: string): unknown[] {
  return manifests.filter(one => one.kind === kind).map(({ spec }) => spec);
}

/** `KIND NAMESPACE/NAME` of each. */
export function names(manifests: readonly Manifest[]): string[] {
  return manifests.map(({ kind, metadata: { namespace, name } }) => `${kind} ${namespace}/${name}`);
}

/** `VERDICT ANNOTATION: REASON` of what does not simply work. */
export function remarks({ report }: GatewayMigration): string[] {
  return report.ingresses
    .flatMap(({ findings }) => findings)
    .filter(({ verdict, isGeneral }) => verdict !== 'works' && !isGeneral)
    .map(({ field, verdict, reason }) => `${verdict} ${field.replace('nginx.ingress.kubernetes.io/', '')}: ${reason}`);
}
