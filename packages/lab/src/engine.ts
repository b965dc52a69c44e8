/**
 * The Docker Engine of one host of a lab: a containerd and a dockerd of its own inside the host's namespace, which
 * share nothing with an engine that the machine may have (its configuration file and its containerd included).
 */
import { spawn, type ChildProcess } from 'node:child_process';
import { openSync, closeSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { engineAnswers } from './engine-api.ts';

export interface EngineOptions {
  folder: string;
  cgroup: string;
  /** What to put before a command so that it runs inside the host. */
  enter: readonly string[];
  environment: NodeJS.ProcessEnv;
}

export class Engine {
  readonly socket: string;
  readonly #options: EngineOptions;
  #containerd?: ChildProcess;
  #dockerd?: ChildProcess;

  constructor(options: EngineOptions) {
    this.#options = options;
    this.socket = path.join(options.folder, 'docker.sock');
  }

  /** Starts what is not running of the two, and waits until the engine answers. */
  async start(timeoutMs = 30_000): Promise<void> {
    mkdirSync(this.#options.folder, { recursive: true });
    if (!isRunning(this.#containerd)) this.#containerd = this.#startContainerd();
    if (!isRunning(this.#dockerd)) this.#dockerd = this.#startDockerd();
    const deadline = performance.now() + timeoutMs;
    while (!(await engineAnswers(this.socket))) {
      if (!isRunning(this.#dockerd)) throw new Error(`dockerd ended while starting:\n${this.#log('dockerd')}`);
      if (performance.now() > deadline) throw new Error(`dockerd does not answer:\n${this.#log('dockerd')}`);
      await new Promise((resolve) => setTimeout(resolve, 25));
    }
  }

  /** SIGKILL: the engine crashes. Its containers run on, as containerd does, until it starts again and ends them. */
  async kill(): Promise<void> {
    await ended(this.#dockerd, 'SIGKILL');
  }

  /** SIGTERM: the engine stops its containers, and then itself; it gives each container ten seconds. */
  async stop(): Promise<void> {
    await ended(this.#dockerd, 'SIGTERM');
  }

  #startContainerd(): ChildProcess {
    const configFile = path.join(this.#options.folder, 'containerd.toml');
    writeFileSync(configFile, containerdConfig(this.#options.folder));
    return this.#spawn('containerd', ['--config', configFile]);
  }

  #startDockerd(): ChildProcess {
    const { folder, cgroup } = this.#options;
    const configFile = path.join(folder, 'daemon.json');
    const config = {
      'data-root': path.join(folder, 'data'),
      'exec-root': path.join(folder, 'run'),
      pidfile: path.join(folder, 'dockerd.pid'),
      hosts: [`unix://${this.socket}`],
      containerd: containerdSocket(folder),
      'cgroup-parent': cgroup,
      'exec-opts': ['native.cgroupdriver=cgroupfs'],
    };
    writeFileSync(configFile, JSON.stringify(config, undefined, 2));
    // Left by a crash; its pid may be anyone's by now, and dockerd would refuse to start.
    rmSync(config.pidfile, { force: true });
    return this.#spawn('dockerd', ['--config-file', configFile]);
  }

  #spawn(program: string, args: string[]): ChildProcess {
    const log = openSync(this.#logFile(program), 'a');
    const [command = program, ...rest] = [...this.#options.enter, program, ...args];
    // A group of its own: Ctrl-C in a terminal reaches whoever runs the lab, and that one ends the engines.
    const child = spawn(command, rest, { stdio: ['ignore', log, log], detached: true, env: this.#options.environment });
    closeSync(log);
    child.on('error', () => undefined);
    child.unref();
    return child;
  }

  #logFile(program: string): string {
    return path.join(this.#options.folder, `${program}.log`);
  }

  #log(program: string): string {
    const file = this.#logFile(program);
    return existsSync(file) ? readFileSync(file, 'utf8').split('\n').slice(-15).join('\n') : '';
  }
}

/** Where the engine of a host keeps everything. */
export const dockerFolder = (hostFolder: string): string => path.join(hostFolder, 'docker');

export const containerdSocket = (folder: string): string => path.join(folder, 'run', 'containerd.sock');

const containerdConfig = (folder: string): string => `version = 2
root = "${path.join(folder, 'containerd')}"
state = "${path.join(folder, 'run', 'containerd')}"
disabled_plugins = [
  "io.containerd.grpc.v1.cri",
  "io.containerd.snapshotter.v1.aufs",
  "io.containerd.snapshotter.v1.btrfs",
  "io.containerd.snapshotter.v1.devmapper",
  "io.containerd.snapshotter.v1.zfs",
]
[grpc]
  address = "${containerdSocket(folder)}"
`;

const isRunning = (child: ChildProcess | undefined): boolean =>
  child?.pid !== undefined && child.exitCode === null && child.signalCode === null;

async function ended(child: ChildProcess | undefined, signal: 'SIGKILL' | 'SIGTERM'): Promise<void> {
  if (!child || !isRunning(child)) return;
  const gone = new Promise((resolve) => void child.once('exit', resolve));
  // Whoever waits for its end must stay alive for it.
  child.ref();
  child.kill(signal);
  await gone;
}
