/**
 * The default certificate, and those that Services ask for: until when each is valid, and what is wrong with it.
 *
 * @import { CertificateRow, Excerpt } from '../messages.js'
 */
import { byId, el, setText, shortened } from './dom.js';
import { count, counted, duration } from './format.js';

const SOON_MS = 14 * 86_400_000;

/** @param {Excerpt<CertificateRow>} certificates those with a problem first, then those that expire first */
export function showCertificates({ total, items }) {
  byId('certificates').hidden = total === 0;
  setText(
    byId('certificates-shown'),
    items.length < total ? `${count(items.length)} of ${count(total)}` : count(total),
  );
  byId('certificate-list').replaceChildren(...items.map(certificateItem));
}

/** @param {CertificateRow} row */
function certificateItem({ certificate, names, issuer, validUntil, askedBy, problems }) {
  const facts = [
    names.total > 0 && `for ${listed(names)}`,
    issuer !== '' && `issued by ${issuer}`,
    askedBy.total > 0 && `asked for by ${listed(askedBy)}`,
  ].filter(fact => fact !== false);
  return el(
    'li',
    '',
    el(
      'p',
      '',
      shortened('span', 'service', certificate),
      ...problems.map(({ reason }) => el('span', 'tag removed', reason)),
      validUntil !== null && validityOf(validUntil),
    ),
    shortened('p', 'said', facts.join(' · '), 400),
    ...problems.map(({ message }) => shortened('p', '', message, 400)),
  );
}

/** @param {number} until milliseconds since the epoch */
function validityOf(until) {
  const left = until - Date.now();
  const time = el('time', left < SOON_MS ? 'tag' : 'muted', left > 0 ? `valid for ${duration(left)}` : 'expired');
  time.dateTime = new Date(until).toISOString();
  time.title = time.dateTime;
  return time;
}

/** @param {Excerpt<string>} texts */
function listed({ total, items }) {
  const more = total - items.length;
  return items.join(', ') + (more > 0 ? ` and ${counted(more, 'more', 'more')}` : '');
}
