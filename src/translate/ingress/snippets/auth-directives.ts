/** Directives about the answer of an auth service. It is asked by the annotation auth-url alone. */
import { FormatError } from '../../../errors.ts';
import { quote } from '../../../text/quote.ts';
import { headerText } from '../header-text.ts';
import { type DirectiveReader, type SnippetEffect, wordsOf } from './snippet-effect.ts';

const ANSWER_HEADER = /^\$upstream_http_([a-z0-9_]+)$/i;
const VARIABLE = /^\$(\w+)$/;
/** The cookies of the auth service go to clients in any case. */
const SET_COOKIE = 'set-cookie';

export const AUTH_DIRECTIVES: Readonly<Record<string, DirectiveReader>> = {
  auth_request_set(directive, { authVariables }, where) {
    if (where !== 'location') throw new FormatError('auth_request_set stands in a configuration-snippet alone');
    const [name = '', value = ''] = wordsOf(directive, 2);
    const variable = VARIABLE.exec(name)?.[1];
    const header = ANSWER_HEADER.exec(value)?.[1];
    if (variable === undefined || header === undefined) {
      const advice = 'only "auth_request_set $NAME $upstream_http_HEADER" is read, for proxy_set_header';
      throw new FormatError(`${quote(`${name} ${value}`)}: ${advice}`);
    }
    authVariables.set(variable, header.toLowerCase().replaceAll('_', '-'));
  },
};

/** @returns whether the value is a variable of auth_request_set, so that the auth service says it */
export function setsFromAuth(effect: SnippetEffect, name: string, value: string): boolean {
  const from = fromAuth(effect, value);
  if (from === undefined) return false;
  const { name: to } = headerText('remove', name, '', 'host');
  effect.authHeaders.push({ from, to });
  return true;
}

/** @returns whether it asks for the cookies of the auth service, which clients get without it */
export function addsCookiesOfAuth(effect: SnippetEffect, name: string, value: string): boolean {
  if (name.toLowerCase() !== SET_COOKIE || fromAuth(effect, value) !== SET_COOKIE) return false;
  effect.remarks.add('the cookies of the auth service go to clients without it');
  return true;
}

function fromAuth({ authVariables }: SnippetEffect, value: string): string | undefined {
  return authVariables.get(VARIABLE.exec(value)?.[1] ?? '');
}
