/** What `kube-entry explain` prints for people. */
import { describeCanary } from '../admin/canary-words.ts';
import { describeBodyLimit, describeTimeouts } from '../control/limits.ts';
import { serviceKey } from '../model/route.ts';
import type { LossReason, PortExplanation } from '../routing/explanation.ts';
import { hostLabel, objectLabel, plural, serviceLabel } from '../text/labels.ts';
import { printable } from '../text/printable.ts';
import type { ExplanationAnswer, ShownRoute, TakingRoute } from './admin-answers.ts';
import { choiceReport } from './endpoint-choice-report.ts';
import { backendsLabel, ruleLabel } from './gateway-routes-report.ts';
import type { Io } from './io.ts';
import { headingOf } from './routes-report.ts';
import { type Fact, formatFacts, formatTable } from './terminal/table.ts';
import { upstreamLabel } from './upstream-label.ts';

export interface Question {
  /** Host as a client would send it; empty when the request names none. */
  readonly host: string;
  /** Path and query, or a whole URL, whose host then counts. */
  readonly target: string;
}

const OTHER_HOST: LossReason = 'it is for another host';
/** Routes that are shown though they are for another host. */
const MOST_OTHER_HOSTS = 5;

/** The answer as a terminal shows it. @param answer undefined for a request that is refused with 400 */
export function explanationReport(
  question: Question,
  answer: ExplanationAnswer | undefined,
  { terminal, paint }: Io,
): string {
  const asked = printable(question.host + question.target);
  if (answer === undefined) {
    return `${asked} is refused with ${paint('red', '400')}: its host or path is malformed, or climbs above the root.`;
  }
  const { route, waiting, losers, refusals, at, gateways = [] } = answer;
  const sections: string[] = [];
  const layout = { indent: '  ', width: terminal?.columns, paint, lastIsProse: true };
  if (route === undefined) {
    sections.push(...refusalSections(asked, at, gateways, paint));
  } else {
    const facts = [...plainHttpFacts(question, answer), ...factsOf(answer, route)];
    sections.push(`${paint('bold', asked)}\n${formatFacts(facts, { indent: '  ', paint })}`);
    const does = answer.policies.map(one => [one.policy, printable(one.does)]);
    if (does.length > 0)
      sections.push(
        `${paint('bold', 'Policies, in this order')}\n${formatTable(['POLICY', 'WHAT IT DOES WITH THE REQUEST'], does, layout)}`,
      );
    if (answer.endpoints !== undefined) sections.push(choiceReport(answer.endpoints, layout));
  }
  const slip = forgottenSlash(question, route);
  if (slip !== undefined) sections.push(slip);
  if (route !== undefined && waiting.length > 0) {
    const why = `${serviceKey(route.service)} is older, or has the earlier name; this Service takes over when it goes`;
    const rows = waiting.map(service => [serviceKey(service), why]);
    const table = formatTable(['SERVICE', 'WHY IT WAITS'], rows, layout);
    sections.push(`${paint('yellow', 'Waiting for this host and path')}\n${table}`);
  }
  if (refusals.length > 0) {
    const rows = refusals.map(({ service, reason = '', message }) => [objectLabel(service), reason, message]);
    const table = formatTable([headingOf(refusals), 'REASON', 'WHAT TO DO'], rows, layout);
    sections.push(`${paint('yellow', 'Refused, though they ask for this path')}\n${table}`);
  }
  if (losers.length > 0) {
    const shown = closest(losers);
    const rows = shown.map(({ route: loser, reason }) => [
      hostLabel(loser.host),
      loser.path,
      ownerLabel(loser),
      reason,
    ]);
    const table = formatTable(['HOST', 'PATH', at === undefined ? 'SERVICE' : 'ROUTE', 'WHY NOT'], rows, layout);
    const hidden = losers.length - shown.length;
    const others = hidden === 0 ? '' : `\n  and ${plural(hidden, 'route')} for other hosts`;
    sections.push(`${paint('yellow', 'Other routes that are close')}\n${table}${others}`);
  }
  return sections.join('\n\n');
}

/** Nearly every host of a cluster has a route for `/`: of those that lose by their host alone, a few are shown, behind the others. */
function closest(losers: ExplanationAnswer['losers']): ExplanationAnswer['losers'] {
  const isOfOtherHost = ({ reason }: (typeof losers)[number]): boolean => reason === OTHER_HOST;
  return [...losers.filter(one => !isOfOtherHost(one)), ...losers.filter(isOfOtherHost).slice(0, MOST_OTHER_HOSTS)];
}

/** @param areShown the endpoints are listed below, each with its share */
function upstreamFact(route: TakingRoute, areShown: boolean): Fact {
  const { backend } = route;
  if (isShared(route)) return ['Upstream', printable(`shared by weight: ${backendsLabel(route)}`)];
  const { length } = backend.endpoints;
  if (length === 0) return ['Upstream', `none: it is answered with ${backend.absentStatus ?? 503}`, 'red'];
  return ['Upstream', areShown ? `${backend.balance} over ${plural(length, 'endpoint')}` : upstreamLabel(backend)];
}

/** What comes before all the rest, unless the question is about https. */
function plainHttpFacts({ target }: Question, { plainRedirect }: ExplanationAnswer): Fact[] {
  if (plainRedirect === undefined || /^https:/i.test(target)) return [];
  const { status, location } = plainRedirect;
  return [['Over http', printable(`answered with ${status}, which sends it to ${location}; the rest is for https`)]];
}

function canaryFacts({ canary }: TakingRoute): Fact[] {
  return canary === undefined ? [] : [['Canary', printable(describeCanary(canary))]];
}

function limitFacts({ limits, limitOrigins }: ExplanationAnswer): Fact[] {
  if (limits === undefined) return [];
  return [
    ['Timeouts', describeTimeouts(limits, limitOrigins)],
    ['Body limit', describeBodyLimit(limits, limitOrigins)],
  ];
}

/** A hint for `volume/x`, which is read as host and path, where no route has that host and the host has no dot. */
function forgottenSlash({ host, target }: Question, route: TakingRoute | undefined): string | undefined {
  if (!/^[^.:[\]]+$/.test(host) || host === 'localhost' || route?.host === host) return undefined;
  const path = `/${host}${target === '/' ? '' : target}`;
  return printable(`This was read as host ${host} and path ${target}. Did you mean ${path}?`);
}

/** Why a request gets no further, and where else it may be meant to go. */
function refusalSections(
  asked: string,
  at: PortExplanation | undefined,
  gateways: readonly string[],
  paint: Io['paint'],
): string[] {
  if (at?.sessionListener !== undefined) {
    const listeners = `${at.listener} takes the host, and the TLS session is one of ${at.sessionListener || 'no listener'}`;
    return [printable(`${asked} is answered with `) + paint('red', '421') + printable(`: the listener ${listeners}.`)];
  }
  const answered = `: it is answered with ${paint('red', '404')}.`;
  if (at !== undefined) {
    const where = at.listener === '' ? `no listener at ${at.port} takes the host` : `the listener is ${at.listener}`;
    return [printable(`No route takes ${asked}`) + answered, printable(`It comes to ${at.port}: ${where}.`)];
  }
  const hint = `If it is meant for a Gateway, say which with --gateway: ${gateways.join(', ')}`;
  return [printable(`No route takes ${asked}`) + answered, ...(gateways.length > 0 ? [printable(hint)] : [])];
}

function factsOf(answer: ExplanationAnswer, route: TakingRoute): Fact[] {
  const { at, rule, upstreamTarget = '' } = answer;
  return [
    ...(at === undefined ? [] : [['Listener', printable(`${at.listener} at ${at.port}`)] as Fact]),
    ['Route', `${hostLabel(route.host)} ${route.path}`],
    ...(route.gateway === undefined ? [] : [['Of', printable(ruleLabel(route.gateway))] as Fact]),
    ...(route.ingress === undefined ? [] : [['Of', `Ingress ${serviceKey(route.ingress)}`] as Fact]),
    ...(rule === undefined ? [] : [['Rule', printable(rule)] as Fact]),
    ...(isShared(route) ? [] : [['Service', serviceLabel(route.service)] as Fact]),
    upstreamFact(route, answer.endpoints !== undefined),
    ['It gets', upstreamTarget],
    ...canaryFacts(route),
    ...limitFacts(answer),
  ];
}

/** Several backends share its requests. */
function isShared({ backends = [] }: ShownRoute): boolean {
  return backends.length > 1;
}

/** Whose the route is. */
function ownerLabel({ gateway, service }: ShownRoute): string {
  return gateway === undefined ? serviceLabel(service) : ruleLabel(gateway);
}
