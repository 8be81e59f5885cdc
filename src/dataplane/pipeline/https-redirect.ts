import type { Answer } from './ports.ts';
import { redirectAnswer } from './redirect-answer.ts';

/** Plain HTTP for a host with TLS: the answer is where to ask instead. */
export class HttpsRedirect {
  readonly location: string;
  readonly #status: number;

  /** @param location made of a host as routes see it: it has no byte that could end the header early */
  constructor(location: string, status: number) {
    this.location = location;
    this.#status = status;
  }

  answer(requestId: string): Answer {
    return redirectAnswer(this.#status, this.location, requestId);
  }
}
