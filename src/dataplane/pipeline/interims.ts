/** Each interim response begins proxy-read-timeout anew: without a bound a request might never end. */
export const MAX_INTERIMS = 100;
