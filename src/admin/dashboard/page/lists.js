/**
 * What is not served as its owner asked, and what has changed recently.
 *
 * @import { ConflictView, Diagnostics, Excerpt, TableChange } from '../messages.js'
 */
import { byId, el, routeName, serviceName, shortened } from './dom.js';
import { count, counted, timeOfDay } from './format.js';

/** A message quotes what an annotation says. */
const LONGEST_MESSAGE = 400;

/** @param {Diagnostics} problems */
export function showProblems({ refusals, conflicts, warnings }) {
  const lists = [
    ...listOf(refusals, 'Refused', refusal => [
      el('p', '', serviceName(refusal.service), el('span', 'tag', refusal.reason)),
      shortened('p', 'said', refusal.message, LONGEST_MESSAGE),
    ]),
    ...listOf(conflicts, 'In conflict', conflictItem),
    ...listOf(warnings, 'Served, with a warning', warning => [
      el('p', '', serviceName(warning.service)),
      shortened('p', 'said', warning.message, LONGEST_MESSAGE),
    ]),
  ];
  const calm = el('p', 'empty', 'Every Service that asks to be exposed is.');
  byId('problems').replaceChildren(...(lists.length > 0 ? lists : [calm]));
}

/** @param {readonly TableChange[]} changes the newest first */
export function showChanges(changes) {
  const items = changes.map(change => {
    const { at, version, tookMs, routes, added, changed, removed } = change;
    const unnamed = added + changed + removed - routes.length;
    const time = el('time', '', timeOfDay(at, Date.now()));
    time.dateTime = new Date(at).toISOString();
    return el(
      'li',
      '',
      el(
        'p',
        'muted',
        time,
        ` · version ${count(version)} · served after ${tookMs < 10 ? tookMs.toFixed(1) : count(tookMs)} ms`,
      ),
      ...routes.map(({ what, service, ...route }) =>
        el('p', 'change', el('span', `tag ${what}`, what), routeName(route), serviceName(service)),
      ),
      unnamed > 0 && el('p', 'muted', `and ${counted(unnamed, 'more route', 'more routes')}`),
    );
  });
  const none = el('p', 'empty', 'None since this program started.');
  byId('changes').replaceChildren(items.length > 0 ? el('ul', 'list', ...items) : none);
}

/** @param {ConflictView} conflict */
function conflictItem({ winner, loser, ...route }) {
  return [
    el('p', '', serviceName(loser), el('span', 'tag', 'Conflict')),
    el(
      'p',
      'said',
      routeName(route),
      ' belongs to the older ',
      serviceName(winner),
      '. It takes over when that one goes.',
    ),
  ];
}

/**
 * @template Item
 * @param {Excerpt<Item>} excerpt
 * @param {string} title
 * @param {(item: Item) => HTMLElement[]} show
 */
function listOf({ total, items }, title, show) {
  if (total === 0) return [];
  const more = total - items.length;
  return [
    el('h3', '', title, el('span', 'muted', ` ${count(total)}`)),
    el('ul', 'list', ...items.map(item => el('li', '', ...show(item)))),
    ...(more > 0 ? [el('p', 'muted', `and ${count(more)} more: kube-entry routes lists them all`)] : []),
  ];
}
