/** `explain --reason WORD`: what a reason of the access log means, and what to do. Asks no instance. */

import { SettingsError } from '../errors.ts';
import { FAILURE_REASONS, FAILURES, type FailureReason } from '../failures/failures.ts';
import type { CommandOption } from '../settings/flags.ts';
import { closest } from '../text/closest.ts';
import { quote } from '../text/quote.ts';
import type { Io } from './io.ts';
import { formatAnswer, type OutputFormat } from './output.ts';
import { formatTable } from './terminal/table.ts';
import { wrapToWidth } from './terminal/width.ts';

/** In place of a reason: all of them. */
const ALL = 'list';

const WIDTH = 100;

export const REASON_OPTION: CommandOption = {
  placeholder: 'WORD',
  description: `what a reason of the access log means and what to do; ${ALL} prints every reason`,
  words: [...FAILURE_REASONS, ALL],
};

/** @throws SettingsError for a word that is no reason */
export function explainReason(word: string, format: OutputFormat, { terminal, paint }: Io): string {
  const width = Math.min(WIDTH, terminal?.columns ?? WIDTH);
  if (word === ALL) {
    return formatAnswer(format, { reasons: FAILURE_REASONS.map(view) }, () => {
      const rows = FAILURE_REASONS.map(reason => [reason, statusOf(reason), FAILURES[reason].meaning]);
      return formatTable(['REASON', 'STATUS', 'MEANING'], rows, { width: terminal?.columns, paint, lastIsProse: true });
    });
  }
  const reason = FAILURE_REASONS.find(known => known === word);
  if (reason === undefined) {
    const near = closest(word, FAILURE_REASONS);
    const hint = near === undefined ? '' : `; did you mean ${near}?`;
    throw new SettingsError([
      `--reason: ${quote(word)} is not a reason${hint || ';'} --reason ${ALL} prints every reason`,
    ]);
  }
  return formatAnswer(format, view(reason), () => {
    const { meaning, remedy, mayRetry } = FAILURES[reason];
    const retry = mayRetry ? ['The request may have been sent a second time before it failed.'] : [];
    const title = `${paint('bold', reason)}  ${statusOf(reason)}, because of ${SOURCES[FAILURES[reason].source]}`;
    return [title, ...[meaning, remedy, ...retry].flatMap(sentence => indented(sentence, width))].join('\n');
  });
}

const SOURCES = {
  client: 'the client',
  upstream: 'the upstream',
  entry: 'the entry or its configuration',
} as const;

function statusOf(reason: FailureReason): string {
  const { status } = FAILURES[reason];
  return status === 0 ? 'cut' : String(status);
}

/** What `--output json` and `yaml` print. */
function view(reason: FailureReason): object {
  const { status, source, mayRetry, meaning, remedy } = FAILURES[reason];
  return { reason, status: status === 0 ? null : status, source, mayRetry, meaning, remedy };
}

function indented(sentence: string, width: number): string[] {
  return wrapToWidth(sentence, width - 2).map(line => `  ${line}`);
}
