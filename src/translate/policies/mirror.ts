import { FormatError } from '../../errors.ts';
import type { MirrorPolicy } from '../../model/policy.ts';
import { quote } from '../../text/quote.ts';
import { parseServiceReference, type ServiceReference } from '../service-reference.ts';
import { definePolicy } from './policy-definition.ts';

const EXAMPLE = 'shadow 10%';

export const MIRROR = definePolicy<MirrorPolicy>({
  rows: [
    {
      name: 'mirror',
      nginx: [],
      value: 'the name of another Service of the same namespace, with its port where wanted, and PERCENT%',
      help: 'Sends copies of requests there, of all of them or of so many percent. What becomes of a copy changes nothing for the client.',
      example: EXAMPLE,
    },
  ],
  read(values) {
    const mirror = values.read('mirror', parseMirror);
    const cluster = mirror && values.clusterOfService('mirror', mirror.reference);
    return cluster === undefined ? undefined : { kind: 'mirror', cluster, percent: mirror?.percent ?? 0 };
  },
  explain: ({ cluster, percent }) =>
    `sends a copy to ${cluster}${percent === 100 ? '' : ` of ${percent} in a hundred requests`}; its answer is thrown away`,
});

/** @throws FormatError */
function parseMirror(text: string): { readonly reference: ServiceReference; readonly percent: number } {
  const [name = '', share = '100%', ...others] = text.trim().split(/\s+/);
  const [, number = ''] = /^(\d{1,3}(?:\.\d{1,3})?)%$/.exec(share) ?? [];
  const percent = number === '' ? Number.NaN : Number(number);
  if (others.length > 0 || !(percent > 0 && percent <= 100)) {
    throw new FormatError(
      `${quote(text)} must be the name of a Service and a share from above 0% to 100%, as in "${EXAMPLE}"`,
    );
  }
  return { reference: parseServiceReference(name), percent };
}
