// One test's corner of the connector: its key, its behaviours, and what arrived so far.
// Used by callbacks.mjs, which fills it, and control.mjs, through which the test reads it.

import { behaviourFrom, DEFAULT_STATUS } from './behaviour.mjs';
import { publicKeyFrom } from './signature.mjs';

const SETTINGS = ['publicKey', 'hub', 'record', 'scheme', 'authority'];
const ALL_KINDS = 'all';

const newCount = () => ({
  arrived: 0,
  answered: 0,
  inFlight: 0,
  maxInFlight: 0,
  invalidSignatures: 0,
  withProblems: 0,
});

export class Space {
  publicKey = null;
  hub = null;
  /** False: callbacks are counted, and kept only where something is wrong with them. */
  record = true;
  /** The scheme a signature covers: https, whatever the transport, unless the platform is told. */
  scheme = 'https';
  /** Tokens by ID. */
  tokens = { installations: {}, instances: {} };
  newestInstance = null;
  /** The instance that created a thing, by the thing's ID. */
  thingInstances = new Map();
  counts = { [ALL_KINDS]: newCount() };

  #records = [];
  #finished = new WeakSet();
  #inFlight = new Set();
  #behaviours = new Map();
  #seenPosts = new Set();
  #waiters = new Set();

  /** `authority` is the Host that callbacks to this connector should carry. */
  constructor(authority) {
    this.authority = authority;
    for (const kind of Object.keys(DEFAULT_STATUS)) {
      this.counts[kind] = newCount();
      this.behave(kind, {});
    }
  }

  /** Changes the settings given, leaves the others. */
  configure(settings) {
    const unknown = Object.keys(settings).find((key) => !SETTINGS.includes(key));
    if (unknown !== undefined) throw new Error(`unknown setting: ${unknown}`);
    const { publicKey, ...rest } = settings;
    if (publicKey !== undefined) {
      this.publicKey = publicKey === null ? null : publicKeyFrom(publicKey);
    }
    Object.assign(this, rest);
  }

  /** How callbacks of a kind are answered from now on: one behaviour, or a list used up in turn. */
  behave(kind, given) {
    if (!Object.hasOwn(DEFAULT_STATUS, kind)) throw new Error(`no such kind: ${kind}`);
    const list = Array.isArray(given) ? given : [given];
    if (list.length === 0) throw new Error('an empty list of behaviours');
    this.#behaviours.set(kind, list.map((behaviour) => behaviourFrom(behaviour, kind)));
  }

  nextBehaviour(kind) {
    const list = this.#behaviours.get(kind);
    return list.length > 1 ? list.shift() : list[0];
  }

  /** True the second time a POST of this kind carries this ID. */
  isRepeated(kind, id) {
    const key = `${kind} ${id}`;
    if (this.#seenPosts.has(key)) return true;
    this.#seenPosts.add(key);
    return false;
  }

  /** Takes note of a callback; the promise given back ends when the test releases it. */
  arrive(record) {
    const hasBadSignature = record.signature === 'invalid' || record.signature === 'missing';
    const hasProblems = record.problems.length > 0;
    this.#count(record.kind, (count) => {
      count.arrived += 1;
      count.inFlight += 1;
      count.maxInFlight = Math.max(count.maxInFlight, count.inFlight);
      if (hasBadSignature) count.invalidSignatures += 1;
      if (hasProblems) count.withProblems += 1;
    });
    record.n = this.counts[ALL_KINDS].arrived;
    if (this.record || hasProblems || hasBadSignature) this.#records.push(record);
    const flight = { record };
    const released = new Promise((resolve) => {
      flight.release = resolve;
    });
    this.#inFlight.add(flight);
    this.#wakeWaiters();
    return { released, finish: () => this.#finish(flight) };
  }

  #finish(flight) {
    this.#inFlight.delete(flight);
    this.#finished.add(flight.record);
    this.#count(flight.record.kind, (count) => {
      count.answered += 1;
      count.inFlight -= 1;
    });
    this.#wakeWaiters();
  }

  #count(kind, change) {
    change(this.counts[kind]);
    change(this.counts[ALL_KINDS]);
  }

  /** Lets every callback that has arrived by now (of a kind, if given) answer, if it was held. */
  release(kind) {
    let released = 0;
    for (const flight of this.#inFlight) {
      if (kind !== undefined && flight.record.kind !== kind) continue;
      flight.release();
      released += 1;
    }
    return released;
  }

  /** What arrived (of a kind, if given); with `answered` only what has ended. */
  callbacks({ kind, answered }) {
    return this.#records.filter(
      (record) =>
        (kind === undefined || record.kind === kind) && (!answered || this.#finished.has(record)),
    );
  }

  /** True as soon as `count` callbacks have arrived (or ended), false when time runs out. */
  waitFor({ count, kind = ALL_KINDS, answered }, timeoutMs) {
    const isReached = () => this.counts[kind][answered ? 'answered' : 'arrived'] >= count;
    if (isReached()) return Promise.resolve(true);
    return new Promise((resolve) => {
      const end = (reached) => {
        this.#waiters.delete(waiter);
        clearTimeout(timer);
        resolve(reached);
      };
      const waiter = () => isReached() && end(true);
      const timer = setTimeout(end, timeoutMs, false);
      this.#waiters.add(waiter);
    });
  }

  #wakeWaiters() {
    for (const waiter of this.#waiters) waiter();
  }
}
