/** A program of the cluster (controller, agent) as a child process with its log in a file; started again when it ends unasked, if so wished. */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, existsSync, mkdirSync, openSync, readFileSync } from 'node:fs';
import path from 'node:path';

export interface ManagedProcessOptions {
  /** For messages: `agent of mecs1-2`. */
  name: string;
  command: readonly string[];
  environment: NodeJS.ProcessEnv;
  logFile: string;
  /** Told when it ends without having been asked to; it is then started again after a second. Without it, it stays down. */
  onCrash?: (how: string) => void;
}

const restartDelayMs = 1_000;

export class ManagedProcess {
  readonly #options: ManagedProcessOptions;
  #child?: ChildProcess;
  #more: NodeJS.ProcessEnv = {};
  #restart?: NodeJS.Timeout;
  #stopping = false;

  constructor(options: ManagedProcessOptions) {
    this.#options = options;
  }

  get name(): string {
    return this.#options.name;
  }

  get logFile(): string {
    return this.#options.logFile;
  }

  get pid(): number | undefined {
    return this.isRunning ? this.#child?.pid : undefined;
  }

  get isRunning(): boolean {
    const child = this.#child;
    return child?.pid !== undefined && child.exitCode === null && child.signalCode === null;
  }

  /** `more`: environment that was not known before, of this start and every later one. */
  start(more: NodeJS.ProcessEnv = this.#more): void {
    if (this.isRunning) return;
    this.#more = more;
    this.#stopping = false;
    const { command, environment, logFile } = this.#options;
    mkdirSync(path.dirname(logFile), { recursive: true });
    const log = openSync(logFile, 'a');
    const [program = '', ...args] = command;
    // A process group of its own: Ctrl-C in the terminal goes to whoever started it, which ends it in the right order.
    const child = spawn(program, args, { stdio: ['ignore', log, log], detached: true, env: { ...environment, ...more } });
    closeSync(log);
    child.once('error', (error) => this.#ended(child, error.message));
    child.once('exit', (code, signal) => this.#ended(child, signal ? `killed by ${signal}` : `exit code ${code}`));
    this.#child = child;
  }

  /** Somebody else ends it soon: that is no crash. */
  expectEnd(): void {
    this.#stopping = true;
    clearTimeout(this.#restart);
  }

  /** Ends it and waits until it is gone; one that does not heed SIGTERM for ten seconds gets SIGKILL. */
  async stop(signal: 'SIGTERM' | 'SIGKILL' = 'SIGTERM'): Promise<void> {
    this.expectEnd();
    const child = this.#child;
    if (!child || !this.isRunning) return;
    const gone = once(child, 'exit');
    child.kill(signal);
    const overdue = setTimeout(() => child.kill('SIGKILL'), 10_000);
    await gone;
    clearTimeout(overdue);
  }

  /** The end of its log. */
  lastLines(count = 15): string {
    const { logFile } = this.#options;
    return existsSync(logFile) ? readFileSync(logFile, 'utf8').trimEnd().split('\n').slice(-count).join('\n') : '';
  }

  #ended(child: ChildProcess, how: string): void {
    const { onCrash } = this.#options;
    if (this.#stopping || child !== this.#child || !onCrash) return;
    onCrash(how);
    this.#restart = setTimeout(() => this.start(), restartDelayMs);
    this.#restart.unref();
  }
}
