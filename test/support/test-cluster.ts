/** A whole cluster for a test: a lab, a controller and an agent a host, each a process of its own that can be killed. */
import {
  CreateClusterCommand,
  DescribeServicesCommand,
  RegisterTaskDefinitionCommand,
  paginateListServices,
  type ECSClient,
  type RegisterTaskDefinitionRequest,
  type Service,
} from '@aws-sdk/client-ecs';
import { createLab, type Lab, type LabHost } from '@mini-ecs/lab';
import { createEcsClient, LabCluster, readTaskRows, renderTaskTable, type ManagedProcess } from 'mini-ecs';
import { randomBytes } from 'node:crypto';
import { mkdirSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { AwsCli } from './aws-cli.ts';
import { controllerPorts } from './free-ports.ts';
import { dockerOf, runningTaskContainers, type TaskContainer } from './task-containers.ts';

export interface TestClusterOptions {
  hosts: number;
  /** How many, on one Redis. @default 1 */
  controllers?: number;
  /** `MINI_ECS_…` settings of the controller and the agents. */
  environment?: Record<string, string>;
}

const cluster = 'default';

export class TestCluster {
  readonly lab: Lab;
  /** Of the controllers' APIs, in their order. */
  readonly endpoints: readonly string[];
  /** Of the first controller. */
  readonly ecs: ECSClient;
  readonly aws: AwsCli;
  readonly #cluster: LabCluster;

  private constructor(lab: Lab, labCluster: LabCluster, apiPorts: readonly number[], aws: AwsCli) {
    this.lab = lab;
    this.endpoints = apiPorts.map((port) => `http://127.0.0.1:${port}`);
    this.#cluster = labCluster;
    this.ecs = createEcsClient(labCluster.settings);
    this.aws = aws;
  }

  /** Cluster `default` with an instance on each host. */
  static async start({ hosts, controllers = 1, environment = {} }: TestClusterOptions): Promise<TestCluster> {
    const lab = await createLab({ hosts });
    try {
      const home = path.join(lab.folder, 'home');
      mkdirSync(home);
      const [first, ...furtherControllers] = await controllerPorts(controllers);
      const labCluster = new LabCluster({
        lab,
        logFolder: path.join(lab.folder, 'logs'),
        ...first,
        furtherControllers,
        cluster,
        region: 'us-east-1',
        accessKey: { accessKeyId: 'MECSTEST', secretAccessKey: randomBytes(16).toString('hex') },
        environment: { ...withoutSettings(process.env), ...environment },
      });
      const apiPorts = [first, ...furtherControllers].map(({ apiPort }) => apiPort);
      const started = new TestCluster(lab, labCluster, apiPorts, await AwsCli.create(labCluster.settings, home));
      await started.#start();
      return started;
    } catch (error) {
      await lab.destroy();
      throw error;
    }
  }

  get hosts(): readonly LabHost[] {
    return this.lab.hosts;
  }

  get settings(): LabCluster['settings'] {
    return this.#cluster.settings;
  }

  get controller(): ManagedProcess {
    return this.#cluster.controller;
  }

  get controllers(): readonly ManagedProcess[] {
    return this.#cluster.controllers;
  }

  /** Of the first controller; all share it. */
  get redisSocket(): string {
    return path.join(this.#cluster.dataDir, 'redis', 'redis.sock');
  }

  /** In the order of the hosts. */
  get agents(): readonly ManagedProcess[] {
    return this.#cluster.agents;
  }

  async #start(): Promise<void> {
    this.controller.start();
    await this.waitForController();
    for (const further of this.controllers.slice(1)) further.start();
    await this.ecs.send(new CreateClusterCommand({ clusterName: cluster }));
    await this.#cluster.joinAgents(this.ecs, { timeoutMs: 30_000 });
  }

  waitForController(): Promise<void> {
    return this.#cluster.waitForController({ timeoutMs: 20_000 });
  }

  /** Kills the controller and starts another on its data. */
  async crashController(): Promise<void> {
    await this.controller.stop('SIGKILL');
    this.controller.start();
  }

  redisPids(): number[] {
    return this.lab.processes().flatMap(({ pid, commandLine }) => (commandLine.startsWith('redis-server') ? [pid] : []));
  }

  /** Kills the controller's Redis; the controller starts it again. */
  crashRedis(): void {
    const pids = this.redisPids();
    if (pids.length !== 1) throw new Error(`one redis-server expected, found ${pids.length}`);
    for (const pid of pids) process.kill(pid, 'SIGKILL');
  }

  /** All controllers and their Redis at once. */
  async crashControlPlane(): Promise<void> {
    await Promise.all(this.controllers.map((controller) => controller.stop('SIGKILL')));
    for (const pid of this.redisPids()) process.kill(pid, 'SIGKILL');
  }

  async startControlPlane(): Promise<void> {
    for (const controller of this.controllers) controller.start();
    await this.waitForController();
  }

  async register(request: RegisterTaskDefinitionRequest): Promise<string> {
    const { taskDefinition } = await this.ecs.send(new RegisterTaskDefinitionCommand(request));
    return taskDefinition?.taskDefinitionArn ?? '';
  }

  async describeService(service: string): Promise<Service> {
    const { services = [] } = await this.ecs.send(new DescribeServicesCommand({ cluster, services: [service] }));
    const [found] = services;
    if (!found) throw new Error(`there is no service ${service}`);
    return found;
  }

  /** Docker's word, not the API's. */
  runningContainers(family?: string): Promise<TaskContainer[]> {
    return runningTaskContainers(this.hosts).then((all) => (family ? all.filter((each) => each.family === family) : all));
  }

  /** Its first process gets SIGKILL, as from the kernel when memory runs out. */
  async killContainer(container: TaskContainer): Promise<void> {
    await dockerOf(container.host).getContainer(container.id).kill();
  }

  /** The first answer that is neither undefined nor false; errors count as none. When the time is up, tells what the cluster looks like. */
  async eventually<T>(what: string, probe: () => Promise<T | undefined | false>, timeoutMs = 30_000): Promise<T> {
    const deadline = performance.now() + timeoutMs;
    let failure: unknown;
    while (performance.now() < deadline) {
      try {
        const answer = await probe();
        if (answer !== undefined && answer !== false) return answer;
        failure = undefined;
      } catch (error) {
        failure = error;
      }
      await delay(50);
    }
    const because = failure ? `\nlast error: ${failure instanceof Error ? failure.message : JSON.stringify(failure)}` : '';
    throw new Error(`not within ${timeoutMs} ms: ${what}${because}\n${await this.describe()}`);
  }

  /** Tasks, services with their last events, containers, and what the programs wrote last. */
  async describe(): Promise<string> {
    const parts = [
      async () => renderTaskTable(await readTaskRows(this.ecs, cluster)),
      async () => (await this.#services()).map(describeService).join('\n'),
      async () =>
        `containers: ${(await this.runningContainers()).map(({ host, id }) => `${host.name}/${id.slice(0, 12)}`).join(' ')}`,
      ...[...this.controllers, ...this.agents].map(
        (each) => () => Promise.resolve(`${each.name} wrote last:\n${each.lastLines(10)}`),
      ),
    ];
    const texts = await Promise.all(parts.map((part) => part().catch((error: unknown) => `(${String(error)})`)));
    return texts.join('\n');
  }

  async #services(): Promise<Service[]> {
    const services: Service[] = [];
    for await (const { serviceArns = [] } of paginateListServices({ client: this.ecs }, { cluster })) {
      for (const arn of serviceArns) services.push(await this.describeService(arn));
    }
    return services;
  }

  async destroy(): Promise<void> {
    this.ecs.destroy();
    await this.#cluster.destroy();
  }
}

function describeService({ serviceName, desiredCount, runningCount, pendingCount, events = [] }: Service): string {
  const counts = `${desiredCount} desired, ${runningCount} running, ${pendingCount} pending`;
  return [`service ${serviceName}: ${counts}`, ...events.slice(0, 5).map(({ message }) => `  ${message}`)].join('\n');
}

/** A setting of whoever runs the tests is none of theirs. */
const withoutSettings = (environment: NodeJS.ProcessEnv): NodeJS.ProcessEnv =>
  Object.fromEntries(Object.entries(environment).filter(([name]) => !/^(MINI_ECS|AWS)_/.test(name)));
