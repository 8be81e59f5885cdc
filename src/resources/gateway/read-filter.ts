import type { Field, TextRule } from './field.ts';
import type { CorsFilter, HeaderModifier, PathModifier, RequestRedirect, RouteFilter } from './gateway-object.ts';
import { DNS_NAME, NAME, readBackendRef, readFullRef, readPort } from './read-parts.ts';

/** Several times what the schema of today allows: 16 headers, 64 origins. */
const FEW = 64;
const MANY = 256;
const MOST = 2 ** 31 - 1;

export const HEADER_NAME: TextRule = {
  least: 1,
  most: 256,
  test: text => /^[A-Za-z0-9!#$%&'*+\-.^_`|~]+$/.test(text),
  otherwise: 'must be the name of a header',
};
export const HEADER_VALUE: TextRule = { most: 16_384 };

/** The field of each type. */
const FIELDS: Readonly<Record<string, string>> = {
  RequestHeaderModifier: 'requestHeaderModifier',
  ResponseHeaderModifier: 'responseHeaderModifier',
  RequestRedirect: 'requestRedirect',
  URLRewrite: 'urlRewrite',
  RequestMirror: 'requestMirror',
  CORS: 'cors',
  ExtensionRef: 'extensionRef',
  ExternalAuth: 'externalAuth',
};

export function readFilter(filter: Field): RouteFilter {
  const type = filter.at('type').text(NAME);
  const requestRedirect = filter.at('requestRedirect').maybe(readRedirect);
  const urlRewrite = filter.at('urlRewrite').maybe(rewrite => ({
    hostname: rewrite.at('hostname').maybeText(DNS_NAME),
    path: rewrite.at('path').maybe(readPathModifier),
  }));
  const requestMirror = filter.at('requestMirror').maybe(readMirror);
  return {
    type,
    requestHeaderModifier: filter.at('requestHeaderModifier').maybe(readHeaderModifier),
    responseHeaderModifier: filter.at('responseHeaderModifier').maybe(readHeaderModifier),
    requestRedirect,
    urlRewrite,
    requestMirror,
    cors: filter.at('cors').maybe(readCors),
    extensionRef: filter.at('extensionRef').maybe(readFullRef),
    fault:
      fieldFault(filter, type) ??
      pathFault('requestRedirect', requestRedirect?.path) ??
      pathFault('urlRewrite', urlRewrite?.path) ??
      mirrorFault(requestMirror),
  };
}

function readHeaderModifier(modifier: Field): HeaderModifier {
  const readValue = (header: Field): { name: string; value: string } => ({
    name: header.at('name').text(HEADER_NAME),
    value: header.at('value').text(HEADER_VALUE),
  });
  return {
    set: modifier.at('set').list(FEW, readValue),
    add: modifier.at('add').list(FEW, readValue),
    remove: modifier.at('remove').list(FEW, name => name.text(HEADER_NAME)),
  };
}

function readRedirect(redirect: Field): RequestRedirect {
  return {
    scheme: redirect.at('scheme').maybeText(NAME),
    hostname: redirect.at('hostname').maybeText(DNS_NAME),
    path: redirect.at('path').maybe(readPathModifier),
    port: redirect.at('port').maybe(readPort),
    statusCode: redirect.at('statusCode').maybe(code => code.whole(300, 399)) ?? 302,
  };
}

function readPathModifier(path: Field): PathModifier {
  return {
    type: path.at('type').text(NAME),
    replaceFullPath: path.at('replaceFullPath').maybeText(),
    replacePrefixMatch: path.at('replacePrefixMatch').maybeText(),
  };
}

function readMirror(mirror: Field): NonNullable<RouteFilter['requestMirror']> {
  return {
    backendRef: readBackendRef(mirror.at('backendRef')),
    percent: mirror.at('percent').maybe(percent => percent.whole(0, 100)),
    fraction: mirror.at('fraction').maybe(fraction => ({
      numerator: fraction.at('numerator').whole(0, MOST),
      denominator: fraction.at('denominator').maybe(denominator => denominator.whole(1, MOST)) ?? 100,
    })),
  };
}

function readCors(cors: Field): CorsFilter {
  const texts = (key: string): string[] => cors.at(key).list(MANY, text => text.text());
  return {
    allowOrigins: texts('allowOrigins'),
    allowCredentials: cors.at('allowCredentials').maybe(flag => flag.flag()) ?? false,
    allowMethods: texts('allowMethods'),
    allowHeaders: texts('allowHeaders'),
    exposeHeaders: texts('exposeHeaders'),
    maxAge: cors.at('maxAge').maybe(seconds => seconds.whole(1, MOST)) ?? 5,
  };
}

/** An API server before 1.25 does not check that type and field belong together. */
function fieldFault(filter: Field, type: string): string | undefined {
  const own = FIELDS[type];
  if (own !== undefined && filter.at(own).isAbsent) return `${own} must be given, because type is ${type}`;
  const other = Object.entries(FIELDS).find(([, field]) => field !== own && !filter.at(field).isAbsent);
  return other && `${other[1]} must not be given, because type is ${type}`;
}

function pathFault(where: string, path: PathModifier | undefined): string | undefined {
  if (path === undefined) return undefined;
  const { type, replaceFullPath, replacePrefixMatch } = path;
  const given = { ReplaceFullPath: replaceFullPath, ReplacePrefixMatch: replacePrefixMatch };
  for (const [name, value] of Object.entries(given)) {
    const field = `${where}.path.${name[0]?.toLowerCase()}${name.slice(1)}`;
    if (name === type && value === undefined) return `${field} must be given, because type is ${type}`;
    if (name !== type && value !== undefined) return `${field} must not be given, because type is ${type}`;
  }
  return undefined;
}

function mirrorFault(mirror: RouteFilter['requestMirror']): string | undefined {
  const { percent, fraction } = mirror ?? {};
  if (fraction === undefined) return undefined;
  if (percent !== undefined) return 'requestMirror has both percent and fraction: remove one';
  if (fraction.numerator <= fraction.denominator) return undefined;
  return 'requestMirror.fraction.numerator must not be larger than its denominator';
}
