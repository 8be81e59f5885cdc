/** Asks a running instance over its admin socket. */
import { type IncomingMessage, request } from 'node:http';
import { resolve } from 'node:path';
import { text } from 'node:stream/consumers';
import { codeOf, KubeEntryError, messageOf, UnavailableError } from '../errors.ts';
import { formatDuration } from '../formats/duration.ts';

export interface AdminReply {
  readonly status: number;
  readonly body: string;
}

/** The admin socket answered with another status than 200. */
export class UnexpectedStatusError extends KubeEntryError {
  readonly code = 'UNEXPECTED_STATUS';
  readonly status: number;
  /** What the answer says, for a person. */
  readonly body: string;

  constructor(path: string, socketPath: string, { status, body }: AdminReply) {
    super(
      `GET ${path} on ${socketPath} was answered with ${status}: is this the admin socket of a kube-entry of this version?`,
    );
    this.status = status;
    this.body = body;
  }
}

/** No process listens on the admin socket. */
export class NotRunningError extends UnavailableError {}

/** Longer than any answer takes. A process that is stopped or hangs still accepts connections on its socket. */
export const TIMEOUT_MS = 5_000;

export class AdminClient {
  readonly #socketPath: string;
  readonly #timeoutMs: number;
  readonly #abandoned: AbortSignal | undefined;

  /** @param abandoned aborts the requests under way */
  constructor(socketPath: string, timeoutMs: number = TIMEOUT_MS, abandoned?: AbortSignal) {
    this.#socketPath = socketPath;
    this.#timeoutMs = timeoutMs;
    this.#abandoned = abandoned;
  }

  /**
   * Sends a GET. Any status is an answer.
   * @throws NotRunningError when no process listens, UnavailableError when none answers, with what to do about it
   */
  async get(path: string): Promise<AdminReply> {
    const deadline = AbortSignal.timeout(this.#timeoutMs);
    try {
      const response = await this.#send(
        path,
        this.#abandoned === undefined ? deadline : AbortSignal.any([deadline, this.#abandoned]),
      );
      return { status: response.statusCode ?? 0, body: await text(response) };
    } catch (error) {
      if (deadline.aborted) throw new UnavailableError(this.#lateness(), { cause: error });
      const isAbsent = ['ENOENT', 'ECONNREFUSED'].includes(codeOf(error) ?? '');
      const Problem = isAbsent ? NotRunningError : UnavailableError;
      throw new Problem(this.#advice(error), { cause: error });
    }
  }

  /** The body of a 200. @throws UnavailableError if no process answers, UnexpectedStatusError for any other status */
  async text(path: string): Promise<string> {
    const reply = await this.get(path);
    if (reply.status !== 200) throw new UnexpectedStatusError(path, this.#socketPath, reply);
    return reply.body;
  }

  /** The value of a 200 with JSON; its shape is for the caller to check. @throws as {@link text} */
  async json(path: string): Promise<unknown> {
    const body = await this.text(path);
    try {
      return JSON.parse(body) as unknown;
    } catch (error) {
      throw new UnavailableError(`GET ${path} on ${this.#socketPath} was not answered with JSON: ${messageOf(error)}`);
    }
  }

  #send(path: string, signal: AbortSignal): Promise<IncomingMessage> {
    return new Promise((fulfil, reject) => {
      const asked = request({
        socketPath: this.#socketPath,
        path,
        headers: { host: 'localhost' },
        agent: false,
        signal,
      });
      asked.once('response', fulfil).once('error', reject).end();
    });
  }

  #lateness(): string {
    const limit = formatDuration(this.#timeoutMs);
    return `no answer on ${this.#socketPath} within ${limit}: is it running? The process may be stopped or overloaded`;
  }

  #advice(error: unknown): string {
    const path = this.#socketPath;
    switch (codeOf(error)) {
      case 'ENOENT':
        return `there is no admin socket at ${resolve(path)}: is it running? Start it, or name its socket with --admin-socket PATH`;
      case 'ECONNREFUSED':
        return `no process listens on ${path}: is it running? The file was left by a process that has ended, or is no socket`;
      case 'EACCES':
        return `permission denied for ${path}: it belongs to the user and group that kube-entry runs as (mode 0660)`;
      default:
        return `no valid answer on ${path}: is it running? ${messageOf(error)}`;
    }
  }
}
