import type { Clock } from '../../../clock.ts';
import type { Limits } from '../../../limits/limits.ts';
import type { Random } from '../../clusters/balancers/balancer.ts';
import type { PasswordVerifier } from '../../passwords/password-verifier.ts';
import type { TokenVerifier } from '../../tokens/token-verifier.ts';
import type { CopyMemory } from '../subrequests/body-copy.ts';
import type { AuthCache } from './auth-cache.ts';

/** What the filters of a worker share, and what outlives a change of the routes. */
export interface FilterServices {
  readonly clock: Clock;
  readonly limits: Limits;
  readonly authCache: AuthCache;
  readonly passwords: PasswordVerifier;
  readonly copyMemory: CopyMemory;
  readonly random: Random;
  readonly tokens: TokenVerifier;
}
