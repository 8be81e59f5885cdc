/** What nginx's stub_status counts (ngx_http_stub_status_module.c). */
export interface StubStatus {
  readonly active: number;
  readonly accepted: number;
  readonly handled: number;
  readonly requests: number;
  readonly reading: number;
  readonly writing: number;
  readonly waiting: number;
}

/** @param sum gives the value of a counter */
export function stubStatus(sum: (name: keyof StubStatus) => number): StubStatus {
  return {
    active: sum('active'),
    accepted: sum('accepted'),
    handled: sum('handled'),
    requests: sum('requests'),
    reading: sum('reading'),
    writing: sum('writing'),
    waiting: sum('waiting'),
  };
}

/** nginx's layout byte for byte: every line but the second ends in a space, the third begins with one. */
export function formatStubStatus(status: StubStatus): string {
  const { active, accepted, handled, requests, reading, writing, waiting } = status;
  return (
    `Active connections: ${active} \n` +
    'server accepts handled requests\n' +
    ` ${accepted} ${handled} ${requests} \n` +
    `Reading: ${reading} Writing: ${writing} Waiting: ${waiting} \n`
  );
}
