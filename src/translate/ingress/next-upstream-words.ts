/** When nginx passes a request to the next upstream, as its directive `proxy_next_upstream` says it. */
import { FormatError } from '../../errors.ts';
import { quote } from '../../text/quote.ts';

export interface NextUpstream {
  /** Of answers after which a request is sent elsewhere. */
  readonly statuses: readonly number[];
  readonly nonIdempotent: boolean;
  readonly isOff: boolean;
  /** The head of an answer cannot be read. */
  readonly onBrokenHead: boolean;
}

const STATUS = /^http_(500|502|503|504|403|404|429)$/;
const OTHERS: ReadonlySet<string> = new Set(['error', 'timeout', 'invalid_header', 'non_idempotent', 'off']);

/** @throws FormatError */
export function parseNextUpstream(text: string): NextUpstream {
  const words = text.trim().split(/\s+/);
  const wrong = words.find(word => !STATUS.test(word) && !OTHERS.has(word));
  if (wrong !== undefined)
    throw new FormatError(`${quote(wrong)} is none of its words: write error, timeout, http_503 and the like`);
  const statuses = words.flatMap(word => STATUS.exec(word)?.[1] ?? []).map(Number);
  return {
    statuses: [...new Set(statuses)],
    nonIdempotent: words.includes('non_idempotent'),
    isOff: words.includes('off'),
    onBrokenHead: words.includes('invalid_header'),
  };
}
