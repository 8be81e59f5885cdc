/** The report as Markdown, for an issue or a wiki. What stands in objects is shown as code, so that it marks nothing up. */
import { printable } from '../../text/printable.ts';
import type { Finding, IngressReport, MigrationReport } from '../report.ts';
import {
  conclusion,
  countsOf,
  GENERAL,
  GENERAL_HEADING,
  generalFindings,
  ingressCount,
  ingressNames,
  notable,
  ownFindings,
  silenceText,
  TAKE_OVER,
  UNREAD,
  VERDICT_MEANING,
} from './words.ts';

export function markdownReport(report: MigrationReport): string {
  const { controller, flags, config, values, ingresses, otherIngresses, serveWith, takeOverWith, notes, unread } =
    report;
  const sections = [
    `# From ingress-nginx to kube-entry\n\n**${conclusion(report)}** ${countsOf(ingresses)}.`,
    `Start it with:\n\n${code(`kube-entry serve ${serveWith.join(' ')}`, '    ')}`,
  ];
  if (takeOverWith.length > 0) sections.push(`${TAKE_OVER}:\n\n${code(takeOverWith.join(' '), '    ')}`);
  const facts = [
    ...(controller === undefined ? [] : [`Flags of ${escaped(controller)}.`]),
    ...(otherIngresses === 0 ? [] : [`${ingressCount(otherIngresses)} of other classes: left out.`]),
    ...notes.map(note => escaped(note)),
  ];
  if (facts.length > 0) sections.push(facts.map(fact => `- ${fact}`).join('\n'));
  if (unread.length > 0) sections.push(`## ${UNREAD}\n\n${unread.map(text => `- ${escaped(text)}`).join('\n')}`);
  for (const [heading, findings] of [
    ['Flags of the controller', flags],
    ['Its ConfigMap', config],
    ['Values of its chart', values],
  ] as const) {
    const shown = findings.filter(({ verdict }) => verdict !== 'works');
    if (shown.length > 0) sections.push(`## ${heading}\n\n${table(shown)}`);
  }
  for (const ingress of notable(ingresses)) sections.push(ingressSection(ingress));
  const general = generalFindings(ingresses).map(
    ({ field, reason, ingresses: names }) =>
      `- ${inline(field)}, ${ingressCount(names.length)} (${escaped(ingressNames(names))}): ${escaped(reason)}`,
  );
  if (general.length > 0) sections.push(`## ${GENERAL_HEADING}\n\n${general.join('\n')}`);
  sections.push(`## For all Ingresses\n\n${GENERAL.map(text => `- ${text}`).join('\n')}`);
  return sections.join('\n\n');
}

function ingressSection(ingress: IngressReport): string {
  const { namespace, name, verdict, silences } = ingress;
  const shown = ownFindings(ingress);
  const parts = [`## ${namespace}/${name}: ${verdict}`];
  if (shown.length > 0) parts.push(table(shown));
  if (silences.length > 0) {
    const items = silences.map(silence => {
      const mend = silence.mend === undefined ? '' : ` Mend: ${inline(silence.mend)}`;
      return `- ${escaped(silenceText(silence))}.${mend}`;
    });
    parts.push(`In ingress-nginx today:\n\n${items.join('\n')}`);
  }
  return parts.join('\n\n');
}

function table(findings: readonly Finding[]): string {
  const rows = findings.map(({ field, value, verdict, reason = VERDICT_MEANING[verdict], mend }) => {
    const cells = [
      inline(field),
      value === undefined ? '' : inline(value),
      verdict,
      escaped(reason),
      mend === undefined ? '' : inline(mend),
    ];
    return `| ${cells.join(' | ')} |`;
  });
  return ['| what | value | verdict | why | mend |', '|---|---|---|---|---|', ...rows].join('\n');
}

/** A code span, whose fence is longer than any in the text. Within tables only the bar needs an escape. */
function inline(text: string): string {
  const shown = printable(text.replace(/\s+/g, ' '));
  const longest = Math.max(0, ...(shown.match(/`+/g) ?? []).map(({ length }) => length));
  const fence = '`'.repeat(longest + 1);
  const space = shown.startsWith('`') || shown.endsWith('`') || shown === '' ? ' ' : '';
  return `${fence}${space}${shown}${space}${fence}`.replaceAll('|', '\\|');
}

function code(text: string, indent: string): string {
  return indent + printable(text.replace(/\s+/g, ' '));
}

/** Text that marks nothing up, and is no HTML either. */
function escaped(text: string): string {
  return printable(text.replace(/\s+/g, ' ')).replace(/[\\`*_{}[\]<>()#|!&~]/g, sign => `\\${sign}`);
}
