import { encodeIllegal } from '../../../formats/http/percent-encoding.ts';
import type { MirrorPolicy } from '../../../model/policy.ts';
import type { Random } from '../../clusters/balancers/balancer.ts';
import type { BodyPiece } from '../ports.ts';
import { BodyCopy, type CopyMemory, MOST_WAITING_BYTES } from '../subrequests/body-copy.ts';
import type { Asked, Asking, Question, SubrequestListener } from '../subrequests/question.ts';
import { VariableText } from '../variables.ts';
import type { BodyReader, Filter, FilteredExchange } from './filter.ts';

/** How long the copy of a request waits for its answer, from the last piece of its body on. */
const TIMEOUT_MS = 10_000;

/** Sends a copy of some requests to another cluster. Whatever becomes of it there changes nothing for the client. */
export class Mirror implements Filter {
  readonly #policy: MirrorPolicy;
  readonly #target: VariableText | undefined;
  readonly #memory: CopyMemory;
  readonly #random: Random;

  constructor(policy: MirrorPolicy, memory: CopyMemory, random: Random) {
    this.#policy = policy;
    this.#target = policy.target && new VariableText(policy.target);
    this.#memory = memory;
    this.#random = random;
  }

  request(exchange: FilteredExchange): undefined {
    const { percent, cluster, host, dropsBody } = this.#policy;
    if (percent < 100 && this.#random() * 100 >= percent) return;
    const { subrequests } = exchange;
    try {
      const copy = new Copy(new BodyCopy(this.#memory), subrequests);
      const message = exchange.copy(dropsBody === true ? undefined : copy);
      if (message === undefined) return;
      copy.isWhole = dropsBody === true || (!message.isChunked && message.contentLength <= 0);
      exchange.keep(this, copy);
      const question: Question = {
        ...message,
        host: host ?? message.host,
        target: this.#target === undefined ? message.target : this.#target.of(exchange, encodeIllegal),
        ...(dropsBody === true ? { contentLength: -1, isChunked: false } : { body: copy.body }),
        timeoutMs: TIMEOUT_MS,
        mostBodyBytes: 0,
      };
      copy.asked = subrequests.ask('mirror', cluster, question, copy);
    } catch (error) {
      subrequests.reportBug(error);
    }
  }

  end(exchange: FilteredExchange): void {
    const copy = exchange.kept(this);
    if (copy instanceof Copy) copy.requestEnded();
  }
}

/** The copy of one request. It may outlive the request. */
class Copy implements SubrequestListener, BodyReader {
  readonly body: BodyCopy;
  asked: Asked | undefined;
  /** All of the request has come. */
  isWhole = false;
  readonly #reporter: Pick<Asking, 'reportBug'>;
  #isOver = false;

  constructor(body: BodyCopy, reporter: Pick<Asking, 'reportBug'>) {
    this.body = body;
    this.#reporter = reporter;
  }

  read(piece: BodyPiece): void {
    if (this.#isOver) return;
    try {
      this.asked?.renew();
      this.isWhole = piece.isLast;
      if (!this.body.add(piece)) this.asked?.abort(`more than ${MOST_WAITING_BYTES} bytes of the body wait for it`);
    } catch (error) {
      this.asked?.cancel();
      this.crashed(error);
    }
  }

  /** What has not come of it will not come. */
  requestEnded(): void {
    if (this.isWhole || this.#isOver) return;
    this.asked?.cancel();
    this.#over();
  }

  /** Its answer is thrown away, together with a body that is no longer needed. */
  answered(): void {
    this.#over();
  }

  failed(): void {
    this.#over();
  }

  crashed(error: unknown): void {
    this.#over();
    this.#reporter.reportBug(error);
  }

  #over(): void {
    this.#isOver = true;
    this.body.clear();
  }
}
