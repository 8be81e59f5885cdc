/** Writes the Ingresses of a dump as objects of the Gateway API, and says what of them cannot be said there. Pure. */
import type { SecretRef } from '../../resources/secret-store.ts';
import { isServed } from '../../translate/ingress/classes.ts';
import { readIngressConfig } from '../../translate/ingress/config/config-table.ts';
import { translateIngresses } from '../../translate/ingress/translate-ingresses.ts';
import type { Controller } from '../controller.ts';
import type { Dump } from '../dump.ts';
import { lookupsWithSecrets } from '../lookups.ts';
import { migrate } from '../migrate.ts';
import { isLoss, type MigrationReport, worst } from '../report.ts';
import { GatewayWriter } from './gateway-writer.ts';
import type { GatewayChoice } from './listener-plan.ts';
import type { Manifest } from './manifests.ts';
import type { Remarks } from './remarks.ts';

export interface GatewayMigration {
  /** In the order in which they are written. */
  readonly manifests: readonly Manifest[];
  /** By namespace and name, with what becomes of each annotation. */
  readonly report: MigrationReport;
}

export function migrateToGateway(dump: Dump, controller: Controller, choice: GatewayChoice): GatewayMigration {
  const { options } = controller;
  const { config } = readIngressConfig(controller.config);
  const own = [...dump.ingresses.values()].filter(ingress => isServed(ingress, dump.classes, options));
  const lookups = lookupsWithSecrets(dump);
  const { hosts, referred } = translateIngresses(
    { ingresses: own, classes: [...dump.classes.values()], config, lookups },
    options,
  );
  const writer = new GatewayWriter(hosts, {
    referred,
    dump,
    choice,
    defaultCertificate: secretNamed(controller.flags.get('default-ssl-certificate')),
    usual: {
      connectTimeoutMs: config.proxyConnectTimeoutMs,
      readTimeoutMs: config.proxyReadTimeoutMs,
      sendTimeoutMs: config.proxySendTimeoutMs,
      maxBodySize: config.proxyBodySize,
    },
  });
  const manifests = writer.write();
  return { manifests, report: reportOf(migrate(dump, controller), writer.remarks) };
}

/** What becomes of annotations as long as they are on an Ingress, and then on routes. */
function reportOf(report: MigrationReport, remarks: Remarks): MigrationReport {
  const ingresses = report.ingresses.map(ingress => {
    const findings = remarks.applyTo(ingress, ingress.findings);
    const verdict = worst([
      ...findings.map(one => one.verdict).filter(one => one !== 'dead'),
      ...(ingress.verdict === 'dead' ? (['dead'] as const) : []),
    ]);
    return { ...ingress, findings, verdict };
  });
  const others = [...report.flags, ...report.config, ...report.values];
  return { ...report, ingresses, isLossy: [...others, ...ingresses].some(({ verdict }) => isLoss(verdict)) };
}

function secretNamed(text = ''): SecretRef | undefined {
  const [namespace, name] = text.split('/');
  return namespace === undefined || name === undefined || name === '' ? undefined : { namespace, name };
}
