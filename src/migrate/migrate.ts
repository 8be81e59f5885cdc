/** Judges what a move from ingress-nginx to kube-entry changes. Pure. */
import type { Diagnostic } from '../model/diagnostic.ts';
import { serviceKey } from '../model/route.ts';
import type { IngressObject } from '../resources/ingress-object.ts';
import { quote } from '../text/quote.ts';
import { classOf, isServed } from '../translate/ingress/classes.ts';
import { readIngressConfig } from '../translate/ingress/config/config-table.ts';
import { ingressKey } from '../translate/ingress/ingress-key.ts';
import { type HostLocations, locationsOf } from '../translate/ingress/locations.ts';
import { hostsOf, type IngressReading, readIngressObject } from '../translate/ingress/read-ingress.ts';
import { byAge } from '../translate/ingress/seniority.ts';
import { translateIngresses } from '../translate/ingress/translate-ingresses.ts';
import type { Controller } from './controller.ts';
import { judgeFlags } from './controller-flags.ts';
import type { Dump } from './dump.ts';
import { judgeAnnotations } from './judge-annotations.ts';
import { judgeConfig } from './judge-config.ts';
import { judgePassthrough } from './judge-passthrough.ts';
import { lookupsIn } from './lookups.ts';
import { type Finding, type IngressReport, isLoss, type MigrationReport, type Silence, worst } from './report.ts';
import { canaries } from './silences/canaries.ts';
import { canaryBackends } from './silences/canary-backends.ts';
import { fakeCertificates } from './silences/certificates.ts';
import { droppedPaths } from './silences/dropped-paths.ts';
import { type Surroundings, some, type Told } from './silences/host.ts';
import { lostSettings } from './silences/lost-settings.ts';
import { regexMode } from './silences/regex-mode.ts';

const SILENCES = [regexMode, droppedPaths, canaries, canaryBackends, fakeCertificates, lostSettings] as const;

export function migrate(dump: Dump, controller: Controller): MigrationReport {
  const { flags, options } = controller;
  const judged = judgeFlags(flags);
  const { config, remarks } = readIngressConfig(controller.config);
  const own = [...dump.ingresses.values()].filter(ingress => isServed(ingress, dump.classes, options));
  const lookups = lookupsIn(dump);
  const { diagnostics } = translateIngresses(
    { ingresses: own, classes: [...dump.classes.values()], config, lookups },
    options,
  );
  const surroundings = surroundingsOf(own, dump, { config, options, lookups });
  const told = Map.groupBy(
    SILENCES.flatMap(find => find(surroundings)),
    ({ ingress }) => serviceKey(ingress),
  );
  const hasServices = dump.services.size > 0;
  const ingresses = own
    .map(ingress => reportOf(ingress, diagnostics.get(ingressKey(ingress.metadata)) ?? [], told, hasServices, flags))
    .sort((a, b) => (serviceKey(a) < serviceKey(b) ? -1 : 1));
  const findings = judgeConfig(controller.config, remarks);
  const verdicts = [...judged.findings, ...findings, ...(controller.values?.findings ?? []), ...ingresses].map(
    ({ verdict }) => verdict,
  );
  return {
    ...(controller.name !== undefined && { controller: controller.name }),
    flags: judged.findings,
    config: findings,
    values: controller.values?.findings ?? [],
    ingresses,
    otherIngresses: dump.ingresses.size - own.length,
    serveWith: serveWith(judged.serveWith, controller, dump),
    takeOverWith: judged.serveWith.filter(writesStatus),
    notes: [...controller.notes, ...dump.notes, ...leftOut(dump, own)],
    unread: dump.problems,
    isLossy: verdicts.some(isLoss),
  };
}

/** Which class each Ingress has that is not judged: a second controller may have served it. */
function leftOut({ ingresses }: Dump, own: readonly IngressObject[]): string[] {
  const known = new Set(own);
  const others = [...ingresses.values()].filter(ingress => !known.has(ingress));
  return [...Map.groupBy(others, classOf)].map(([name, found]) => {
    const which = some(found.map(({ metadata }) => serviceKey(metadata)));
    return name === ''
      ? `left out, because they name no class: ${which}; a controller with --watch-ingress-without-class serves them`
      : `left out, because they are of the class ${quote(name)}: ${which}; --ingress-class takes several, with commas between them`;
  });
}

function reportOf(
  ingress: IngressObject,
  diagnostics: readonly Diagnostic[],
  told: ReadonlyMap<string, readonly Told[]>,
  hasServices: boolean,
  flags: Controller['flags'],
): IngressReport {
  const { namespace, name } = ingress.metadata;
  const ofAnnotations = judgeAnnotations(ingress, diagnostics).map(finding => judgePassthrough(finding, flags));
  const findings = [...ofAnnotations, ...judgeSpec(diagnostics)];
  const found = told.get(`${namespace}/${name}`) ?? [];
  const silences = [...silencesOf(diagnostics, hasServices), ...found.map(({ ingress: _, ...silence }) => silence)];
  const isUnused =
    silences.some(({ kind }) => kind === 'CanaryUnused') && !silences.some(({ kind }) => kind === 'CanaryShared');
  const verdict = worst(findings.map(one => one.verdict).filter(one => one !== 'dead'));
  return {
    namespace,
    name,
    hosts: [...new Set(ingress.spec.rules.map(({ host = '' }) => host))],
    verdict: isUnused && verdict === 'works' ? 'dead' : verdict,
    findings,
    silences,
  };
}

/** What cannot be served of the rules themselves. */
function judgeSpec(diagnostics: readonly Diagnostic[]): Finding[] {
  return diagnostics
    .filter(({ field, severity }) => field === undefined && severity === 'refused')
    .map(({ message, paths: [value] }) => ({
      field: 'spec.rules',
      ...(value !== undefined && { value }),
      verdict: 'refused',
      reason: message,
    }));
}

/** What ingress-nginx meets, too, and does not tell. */
function silencesOf(diagnostics: readonly Diagnostic[], hasServices: boolean): Silence[] {
  return diagnostics.flatMap(({ reason, message, severity }): Silence[] => {
    if (severity === 'conflict') return [{ kind: 'Conflict', message }];
    if (reason === 'AnnotationRefused') {
      const what = 'ingress-nginx serves the version that was there before this value, or nothing, until it restarts';
      return [{ kind: 'OldVersionServed', message: `${what}: ${message}` }];
    }
    if (reason.startsWith('Service') && hasServices) return [{ kind: 'NoBackend', message }];
    return [];
  });
}

function surroundingsOf(
  ingresses: readonly IngressObject[],
  { secrets }: Dump,
  context: Parameters<typeof readIngressObject>[1],
): Surroundings {
  const readings = ingresses
    .map(ingress => readIngressObject(ingress, context))
    .filter(({ isRefused }) => !isRefused)
    .sort(byAge);
  const byHost = new Map<string, IngressReading[]>();
  for (const reading of readings) {
    if (reading.effect.canary !== undefined) continue;
    for (const host of hostsOf(reading)) {
      const known = byHost.get(host);
      if (known === undefined) byHost.set(host, [reading]);
      else known.push(reading);
    }
  }
  const hosts = new Map<string, HostLocations>([...byHost].map(([host, own]) => [host, locationsOf(host, own)]));
  return { readings, hosts, secrets: secrets.size > 0 ? secrets : undefined };
}

/** Where ingress-nginx always listens with TLS; the chart and the overlays have the same port. */
const TLS_LISTEN = '--tls-listen=0.0.0.0:8443';

/** With what the flags of ingress-nginx leave to its defaults. */
function serveWith(ours: readonly string[], { options }: Controller, { services }: Dump): string[] {
  const flags = ours.filter(flag => !writesStatus(flag));
  if (!flags.some(flag => flag.startsWith('--ingress-class=')))
    flags.unshift(`--ingress-class=${options.ingressClass.join(',')}`);
  const hasExternal = [...services.values()].some(({ spec }) => spec.type === 'ExternalName');
  return [...flags, ...(hasExternal && options.allowExternalName ? ['--allow-external-name'] : []), TLS_LISTEN];
}

/** Two programs that write it would take turns. */
function writesStatus(flag: string): boolean {
  return flag.startsWith('--publish-');
}
