import { AssertionError } from 'node:assert';
import type { StubStatus } from '../../src/admin/stub-status.ts';

const LAYOUT =
  /^Active connections: (\d+) \nserver accepts handled requests\n (\d+) (\d+) (\d+) \nReading: (\d+) Writing: (\d+) Waiting: (\d+) \n$/;

/** Reads nginx's stub_status, or ours. @throws AssertionError when one byte is out of place */
export function readStubStatus(text: string): StubStatus {
  const match = LAYOUT.exec(text);
  if (match === null) throw new AssertionError({ message: `no stub_status: ${JSON.stringify(text)}` });
  const [active = 0, accepted = 0, handled = 0, requests = 0, reading = 0, writing = 0, waiting = 0] = match
    .slice(1)
    .map(Number);
  return { active, accepted, handled, requests, reading, writing, waiting };
}
