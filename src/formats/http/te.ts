import { listElements, parametersOf } from './list.ts';

/** Whether TE (RFC 9110 section 10.1.4) says that the sender takes trailers. */
export function acceptsTrailers(te: string): boolean {
  return listElements(te).some(coding => parametersOf(coding)[0]?.name === 'trailers');
}
