import { FormatError } from '../../errors.ts';
import { isIdempotent } from '../../formats/http/methods.ts';
import type { RetryPolicy } from '../../model/policy.ts';
import { quote } from '../../text/quote.ts';
import { definePolicy, type ExplainedRequest } from './policy-definition.ts';

const MOST_ATTEMPTS = 5;
/** Answers that another pod may not give; as nginx's proxy_next_upstream, and all others that say the fault is the server's. */
const STATUS = /^(?:403|404|429|5[0-9]{2})$/;
const VALUE = /^(\S+)\s+on\s+([^\s,]+(?:\s*,\s*[^\s,]+)*)(?:\s+(\S+))?$/;
const EXAMPLE = '2 on 503,504';
const GRAMMAR = `as in "${EXAMPLE}" or "${EXAMPLE} non-idempotent"`;

export const RETRY = definePolicy<RetryPolicy>({
  rows: [
    {
      name: 'retry',
      nginx: [],
      value: 'NUMBER on STATUSES, and non-idempotent behind it for POST, PATCH and the like',
      help:
        'Sends a request again, so many times at most and to another pod if there is one, where a pod answers with one of the statuses ' +
        '(403, 404, 429, 500 to 599); a body of more than 64 KiB is not sent twice.',
      example: EXAMPLE,
    },
  ],
  read(values) {
    const read = values.read('retry', parseRetry);
    return read && { kind: 'retry', ...read };
  },
  explain,
});

/** @throws FormatError naming the part that cannot be read */
function parseRetry(text: string): Omit<RetryPolicy, 'kind'> {
  const [, number = '', list = '', last] = VALUE.exec(text.trim()) ?? [];
  if (number === '') throw new FormatError(`${quote(text)} cannot be read: write a number and statuses, ${GRAMMAR}`);
  const attempts = Number(number);
  if (!/^[0-9]+$/.test(number) || attempts < 1 || attempts > MOST_ATTEMPTS)
    throw new FormatError(
      `${quote(number)} is no number from 1 to ${MOST_ATTEMPTS}: write how often to try again, ${GRAMMAR}`,
    );
  const statuses = list.split(',').map(status => parseStatus(status.trim()));
  if (last !== undefined && last !== 'non-idempotent')
    throw new FormatError(`${quote(last)} is not known here: write non-idempotent, or nothing`);
  return { attempts, statuses: [...new Set(statuses)], nonIdempotent: last !== undefined };
}

function parseStatus(text: string): number {
  if (!STATUS.test(text))
    throw new FormatError(`${quote(text)} is no status to try again on: write 403, 404, 429 or 500 to 599`);
  return Number(text);
}

function explain({ attempts, statuses, nonIdempotent }: RetryPolicy, { method }: ExplainedRequest): string {
  if (!nonIdempotent && !isIdempotent(method))
    return `sends a ${method} once: it may do something twice, and the value does not say non-idempotent`;
  const times = attempts === 1 ? 'once' : `${attempts} times`;
  return `sends it again up to ${times} where a pod answers with ${statuses.join(', ')}`;
}
