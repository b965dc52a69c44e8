import { spawn, type ChildProcess, type SpawnOptions } from 'node:child_process';
import path from 'node:path';
import { run } from './command.ts';
import { dockerFolder, Engine } from './engine.ts';
import { importImage } from './engine-api.ts';
import { createHostNetwork, cutCable, namespaceFile, plugCable } from './network.ts';

export interface LabHostOptions {
  name: string;
  number: number;
  address: string;
  zone: string;
  /** Of the lab. */
  folder: string;
  cgroup: string;
  bridge: string;
  /** The bridge's address. */
  gateway: string;
  /** Marks what runs on the host as the lab's. */
  environment: Readonly<Record<string, string>>;
}

/** A "VM": a network namespace with an address, a cable to the lab's bridge, and a Docker Engine. */
export class LabHost {
  /** `mecs7-1`; the name of the namespace and of the outer end of its cable. */
  readonly name: string;
  /** From 1. */
  readonly number: number;
  /** Where published ports are reached, from the lab's other hosts and from outside. */
  readonly address: string;
  readonly zone: string;
  /** The engine's unix socket. */
  readonly socket: string;
  /** For files of whatever runs on the host; goes with the lab. */
  readonly folder: string;
  readonly #options: LabHostOptions;
  readonly #engine: Engine;

  constructor(options: LabHostOptions) {
    this.#options = options;
    this.name = options.name;
    this.number = options.number;
    this.address = options.address;
    this.zone = options.zone;
    this.folder = path.join(options.folder, String(options.number));
    this.#engine = new Engine({
      folder: dockerFolder(this.folder),
      cgroup: options.cgroup,
      enter: this.#enter(),
      environment: { ...process.env, ...options.environment },
    });
    this.socket = this.#engine.socket;
  }

  async createNetwork(): Promise<void> {
    await createHostNetwork(this, this.#options.bridge, this.#options.gateway);
  }

  /** The command line that runs a command line inside the host. */
  commandInside(command: readonly string[]): string[] {
    return [...this.#enter(), ...command];
  }

  /** Starts a program inside the host. It ends with the lab at the latest. */
  spawn(command: string, args: readonly string[], options: SpawnOptions = {}): ChildProcess {
    const [enter = '', ...rest] = this.commandInside([command, ...args]);
    return spawn(enter, rest, { ...options, env: { ...process.env, ...options.env, ...this.#options.environment } });
  }

  /** Runs a program inside the host to its end; gives its stdout. */
  exec(command: string, args: readonly string[]): Promise<string> {
    const [enter = '', ...rest] = this.commandInside([command, ...args]);
    return run(enter, rest);
  }

  /** Cuts the host off: what runs on it goes on. */
  partition(): Promise<void> {
    return cutCable(this.name);
  }

  heal(): Promise<void> {
    return plugCable(this.name);
  }

  startDocker(): Promise<void> {
    return this.#engine.start();
  }

  /** A crash: containers run on until the engine is started again, which then ends them. */
  killDocker(): Promise<void> {
    return this.#engine.kill();
  }

  /** An orderly stop of the engine, with its containers. */
  stopDocker(): Promise<void> {
    return this.#engine.stop();
  }

  importImage(rootfs: Buffer, names: readonly string[]): Promise<void> {
    return importImage(this.socket, rootfs, names);
  }

  /** Not `ip netns exec`: that one mounts /sys anew, and dockerd finds no control groups there. */
  #enter(): string[] {
    return ['nsenter', `--net=${namespaceFile(this.#options.name)}`, '--'];
  }
}
