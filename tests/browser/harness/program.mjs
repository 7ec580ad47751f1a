// A program that a test starts: collects what it prints, waits for what it says, ends it.

import { spawn } from 'node:child_process';
import { once } from 'node:events';

const PATIENCE_MS = 20_000;

export class Program {
  output = '';
  #child;
  #waiting = new Set();

  // With { stdin: 'pipe' } it has a stdin that stays open until this process ends.
  constructor(command, args, { env = process.env, stdin = 'ignore' } = {}) {
    this.#child = spawn(command, args, { env, stdio: [stdin, 'pipe', 'pipe'] });
    this.name = `${command} ${args[0] ?? ''}`;
    for (const stream of [this.#child.stdout, this.#child.stderr]) {
      stream.setEncoding('utf8').on('data', (text) => {
        this.output += text;
        this.#look();
      });
    }
    this.#child.on('error', (error) => {
      this.output += `${error}\n`;
    });
    this.ended = new Promise((resolve) => {
      this.#child.on('close', resolve);
    }).then(() => {
      this.hasEnded = true;
      this.#look();
    });
  }

  // What the pattern found in the output, once it is there; it should not be satisfied by half a line.
  said(pattern) {
    return new Promise((resolve, reject) => {
      const fail = (why) => reject(new Error(`${this.name} ${why} instead of saying ${pattern}:\n${this.output}`));
      const timer = setTimeout(() => fail(`was silent for ${PATIENCE_MS} ms`), PATIENCE_MS);
      const look = () => {
        const found = pattern.exec(this.output);
        if (!found && !this.hasEnded) return;
        clearTimeout(timer);
        this.#waiting.delete(look);
        if (found) resolve(found);
        else fail('ended');
      };
      this.#waiting.add(look);
      look();
    });
  }

  #look() {
    for (const look of [...this.#waiting]) look();
  }

  // Types a line into its stdin.
  type(line) {
    this.#child.stdin.write(`${line}\n`);
  }

  // Lets this process end before it.
  unref() {
    for (const handle of [this.#child, this.#child.stdin, this.#child.stdout, this.#child.stderr]) handle?.unref();
  }

  // Ends it, and answers when it has ended.
  async end(signal = 'SIGKILL') {
    if (!this.hasEnded) this.#child.kill(signal);
    await this.ended;
  }
}

// Runs a program to its end, which must be a good one; answers what it printed.
export async function run(command, args, options) {
  const child = spawn(command, args, { ...options, stdio: ['ignore', 'pipe', 'pipe'] });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text) => {
      output += text;
    });
  }
  const [code] = await once(child, 'close');
  if (code !== 0) throw new Error(`${command} ${args.join(' ')} ended with ${code}:\n${output}`);
  return output;
}
