import { NGINX_PREFIX } from '../../translate/ingress/ingress-values.ts';
import type { IngressReading } from '../../translate/ingress/read-ingress.ts';
import { line } from '../mends.ts';
import { type Surroundings, some, type Told } from './host.ts';

/** A rewrite without a capture leaves out all that follows the path of the location. */
export function droppedPaths({ readings }: Surroundings): Told[] {
  return readings.flatMap(reading => ofIngress(reading));
}

function ofIngress({ ingress, effect, rules }: IngressReading): Told[] {
  const { rewrite } = effect.paths ?? {};
  if (rewrite === undefined || /^https?:/i.test(rewrite.target)) return [];
  const paths = [...new Set(rules.flatMap(rule => rule.paths.map(({ path }) => path)))];
  const used = [...rewrite.target.matchAll(/\$(\d)/g)].map(([, digit]) => Number(digit));
  const lost = paths.filter(path => !path.endsWith('$') && !used.some(group => group <= groupsOf(path)));
  const [first] = lost;
  if (first === undefined) return [];
  const stem = first.replace(/\/$/, '');
  // A path with groups of its own is mended by a person.
  const mend =
    groupsOf(first) === 0
      ? `path: ${stem}(/|$)(.*) with ${line(`${NGINX_PREFIX}rewrite-target`, `${rewrite.target.replace(/\/$/, '')}/$2`)}`
      : undefined;
  return [
    {
      ingress,
      kind: 'PathDropped',
      message: `rewrite-target ${JSON.stringify(rewrite.target)} has no capture of ${some(lost)}: every path below becomes ${rewrite.target}, as in ${stem}/page`,
      ...(mend && { mend }),
    },
  ];
}

/** Capturing groups of a pattern: brackets that open none of the special ones. */
function groupsOf(path: string): number {
  return path.replace(/\\./g, '').match(/\((?!\?)|\(\?P?<(?![=!])/g)?.length ?? 0;
}
