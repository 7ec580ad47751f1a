// Watches everything that pages do during a test, and fails the test for what nobody would see: console errors and
// warnings, exceptions, violations of the Content-Security-Policy, requests to other hosts, answers of 5xx.

// A picture from elsewhere that a publication names is shown as this one; nothing leaves the machine.
const PICTURE = '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 8 8"><rect width="8" height="8" fill="#7a5"/></svg>';
const CSP = '[csp]';

export class Watch {
  problems = [];
  // What was written to the console and came back refused, for the report of a failure.
  lines = [];
  #allowed = [];
  #pictures = new Map();
  #origin;
  #hosts;
  #over = false;

  constructor(origin) {
    this.#origin = origin;
    this.#hosts = new Set([new URL(origin).host]);
  }

  // Lets problems be that a test provokes, such as `Failed to load resource: … 401 … /api/v1/auth/login`.
  allow(pattern) {
    this.#allowed.push(pattern);
  }

  // Lets requests be refused: the browser itself writes a line for each such answer.
  allowStatus(...statuses) {
    this.allow(new RegExp(`Failed to load resource: the server responded with a status of (${statuses.join('|')}) `));
    this.allow(new RegExp(`^answer (${statuses.join('|')}):`));
  }

  // Lets the server be away for a while.
  allowDisconnection() {
    this.allow(/net::ERR_(CONNECTION|EMPTY_RESPONSE|SOCKET|INCOMPLETE)/);
    this.allow(/WebSocket connection to .* failed/);
  }

  // Lets pages of another host be opened, as the one that a redirect step leads to.
  allowHost(url) {
    this.#hosts.add(new URL(url).host);
  }

  // A picture of another host that must be asked for. It is answered here, or with { broken } not at all.
  async expectPicture(context, url, { broken = false } = {}) {
    await this.mayShow(context, url, { broken });
    this.#pictures.set(url, false);
  }

  // The same where it need not be.
  async mayShow(context, url, { broken = false } = {}) {
    this.#pictures.set(url, true);
    await context.route(url, (route) => {
      if (route.request().resourceType() !== 'image') return route.abort();
      if (broken) return route.abort();
      return route.fulfill({ contentType: 'image/svg+xml', body: PICTURE });
    });
    if (broken) this.allow(new RegExp(`Failed to load resource: net::ERR_FAILED.*${escaped(url)}`));
  }

  // Watches all pages of a context, also those that are opened by pages.
  async over(context) {
    await context.addInitScript((mark) => {
      addEventListener('securitypolicyviolation', ({ violatedDirective, blockedURI, sourceFile, lineNumber }) => {
        console.error(`${mark} ${violatedDirective} ${blockedURI} (${sourceFile}:${lineNumber})`);
      });
    }, CSP);
    context.on('console', (message) => this.#wrote(message));
    context.on('weberror', (webError) => this.#problem(`exception: ${webError.error().stack}`));
    context.on('request', (request) => this.#asked(request.url(), request.resourceType()));
    context.on('response', (response) => {
      if (response.status() >= 400) this.#refused(response);
    });
    context.on('page', (page) => page.on('websocket', (socket) => this.#asked(socket.url(), 'websocket')));
  }

  #wrote(message) {
    const { url, lineNumber } = message.location();
    // What the pages of other hosts write is none of ours.
    if (url && !url.startsWith(`${this.#origin}/`) && !this.#pictures.has(url)) return;
    const line = `console ${message.type()}: ${message.text()} (${url}:${lineNumber})`;
    this.#note(line);
    if (['error', 'warning', 'assert'].includes(message.type())) this.#problem(line);
  }

  #asked(url, type) {
    const { protocol, host } = new URL(url);
    if (this.#over || !/^(https?|wss?):$/.test(protocol)) return;
    if (this.#pictures.has(url) && type === 'image') this.#pictures.set(url, true);
    else if (!this.#hosts.has(host)) this.#problem(`request to another host: ${type} ${url}`);
  }

  #refused(response) {
    const line = `answer ${response.status()}: ${response.request().method()} ${response.url()}`;
    this.#note(line);
    if (response.status() >= 500) this.#problem(line);
  }

  #note(line) {
    if (!this.#over) this.lines.push(line);
  }

  #problem(text) {
    if (!this.#over) this.problems.push(text);
  }

  // Stops watching, and answers what a test has to fail for.
  end() {
    this.#over = true;
    const missed = [...this.#pictures].filter(([, asked]) => !asked).map(([url]) => `never asked for the picture ${url}`);
    return [...this.problems.filter((problem) => !this.#allowed.some((pattern) => pattern.test(problem))), ...missed];
  }
}

const escaped = (text) => text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
