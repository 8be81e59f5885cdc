import { certificateOf, isFault } from '../control/certificates/certificate-facts.ts';
import { settleHost, type TlsClaim, type TlsConflict } from '../control/certificates/tls-claims.ts';
import { type Certificate, PrivateKey } from '../model/certificate.ts';
import { serviceKey } from '../model/route.ts';
import { SharedText } from '../model/shared-text.ts';
import { PREFIX } from '../resources/annotation-prefix.ts';
import type { ManifestSecret, ManifestService } from '../sources/manifest-contents.ts';
import type { Translation } from '../translate/service.ts';
import type { LocatedDiagnostic } from './located-diagnostic.ts';

const ABOUT: Readonly<Record<TlsConflict['about'], { readonly annotation: string; readonly what: string }>> = {
  certificate: {
    annotation: `${PREFIX}tls-secret`,
    what: 'name different certificates: that of the older one is served',
  },
  passthrough: {
    annotation: `${PREFIX}tls-passthrough`,
    what: 'say different things of tls-passthrough: the older one decides, and the other is refused if it asks for it',
  },
  'client-certificate': {
    annotation: `${PREFIX}client-ca-secret`,
    what: 'ask for different certificates of clients: the older one decides, and the other is refused',
  },
};

/** Services that ask different things of the TLS port for one host. The age in the cluster decides, so both places are named. */
export function tlsConflicts(
  translations: ReadonlyMap<ManifestService, Translation>,
  secrets: readonly ManifestSecret[],
): LocatedDiagnostic[] {
  const places = new Map([...translations.keys()].map(service => [serviceKey(service.object.metadata), service]));
  const place = (key: string, annotation: string): { readonly file: string; readonly line: number } | undefined => {
    const found = places.get(key);
    return found && { file: found.file, line: found.lineOf(annotation) };
  };
  return [...claimsByHost(translations.values(), secrets)].flatMap(([host, claims]) =>
    settleHost(host, claims).conflicts.flatMap(({ winner, loser, about }): LocatedDiagnostic[] => {
      const { annotation, what } = ABOUT[about];
      const own = place(serviceKey(loser), annotation);
      const other = place(serviceKey(winner), annotation);
      if (own === undefined || other === undefined) return [];
      const both = `Service ${serviceKey(loser)} and Service ${serviceKey(winner)} (${other.file}:${other.line})`;
      return [{ ...own, severity: 'conflict', message: `${annotation}: for ${host}, ${both} ${what}` }];
    }),
  );
}

function claimsByHost(
  translations: Iterable<Translation>,
  secrets: readonly ManifestSecret[],
): ReadonlyMap<string, TlsClaim[]> {
  const known = new Map(secrets.map(({ secret }) => [serviceKey(secret.metadata), secret]));
  const byHost = new Map<string, TlsClaim[]>();
  for (const { service, tls, routes, cluster } of translations) {
    if (tls === undefined) continue;
    const hosts = [...new Set(routes.map(({ host }) => host))].filter(host => host !== '');
    const passthrough = tls.isPassthrough ? cluster?.id : undefined;
    const { clientCertificate } = tls;
    if (tls.secret === undefined && clientCertificate === undefined && passthrough === undefined) continue;
    const secret = tls.secret && known.get(serviceKey(tls.secret));
    const read = secret && certificateOf(secret);
    const isRead = read !== undefined && !isFault(read);
    const certificate = tls.secret && named(isRead ? read.id : serviceKey(tls.secret));
    const claim = {
      service,
      createdAt: routes[0]?.createdAt ?? '',
      hosts,
      certificate,
      clientCertificate,
      passthrough,
    };
    for (const host of hosts) byHost.set(host, [...(byHost.get(host) ?? []), claim]);
  }
  return byHost;
}

/** One that is only compared: what it holds may be in the cluster. */
function named(id: string): Certificate {
  return { id, chain: SharedText.of(''), key: new PrivateKey('') };
}
