import { CATCH_ALL_HOST, serviceKey } from '../../model/route.ts';
import type { HostLocations, Location } from '../../translate/ingress/locations.ts';
import type { IngressReading } from '../../translate/ingress/read-ingress.ts';
import { nameFor, ruledLocations, type Surroundings, some, type Told } from './host.ts';

/** One Ingress makes regular expressions of all paths of a host, those of other Ingresses and namespaces too. */
export function regexMode({ hosts }: Surroundings): Told[] {
  return [...hosts.values()].filter(({ isRegex }) => isRegex).flatMap(ofHost);
}

function ofHost(host: HostLocations): Told[] {
  const causes = host.readings.filter(causesRegex);
  const [cause] = causes;
  if (cause === undefined) return [];
  const name = host.host === CATCH_ALL_HOST ? 'requests for hosts that no rule names' : host.host;
  const changed = Map.groupBy(
    ruledLocations(host).filter(({ reading, path }) => path !== '/' && !causes.includes(reading)),
    ({ reading }) => reading,
  );
  const others = [...changed].map(([reading, locations]): Told => {
    const [first] = locations as [Location];
    const example = `${first.path} takes ${first.path}x and ${upperCase(first.path)}, too`;
    return {
      ingress: reading.ingress,
      kind: 'RegexMode',
      message: `for ${name}, the paths ${some(locations.map(({ path }) => path))} are regular expressions without regard to case, because of ${annotationOf(cause)} of Ingress ${nameFor(cause.ingress, reading.ingress)}: ${example}`,
      mend: `give the paths of ${serviceKey(cause.ingress)} a host of their own`,
    };
  });
  if (others.length === 0) return [];
  const names = some([...changed.keys()].map(reading => nameFor(reading.ingress, cause.ingress)));
  const own: Told = {
    ingress: cause.ingress,
    kind: 'RegexMode',
    message: `${annotationOf(cause)} makes regular expressions of all paths of ${name}, also of those of other Ingresses: ${names}`,
    mend: 'give these paths a host of their own',
  };
  return [own, ...others];
}

function causesRegex({ effect }: IngressReading): boolean {
  return effect.paths?.useRegex === true || effect.paths?.rewrite !== undefined;
}

function annotationOf({ effect }: IngressReading): string {
  return effect.paths?.useRegex === true ? 'use-regex' : 'rewrite-target';
}

function upperCase(path: string): string {
  return path === path.toUpperCase() ? path.toLowerCase() : path.toUpperCase();
}
