/** What `kube-entry check` finds in manifests. Pure. */
import { certificateIn, certificateOf, isFault } from '../control/certificates/certificate-facts.ts';
import { problemOfCertificate, problemOfHosts } from '../control/certificates/certificate-problem.ts';
import type { Severity } from '../model/diagnostic.ts';
import { type ServiceRef, serviceKey } from '../model/route.ts';
import { PREFIX } from '../resources/annotation-prefix.ts';
import { TLS_SECRET } from '../resources/secret.ts';
import { type Conflict, RouteLedger } from '../routing/ledger.ts';
import type {
  ManifestContents,
  ManifestProblem,
  ManifestSecret,
  ManifestService,
  ManifestSlice,
} from '../sources/manifest-contents.ts';
import { hostLabel } from '../text/labels.ts';
import { endpointsOf, type Location } from '../translate/endpoints.ts';
import type { IngressLookups } from '../translate/ingress/ingress-lookups.ts';
import { destinationsOf, type TranslateOptions, type Translation, translateService } from '../translate/service.ts';
import { canaryConflicts } from './canary-conflicts.ts';
import { type InspectedGateways, type InspectGatewayOptions, inspectGateways } from './inspect-gateways.ts';
import { type InspectIngressOptions, inspectIngresses } from './inspect-ingresses.ts';
import type { LocatedDiagnostic } from './located-diagnostic.ts';
import { tlsConflicts } from './tls-conflicts.ts';

export interface Inspection {
  /** By file, in the order given, then by line. */
  readonly diagnostics: readonly LocatedDiagnostic[];
  readonly serviceCount: number;
  readonly sliceCount: number;
  /** 0 where none is to be served. */
  readonly ingressCount: number;
  /** Ingresses that are served. */
  readonly servedCount: number;
  readonly exposedCount: number;
  /** Of those that are exposed: at least one of their routes belongs to another Service. */
  readonly waitingCount: number;
  readonly routeCount: number;
  /** What becomes of objects of the Gateway API. */
  readonly gateways: Omit<InspectedGateways, 'diagnostics'>;
}

type Translations = ReadonlyMap<ManifestService, Translation>;

/** @param files the names of all files, in the order of the diagnostics @param now milliseconds since 1970 */
export function inspectManifests(
  contents: ManifestContents,
  files: readonly string[],
  options: TranslateOptions & InspectIngressOptions & InspectGatewayOptions,
  now: number,
): Inspection {
  const { services, slices, secrets, ingresses, problems, warnings: misplaced } = contents;
  const located = ({ file, line, reason }: ManifestProblem, severity: Severity): LocatedDiagnostic => ({
    ...{ file, line, severity },
    message: reason,
  });
  const diagnostics = [
    ...problems.map(problem => located(problem, 'refused')),
    ...misplaced.map(problem => located(problem, 'warning')),
  ];
  const known = new Map(services.map(({ object }) => [serviceKey(object.metadata), object]));
  const lookups = {
    ...secretsOf(secrets),
    services: (ref: ServiceRef) => known.get(serviceKey(ref)),
    awaitsClusterIP: true,
  };
  const inspected = inspectIngresses(contents, options, { ...secretsOf(secrets), service: lookups.services });
  const gateways = inspectGateways(contents, { ...options, ...secretsOf(secrets) }, lookups.services);
  diagnostics.push(...inspected.diagnostics, ...gateways.diagnostics);
  const translations: Translations = new Map(
    services.map(service => [service, translateService(service.object, { ...options, ...lookups })]),
  );
  for (const [{ file, line, lineOf }, { refusals, warnings }] of translations) {
    for (const { field, severity, message } of [...refusals, ...warnings]) {
      diagnostics.push({ file, line: field === undefined ? line : lineOf(field), severity, message });
    }
  }
  const canaries = canaryConflicts(translations.values());
  for (const { object, file, line, lineOf } of services) {
    for (const { field, message } of canaries.get(serviceKey(object.metadata)) ?? []) {
      diagnostics.push({ file, line: field === undefined ? line : lineOf(field), severity: 'conflict', message });
    }
  }
  diagnostics.push(...secretDiagnostics(secrets, now), ...certificateDiagnostics(secrets, translations));
  diagnostics.push(...tlsConflicts(translations, secrets), ...sliceDiagnostics(slices, translations));
  const conflicts = ledgerOf(translations).conflicts();
  diagnostics.push(...conflictDiagnostics(conflicts, translations));
  const order = new Map(files.map((file, index) => [file, index]));
  const exposed = [...translations.values()].filter(({ routes }) => routes.length > 0);
  return {
    diagnostics: diagnostics.sort((a, b) => (order.get(a.file) ?? 0) - (order.get(b.file) ?? 0) || a.line - b.line),
    serviceCount: services.length,
    sliceCount: slices.length,
    ingressCount: options.ingressClass.length === 0 ? 0 : ingresses.length,
    servedCount: inspected.servedCount,
    exposedCount: exposed.length,
    waitingCount: new Set(conflicts.map(({ loser }) => serviceKey(loser))).size,
    routeCount: exposed.reduce((count, { routes }) => count + routes.length, 0) - conflicts.length,
    gateways,
  };
}

/** A Secret that is in no manifest may be in the cluster. */
function secretsOf(
  secrets: readonly ManifestSecret[],
): Required<Pick<TranslateOptions, 'authorities' | 'credentials'>> & Pick<IngressLookups, 'certificate'> {
  const known = new Map(secrets.map(({ secret }) => [serviceKey(secret.metadata), secret]));
  return {
    authorities(ref) {
      const secret = known.get(serviceKey(ref));
      return secret && { pem: secret.ca, revoked: secret.revoked };
    },
    certificate(ref) {
      const secret = known.get(serviceKey(ref));
      return secret && certificateIn(secret);
    },
    credentials: ref => known.get(serviceKey(ref))?.credentials,
  };
}

/** What keeps certificates from being served, or from being trusted. */
function secretDiagnostics(secrets: readonly ManifestSecret[], now: number): LocatedDiagnostic[] {
  return secrets.flatMap(({ secret, type, file, line }) => {
    if (type !== TLS_SECRET) return [];
    const read = certificateOf(secret);
    const problem = problemOfCertificate(`Secret ${serviceKey(secret.metadata)}`, read, now);
    const severity: Severity = isFault(read) ? 'refused' : 'warning';
    return problem === undefined ? [] : [{ file, line, severity, message: problem.message }];
  });
}

/** Hosts that the certificates of their Services do not cover. */
function certificateDiagnostics(secrets: readonly ManifestSecret[], translations: Translations): LocatedDiagnostic[] {
  const known = new Map(secrets.map(({ secret }) => [serviceKey(secret.metadata), secret]));
  return [...translations].flatMap(([{ file, lineOf }, { tls, routes }]) => {
    const secret = tls?.secret && known.get(serviceKey(tls.secret));
    const read = secret && certificateOf(secret);
    if (secret === undefined || read === undefined || isFault(read)) return [];
    const hosts = [...new Set(routes.map(({ host }) => host))].filter(host => host !== '');
    const problem = problemOfHosts(serviceKey(secret.metadata), read, hosts);
    const field = `${PREFIX}tls-secret`;
    if (problem === undefined) return [];
    return [{ file, line: lineOf(field), severity: 'warning', message: `${field}: ${problem.message}` }];
  });
}

/** What keeps slices from being used by the clusters that Services lead to. */
function sliceDiagnostics(slices: readonly ManifestSlice[], translations: Translations): LocatedDiagnostic[] {
  const byService = Map.groupBy(slices, ({ slice: { metadata, service } }) => `${metadata.namespace}/${service}`);
  const objects = new Map([...translations.keys()].map(({ object }) => [serviceKey(object.metadata), object]));
  const destinations = new Map(
    [...translations.values()].flatMap(destinationsOf).map(destination => [destination.cluster.id, destination]),
  );
  return [...destinations.values()].flatMap(({ cluster, port }) => {
    const key = serviceKey(cluster.service);
    const [object, own = []] = [objects.get(key), byService.get(key)];
    const [first] = own;
    if (first === undefined || object === undefined || port === undefined) return [];
    if (cluster.balance.policy === 'service') return [];
    const { file, line } = first;
    const { warnings } = endpointsOf(
      object,
      port,
      own.map(({ slice }) => slice),
      ANYWHERE,
    );
    return warnings.map(({ severity, message }) => ({ file, line, severity, message }));
  });
}

/** On some node of the cluster, which will know its name. */
const ANYWHERE: Location = { nodeName: 'any', zone: '', zoneMinimum: 1 };

function ledgerOf(translations: Translations): RouteLedger {
  const ledger = new RouteLedger();
  for (const [service, { routes }] of translations) ledger.set(serviceKey(service.object.metadata), routes);
  return ledger;
}

/** The age in the cluster decides which Service wins. Manifests do not have it, so both places are named. */
function conflictDiagnostics(conflicts: readonly Conflict[], translations: Translations): LocatedDiagnostic[] {
  const placeOf = new Map([...translations.keys()].map(service => [serviceKey(service.object.metadata), service]));
  return conflicts.flatMap(({ host, path, winner, loser }) => {
    const loserPlace = placeOf.get(serviceKey(loser));
    const winnerPlace = placeOf.get(serviceKey(winner));
    if (loserPlace === undefined || winnerPlace === undefined) return [];
    const other = `Service ${serviceKey(winner)} (${winnerPlace.file}:${winnerPlace.lineOf(`${PREFIX}path`)})`;
    const message = `Service ${serviceKey(loser)} and ${other} both ask for ${path} of host ${hostLabel(host)}: the older one gets it, the other waits`;
    return [{ file: loserPlace.file, line: loserPlace.lineOf(`${PREFIX}path`), severity: 'conflict', message }];
  });
}
