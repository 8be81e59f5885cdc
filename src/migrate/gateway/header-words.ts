/** Changes of headers, as filters of routes. Pure. */
import { formatNginxText } from '../../formats/nginx-text.ts';
import type { HeaderEdit, HeadersPolicy } from '../../model/policy.ts';
import type { HeaderModifier, RouteFilter } from './manifests.ts';
import * as annotations from './own-annotations.ts';
import { type Part, unsaid, type WordsContext } from './words.ts';

/** The API allows no more of each kind. */
const MOST_HEADERS = 16;

/** Each type stands once: the headers of two go together. */
export function addFilter(filters: RouteFilter[], filter: RouteFilter): void {
  const at = filters.findIndex(({ type }) => type === filter.type);
  const known = filters[at];
  if (known?.type === 'RequestHeaderModifier' && filter.type === 'RequestHeaderModifier')
    filters[at] = {
      ...known,
      requestHeaderModifier: joined(known.requestHeaderModifier, filter.requestHeaderModifier),
    };
  else if (known?.type === 'ResponseHeaderModifier' && filter.type === 'ResponseHeaderModifier')
    filters[at] = {
      ...known,
      responseHeaderModifier: joined(known.responseHeaderModifier, filter.responseHeaderModifier),
    };
  else filters.push(filter);
}

function joined(one: HeaderModifier, other: HeaderModifier): HeaderModifier {
  return modifier([...editsIn(one), ...editsIn(other)]);
}

function editsIn({ set = [], add = [], remove = [] }: HeaderModifier): HeaderEdit[] {
  return [
    ...set.map(edit => ({ op: 'set', ...edit }) as const),
    ...add.map(edit => ({ op: 'add', ...edit }) as const),
    ...remove.map(name => ({ op: 'remove', name, value: '' }) as const),
  ];
}

function modifier(edits: readonly HeaderEdit[]): HeaderModifier {
  const lines = (wanted: HeaderEdit['op']) => edits.filter(({ op }) => op === wanted);
  const valued = (op: 'set' | 'add') => lines(op).map(({ name, value }) => ({ name, value }));
  return {
    ...(lines('set').length > 0 && { set: valued('set') }),
    ...(lines('add').length > 0 && { add: valued('add') }),
    ...(lines('remove').length > 0 && { remove: lines('remove').map(({ name }) => name) }),
  };
}

export function requestHeader(name: string, value: string): Part {
  return { filters: [{ type: 'RequestHeaderModifier', requestHeaderModifier: { set: [{ name, value }] } }] };
}

export function responseHeader(name: string, value: string): Part {
  return { filters: [{ type: 'ResponseHeaderModifier', responseHeaderModifier: { set: [{ name, value }] } }] };
}

/** A filter where it can say them, which changes each name once; else an annotation, which does one after the other. */
export function headerWords({ kind, edits }: HeadersPolicy, context: WordsContext): Part {
  const names = ['custom-headers', 'configuration-snippet', 'server-snippet'];
  const fixed = edits.filter(({ text }) => text === undefined);
  for (const { name, text } of edits) {
    if (text !== undefined)
      unsaid(
        context,
        names,
        `the header ${name} is ${formatNginxText(text)}, and headers of an HTTPRoute hold no variables`,
      );
  }
  if (fixed.some(({ statuses }) => statuses !== undefined)) {
    const reason = 'headers are changed in answers of every status, not only of those that add_header has';
    context.say({ names, verdict: 'differs', reason });
  }
  if (fixed.length === 0) return {};
  const isUnique = new Set(fixed.map(({ name }) => name.toLowerCase())).size === fixed.length;
  const hasEmpty = fixed.some(({ op, value }) => op !== 'remove' && value === '');
  if (!isUnique || hasEmpty || fixed.length > MOST_HEADERS)
    return { annotations: annotations.headerEdits(kind, fixed) };
  return {
    filters: [
      kind === 'request-headers'
        ? { type: 'RequestHeaderModifier', requestHeaderModifier: modifier(fixed) }
        : { type: 'ResponseHeaderModifier', responseHeaderModifier: modifier(fixed) },
    ],
  };
}
