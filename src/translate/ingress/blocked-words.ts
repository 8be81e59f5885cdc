import { quote } from '../../text/quote.ts';
import { type AnnotationValues, NGINX_PREFIX } from './ingress-values.ts';

/** Refuses an Ingress with a word in an annotation that the key `annotation-value-word-blocklist` of the ConfigMap names. */
export function refuseBlockedWords(annotations: Readonly<Record<string, string>>, values: AnnotationValues): void {
  const words = values.config.annotationValueWordBlocklist;
  if (words.length === 0) return;
  for (const [key, text] of Object.entries(annotations)) {
    if (!key.startsWith(NGINX_PREFIX)) continue;
    const word = words.find(one => text.includes(one));
    if (word === undefined) continue;
    const why = `it holds ${quote(word)}, which annotation-value-word-blocklist of the ConfigMap forbids: write it without`;
    values.refuse(key.slice(NGINX_PREFIX.length), why);
  }
}
