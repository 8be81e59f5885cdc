/** Writes deploy/reasons.md from the table of failure reasons: `npm run docs:reasons`. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { FAILURE_REASONS, FAILURES, type FailureReason, type FailureSource } from '../src/failures/failures.ts';

export const REFERENCE_FILE: string = join(import.meta.dirname, 'reasons.md');

const INTRODUCTION = `# Why a request failed

Made from src/failures/failures.ts by \`npm run docs:reasons\`.

The reason is the last field of a line of the access log (\`reason\` in JSON; a dash when the request did not fail), the label
\`reason\` of \`kube_entry_request_failures_total\`, and the field \`reason\` of the program's log. The words are stable.
\`kube-entry explain --reason WORD\` prints the same as this page.

*Cut* means that the response had begun: its status stays, and it arrives without its end. A request that a client left
before it was answered has 499 in the log only. In the column *retry*, *yes* says that the request may have been sent a
second time before it failed.
`;

const HEADINGS: Readonly<Record<FailureSource, string>> = {
  client: 'Because of the client',
  upstream: 'Because of the upstream',
  entry: 'Because of the entry, or its configuration',
};

/** The whole of the file. */
export function reasonsReference(): string {
  const sections = [...Map.groupBy(FAILURE_REASONS, reason => FAILURES[reason].source)].map(([source, reasons]) =>
    [
      `## ${HEADINGS[source]}`,
      '',
      '| reason | status | retry | what happened | what to do |',
      '| --- | --- | --- | --- | --- |',
      ...reasons.map(row),
      '',
    ].join('\n'),
  );
  return [INTRODUCTION, ...sections].join('\n');
}

function row(reason: FailureReason): string {
  const { status, mayRetry, meaning, remedy } = FAILURES[reason];
  return `| \`${reason}\` | ${status === 0 ? '*cut*' : status} | ${mayRetry ? 'yes' : ''} | ${meaning} | ${remedy} |`;
}

if (import.meta.main) writeFileSync(REFERENCE_FILE, reasonsReference());
