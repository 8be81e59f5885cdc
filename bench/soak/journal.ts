/** What the clients of a soak saw. */

/** Texts of unexplained errors that are kept; all are counted. */
const KEPT_TEXTS = 50;

export class Journal {
  /** Requests that had an answer, or the beginning of one: the proxy has counted each. */
  answered = 0;
  /** Requests that were left without one: whether the proxy read a byte of them cannot be known. */
  uncertain = 0;
  /** WebSocket messages that came back as they were sent. */
  messages = 0;
  /** Right answers over HTTP/2. */
  http2Answers = 0;
  /** gRPC messages that came back as they were sent. */
  grpcMessages = 0;
  /** Serial numbers of the certificates that clients were shown. */
  readonly certificates = new Set<string>();
  /** Failures that were provoked, by what they were. */
  readonly provoked = new Map<string, number>();
  /** Heads of responses, by service and status, where no client leaves before the end. */
  readonly answers = new Map<string, Map<number, number>>();
  /** Failures that the soak did not provoke, by their text. */
  readonly unexplained = new Map<string, number>();
  unexplainedCount = 0;

  /** @param status of the head that came */
  countAnswer(service: string, status: number): void {
    this.answered += 1;
    const byStatus = this.answers.get(service) ?? new Map<number, number>();
    this.answers.set(service, byStatus);
    byStatus.set(status, (byStatus.get(status) ?? 0) + 1);
  }

  countProvoked(kind: string): void {
    this.provoked.set(kind, (this.provoked.get(kind) ?? 0) + 1);
  }

  addUnexplained(text: string): void {
    this.unexplainedCount += 1;
    const count = this.unexplained.get(text);
    if (count !== undefined || this.unexplained.size < KEPT_TEXTS) this.unexplained.set(text, (count ?? 0) + 1);
  }
}
