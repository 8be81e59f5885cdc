/** What a request of our own says, and what comes of it. */
import type { ClusterId } from '../../../model/route.ts';
import type { SubrequestOutcome, SubrequestPurpose } from '../../../observe/counters.ts';
import type { Guarded } from '../../runtime/guard.ts';
import type { Upstream } from '../ports.ts';

/** What a request of our own says. */
export interface OwnMessage {
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
}

/** The body of a request of our own. */
export interface OwnBody {
  /** Bytes that an upstream was given: they cannot be sent again. */
  readonly sentBytes: number;
  /** Writes what there is, as far as the upstream takes it. Called again when it takes more. */
  flowTo(upstream: Upstream): void;
}

/** A request of our own to a cluster. */
export interface Question extends OwnMessage {
  /** Absent where there is none. */
  readonly body?: OwnBody;
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
  /** The answer is no longer needed. Does nothing behind it. */
  cancel(): void;
  /** It is ended, and counts as failed: the listener is told. @param detail for people */
  abort(detail: string): void;
  /** Its time limit begins anew. */
  renew(): void;
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
  /** A bug in what becomes of an answer. */
  reportBug(error: unknown): void;
}
