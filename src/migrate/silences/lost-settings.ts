import { isDeepStrictEqual } from 'node:util';
import { CATCH_ALL_HOST } from '../../model/route.ts';
import type { IngressReading } from '../../translate/ingress/read-ingress.ts';
import { upstreamsOf } from '../../translate/ingress/upstreams.ts';
import { nameFor, type Surroundings, type Told } from './host.ts';

/** What counts once for each Service and port, or once for each host: that of the first Ingress, whatever later ones say. */
export function lostSettings({ readings, hosts }: Surroundings): Told[] {
  return [...ofUpstreams(readings), ...[...hosts.values()].flatMap(({ host, readings: own }) => ofHost(host, own))];
}

function ofUpstreams(readings: readonly IngressReading[]): Told[] {
  const first = new Map<string, IngressReading>();
  return readings
    .filter(({ effect }) => effect.canary === undefined)
    .flatMap(reading =>
      upstreamsOf(reading).flatMap((name): Told[] => {
        const owner = first.get(name);
        if (owner === undefined) {
          first.set(name, reading);
          return [];
        }
        if (isDeepStrictEqual(owner.effect.upstream ?? {}, reading.effect.upstream ?? {})) return [];
        const message = `how requests are spread over the Service and port ${name} is as Ingress ${nameFor(owner.ingress, reading.ingress)} says, which is older, and not as this one says`;
        return [{ ingress: reading.ingress, kind: 'SettingLost', message, mend: 'say the same in both' }];
      }),
    );
}

const SERVER_WORDS = {
  aliases: 'server-alias',
  appRoot: 'app-root',
  clientCertificate: 'auth-tls-secret',
} as const;

function ofHost(host: string, readings: readonly IngressReading[]): Told[] {
  return (Object.keys(SERVER_WORDS) as (keyof typeof SERVER_WORDS)[]).flatMap(field => {
    const asking = readings.filter(({ effect }) => effect.server?.[field] !== undefined);
    const [owner, ...others] = asking;
    return others
      .filter(({ effect }) => !isDeepStrictEqual(effect.server?.[field], owner?.effect.server?.[field]))
      .flatMap((reading): Told[] => {
        if (owner === undefined) return [];
        const place = host === CATCH_ALL_HOST ? 'hosts that no rule names' : host;
        const message = `for ${place}, ${SERVER_WORDS[field]} is that of Ingress ${nameFor(owner.ingress, reading.ingress)}, which is older`;
        return [{ ingress: reading.ingress, kind: 'SettingLost', message, mend: 'say it in one of them' }];
      });
  });
}
