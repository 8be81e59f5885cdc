import type { Clock } from '../../clock.ts';
import { UnavailableError } from '../../errors.ts';
import type { Spent } from '../spending.ts';
import { type Client, RedisConnection } from './redis-connection.ts';
import { redisKey } from './redis-key.ts';

/** For a connection to be made, and for each answer. */
const TIME_LIMIT_MS = 1_000;
/** Budgets in one call: Redis serves no one else meanwhile. */
const MOST_KEYS = 500;

/**
 * The generic cell rate algorithm, by the clock of Redis. A budget whose requests would all have been through at the steady rate is
 * forgotten.
 */
const CHARGE = `
local time = redis.call('TIME')
local now = time[1] * 1000 + time[2] / 1000
local ahead = {}
for index, key in ipairs(KEYS) do
  local before = tonumber(redis.call('GET', key) or now)
  local after = math.max(before, now) + tonumber(ARGV[index])
  redis.call('SET', key, string.format('%.6f', after), 'PX', math.ceil(after - now))
  ahead[index] = string.format('%.6f', after - now)
end
return ahead`;

/** Adds up in Redis, or what speaks its protocol, what all replicas grant: one connection, made anew after a failure. */
export class RedisRates {
  readonly #url: string;
  readonly #clock: Clock;
  #connection: RedisConnection | undefined;

  constructor(url: string, clock: Clock) {
    this.#url = url;
    this.#clock = clock;
  }

  /**
   * Without anything spent, asks whether Redis answers.
   * @returns for each, how many milliseconds all replicas together are ahead of the rate
   */
  async charge(spent: readonly Spent[]): Promise<readonly number[]> {
    try {
      this.#connection ??= new RedisConnection(this.#url);
      const client = await this.#within(this.#connection.ready);
      if (spent.length === 0) await this.#within(client.ping());
      const ahead: number[] = [];
      for (let start = 0; start < spent.length; start += MOST_KEYS) {
        ahead.push(...(await this.#chargeSome(client, spent.slice(start, start + MOST_KEYS))));
      }
      return ahead;
    } catch (error) {
      this.close();
      throw error;
    }
  }

  close(): void {
    this.#connection?.close();
    this.#connection = undefined;
  }

  async #chargeSome(client: Client, spent: readonly Spent[]): Promise<readonly number[]> {
    const answer: unknown = await this.#within(
      client.eval(CHARGE, {
        keys: spent.map(({ name }) => redisKey(name)),
        arguments: spent.map(({ count, interval }) => String(count * interval)),
      }),
    );
    const ahead = Array.isArray(answer) ? answer.map(Number) : [];
    if (ahead.length === spent.length && ahead.every(Number.isFinite)) return ahead;
    throw new UnavailableError('Redis gave an answer that it should not give');
  }

  async #within<T>(answer: Promise<T>): Promise<T> {
    const late = Promise.withResolvers<never>();
    const cancel = this.#clock.setTimer(TIME_LIMIT_MS, () =>
      late.reject(new UnavailableError(`no answer within ${TIME_LIMIT_MS}ms`)),
    );
    try {
      return await Promise.race([answer, late.promise]);
    } finally {
      cancel();
    }
  }
}
