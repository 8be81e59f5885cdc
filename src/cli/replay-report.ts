/** What `kube-entry replay` prints for people. */
import { COMPARED_HEADERS } from '../replay/answer.ts';
import type { Findings, Kind, Skip } from '../replay/tally.ts';
import { plural } from '../text/labels.ts';
import { printable } from '../text/printable.ts';
import type { Io } from './io.ts';
import { formatTable } from './terminal/table.ts';

/** Why lines were not sent, and what to do where something can be done. */
const SKIPPED: Readonly<Record<Skip, string>> = {
  format: 'in no known format: nginx’s combined, ingress-nginx’s default, or kube-entry’s JSON',
  request: 'of clients that sent no HTTP request',
  method: 'of other methods: --method sends them, too',
  host: 'of other hosts',
  hostless: 'without a host, as nginx writes them by default: --host says whose they are',
  length: 'that are longer than 256 KiB',
};

const HEADINGS: Readonly<Record<string, string>> = { answer: 'No answer', status: 'Status', body: 'Body' };

export function replayReport(findings: Findings, ends: { readonly a: string; readonly b: string }, io: Io): string {
  const { compared, equal, different, unsteady, otherPages, skipped, differences, stopped } = findings;
  const { paint } = io;
  const sections = [
    `A  ${printable(ends.a)}\nB  ${printable(ends.b)}`,
    ...differences.map(kind => kindReport(kind, io)),
  ];
  const reasons = (Object.keys(SKIPPED) as Skip[]).filter(reason => skipped[reason] > 0);
  if (reasons.length > 0) {
    const lines = reasons.map(reason => `  ${plural(skipped[reason], 'line')} ${SKIPPED[reason]}`);
    sections.push(`${paint('bold', 'Not sent')}\n${lines.join('\n')}`);
  }
  if (unsteady > 0) {
    sections.push(
      `${plural(unsteady, 'request')} cannot be compared: A itself answers the same request differently each time`,
    );
  }
  if (otherPages > 0) {
    const answers = plural(otherPages, 'redirect or error', 'redirects and errors');
    sections.push(`${answers} with other pages, which are not compared: --pages compares them, too`);
  }
  if (stopped !== undefined) sections.push(paint('yellow', `Ended early: ${printable(stopped)}`));
  const counts = `${plural(compared, 'request')} compared, ${equal} equal, ${different} different`;
  sections.push(paint(different === 0 ? 'green' : 'red', counts));
  return sections.join('\n\n');
}

function kindReport({ what, change, count, examples }: Kind, { paint, terminal }: Io): string {
  const name = HEADINGS[what] ?? (COMPARED_HEADERS.includes(what) ? capitalized(what) : what);
  const heading = `${name}${change === undefined ? '' : ` ${printable(change)}`}: ${plural(count, 'request')}`;
  const rows = examples.map(({ method, host, target, against, with: other }) => {
    const request = `${method} ${host}${target}`;
    return change === undefined ? [request, against, other] : [request];
  });
  const header = change === undefined ? ['FOR EXAMPLE', 'A', 'B'] : ['FOR EXAMPLE'];
  return `${paint('bold', heading)}\n${formatTable(header, rows, { indent: '  ', width: terminal?.columns, paint })}`;
}

/** `content-type` as people write it. */
function capitalized(name: string): string {
  return name === 'www-authenticate' ? 'WWW-Authenticate' : name.replace(/\b[a-z]/g, letter => letter.toUpperCase());
}
