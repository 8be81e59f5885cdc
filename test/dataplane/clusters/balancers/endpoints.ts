import type { Admission, Candidate, PickRequest } from '../../../../src/dataplane/clusters/balancers/balancer.ts';

/** An endpoint of a test. */
export interface TestEndpoint extends Candidate {
  inFlight: number;
  /** A moving average; 0 before the first answer. */
  firstByteMs: number;
}

export function endpoints(count: number, weightOf: (index: number) => number = () => 1): TestEndpoint[] {
  return Array.from({ length: count }, (_, index) => ({
    ...{ id: `pod-${index}`, weight: weightOf(index), inFlight: 0, firstByteMs: 0 },
  }));
}

export const inFlight = (endpoint: TestEndpoint): number => endpoint.inFlight;
export const firstByte = (endpoint: TestEndpoint): number => endpoint.firstByteMs;

export const ALL: Admission<Candidate> = { admits: () => true };

/** Admits all but these. */
export function allBut(...refused: Candidate[]): Admission<Candidate> {
  return { admits: endpoint => !refused.includes(endpoint) };
}

/** A request that has only what a test gives it. */
export function request(parts: Partial<Record<keyof PickRequest, string>> = {}): PickRequest {
  const part = (name: keyof PickRequest) => (): string => parts[name] ?? '';
  return {
    clientIp: part('clientIp'),
    uri: part('uri'),
    header: part('header'),
    cookie: part('cookie'),
    query: part('query'),
    variable: part('variable'),
  };
}

/** How often each endpoint is picked, in the order of the endpoints. */
export function shares(
  count: number,
  among: readonly Candidate[],
  pick: (turn: number) => Candidate | undefined,
): number[] {
  const picked = new Map<string | undefined, number>();
  for (let turn = 0; turn < count; turn += 1) {
    const id = pick(turn)?.id;
    picked.set(id, (picked.get(id) ?? 0) + 1);
  }
  return among.map(({ id }) => (picked.get(id) ?? 0) / count);
}
