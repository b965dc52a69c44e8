/** A cluster for benchmarks: a controller with its own Redis and a fleet of simulated agents, each a process of its own. */
import { createJoinToken, ManagedProcess, type ClientSettings } from 'mini-ecs';
import { randomBytes } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { collectGarbage, inspectable } from './collect-garbage.ts';
import { controllerPorts, type ControllerPorts } from './free-ports.ts';
import { LightEcsClient } from './light-ecs-client.ts';

export interface FleetClusterOptions {
  instances: number;
  /** Of a container. @default 50 */
  startMs?: number;
  /** Thousands of agents share a core here that hosts have for themselves: none is to be judged lost for being slow. @default 20,000 */
  leaseMs?: number;
  /** How many, on one Redis; the client asks the first. @default 1 */
  controllers?: number;
  /** The controller can be told to collect its garbage. */
  collectsOnDemand?: boolean;
  /** V8's CPU profiles of controller and fleet are written there when they end. */
  profileFolder?: string | undefined;
}

export interface CpuSeconds {
  controller: number;
  fleet: number;
  redis: number;
  client: number;
  others: number;
  /** Of all cores. */
  idle: number;
}

const program = fileURLToPath(new URL('../../packages/cli/bin/mini-ecs.js', import.meta.url));
const cluster = 'default';

export class FleetCluster {
  readonly client: LightEcsClient;
  /** Of the controller's own Redis. */
  readonly redisSocket: string;
  readonly apiPort: number;
  readonly agentPort: number;
  readonly #folder: string;
  readonly #instances: number;
  readonly #controller: ManagedProcess;
  /** Those beside the first. */
  readonly further: readonly (ClientSettings & { process: ManagedProcess })[];
  readonly #fleet: ManagedProcess;
  /** Of its API. */
  readonly settings: ClientSettings;
  /** What is to be running. */
  readonly #started = new Set<ManagedProcess>();

  private constructor(folder: string, [first, ...others]: [ControllerPorts, ...ControllerPorts[]], options: FleetClusterOptions) {
    const { apiPort, agentPort } = first;
    const { instances, startMs = 50, leaseMs = 20_000, profileFolder } = options;
    const accessKey = { accessKeyId: 'MECSBENCH', secretAccessKey: randomBytes(16).toString('hex') };
    const settings: ClientSettings = { endpoint: `http://127.0.0.1:${apiPort}`, region: 'us-east-1', ...accessKey };
    const dataDir = path.join(folder, 'controller');
    const profile = profileFolder ? ['--cpu-prof', '--cpu-prof-dir', profileFolder] : [];
    const environment = {
      ...withoutSettings(process.env),
      MINI_ECS_DATA_DIR: dataDir,
      MINI_ECS_BOOTSTRAP_ACCESS_KEY: `${accessKey.accessKeyId}:${accessKey.secretAccessKey}`,
      MINI_ECS_LOG_LEVEL: 'warn',
      MINI_ECS_LEASE_MS: String(leaseMs),
      MINI_ECS_CONTROLLER: [first, ...others].map((each) => `127.0.0.1:${each.agentPort}`).join(','),
    };
    const managed = (name: string, args: readonly string[], more: NodeJS.ProcessEnv = {}, log = name): ManagedProcess =>
      new ManagedProcess({
        name,
        command: [process.execPath, ...profile, program, name, ...args],
        environment: { ...environment, ...more },
        logFile: path.join(folder, `${log}.log`),
      });
    const controllerAt = (ports: ControllerPorts, log: string): ManagedProcess =>
      managed(
        'controller',
        [],
        {
          MINI_ECS_API_PORT: String(ports.apiPort),
          MINI_ECS_AGENT_PORT: String(ports.agentPort),
          ...(options.collectsOnDemand ? { NODE_OPTIONS: `${process.env['NODE_OPTIONS'] ?? ''} ${inspectable}`.trim() } : {}),
        },
        log,
      );
    this.apiPort = apiPort;
    this.agentPort = agentPort;
    this.#folder = folder;
    this.#instances = instances;
    this.settings = settings;
    this.redisSocket = path.join(dataDir, 'redis', 'redis.sock');
    this.client = new LightEcsClient(settings);
    this.#controller = controllerAt(first, 'controller');
    this.further = others.map((ports, index) => ({
      ...settings,
      endpoint: `http://127.0.0.1:${ports.apiPort}`,
      process: controllerAt(ports, `controller-${index + 2}`),
    }));
    this.#fleet = managed('fleet', ['--instances', String(instances), '--start-ms', String(startMs)]);
  }

  /** Resolves when every instance has registered. */
  static async start(options: FleetClusterOptions): Promise<FleetCluster> {
    const folder = await mkdtemp(path.join(tmpdir(), 'mini-ecs-bench-'));
    const started = new FleetCluster(folder, await controllerPorts(options.controllers ?? 1), options);
    try {
      await started.#start();
      return started;
    } catch (error) {
      await started.destroy();
      throw error;
    }
  }

  async #start(): Promise<void> {
    await this.startController();
    for (const further of this.further) {
      further.process.start();
      this.#started.add(further.process);
      await this.#until('a further controller answers', async () => (await fetch(`${further.endpoint}/-/health`)).ok);
    }
    await this.startFleet();
  }

  /** Does nothing while it runs; resolves when it answers. */
  async startController(): Promise<void> {
    this.#controller.start();
    this.#started.add(this.#controller);
    await this.#until('the controller answers', async () => (await fetch(`${this.settings.endpoint}/-/health`)).ok);
  }

  /** New instances join cluster `default`, which is made when it is not there. */
  async startFleet(): Promise<void> {
    await this.client.call('CreateCluster', { clusterName: cluster });
    const { token } = await createJoinToken(this.settings, { cluster, uses: this.#instances });
    this.#fleet.start({ MINI_ECS_JOIN_TOKEN: token });
    this.#started.add(this.#fleet);
    await this.#until('every instance has joined', async () => (await this.#registered()) >= this.#instances);
  }

  /** Its instances stay registered. */
  async stopFleet(): Promise<void> {
    this.#started.delete(this.#fleet);
    await this.#fleet.stop();
  }

  async #registered(): Promise<number> {
    const { clusters } = await this.client.call<{ clusters: { registeredContainerInstancesCount: number }[] }>(
      'DescribeClusters',
      { clusters: [cluster] },
    );
    return clusters[0]?.registeredContainerInstancesCount ?? 0;
  }

  /** As kill -9; its Redis lives on. */
  async killController(): Promise<void> {
    this.#started.delete(this.#controller);
    await this.#controller.stop('SIGKILL');
  }

  get controllerIsRunning(): boolean {
    return this.#controller.isRunning;
  }

  /** JSON lines. */
  get controllerLog(): string {
    return this.#controller.logFile;
  }

  /** Resident memory of the controller's process, without Redis. */
  controllerRssMb(): number {
    return rssMb(this.#pid);
  }

  /** What it holds afterwards is what it keeps. For a cluster that `collectsOnDemand`. */
  collectControllerGarbage(): Promise<void> {
    return collectGarbage({ pid: this.#pid, stderrFile: this.controllerLog });
  }

  /** Seconds of CPU used so far, by whom. `others` is what the rest of the machine took: figures of a busy machine are low. */
  cpuSeconds(): CpuSeconds {
    const controller = cpuSecondsOf(this.#pid);
    const fleet = cpuSecondsOf(this.#fleet.pid ?? 0);
    const redis = cpuSecondsOf(this.#redisPid());
    const client = cpuSecondsOf(process.pid);
    const { busy, idle } = machineCpuSeconds();
    return { controller, fleet, redis, client, others: busy - controller - fleet - redis - client, idle };
  }

  /** What the programs wrote last. */
  lastLines(): string {
    const redisLog = path.join(path.dirname(this.redisSocket), 'redis.log');
    const redis = existsSync(redisLog) ? readFileSync(redisLog, 'utf8').trimEnd().split('\n').slice(-15).join('\n') : '';
    return [...[...this.#started].map((each) => `${each.name}:\n${shortened(each.lastLines())}`), `redis:\n${redis}`].join('\n');
  }

  /** Ends every process, Redis included, and removes their folder. */
  async destroy(): Promise<void> {
    this.client.close();
    await this.#fleet.stop();
    await Promise.all([this.#controller, ...this.further.map((each) => each.process)].map((each) => each.stop()));
    await rm(this.#folder, { recursive: true, force: true });
  }

  get #pid(): number {
    const { pid } = this.#controller;
    if (pid === undefined) throw new Error(`the controller has ended:\n${this.#controller.lastLines()}`);
    return pid;
  }

  /** redis-server under its flock, which is the controller's child. */
  #redisPid(): number {
    const childrenOf = (pid: number): number[] =>
      readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(' ').filter(Boolean).map(Number);
    return childrenOf(this.#pid)[0] ?? 0;
  }

  async #until(what: string, holds: () => Promise<boolean>): Promise<void> {
    const deadline = performance.now() + 120_000;
    for (;;) {
      if (await holds().catch(() => false)) return;
      const dead = [...this.#started].find(({ isRunning }) => !isRunning);
      if (dead || performance.now() > deadline) {
        throw new Error(`${dead ? `${dead.name} ended before` : 'not in time'}: ${what}\n${this.lastLines()}`);
      }
      await delay(100);
    }
  }
}

const shortened = (text: string): string => text.replaceAll(/^(.{400}).*$/gm, '$1 …');

const withoutSettings = (environment: NodeJS.ProcessEnv): NodeJS.ProcessEnv =>
  Object.fromEntries(Object.entries(environment).filter(([name]) => !/^(MINI_ECS|AWS)_/.test(name)));

export function rssMb(pid: number): number {
  const kib = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
  return Math.round(Number(kib) / 1024);
}

/** User and system time of a process, in seconds; 0 when there is none. */
export function cpuSecondsOf(pid: number): number {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return (Number(fields[11]) + Number(fields[12])) / ticksPerSecond;
  } catch {
    return 0;
  }
}

/** Of all cores together, since the machine started; what waits for a disk is idle. */
function machineCpuSeconds(): { busy: number; idle: number } {
  const [user = 0, nice = 0, system = 0, idle = 0, wait = 0, irq = 0, softIrq = 0, steal = 0] = readFileSync('/proc/stat', 'utf8')
    .split('\n', 1)[0]!
    .split(/\s+/)
    .slice(1)
    .map((ticks) => Number(ticks) / ticksPerSecond);
  return { busy: user + nice + system + irq + softIrq + steal, idle: idle + wait };
}

/** USER_HZ: 100 on every Linux that Node runs on. */
const ticksPerSecond = 100;
