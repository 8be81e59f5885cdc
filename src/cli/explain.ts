import { readClient } from '../admin/endpoint-choice-view.ts';
import { explainAsked, viewExplanation } from '../admin/explanation.ts';
import { ClusterReports } from '../control/cluster-reports.ts';
import { RouteReports } from '../control/route-reports.ts';
import { FormatError, SettingsError } from '../errors.ts';
import { limitsOf } from '../settings/limits.ts';
import { printable } from '../text/printable.ts';
import { quote } from '../text/quote.ts';
import { askExplanation, type ExplanationAnswer } from './admin-answers.ts';
import { AdminClient, UnexpectedStatusError } from './admin-client.ts';
import { type Command, EXIT, type Invocation } from './command.ts';
import { explainReason, REASON_OPTION } from './explain-reason.ts';
import { explanationReport, type Question } from './explanation-report.ts';
import { formatAnswer, OUTPUT_OPTION, outputFormat } from './output.ts';
import { GATEWAY_SETTINGS, INGRESS_SETTINGS, readSource } from './read-source.ts';

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
    'is shown, too. --method, --client-ip, --header and --query say more of the request, as rules of Gateways, policies, the',
    'balance hash and sticky cookies need it.',
    'Which rule of a Gateway takes a request, and why others do not, is shown with --gateway or --port.',
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
    {
      line: 'kube-entry explain --gateway infra/web --header "version: two" shop.example.com/cart',
      note: 'which rule of a Gateway',
    },
    { line: 'kube-entry explain --output json /volume', note: 'for scripts' },
  ],
  settings: [
    'adminSocket',
    'manifests',
    'allowExternalName',
    ...INGRESS_SETTINGS,
    ...GATEWAY_SETTINGS,
    'balance',
    'engine',
    'mergeSlashes',
    'tlsListen',
    'httpsPort',
    'logLevel',
    'config',
  ],
  options: {
    method: { placeholder: 'METHOD', description: 'the method of the request; GET without it' },
    'client-ip': { placeholder: 'ADDRESS', description: 'the client of the request' },
    header: { placeholder: '"NAME: VALUE"', description: 'a header of the request; repeatable', isRepeatable: true },
    query: { placeholder: 'NAME=VALUE', description: 'a parameter of the query; repeatable', isRepeatable: true },
    gateway: {
      placeholder: 'GATEWAY',
      description: 'the Gateway that the request comes to: NAMESPACE/NAME, or its address',
    },
    port: { placeholder: 'PORT', description: 'the port of the Gateway, if it has several' },
    sni: { placeholder: 'NAME', description: 'the server name of the TLS session; the host without it' },
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
    const question = withQuery(readQuestion(asked), textOf(flags.options.query));
    const answer = await askFor(question, invocation);
    io.print(formatAnswer(format, { ...question, ...view(answer) }, () => explanationReport(question, answer, io)));
    return answer?.route === undefined ? EXIT.no : EXIT.ok;
  },
};

/** What `--output json` and `yaml` print beside the question. `status` is that of an answer made here: none, 400, 404 or 421. */
function view(answer: ExplanationAnswer | undefined): object {
  if (answer === undefined) return { status: 400 };
  const { route, at, gateways, losers, refusals } = answer;
  if (route !== undefined) return answer;
  return { status: at?.sessionListener === undefined ? 404 : 421, at, gateways, losers, refusals };
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

/** The question with further parameters, each escaped as far as it has to be. @param lines `NAME=VALUE`, a line each */
function withQuery({ host, target }: Question, lines: string | undefined): Question {
  if (lines === undefined) return { host, target };
  const parameters = lines.split('\n').map(line => {
    const equals = line.indexOf('=');
    if (equals <= 0) throw new SettingsError([`explain: --query ${quote(line)}: write NAME=VALUE`]);
    return `${encodeURIComponent(line.slice(0, equals))}=${encodeURIComponent(line.slice(equals + 1))}`;
  });
  return { host, target: `${target}${target.includes('?') ? '&' : '?'}${parameters.join('&')}` };
}

function textOf(option: unknown): string | undefined {
  return typeof option === 'string' ? option : undefined;
}

/** @returns undefined when the request would be refused with 400 */
async function askFor({ host, target }: Question, invocation: Invocation): Promise<ExplanationAnswer | undefined> {
  const { options } = invocation.flags;
  const clientIp = textOf(options['client-ip']) ?? '';
  const headerLines = textOf(options.header)?.split('\n') ?? [];
  const method = textOf(options.method)?.toUpperCase() ?? '';
  const client = readClient({ method, clientIp, headerLines });
  const [gateway, port, serverName] = [textOf(options.gateway), textOf(options.port), textOf(options.sni)];
  const asked = { host, target, gateway, port, serverName };
  const { settings, flags, io } = invocation;
  // Only the flag: a container that serves manifests names them in its environment, and there the running one knows best.
  if (flags.values.manifests !== undefined && settings.manifests !== '') {
    const catalog = await readSource(settings, io);
    const gatewayPorts = () => catalog.gateways.ports();
    const { table } = catalog;
    const explanation = explainAsked(asked, client, { table, mergeSlashes: settings.mergeSlashes, gatewayPorts });
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
      routes: new RouteReports(catalog, () => settings),
      gatewayPorts,
    });
    return answer;
  }
  try {
    return await askExplanation(new AdminClient(settings.adminSocket), { ...asked, method, clientIp, headerLines });
  } catch (error) {
    if (!(error instanceof UnexpectedStatusError) || error.status !== 400) throw error;
    if (/^(?:gateway|port) /.test(error.body)) throw new FormatError(printable(error.body.trim()));
    return undefined;
  }
}
