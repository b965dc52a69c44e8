/**
 * Clients that create, scale, update, tag, run, stop, delete and read, each its own services and tasks. They send at a steady
 * rate, whether answers come or not; a thing with a request under way waits for its answer.
 */
import type { RegisterTaskDefinitionRequest } from '@aws-sdk/client-ecs';
import { setTimeout as delay } from 'node:timers/promises';
import type { Dice } from '../simulation/dice.ts';
import { aSleepingTask } from '../support/task-definitions.ts';
import type { ApiCaller } from './api-caller.ts';
import {
  isOpen,
  mayBeAfter,
  type Answer,
  type History,
  type OwnedRun,
  type OwnedService,
  type OwnedTask,
  type ServiceState,
} from './history.ts';

export interface ClientOptions {
  number: number;
  /** Of names, so that rounds do not meet. */
  prefix: string;
  api: ApiCaller;
  dice: Dice;
  history: History;
  periodMs: number;
}

const mostServices = 2;
const mostTasks = 4;
const mostTasksPerService = 4;

type Action = (client: FaultClient) => Promise<void> | undefined;

/** What falls when nothing of it can be done is thrown again. */
const actions: readonly (readonly [weight: number, Action])[] = [
  [2, (client) => client.createService()],
  [5, (client) => client.scale()],
  [2, (client) => client.rollOut()],
  [1, (client) => client.deleteService()],
  [3, (client) => client.tag()],
  [3, (client) => client.readService()],
  [3, (client) => client.runTask()],
  [3, (client) => client.stopTask()],
  [2, (client) => client.register()],
];
const totalWeight = actions.reduce((sum, [weight]) => sum + weight, 0);

export class FaultClient {
  readonly #options: ClientOptions;
  readonly #family: string;
  readonly #services: OwnedService[] = [];
  readonly #tasks: OwnedTask[] = [];
  readonly #busy = new Set<object>();
  readonly #underWay = new Set<Promise<void>>();
  #definitions: string[] = [];
  #count = 0;

  constructor(options: ClientOptions) {
    this.#options = options;
    this.#family = `client-${options.number}`;
  }

  /** Resolves when all its requests are answered or given up. */
  async run(untilMs: number): Promise<void> {
    const { periodMs, dice } = this.#options;
    await this.register();
    while (performance.now() < untilMs) {
      this.#act();
      await delay(periodMs * dice.between(0.7, 1.3));
    }
    await Promise.all(this.#underWay);
  }

  #act(): void {
    const { dice } = this.#options;
    for (let attempt = 0; attempt < 20; attempt += 1) {
      let left = dice.next() * totalWeight;
      const action = actions.find(([weight]) => (left -= weight) < 0)?.[1];
      const done = action?.(this);
      if (!done) continue;
      const underWay: Promise<void> = done.finally(() => this.#underWay.delete(underWay));
      this.#underWay.add(underWay);
      return;
    }
  }

  // ── services ──

  createService(): Promise<void> | undefined {
    const taskDefinition = this.#definitions.at(-1);
    const live = this.#services.filter(({ mayBe }) => mayBe.length === 1 && mayBe[0] !== 'none');
    if (live.length >= mostServices || taskDefinition === undefined) return undefined;
    const { dice, history } = this.#options;
    const service: OwnedService = { name: this.#name('service'), mayBe: ['none'] };
    this.#services.push(service);
    history.services.push(service);
    const after = { desiredCount: dice.whole(1, 3), taskDefinition, mark: '' };
    const { desiredCount } = after;
    return this.#write(service, after, 'CreateService', { serviceName: service.name, taskDefinition, desiredCount });
  }

  scale(): Promise<void> | undefined {
    return this.#onService((service, before) => {
      const desiredCount = this.#options.dice.whole(0, mostTasksPerService);
      return this.#write(service, { ...before, desiredCount }, 'UpdateService', { service: service.name, desiredCount });
    });
  }

  rollOut(): Promise<void> | undefined {
    const taskDefinition = this.#definitions.at(-1);
    if (taskDefinition === undefined) return undefined;
    return this.#onService((service, before) =>
      this.#write(service, { ...before, taskDefinition }, 'UpdateService', { service: service.name, taskDefinition }),
    );
  }

  deleteService(): Promise<void> | undefined {
    return this.#onService((service) => this.#write(service, 'none', 'DeleteService', { service: service.name, force: true }));
  }

  tag(): Promise<void> | undefined {
    return this.#onService((service, before) => {
      const mark = String((this.#count += 1));
      const resourceArn = `arn:aws:ecs:us-east-1:000000000000:service/default/${service.name}`;
      return this.#write(service, { ...before, mark }, 'TagResource', { resourceArn, tags: [{ key: 'mark', value: mark }] });
    });
  }

  /** Its own writes, seen through any controller. */
  readService(): Promise<void> | undefined {
    return this.#onService(async (service, before) => {
      const answer = await this.#call('DescribeServices', { services: [service.name], include: ['TAGS'] });
      if (answer.kind !== 'done') return;
      const found = stateOf(answer.output['services'] as DescribedService[]);
      if (JSON.stringify(found) === JSON.stringify(before)) return;
      this.#options.history.staleReads.push(
        `${service.name} was ${JSON.stringify(before)}, and read as ${JSON.stringify(found)}`,
      );
    });
  }

  #onService(action: (service: OwnedService, before: Exclude<ServiceState, 'none'>) => Promise<void>): Promise<void> | undefined {
    const idle = this.#services.flatMap((service) => {
      const [state, other] = service.mayBe;
      return state !== undefined && state !== 'none' && other === undefined && !this.#busy.has(service)
        ? [{ service, state }]
        : [];
    });
    if (idle.length === 0) return undefined;
    const { service, state } = this.#options.dice.pick(idle);
    return this.#alone(service, () => action(service, state));
  }

  async #write(service: OwnedService, after: ServiceState, operation: string, input: object): Promise<void> {
    await this.#alone(service, async () => {
      const before = service.mayBe;
      service.mayBe = [...before, after];
      service.mayBe = mayBeAfter(before, after, await this.#call(operation, input));
    });
  }

  // ── tasks ──

  register(): Promise<void> {
    const request: RegisterTaskDefinitionRequest = aSleepingTask(this.#family, {
      memory: 8,
      environment: [{ name: 'ROUND', value: this.#name('n') }],
    });
    return this.#call('RegisterTaskDefinition', request).then((answer) => {
      if (answer.kind !== 'done') return;
      const { taskDefinitionArn = '' } = answer.output['taskDefinition'] as { taskDefinitionArn?: string };
      this.#options.history.taskDefinitions.push(taskDefinitionArn);
      this.#definitions.push(taskDefinitionArn.slice(taskDefinitionArn.lastIndexOf('/') + 1));
    });
  }

  runTask(): Promise<void> | undefined {
    const taskDefinition = this.#definitions.at(-1);
    const live = this.#tasks.filter(({ wish }) => wish !== 'stopped');
    if (live.length >= mostTasks || taskDefinition === undefined) return undefined;
    const run: OwnedRun = { startedBy: this.#name('run'), count: this.#options.dice.whole(1, 2), isAnswered: false };
    this.#options.history.runs.push(run);
    const { startedBy, count } = run;
    const input = { taskDefinition, count, startedBy, clientToken: startedBy };
    return this.#call('RunTask', input).then(async (first) => {
      // The same token gives the same tasks, whether the first call happened or not.
      const answer = isOpen(first) ? await this.#call('RunTask', input) : first;
      // A refusal of the second says nothing of the first.
      run.isAnswered = answer.kind === 'done' || !isOpen(first);
      if (answer.kind !== 'done') return;
      for (const { taskArn } of answer.output['tasks'] as { taskArn: string }[]) {
        const task: OwnedTask = { arn: taskArn, wish: 'running' };
        this.#tasks.push(task);
        this.#options.history.tasks.push(task);
      }
    });
  }

  stopTask(): Promise<void> | undefined {
    const running = this.#tasks.filter((task) => task.wish === 'running' && !this.#busy.has(task));
    if (running.length === 0) return undefined;
    const task = this.#options.dice.pick(running);
    return this.#alone(task, async () => {
      task.wish = 'either';
      const answer = await this.#call('StopTask', { task: task.arn, reason: 'not needed any more' });
      if (!isOpen(answer)) task.wish = answer.kind === 'done' ? 'stopped' : 'running';
    });
  }

  // ── calls ──

  #call(operation: string, input: object): Promise<Answer> {
    const { api, dice, number } = this.#options;
    return api.call(number, dice.below(api.controllers), operation, input);
  }

  async #alone(thing: object, action: () => Promise<void>): Promise<void> {
    this.#busy.add(thing);
    try {
      await action();
    } finally {
      this.#busy.delete(thing);
    }
  }

  #name(what: string): string {
    this.#count += 1;
    return `${this.#options.prefix}-${this.#options.number}-${what}-${this.#count}`;
  }
}

export interface DescribedService {
  status: string;
  desiredCount: number;
  taskDefinition: string;
  tags?: { key: string; value: string }[];
}

/** As a client knows its service; one that is not ACTIVE is none. */
export function stateOf([service]: readonly DescribedService[]): ServiceState {
  if (service?.status !== 'ACTIVE') return 'none';
  const { desiredCount, taskDefinition, tags = [] } = service;
  const mark = tags.find(({ key }) => key === 'mark')?.value ?? '';
  return { desiredCount, taskDefinition: taskDefinition.slice(taskDefinition.lastIndexOf('/') + 1), mark };
}
