/**
 * How the program is, in one line of facts.
 *
 * @import { Diagnostics, Health } from '../messages.js'
 * @typedef {'' | 'good' | 'bad' | 'odd'} Mood
 */
import { byId, el, setText } from './dom.js';
import { count, counted, duration, timeOfDay } from './format.js';

/** What each phase is called, and how it looks. @type {Record<Health['phase'], [text: string, mood: Mood]>} */
const PHASES = {
  serving: ['serving', 'good'],
  waiting: ['waiting for routes', 'odd'],
  draining: ['draining', 'odd'],
};

/** @type {Record<string, string>} */
const SOURCES = { kube: 'Kubernetes API', manifests: 'manifests', push: 'pushed backends' };

export class HealthLine {
  #program = byId('program');
  #phase = byId('phase');
  #facts = new Map(
    ['Routes', 'Not served', 'Configuration', 'Source', 'Workers'].map(name => {
      const value = el('dd', '', '–');
      const detail = el('dd', 'detail');
      byId('health').append(el('div', '', el('dt', '', name), value, detail));
      return [name, { value, detail }];
    }),
  );

  /** @param {Health} health */
  show(health) {
    const { program, at } = health;
    setText(
      this.#program,
      `${program.hostname} · ${program.version} · engine ${program.engine} · up ${duration(at - program.startedAt)}`,
    );
    document.title = `kube-entry · ${program.hostname}`;
    this.#showPhaseOf(health);
    this.#set('Routes', count(health.routes), '');
    const changed = health.configChangedAt;
    this.#set(
      'Configuration',
      `version ${count(health.configVersion)}`,
      changed === null ? 'no table yet' : `changed ${duration(at - changed)} ago`,
    );
    this.#showSource(health);
    this.#showWorkers(health);
  }

  /** @param {Diagnostics} problems */
  showProblems({ refusals, conflicts, warnings }) {
    const isBad = refusals.total + conflicts.total > 0;
    const parts = [
      refusals.total > 0 && `${count(refusals.total)} refused`,
      conflicts.total > 0 && `${counted(conflicts.total, 'conflict')}`,
    ].filter(part => part !== false);
    const detail = warnings.total > 0 ? counted(warnings.total, 'warning') : '';
    this.#set('Not served', isBad ? parts.join(', ') : 'none', detail, isBad ? 'odd' : '');
  }

  /** @param {string} text @param {Mood} mood */
  showPhase(text, mood) {
    setText(this.#phase, text);
    this.#phase.dataset.mood = mood;
  }

  /** Routes that may be out of date are still served, and the page says so. @param {Health} health */
  #showPhaseOf({ phase, stale, at }) {
    if (phase !== 'serving' || stale === null) this.showPhase(...PHASES[phase]);
    else this.showPhase(`serving, stale for ${duration(at - stale.since)}`, 'odd');
  }

  /** @param {Health} health */
  #showSource({ source, stale, watch, at }) {
    const name = SOURCES[source.kind] ?? source.kind;
    const details = [
      source.problem || (source.synced ? 'in sync' : 'not in sync'),
      stale && `stale since ${timeOfDay(stale.since, at)}: ${stale.reason}`,
      watch && watch.restarts > 0 && `watch restarted ${count(watch.restarts)}×`,
      watch?.lastEventAt && `last event ${duration(at - watch.lastEventAt)} ago`,
    ];
    this.#set('Source', name, details.filter(Boolean).join(' · '), source.synced ? '' : 'bad');
  }

  /** @param {Health} health */
  #showWorkers({ workers, workerRestarts, configVersion }) {
    const alive = workers.filter(({ isAlive }) => isAlive);
    const behind = alive.filter(({ version }) => version < configVersion).length;
    const details = [
      workerRestarts > 0 ? `${count(workerRestarts)} replaced so far` : 'none ever replaced',
      behind > 0 && `${count(behind)} with an older table`,
      ...workers.map(({ answers, silentMs }, index) => {
        if (answers === 'in time') return false;
        const silence = `worker ${index + 1} has not answered for ${duration(silentMs)}`;
        return answers === 'late' ? silence : `${silence} and cannot be ended: restart the process`;
      }),
    ];
    const isWhole = workers.every(({ isAlive, answers }) => isAlive && answers === 'in time');
    this.#set(
      'Workers',
      alive.length === workers.length
        ? `${count(alive.length)} running`
        : `${count(alive.length)} of ${count(workers.length)} running`,
      details.filter(Boolean).join(' · '),
      isWhole ? '' : 'bad',
    );
  }

  /** @param {string} name @param {string} value @param {string} detail @param {Mood} [mood] */
  #set(name, value, detail, mood = '') {
    const fact = this.#facts.get(name);
    if (fact === undefined) return;
    setText(fact.value, value);
    setText(fact.detail, detail);
    fact.value.dataset.mood = mood;
  }
}
