/** How conditions of statuses are made. */
import type { Condition } from './gateway-status.ts';

/** Why something is not as it was asked for. */
export interface Fault {
  /** A word of the Gateway API: the reason of a condition. */
  readonly reason: string;
  /** For people: what is wrong, where, and what to do. */
  readonly message: string;
}

/** The API allows 32 KiB. */
const LONGEST_MESSAGE = 1024;

/** A condition that is met. @param reason the API's word for most conditions is their type */
export function met(type: string, message: string, reason: string = type): Condition {
  return { type, status: 'True', reason, message: shortened(message) };
}

/** A condition that is not met. */
export function unmet(type: string, { reason, message }: Fault): Condition {
  return { type, status: 'False', reason, message: shortened(message) };
}

/** A condition of which nothing can be said yet. */
export function pending(type: string, message: string): Condition {
  return { type, status: 'Unknown', reason: 'Pending', message: shortened(message) };
}

/** As much of a message as goes into a status or an Event. */
export function shortened(message: string): string {
  return message.length <= LONGEST_MESSAGE ? message : `${message.slice(0, LONGEST_MESSAGE - 1)}…`;
}
