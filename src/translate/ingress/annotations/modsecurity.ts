import type { IngressFeature, IngressValues } from '../ingress-feature.ts';

const WHY =
  'there is no web application firewall here, and what asks for one answers 503, unless --allow-missing-waf says otherwise; put one before this program';

const REFUSED = { support: 'refused', why: WHY } as const;

/** A protection that cannot be had. */
export const MODSECURITY: IngressFeature = {
  rows: [
    {
      ...REFUSED,
      name: 'enable-modsecurity',
      value: 'true or false',
      example: 'true',
      help: '"true" answers 503.',
    },
    {
      ...REFUSED,
      name: 'enable-owasp-core-rules',
      value: 'true or false',
      example: 'true',
      help: '"true" answers 503.',
    },
    {
      ...REFUSED,
      name: 'modsecurity-snippet',
      value: 'rules of ModSecurity',
      example: 'SecRuleEngine On',
      help: 'Answers 503.',
    },
    {
      ...REFUSED,
      name: 'modsecurity-transaction-id',
      value: 'a text',
      example: '$request_id',
      help: 'Says how ModSecurity names a request.',
      why: 'there is no web application firewall here; alone, it asks for none',
    },
  ],
  read(values) {
    const asked: string[] = [];
    if (values.bool('enable-modsecurity', values.config.enableModsecurity)) asked.push('enable-modsecurity');
    if (values.bool('enable-owasp-core-rules', false)) asked.push('enable-owasp-core-rules');
    if (values.get('modsecurity-snippet') !== undefined) asked.push('modsecurity-snippet');
    for (const name of asked) missing(values, name);
    return undefined;
  },
};

function missing(values: IngressValues, name: string): void {
  if (values.options.allowMissingWaf === true) {
    values.tell(
      name,
      'there is no web application firewall here, and requests are served without one, because --allow-missing-waf says so',
    );
  } else {
    values.deny(
      name,
      'there is no web application firewall here; put one before this program, or run with --allow-missing-waf',
    );
  }
}
