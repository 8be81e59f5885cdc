import { createReadStream } from 'node:fs';
import { addAbortSignal, type Readable } from 'node:stream';
import { systemClock } from '../clock.ts';
import { codeOf, FormatError, SettingsError, UnavailableError } from '../errors.ts';
import { fileProblem } from '../formats/system-error.ts';
import { COMPARED_HEADERS } from '../replay/answer.ts';
import { End, readEnd } from '../replay/end.ts';
import { isHost } from '../replay/log-line.ts';
import { logLines } from '../replay/log-lines.ts';
import { NoHostError, replay as replayLog, SAFE_METHODS } from '../replay/replay.ts';
import type { Findings } from '../replay/tally.ts';
import type { ParsedFlags } from '../settings/flags.ts';
import { quote } from '../text/quote.ts';
import { type Command, EXIT } from './command.ts';
import { interruptible } from './interruptible.ts';
import { formatAnswer, OUTPUT_OPTION, outputFormat } from './output.ts';
import { replayReport } from './replay-report.ts';

/** Production may be behind either end: a person who wants more asks for it. */
const DEFAULT_RATE = 50;
const MOST = 1_000_000_000;

const EXAMPLE = 'kube-entry replay access.log --host shop.example.com --against http://10.0.0.1 --with http://10.0.0.2';

export const replay: Command = {
  name: 'replay',
  parameters: 'LOG',
  arity: { least: 1, most: 1 },
  summary: 'send the requests of an access log to two servers, and show how their answers differ',
  description: [
    'Reads nginx’s combined format, ingress-nginx’s default format, and the JSON log of kube-entry; - is standard input. Each',
    'request goes to A (--against) and to B (--with) at the same time, with its method, host and target. Redirects are not',
    'followed. Compared are the status, Location, headers that tell clients what to do, and a hash of the body. Where the',
    'answers differ, A is asked once more: what it answers differently each time, such as a page with a time in it, is',
    'counted and is no difference. Headers and body are compared only where the status is the same. Of redirects and errors',
    '(3xx, 4xx, 5xx) the body, its Content-Type and its Content-Encoding are compared only with --pages: most of these pages',
    'are made by A and B themselves, each in its own words.',
    'GET, HEAD and OPTIONS are sent, other methods only with --method, and without a body, because a log has none.',
    'Exits 1 if answers differ, or if an end does not answer. Ctrl-C prints what was found until then.',
  ].join('\n'),
  examples: [
    { line: EXAMPLE, note: 'the old entry and the new one' },
    {
      line: 'kube-entry replay access.json --against https://10.0.0.1 --with https://10.0.0.2 --insecure',
      note: 'a log that names hosts, over TLS',
    },
    {
      line: 'tail -f access.json | kube-entry replay - --against https://10.0.0.1 --with https://10.0.0.2',
      note: 'live traffic, until Ctrl-C',
    },
  ],
  settings: ['logLevel', 'config'],
  options: {
    against: {
      placeholder: 'URL',
      description: 'A: what answers as it should, such as http://10.0.0.1 or https://old.example.com:8443',
    },
    with: { placeholder: 'URL', description: 'B: what is to answer alike' },
    host: {
      placeholder: 'NAME',
      description: 'send requests of this host alone; lines that name no host are taken for its own',
    },
    method: {
      placeholder: 'METHOD',
      description: 'send requests of this method, instead of GET, HEAD and OPTIONS; repeatable',
      isRepeatable: true,
    },
    limit: { placeholder: 'NUMBER', description: 'send so many requests at most; all of them without it' },
    rate: { placeholder: 'NUMBER', description: `send so many requests a second at most; default ${DEFAULT_RATE}` },
    header: {
      placeholder: '"NAME: VALUE"',
      description: 'a header that each request gets; repeatable',
      isRepeatable: true,
    },
    compare: {
      placeholder: 'NAME',
      description: 'a header of answers that is compared besides Location, Content-Type and the like; repeatable',
      isRepeatable: true,
    },
    pages: { placeholder: '', description: 'compare the pages of redirects and errors, too' },
    insecure: { placeholder: '', description: 'accept any certificate of the two' },
    output: OUTPUT_OPTION,
  },
  async run({ flags, io }) {
    const format = outputFormat(flags);
    const [path = '-'] = flags.positionals;
    const { urls, endOptions, ...asked } = readQuestion(flags);
    return interruptible(io, async signal => {
      const a = new End(urls.a, endOptions);
      const b = new End(urls.b, endOptions);
      const close = (): void => {
        a.close();
        b.close();
      };
      signal.addEventListener('abort', close);
      try {
        const log = addAbortSignal(signal, path === '-' ? io.openInput() : createReadStream(path));
        const findings = await readLog(log, path, lines =>
          replayLog(lines, { ...asked, against: a, with: b, clock: systemClock, signal }),
        );
        const ends = { a: urls.a.origin, b: urls.b.origin };
        io.print(
          formatAnswer(format, { against: ends.a, with: ends.b, ...findings }, () => replayReport(findings, ends, io)),
        );
        return findings.different === 0 ? EXIT.ok : EXIT.no;
      } finally {
        close();
      }
    });
  },
};

/** @throws SettingsError for a log without hosts, UnavailableError for a log that cannot be read */
async function readLog(
  log: Readable,
  path: string,
  read: (lines: AsyncIterable<string | undefined>) => Promise<Findings>,
): Promise<Findings> {
  try {
    return await read(logLines(log));
  } catch (error) {
    if (error instanceof NoHostError) {
      throw new SettingsError([
        `--host: no line of ${path} names a host, as in nginx’s usual formats: give the host of its requests`,
      ]);
    }
    if (error instanceof FormatError)
      throw new UnavailableError(`${path} cannot be read: ${error.message}`, { cause: error });
    if (codeOf(error) === undefined) throw error;
    throw new UnavailableError(`${path} cannot be read: ${fileProblem(path, error)}`, { cause: error });
  } finally {
    log.destroy();
  }
}

/** What the flags ask for. @throws SettingsError with all that is wrong */
function readQuestion(flags: ParsedFlags) {
  const problems: string[] = [];
  const { options } = flags;
  const textOf = (name: string): string | undefined => {
    const value = options[name];
    return typeof value === 'string' ? value : undefined;
  };
  const linesOf = (name: string): string[] => textOf(name)?.split('\n') ?? [];
  const url = (name: string): URL => {
    const value = textOf(name);
    try {
      if (value === undefined) throw new FormatError(`is missing, as in ${EXAMPLE}`);
      return readEnd(value);
    } catch (error) {
      if (!(error instanceof FormatError)) throw error;
      problems.push(`--${name}: ${error.message}`);
      return new URL('http://invalid');
    }
  };
  const number = (name: string, fallback: number): number => {
    const value = textOf(name);
    if (value === undefined) return fallback;
    if (!/^[1-9]\d{0,8}$/.test(value)) problems.push(`--${name}: ${quote(value)} is no whole number above 0`);
    return Number(value);
  };
  const host = textOf('host');
  if (host !== undefined && !isHost(host)) problems.push(`--host: ${quote(host)} is no host name`);
  const methods = textOf('method') === undefined ? SAFE_METHODS : linesOf('method').map(name => name.toUpperCase());
  for (const name of methods) if (!/^[A-Z][A-Z_-]*$/.test(name)) problems.push(`--method: ${quote(name)} is no method`);
  const requestHeaders = linesOf('header').map(line => {
    const [, name, value] = /^([!#$%&'*+.^_`|~0-9A-Za-z-]+):[ \t]*([\t\x20-\x7e\x80-\xff]*)$/.exec(line) ?? [];
    if (name === undefined || value === undefined) problems.push(`--header: ${quote(line)} is no "NAME: VALUE"`);
    return [name ?? '', value ?? ''] as const;
  });
  const result = {
    urls: { a: url('against'), b: url('with') },
    endOptions: {
      comparedHeaders: [...new Set([...COMPARED_HEADERS, ...linesOf('compare').map(name => name.toLowerCase())])],
      requestHeaders,
      isInsecure: options.insecure === true,
      clock: systemClock,
    },
    host,
    methods: new Set(methods),
    comparesPages: options.pages === true,
    limit: number('limit', MOST),
    rate: number('rate', DEFAULT_RATE),
  };
  if (problems.length > 0) throw new SettingsError(problems);
  return result;
}
