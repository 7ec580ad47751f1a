// Subscriptions over one WebSocket for each identity, in the protocol graphql-transport-ws.
//
// A socket that is cut comes back by itself. After each subscribing the server is asked for a `pong`,
// which means that everything from then on will be told: whoever queries at that moment (`ready`)
// has missed nothing.

import { createStore } from '../core/store.js';
import { forgetServiceToken, serviceToken } from './client.js';
import { ApiError } from './error.js';
import { end, session } from './session.js';

const PROTOCOL = 'graphql-transport-ws';
const RETRY_MS_MIN = 500;
const RETRY_MS_MAX = 15_000;
// A server that says nothing for so long after a ping is gone.
const PONG_MS_MAX = 10_000;
const PING_EVERY_MS = 25_000;
// How long a socket without subscriptions is kept: the next page may want it.
const IDLE_MS = 3_000;
const FORBIDDEN = 4403;

// Whether what is shown is live: 'idle' (nothing is listened to), 'live' or 'cut'.
export const liveState = createStore('idle');

const sockets = new Map();

// Listens. `ready` is called each time when listening has begun (again); `next` with the data of each
// event, and the errors of one that could not be told in full; `error` once, when the subscription is over. Answers how to stop.
export function subscribe(document, variables, { app = null, subject = null }, { next, ready, error }) {
  const identity = JSON.stringify([app, subject]);
  if (!sockets.has(identity)) sockets.set(identity, new Socket(identity, app, subject));
  return sockets.get(identity).add({ document, variables, next, ready, error });
}

class Socket {
  #subscriptions = new Map();
  #ids = 0;
  #retries = 0;
  #pongs = []; // what to do at each pong that is awaited
  #timers = {};
  #socket = null;
  #open = false;
  #token = null; // that the socket began with

  constructor(identity, app, subject) {
    Object.assign(this, { identity, app, subject });
  }

  get open() {
    return this.#open;
  }

  add(subscription) {
    const id = String((this.#ids += 1));
    this.#subscriptions.set(id, subscription);
    clearTimeout(this.#timers.idle);
    if (this.#open) this.#begin([id]);
    else if (!this.#socket) this.connect();
    showState();
    return () => this.#remove(id);
  }

  async connect() {
    clearTimeout(this.#timers.retry);
    if (this.#socket || this.#subscriptions.size === 0) return;
    const socket = new WebSocket(`${location.origin.replace(/^http/, 'ws')}/api/v1/query`, PROTOCOL);
    this.#socket = socket;
    socket.onopen = async () => {
      try {
        this.#token = this.app ? await serviceToken(this.app) : session.get()?.token;
        const payload = { Authorization: `Bearer ${this.#token}` };
        if (this.subject) payload['X-External-Subject-ID'] = this.subject;
        this.#send({ type: 'connection_init', payload });
      } catch {
        socket.close();
      }
    };
    socket.onmessage = ({ data }) => this.#take(JSON.parse(data));
    socket.onclose = ({ code }) => this.#closed(socket, code);
  }

  #remove(id) {
    if (!this.#subscriptions.delete(id)) return;
    if (this.#open) this.#send({ id, type: 'complete' });
    if (this.#subscriptions.size === 0) {
      this.#timers.idle = setTimeout(() => this.close(), IDLE_MS);
    }
    showState();
  }

  close() {
    sockets.delete(this.identity);
    Object.values(this.#timers).forEach(clearTimeout);
    this.#subscriptions.clear();
    hangUp(this.#socket);
    showState();
  }

  #send(message) {
    if (this.#socket?.readyState === WebSocket.OPEN) this.#socket.send(JSON.stringify(message));
  }

  #begin(ids) {
    for (const id of ids) {
      const { document, variables } = this.#subscriptions.get(id);
      this.#send({ id, type: 'subscribe', payload: { query: document, variables } });
    }
    this.#ping(() => ids.forEach((id) => this.#subscriptions.get(id)?.ready?.()));
  }

  #ping(then) {
    this.#pongs.push(then);
    this.#send({ type: 'ping' });
    clearTimeout(this.#timers.pong);
    this.#timers.pong = setTimeout(() => this.#socket && this.#closed(this.#socket, 0), PONG_MS_MAX);
  }

  #take({ type, id, payload }) {
    switch (type) {
      case 'connection_ack':
        this.#open = true;
        this.#retries = 0;
        this.#begin([...this.#subscriptions.keys()]);
        this.#keepAsking();
        return showState();
      case 'ping':
        return this.#send({ type: 'pong' });
      case 'pong':
        if (this.#pongs.length === 1) clearTimeout(this.#timers.pong);
        return this.#pongs.shift()?.();
      case 'next':
        return this.#subscriptions.get(id)?.next(payload.data, payload.errors);
      case 'error':
        return this.#over(id, payload);
      case 'complete':
        return this.#over(id, [{ message: 'The subscription has ended.' }]);
    }
  }

  #keepAsking() {
    clearTimeout(this.#timers.ping);
    this.#timers.ping = setTimeout(() => {
      this.#ping(() => {});
      this.#keepAsking();
    }, PING_EVERY_MS);
  }

  #over(id, errors) {
    const subscription = this.#subscriptions.get(id);
    this.#remove(id);
    subscription?.error?.(ApiError.ofGraphql(errors[0]));
  }

  #closed(socket, code) {
    if (this.#socket !== socket) return;
    hangUp(socket);
    this.#socket = null;
    this.#open = false;
    this.#pongs = [];
    clearTimeout(this.#timers.ping);
    clearTimeout(this.#timers.pong);
    if (this.#subscriptions.size === 0) {
      clearTimeout(this.#timers.idle);
      sockets.delete(this.identity);
      return showState();
    }
    if (code === FORBIDDEN && this.app) forgetServiceToken(this.app);
    // Where there is another token by now, it goes on with that.
    if (code === FORBIDDEN && !this.app && this.#token === session.get()?.token) return end({ refused: true });
    const wait = Math.min(RETRY_MS_MAX, RETRY_MS_MIN * 2 ** this.#retries);
    this.#retries += 1;
    // Not all tabs at once, after a restart of the server.
    this.#timers.retry = setTimeout(() => this.connect(), wait * (0.5 + Math.random() / 2));
    showState();
  }
}

// Browsers complain of a socket that is closed before it is open.
function hangUp(socket) {
  if (!socket) return;
  socket.onclose = null;
  socket.onmessage = null;
  socket.onopen = () => socket.close();
  if (socket.readyState !== WebSocket.CONNECTING) socket.close();
}

function showState() {
  const wanted = [...sockets.values()];
  if (wanted.length === 0) liveState.set('idle');
  else liveState.set(wanted.every((socket) => socket.open) ? 'live' : 'cut');
}

function tryNow() {
  for (const socket of sockets.values()) socket.connect();
}

addEventListener('online', tryNow);
document.addEventListener('visibilitychange', () => document.visibilityState === 'visible' && tryNow());
session.listen((signedIn) => {
  if (!signedIn) for (const socket of [...sockets.values()]) socket.close();
});
