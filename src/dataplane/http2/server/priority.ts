import { listElements } from '../../../formats/http/list.ts';

/** RFC 9218 section 4: what a client says of a request's place among others. */
export interface Priority {
  /** 0 to 7; smaller ones are served first. */
  readonly urgency: number;
  /** Parts of the response are of use: it shares what there is with others. */
  readonly isIncremental: boolean;
}

export const URGENCIES = 8;

const URGENCY = 3;

export const DEFAULT_PRIORITY: Priority = { urgency: URGENCY, isIncremental: false };

/** Most fields are one of a few: browsers say the same again and again. */
const KNOWN = new Map<string, Priority>();
const MAX_KNOWN = 64;

/** @param field of a request, or of PRIORITY_UPDATE (RFC 8941 dictionary); what is wrong in it is ignored */
export function priorityOf(field: string): Priority {
  if (field === '') return DEFAULT_PRIORITY;
  const known = KNOWN.get(field);
  if (known !== undefined) return known;
  const priority = read(field);
  if (KNOWN.size < MAX_KNOWN && field.length <= 16) KNOWN.set(field, priority);
  return priority;
}

function read(field: string): Priority {
  let { urgency, isIncremental } = DEFAULT_PRIORITY;
  for (const member of listElements(field)) {
    const [word] = member.split(';', 1);
    const match = /^(u|i)(?:=(.*))?$/.exec((word ?? '').trim());
    if (match === null) continue;
    const [, key, value] = match;
    if (key === 'u' && value !== undefined && /^[0-7]$/.test(value)) urgency = Number(value);
    else if (key === 'i' && (value === undefined || value === '?1')) isIncremental = true;
    else if (key === 'i' && value === '?0') isIncremental = false;
  }
  return { urgency, isIncremental };
}
