/** Whether the proxy came through: each question with its answer, and what it rests on. */
import { mebibytes } from '../../report/format.ts';
import type { Check, Observations } from '../soak-result.ts';
import { FAILING } from '../target/services.ts';
import { counterChecks } from './counter-checks.ts';
import type { ResourceSample } from './sampler.ts';
import { afterWarmUp, mean, slopePerMinute } from './trend.ts';

const MIB = 1024 * 1024;
/** Bytes of resident memory a minute. */
const MAX_SLOPE = MIB;
/** The collector's saw-tooth alone is steeper within less. */
const JUDGED_MINUTES = 3;
/** Sockets come and go with the load: more than so much, on average of the last third over the one before, is growth. */
const SOCKET_MARGIN = 0.1;

export function judge(observations: Observations): Check[] {
  return [
    unexplained(observations),
    memory(observations),
    socketsUnderLoad(observations),
    socketsAfterwards(observations),
    ...counterChecks(observations),
    upstreamsReadAll(observations),
    noBreakage(observations),
    coverage(observations),
  ];
}

function unexplained({ journal }: Observations): Check {
  const texts = [...journal.unexplained].map(([text, count]) => `${text} (${count})`);
  const answered = `of ${journal.answered} answered requests and ${journal.messages} WebSocket messages`;
  return {
    name: '0 unexplained errors',
    isMet: journal.unexplainedCount === 0,
    detail: `${journal.unexplainedCount} ${answered}${texts.length > 0 ? `: ${texts.join('; ')}` : ''}`,
  };
}

function memory({ samples }: Observations): Check {
  const judged = afterWarmUp(samples);
  const slope = slopePerMinute(judged.map(({ at, residentBytes }) => ({ at, value: residentBytes })));
  const isLong = ((judged.at(-1)?.at ?? 0) - (judged[0]?.at ?? 0)) / 60_000 >= JUDGED_MINUTES;
  const [first, last] = [judged[0], judged.at(-1)].map(sample => mebibytes(sample?.residentBytes ?? 0));
  return {
    name: 'RSS slope under 1 MiB a minute',
    isMet: isLong ? slope < MAX_SLOPE : undefined,
    detail: `${(slope / MIB).toFixed(2)} MiB a minute after the first third, ${first} to ${last}`,
  };
}

function socketsUnderLoad({ samples }: Observations): Check {
  const judged = afterWarmUp(samples);
  const half = Math.floor(judged.length / 2);
  const average = (part: readonly ResourceSample[]): number => mean(part.map(({ sockets }) => sockets));
  const [earlier, later] = [average(judged.slice(0, half)), average(judged.slice(half))];
  return {
    name: 'no growing set of sockets under load',
    isMet: later <= earlier * (1 + SOCKET_MARGIN),
    detail: `${earlier.toFixed(0)} on average of the second third, ${later.toFixed(0)} of the last`,
  };
}

function socketsAfterwards({ before, after }: Observations): Check {
  const [was, is] = [before.descriptors, after.descriptors];
  return {
    name: 'open files back at the baseline',
    isMet: is.all <= was.all && is.sockets <= was.sockets,
    detail: `${was.all} with ${was.sockets} sockets before, ${is.all} with ${is.sockets} after`,
  };
}

function upstreamsReadAll({ malformedUpstream }: Observations): Check {
  return {
    name: 'only well-formed requests upstream',
    isMet: malformedUpstream === 0,
    detail: `${malformedUpstream} that the backend could not read`,
  };
}

function noBreakage({ after, errorLines }: Observations): Check {
  const restarts = after.metrics.get('kube_entry_worker_restarts_total') ?? Number.NaN;
  const [line = ''] = errorLines;
  return {
    name: 'no worker lost, no error logged',
    isMet: restarts === 0 && errorLines.length === 0,
    detail: `${restarts} restarts, ${errorLines.length} error lines${line && `: ${line.slice(0, 200)}`}`,
  };
}

/** A soak in which something did not happen shows nothing about it. */
function coverage({ journal, pushes, samples }: Observations): Check {
  const { provoked, answers, messages, http2Answers, grpcMessages, certificates } = journal;
  const missing = [
    ...FAILING.filter(({ name }) => !answers.has(name)).map(({ name }) => name),
    ...['before the answer', 'within an upload', 'within a download'].filter(
      kind => !provoked.has(`client gone ${kind}`),
    ),
    ...['stream reset by its client', 'left within a handshake'].filter(kind => !provoked.has(kind)),
    ...(messages === 0 ? ['WebSockets'] : []),
    ...(http2Answers === 0 ? ['HTTP/2'] : []),
    ...(grpcMessages === 0 ? ['gRPC'] : []),
    ...(certificates.size < 2 ? ['certificates'] : []),
    ...(pushes === 0 ? ['route changes'] : []),
    ...(samples.at(-1)?.done ? [] : ['steady load']),
  ];
  return {
    name: 'everything took place',
    isMet: missing.length === 0,
    detail: missing.length === 0 ? `${pushes} route changes among it` : `missing: ${missing.join(', ')}`,
  };
}
