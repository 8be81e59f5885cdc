/** What a request of our own says, and what comes of it. */
import type { ClusterId } from '../../../model/route.ts';
import type { SubrequestOutcome, SubrequestPurpose } from '../../../observe/counters.ts';
import type { Guarded } from '../../runtime/guard.ts';

/** A request of our own to a cluster. */
export interface Question {
  readonly method: string;
  /** Path and query. */
  readonly target: string;
  readonly host: string;
  /** All header lines but Host and those that frame the body, each with its line end. */
  readonly lines: string;
  /** Bytes of the body; -1 where none is declared. */
  readonly contentLength: number;
  /** It has a body whose length is not declared. */
  readonly isChunked: boolean;
  /** From asking to the last byte of the answer, whatever happens. */
  readonly timeoutMs: number;
  /** The most that the answer's body may have; 0: it is not looked at, and the head is the answer. */
  readonly mostBodyBytes: number;
}

export interface SubrequestAnswer {
  readonly status: number;
  /** Header lines, each with its line end. Those of one connection are not among them. */
  readonly lines: string;
  /** Bytes as latin1 text; empty where it was not asked for. */
  readonly body: string;
}

/** Why there is no answer. */
export type SubrequestFailure = Exclude<SubrequestOutcome, 'answered'>;

/** Who has asked. One of its methods is called, once, unless it cancels. */
export interface SubrequestListener extends Guarded {
  answered(answer: SubrequestAnswer): void;
  /** @param detail for people: what has happened */
  failed(failure: SubrequestFailure, detail: string): void;
}

/** What has been asked, for one who gives up before the answer. */
export interface Asked {
  /** The answer is not needed any more. Does nothing behind it. */
  cancel(): void;
}

/** Asks clusters. */
export interface Asking {
  /**
   * The listener may be called in here.
   * @returns undefined where it has failed already, because the cluster may not be asked or is not there
   */
  ask(
    purpose: SubrequestPurpose,
    cluster: ClusterId,
    question: Question,
    listener: SubrequestListener,
  ): Asked | undefined;
}
