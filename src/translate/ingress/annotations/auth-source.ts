/** Where the values of external authentication stand: in annotations, or in keys of the ConfigMap that begin with `global-`. */
import { FormatError } from '../../../errors.ts';
import type { IngressConfig } from '../config/ingress-config.ts';
import type { IngressValues } from '../ingress-feature.ts';

/** @see IngressValues */
export interface AuthSource {
  get(name: string): string | undefined;
  bool(name: string): boolean;
  /** For a bad value the locations answer 503. */
  require<T>(name: string, parse: (text: string) => T): T | undefined;
  /** A bad value counts as absent. */
  read<T>(name: string, parse: (text: string) => T): T | undefined;
}

export function annotationSource(values: IngressValues): AuthSource {
  return {
    get: name => values.get(name),
    bool: name => values.bool(name, false),
    require: (name, parse) => values.require(name, parse),
    read: (name, parse) => values.read(name, parse),
  };
}

export function configSource(values: IngressValues): AuthSource {
  const texts = textsOf(values.config);
  const get = (name: string): string | undefined => texts[name] || undefined;
  const attempt = <T>(name: string, parse: (text: string) => T, failed: (why: string) => void): T | undefined => {
    const text = get(name);
    try {
      return text === undefined ? undefined : parse(text);
    } catch (error) {
      if (!(error instanceof FormatError)) throw error;
      failed(error.message);
      return undefined;
    }
  };
  return {
    get,
    bool: name => name === 'auth-always-set-cookie' && values.config.globalAuthAlwaysSetCookie,
    require: (name, parse) => attempt(name, parse, why => values.denyByConfig(`global-${name}`, why)),
    read: (name, parse) =>
      attempt(name, parse, why =>
        values.tell('enable-global-auth', `global-${name} of the ConfigMap counts as absent: ${why}`),
      ),
  };
}

/** By the name of the annotation that means the same. */
function textsOf(config: IngressConfig): Readonly<Record<string, string>> {
  return {
    'auth-url': config.globalAuthUrl,
    'auth-method': config.globalAuthMethod,
    'auth-signin': config.globalAuthSignin,
    'auth-signin-redirect-param': config.globalAuthSigninRedirectParam,
    'auth-response-headers': config.globalAuthResponseHeaders.join(','),
    'auth-request-redirect': config.globalAuthRequestRedirect,
    'auth-cache-key': config.globalAuthCacheKey,
    'auth-cache-duration': config.globalAuthCacheDuration,
  };
}
