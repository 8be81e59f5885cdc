/** Whether the proxy's own counters agree with what its clients saw. */
import type { Check, Observations } from '../soak-result.ts';
import { FAILING, GRPC, NAMESPACE, STEADY, WEB_SOCKET } from '../target/services.ts';
import { isIdle, type Snapshot, upstreamConnections } from './snapshot.ts';

/** Those whose clients all stay until the end, and whose counters live as long as the soak. */
const COUNTABLE = [STEADY, WEB_SOCKET, GRPC, ...FAILING.map(({ name }) => name)];

export function counterChecks(observations: Observations): Check[] {
  return [idleGauges(observations), totalRequests(observations), requestsByCode(observations), handled(observations)];
}

function idleGauges({ after }: Observations): Check {
  const { active, reading, writing, waiting } = after.status;
  const busy = upstreamConnections(after, 'busy');
  const idle = upstreamConnections(after, 'idle');
  return {
    name: 'gauges back at idle',
    isMet: isIdle(after.status) && busy === 0 && idle === 0,
    detail:
      `active ${active}, reading ${reading}, writing ${writing} (the one that asks), waiting ${waiting}; ` +
      `upstream busy ${busy}, idle ${idle}`,
  };
}

function totalRequests({ before, after, journal }: Observations): Check {
  const ownRequests = after.adminRequests - before.adminRequests;
  const counted = after.status.requests - before.status.requests - ownRequests;
  const { answered, uncertain } = journal;
  return {
    name: 'requests counted as sent',
    isMet: counted >= answered && counted <= answered + uncertain,
    detail: `${counted} counted; ${answered} were answered, ${uncertain} left before`,
  };
}

function requestsByCode({ before, after, journal }: Observations): Check {
  const differences = COUNTABLE.flatMap(service => {
    const counted = codesOf(after, before, service);
    const seen = journal.answers.get(service) ?? new Map<number, number>();
    return [...new Set([...counted.keys(), ...seen.keys()])]
      .filter(code => counted.get(code) !== seen.get(code))
      .map(code => `${service} ${code}: ${counted.get(code) ?? 0} counted, ${seen.get(code) ?? 0} seen`);
  });
  return {
    name: 'requests by Service and code as seen',
    isMet: differences.length === 0,
    detail: differences.length === 0 ? `the same for ${COUNTABLE.length} Services` : differences.join('; '),
  };
}

function handled({ after }: Observations): Check {
  const { accepted, handled } = after.status;
  return {
    name: 'every accepted connection handled',
    isMet: accepted === handled,
    detail: `${accepted} accepted, ${handled} handled`,
  };
}

function codesOf(after: Snapshot, before: Snapshot, service: string): Map<number, number> {
  const start = `kube_entry_requests_total{namespace="${NAMESPACE}",service="${service}",code="`;
  const codes = new Map<number, number>();
  for (const [sample, value] of after.metrics) {
    const count = sample.startsWith(start) ? value - (before.metrics.get(sample) ?? 0) : 0;
    if (count > 0) codes.set(Number.parseInt(sample.slice(start.length), 10), count);
  }
  return codes;
}
