/** What `kube-entry migrate` prints on a terminal. */

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
  unjudged,
  VERDICT_MEANING,
} from '../migrate/render/words.ts';
import type { Finding, IngressReport, MigrationReport, Verdict } from '../migrate/report.ts';
import type { Style } from '../text/colour.ts';
import { plural } from '../text/labels.ts';
import { printable } from '../text/printable.ts';
import type { Io } from './io.ts';
import { wrapToWidth } from './terminal/width.ts';

const STYLE: Readonly<Record<Verdict, Style>> = {
  works: 'green',
  dead: 'dim',
  differs: 'yellow',
  unsupported: 'red',
  refused: 'red',
};

/** Of a terminal that does not say it. */
const USUAL_WIDTH = 120;
const MOST_VALUE = 120;

export function migrateReport(report: MigrationReport, io: Io): string {
  const { controller, flags, config, values, ingresses, otherIngresses, serveWith, takeOverWith, notes, unread } =
    report;
  const { paint } = io;
  const sections: string[] = [];
  const facts = [
    ...(controller === undefined ? [] : [`Flags of ${controller}`]),
    ...(otherIngresses === 0 ? [] : [`${ingressCount(otherIngresses)} of other classes: left out`]),
    ...notes,
  ];
  if (facts.length > 0) sections.push(facts.map(fact => printable(fact)).join('\n'));
  if (unread.length > 0) sections.push(unreadText(unread, io));
  for (const [heading, findings] of [
    ['Flags of the controller', flags],
    ['Its ConfigMap', config],
    ['Values of its chart', values],
  ] as const) {
    const lines = findings.filter(({ verdict }) => verdict !== 'works').map(finding => findingText(finding, io));
    if (lines.length > 0) sections.push([paint('bold', heading), ...lines].join('\n'));
  }
  for (const ingress of notable(ingresses)) sections.push(ingressText(ingress, io));
  const general = generalFindings(ingresses).map(({ field, reason, ingresses: names }) =>
    [
      `  ${printable(field)}: ${ingressCount(names.length)}`,
      item(reason, '    ', io),
      item(`in ${ingressNames(names)}`, '    ', io),
    ].join('\n'),
  );
  if (general.length > 0) sections.push([paint('bold', GENERAL_HEADING), ...general].join('\n'));
  sections.push([paint('bold', 'For all Ingresses'), ...GENERAL.map(text => item(text, '  ', io))].join('\n'));
  sections.push(`${paint('bold', 'Start it with')}\n  kube-entry serve ${printable(serveWith.join(' '))}`);
  if (takeOverWith.length > 0) {
    sections.push(`${paint('bold', TAKE_OVER)}\n  ${printable(takeOverWith.join(' '))}`);
  }
  sections.push(
    `${countsOf(ingresses)}\n${paint(report.isLossy || unread.length > 0 ? 'red' : 'green', conclusion(report))}`,
  );
  return sections.join('\n\n');
}

/** The values of ingress-nginx's chart that ours is not given, with what to do instead; undefined: there are none. */
export function leftOutReport({ values }: MigrationReport, io: Io): string | undefined {
  const lines = values.map(finding => findingText(finding, io));
  return lines.length === 0 ? undefined : [io.paint('bold', 'Values that are left out'), ...lines].join('\n');
}

/** What `kube-entry migrate --to gateway` says of the manifests that it has written. @param count of manifests */
export function gatewayReport(report: MigrationReport, count: number, io: Io): string {
  const { ingresses, otherIngresses, notes, unread, isLossy } = report;
  const { paint } = io;
  const left = otherIngresses === 0 ? [] : [`${ingressCount(otherIngresses)} of other classes: left out`];
  const facts = [...left, ...notes].map(fact => printable(fact));
  const told = notable(ingresses).map(ingress => ingressText({ ...ingress, silences: [] }, io));
  const end = isLossy
    ? 'Something would be lost: read what is unsupported or refused first.'
    : 'Nothing would be lost.';
  const written = `${plural(count, 'object')} for ${countsOf(ingresses)}`;
  return [
    ...(facts.length > 0 ? [facts.join('\n')] : []),
    ...(unread.length > 0 ? [unreadText(unread, io)] : []),
    ...told,
    `${written}\n${paint(isLossy || unread.length > 0 ? 'red' : 'green', end + unjudged(unread))}`,
  ].join('\n\n');
}

function unreadText(unread: MigrationReport['unread'], io: Io): string {
  return [io.paint('red', UNREAD), ...unread.map(text => item(text, '  ', io))].join('\n');
}

function ingressText(ingress: IngressReport, io: Io): string {
  const { namespace, name, verdict, silences } = ingress;
  const { paint } = io;
  const lines = [`${paint('bold', `${namespace}/${name}`)}  ${paint(STYLE[verdict], verdict)}`];
  for (const finding of ownFindings(ingress)) lines.push(findingText(finding, io));
  if (silences.length > 0) {
    lines.push('  in ingress-nginx today:');
    for (const silence of silences) {
      lines.push(item(silenceText(silence), '    ', io));
      if (silence.mend !== undefined) lines.push(mendLine(silence.mend, '      ', io));
    }
  }
  return lines.join('\n');
}

function findingText({ field, value, verdict, reason = VERDICT_MEANING[verdict], mend }: Finding, io: Io): string {
  const shown = value === undefined ? '' : `: ${cut(JSON.stringify(value))}`;
  const lines = [`  ${io.paint(STYLE[verdict], verdict)} ${printable(field + shown)}`, item(reason, '    ', io)];
  if (mend !== undefined) lines.push(mendLine(mend, '    ', io));
  return lines.join('\n');
}

function mendLine(mend: string, indent: string, { paint }: Io): string {
  return `${indent}${paint('cyan', `mend: ${printable(mend.replace(/\s+/g, ' '))}`)}`;
}

function item(text: string, indent: string, { terminal }: Io): string {
  const width = (terminal?.columns ?? USUAL_WIDTH) - indent.length;
  return wrapToWidth(printable(text.replace(/\s+/g, ' ')), Math.max(20, width))
    .map(line => indent + line)
    .join('\n');
}

function cut(text: string): string {
  return text.length <= MOST_VALUE ? text : `${text.slice(0, MOST_VALUE)}…`;
}
