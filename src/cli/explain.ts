import { readClient } from '../admin/endpoint-choice-view.ts';
import { viewExplanation } from '../admin/explanation.ts';
import { ClusterReports } from '../control/cluster-reports.ts';
import { describeBodyLimit, describeTimeouts } from '../control/limits.ts';
import { SettingsError } from '../errors.ts';
import { serviceKey } from '../model/route.ts';
import { explain as explainRoute } from '../routing/explain.ts';
import { limitsOf } from '../settings/limits.ts';
import { hostLabel, plural } from '../text/labels.ts';
import { printable } from '../text/printable.ts';
import { askExplanation, type ExplanationAnswer, type TakingRoute } from './admin-answers.ts';
import { AdminClient, UnexpectedStatusError } from './admin-client.ts';
import { type Command, EXIT, type Invocation } from './command.ts';
import { choiceReport } from './endpoint-choice-report.ts';
import { explainReason, REASON_OPTION } from './explain-reason.ts';
import type { Io } from './io.ts';
import { formatAnswer, OUTPUT_OPTION, outputFormat } from './output.ts';
import { INGRESS_SETTINGS, readSource } from './read-source.ts';
import { type Fact, formatFacts, formatTable } from './terminal/table.ts';
import { upstreamLabel } from './upstream-label.ts';

interface Question {
  /** Host as a client would send it; empty when the request names none. */
  readonly host: string;
  /** Path and query, or a whole URL, whose host then counts. */
  readonly target: string;
}

const EXAMPLE = 'kube-entry explain /volume/api/v1/pools';

export const explain: Command = {
  name: 'explain',
  parameters: '[HOST]PATH',
  arity: { least: 0, most: 1 },
  summary: 'show which route takes a request, or why one failed',
  description: [
    'Asks a running instance, or reads Service manifests with --manifests.',
    'A whole URL works, too. Exits 1 if no route takes the request. Where a Service is balanced over its endpoints, each',
    'is shown with its share of such requests, or with the reason why it gets none. What the policies of the route would do',
    'is shown, too. --method, --client-ip and --header say more of the request, as policies, the balance hash and sticky',
    'cookies need it.',
    'With --reason it explains a reason of the access log; this needs no instance.',
  ].join('\n'),
  examples: [
    { line: EXAMPLE, note: 'for any host, of the running instance' },
    { line: 'kube-entry explain http://shop.example.com/cart?id=1', note: 'for one host' },
    { line: 'kube-entry explain --manifests services/ shop.example.com/cart', note: 'without a running instance' },
    { line: 'kube-entry explain --reason upstream_reset', note: 'what the last field of an access log line means' },
    {
      line: 'kube-entry explain --header "Cookie: INGRESSCOOKIE=…" /cart',
      note: 'which endpoint a cookie is bound to',
    },
    { line: 'kube-entry explain --output json /volume', note: 'for scripts' },
  ],
  settings: [
    'adminSocket',
    'manifests',
    'allowExternalName',
    ...INGRESS_SETTINGS,
    'balance',
    'engine',
    'mergeSlashes',
    'logLevel',
    'config',
  ],
  options: {
    method: { placeholder: 'METHOD', description: 'the method of the request; GET without it' },
    'client-ip': { placeholder: 'ADDRESS', description: 'the client of the request' },
    header: { placeholder: '"NAME: VALUE"', description: 'a header of the request; repeatable', isRepeatable: true },
    reason: REASON_OPTION,
    output: OUTPUT_OPTION,
  },
  async run(invocation) {
    const { flags, io } = invocation;
    const format = outputFormat(flags);
    const { reason } = flags.options;
    const [asked] = flags.positionals;
    if (typeof reason === 'string' && asked === undefined) {
      io.print(explainReason(reason, format, io));
      return EXIT.ok;
    }
    if (asked === undefined) throw new SettingsError([`explain: ${this.parameters} is missing, as in ${EXAMPLE}`]);
    if (reason !== undefined) throw new SettingsError([`explain: takes ${this.parameters} or --reason, not both`]);
    const question = readQuestion(asked);
    const answer = await askFor(question, invocation);
    io.print(formatAnswer(format, { ...question, ...view(answer) }, () => explanationReport(question, answer, io)));
    return answer?.route === undefined ? EXIT.no : EXIT.ok;
  },
};

/** What `--output json` and `yaml` print beside the question. `status` is that of an answer made here: none, 404 or 400. */
function view(answer: ExplanationAnswer | undefined): object {
  if (answer === undefined) return { status: 400 };
  const { route, losers, refusals } = answer;
  return route === undefined ? { status: 404, losers, refusals } : answer;
}

function explanationReport(question: Question, answer: ExplanationAnswer | undefined, { terminal, paint }: Io): string {
  const asked = printable(question.host + question.target);
  if (answer === undefined) {
    return `${asked} is refused with ${paint('red', '400')}: its host or path is malformed, or climbs above the root.`;
  }
  const { route, waiting, losers, refusals, upstreamTarget = '' } = answer;
  const sections: string[] = [];
  const layout = { indent: '  ', width: terminal?.columns, paint, lastIsProse: true };
  if (route === undefined) {
    sections.push(`No route takes ${asked}: it is answered with ${paint('red', '404')}.`);
  } else {
    const facts: Fact[] = [
      ['Route', `${hostLabel(route.host)} ${route.path}`],
      ...(answer.rule === undefined ? [] : [['Rule', answer.rule] as Fact]),
      ['Service', serviceKey(route.service)],
      upstreamFact(route, answer.endpoints !== undefined),
      ['It gets', upstreamTarget],
      ...canaryFacts(route),
      ...limitFacts(answer),
    ];
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
    const rows = refusals.map(({ service, reason = '', message }) => [serviceKey(service), reason, message]);
    const table = formatTable(['SERVICE', 'REASON', 'WHAT TO DO'], rows, layout);
    sections.push(`${paint('yellow', 'Refused Services that ask for this path')}\n${table}`);
  }
  if (losers.length > 0) {
    const rows = losers.map(({ route: { host, path, service }, reason }) => [
      hostLabel(host),
      path,
      serviceKey(service),
      reason,
    ]);
    const table = formatTable(['HOST', 'PATH', 'SERVICE', 'WHY NOT'], rows, layout);
    sections.push(`${paint('yellow', 'Other routes that are close')}\n${table}`);
  }
  return sections.join('\n\n');
}

/** @param areShown the endpoints are listed below, each with its share */
function upstreamFact({ backend }: TakingRoute, areShown: boolean): Fact {
  const { length } = backend.endpoints;
  if (length === 0) return ['Upstream', 'none: it is answered with 503', 'red'];
  return ['Upstream', areShown ? `${backend.balance} over ${plural(length, 'endpoint')}` : upstreamLabel(backend)];
}

function canaryFacts({ canary }: TakingRoute): Fact[] {
  if (canary === undefined) return [];
  const { backend, weight, weightTotal, header, headerValue, headerPattern, cookie } = canary;
  const value = headerValue || (headerPattern === undefined ? 'always' : `~${headerPattern}`);
  const share = weightTotal === undefined ? `${weight}%` : `${weight} of ${weightTotal}`;
  const rules = [
    header !== '' && `header ${header}: ${value}`,
    cookie !== '' && `cookie ${cookie}=always`,
    weight > 0 && `${share} of the other requests`,
  ].filter(rule => rule !== false);
  const who = rules.length === 0 ? 'it takes no request' : `it takes ${rules.join(', ')}`;
  const where = backend.endpoints.length === 0 ? 'no endpoint: it takes no request' : who;
  return [['Canary', printable(`${backend.name}: ${where}`)]];
}

function limitFacts({ route, limits }: ExplanationAnswer): Fact[] {
  if (route === undefined || limits === undefined) return [];
  return [
    ['Timeouts', describeTimeouts(limits, route.overrides)],
    ['Body limit', describeBodyLimit(limits, route.overrides)],
  ];
}

/** A hint for `volume/x`, which is read as host and path, where no route has that host and the host has no dot. */
function forgottenSlash({ host, target }: Question, route: TakingRoute | undefined): string | undefined {
  if (!/^[^.:[\]]+$/.test(host) || host === 'localhost' || route?.host === host) return undefined;
  const path = `/${host}${target === '/' ? '' : target}`;
  return printable(`This was read as host ${host} and path ${target}. Did you mean ${path}?`);
}

/**
 * Reads `/path`, `host/path`, `host` or a URL. Nothing is validated here: malformed input gets the answer that the
 * proxy would give it.
 */
export function readQuestion(argument: string): Question {
  // A request target in absolute form brings its own host (RFC 9112 section 3.2.2).
  if (/^[a-z][a-z0-9+.-]*:\/\//i.test(argument)) return { host: '', target: argument };
  const end = argument.search(/[/?#]/);
  const host = end < 0 ? argument : argument.slice(0, end);
  const target = argument.slice(host.length);
  return { host, target: target.startsWith('/') ? target : `/${target}` };
}

/** @returns undefined when the request would be refused with 400 */
async function askFor({ host, target }: Question, invocation: Invocation): Promise<ExplanationAnswer | undefined> {
  const { options } = invocation.flags;
  const clientIp = typeof options['client-ip'] === 'string' ? options['client-ip'] : '';
  const headerLines = typeof options.header === 'string' ? options.header.split('\n') : [];
  const method = typeof options.method === 'string' ? options.method.toUpperCase() : '';
  const client = readClient({ method, clientIp, headerLines });
  const { settings, flags, io } = invocation;
  // Only the flag: a container that serves manifests names them in its environment, and there the running one knows best.
  if (flags.values.manifests !== undefined && settings.manifests !== '') {
    const catalog = await readSource(settings, io);
    const explanation = explainRoute(catalog.table, host, target, settings.mergeSlashes);
    if (explanation === undefined) return undefined;
    const {
      host: _,
      path,
      ...answer
    } = viewExplanation(explanation, client, {
      reports: new ClusterReports(catalog),
      cluster: id => catalog.cluster(id),
      refusals: () => catalog.refusals(),
      conflicts: () => catalog.conflicts(),
      limits: limitsOf(settings),
    });
    return answer;
  }
  try {
    const asked = { host, target, method, clientIp, headerLines };
    return await askExplanation(new AdminClient(settings.adminSocket), asked);
  } catch (error) {
    if (error instanceof UnexpectedStatusError && error.status === 400) return undefined;
    throw error;
  }
}
