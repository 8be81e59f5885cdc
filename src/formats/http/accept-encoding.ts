import { listElements, parametersOf } from './list.ts';

/** A weight (RFC 9110 section 12.4.2). */
const WEIGHT = /^(?:0(?:\.[0-9]{0,3})?|1(?:\.0{0,3})?)$/;

/**
 * The coding that a client likes best of those that are offered (RFC 9110 section 12.5.3).
 * @param accepted what Accept-Encoding says; empty for a client that sent none, which is taken to know no coding
 * @param offered in lower case; of those that the client likes alike, the first wins
 * @returns undefined where the client takes none of them, or likes the plain content better
 */
export function preferredCoding<Coding extends string>(
  accepted: string,
  offered: readonly Coding[],
): Coding | undefined {
  if (accepted === '') return undefined;
  const weights = weightsOf(accepted);
  const anyOther = weights.get('*') ?? 0;
  let best: Coding | undefined;
  let bestWeight = 0;
  for (const coding of offered) {
    const weight = weights.get(coding) ?? anyOther;
    if (weight <= bestWeight) continue;
    best = coding;
    bestWeight = weight;
  }
  // Plain content is acceptable unless the client says otherwise, and liked better only where it says so.
  return (weights.get('identity') ?? 0) > bestWeight ? undefined : best;
}

/** The first element of a name counts. One whose weight cannot be read counts as not acceptable. */
function weightsOf(accepted: string): ReadonlyMap<string, number> {
  const weights = new Map<string, number>();
  for (const element of listElements(accepted)) {
    const [coding, ...parameters] = parametersOf(element);
    if (coding === undefined) continue;
    // RFC 9110 section 8.4.1.3: x-gzip is another name of gzip.
    const name = coding.name === 'x-gzip' ? 'gzip' : coding.name;
    if (!weights.has(name)) weights.set(name, weightOf(parameters.find(parameter => parameter.name === 'q')?.value));
  }
  return weights;
}

function weightOf(text: string | undefined): number {
  if (text === undefined) return 1;
  return WEIGHT.test(text) ? Number(text) : 0;
}
