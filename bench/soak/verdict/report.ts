/** The outcome of a soak as Markdown for people and as JSON for programs. */
import { cpus, release } from 'node:os';
import { mebibytes } from '../../report/format.ts';
import { table } from '../../report/table.ts';
import type { Check, Observations } from '../soak-result.ts';
import { WORKERS } from '../target/proxy.ts';

export function markdown(observations: Observations, checks: readonly Check[]): string {
  const { minutes, capacity, rate, cpus: used, pushes, swaps, journal, samples } = observations;
  const resident = samples.map(({ residentBytes }) => residentBytes);
  const isPassed = checks.every(({ isMet }) => isMet !== false);
  const facts = [
    ['load', `${minutes} min`],
    ['steady requests per second', `${rate.toFixed(0)} of ${capacity.toFixed(0)} (${percent(rate / capacity)})`],
    ['CPUs that the proxy used', used.toFixed(2)],
    ['answered requests', String(journal.answered)],
    ['WebSocket messages', String(journal.messages)],
    ['answers over HTTP/2', String(journal.http2Answers)],
    ['gRPC messages', String(journal.grpcMessages)],
    ['route changes', String(pushes)],
    ['certificates', `${swaps} replacements, ${journal.certificates.size} different ones seen`],
    ['RSS, least and most', `${mebibytes(Math.min(...resident))}, ${mebibytes(Math.max(...resident))}`],
  ];
  const provoked = [...journal.provoked].sort(([a], [b]) => a.localeCompare(b)).map(([kind, n]) => [kind, String(n)]);
  return [
    `# Soak: ${isPassed ? 'passed' : 'failed'}`,
    table(['fact', 'figure'], facts),
    table(['provoked', 'times'], provoked),
    checks.map(({ name, isMet, detail }) => `- ${mark(isMet)} ${name}: ${detail}`).join('\n'),
    '',
  ].join('\n\n');
}

export function json(observations: Observations, checks: readonly Check[]): string {
  const { journal, before, after, ...rest } = observations;
  const { answered, uncertain, messages, http2Answers, grpcMessages } = journal;
  const result = {
    date: new Date().toISOString(),
    machine: { cpu: cpus()[0]?.model, cpus: cpus().length, kernel: release(), node: process.versions.node },
    workers: WORKERS,
    checks,
    ...rest,
    journal: {
      answered,
      uncertain,
      messages,
      http2Answers,
      grpcMessages,
      certificates: journal.certificates.size,
      provoked: Object.fromEntries(journal.provoked),
      unexplained: Object.fromEntries(journal.unexplained),
      answers: Object.fromEntries([...journal.answers].map(([name, codes]) => [name, Object.fromEntries(codes)])),
    },
    before: { status: before.status, descriptors: before.descriptors },
    after: { status: after.status, descriptors: after.descriptors, metrics: Object.fromEntries(after.metrics) },
  };
  return `${JSON.stringify(result, undefined, 2)}\n`;
}

function percent(share: number): string {
  return `${(share * 100).toFixed(0)} %`;
}

function mark(isMet: boolean | undefined): string {
  return isMet === undefined ? '(too short to judge)' : isMet ? '✓' : '✗';
}
