/**
 * The clients of a run: they create services, scale and update them, run and stop tasks, drain container instances, delete,
 * through the real operations of the API at any controller. Answers get lost, controllers die under them; an unanswered
 * RunTask is asked again elsewhere with its token.
 */
import type { CreateServiceRequest, RunTaskRequest, RunTaskResponse } from '@aws-sdk/client-ecs';
import { ApiError } from '../../packages/controller/src/api/api-error.ts';
import type { Auditor } from './auditor.ts';
import type { Dice } from './dice.ts';
import { serviceFamilies, taskDefinitions } from './images.ts';
import { Ledger, type Outcome, type ServiceWish } from './ledger.ts';
import type { RunRecord } from './record.ts';
import { cluster, type SimulatedController } from './simulated-controller.ts';
import type { VirtualTime } from './virtual-time.ts';

const patienceMs = 8_000;
const mostAttempts = 4;
/** How long what a crashed controller had sent may still take to the store. */
const effectMs = 15_000;

/** Limits that leave room to replace tasks at any desired count: others stand still, as they do on ECS. */
const limits = [
  { minimumHealthyPercent: 0, maximumPercent: 100 },
  { minimumHealthyPercent: 0, maximumPercent: 150 },
  { minimumHealthyPercent: 50, maximumPercent: 200 },
  { minimumHealthyPercent: 100, maximumPercent: 200 },
];
/** Each needs the host's port for itself: an old task must go before a new one can come. */
const portLimits = [limits[0]!, limits[1]!];

export interface ClientsOptions {
  time: VirtualTime;
  dice: Dice;
  record: RunRecord;
  auditor: Auditor;
  controllers: readonly SimulatedController[];
  /** Called when many come at once. */
  onRush: () => void;
}

type Answer = { outcome: 'acknowledged'; output: unknown } | { outcome: 'refused' | 'unknown' };

interface Asked {
  answer: Promise<Answer>;
  /** Resolves when it can have no effect any more. */
  over: Promise<unknown>;
}

/** How many tasks a service may be scaled to: all at their most fit on what is not drained. */
const mostTasks: Record<(typeof serviceFamilies)[number], number> = {
  web: 9,
  slow: 5,
  edge: 4,
  crash: 6,
  stubborn: 4,
  checked: 5,
  duo: 4,
};

export class Clients {
  readonly ledger: Ledger;
  /** Requests under way. */
  open = 0;
  readonly #options: ClientsOptions;
  /** One request at a time for a service or an instance: so what is acknowledged last is what must be. */
  readonly #busy = new Set<string>();
  #requests = 0;

  constructor(options: ClientsOptions) {
    this.#options = options;
    this.ledger = new Ledger(options.auditor, options.record);
  }

  /** Task definitions in two revisions, and services of some 15 to 25 tasks. */
  async setUp(): Promise<void> {
    const { dice } = this.#options;
    await this.#insist('CreateCluster', { clusterName: cluster });
    for (const request of Object.values(taskDefinitions)) {
      for (let revision = 1; revision <= 2; revision += 1) await this.#insist('RegisterTaskDefinition', request);
    }
    const families = serviceFamilies.toSorted(() => dice.next() - 0.5).slice(0, dice.whole(2, 3));
    const wanted = families.includes('web') ? families : [...families, 'web' as const];
    for (const family of wanted) void this.#createService(family, Math.max(3, mostTasks[family] - dice.below(3)));
  }

  /** Something that a client does. */
  act(): void {
    const { dice } = this.#options;
    const kind = dice.next();
    if (kind < 0.22) void this.#changeService({ scale: true });
    else if (kind < 0.42) void this.#changeService({ roll: true });
    else if (kind < 0.5) void this.#changeService({ scale: true, roll: true });
    else if (kind < 0.68) void this.#runTasks();
    else if (kind < 0.8) this.rush();
    else if (kind < 0.88) void this.#stopTask();
    else if (kind < 0.95) void this.#drainOrActivate();
    else void this.#deleteOrCreateService();
  }

  /** As an operator who has done with maintenance: every instance takes tasks again, but one that may stay DRAINING. */
  async endMaintenance(): Promise<void> {
    const draining = [...this.#options.auditor.instances].filter(([, { fields }]) => fields['status'] === 'DRAINING');
    const [kept] = draining.filter(([, { fields }]) => fields['connected'] === '1');
    for (const [id] of draining)
      if (id !== kept?.[0]) while (!(await this.#setState(id, 'ACTIVE'))) await this.#options.time.pause(500);
  }

  // ── services ──

  async #createService(family: (typeof serviceFamilies)[number], desiredCount: number): Promise<void> {
    const { dice } = this.#options;
    const wish: ServiceWish = { desiredCount, taskDefinition: `${family}:1`, isDeleted: false };
    const request: CreateServiceRequest = {
      cluster,
      serviceName: family,
      taskDefinition: `${family}:1`,
      desiredCount,
      deploymentConfiguration: dice.pick(family === 'edge' ? portLimits : limits),
    };
    await this.#ask(family, wish, 'CreateService', request);
  }

  async #changeService({ scale = false, roll = false }): Promise<void> {
    const { dice, auditor } = this.#options;
    const names = [...auditor.services].filter(([, { status }]) => status === 'ACTIVE').map(([name]) => name);
    if (names.length === 0) return;
    const family = dice.pick(names) as keyof typeof mostTasks;
    const known = this.ledger.wishOf(family);
    if (!known) return this.#changeUnknown(family);
    const [, revision = '1'] = known.taskDefinition.split(':');
    const desiredCount = scale ? dice.whole(0, mostTasks[family]) : known.desiredCount;
    const taskDefinition = roll ? `${family}:${revision === '1' ? 2 : 1}` : known.taskDefinition;
    const forceNewDeployment = roll && dice.chance(0.2);
    await this.#ask(family, { desiredCount, taskDefinition, isDeleted: false }, 'UpdateService', {
      cluster,
      service: family,
      ...(scale ? { desiredCount } : {}),
      ...(roll ? { taskDefinition, forceNewDeployment } : {}),
    });
  }

  /** After an unanswered request: say all of it again. */
  async #changeUnknown(family: keyof typeof mostTasks): Promise<void> {
    const { dice } = this.#options;
    const wish: ServiceWish = {
      desiredCount: dice.whole(1, mostTasks[family]),
      taskDefinition: `${family}:${dice.whole(1, 2)}`,
      isDeleted: false,
    };
    const { desiredCount, taskDefinition } = wish;
    await this.#ask(family, wish, 'UpdateService', { cluster, service: family, desiredCount, taskDefinition });
  }

  async #deleteOrCreateService(): Promise<void> {
    const { dice, auditor } = this.#options;
    const family = dice.pick(serviceFamilies);
    const status = auditor.services.get(family)?.['status'];
    if (status === undefined || status === 'INACTIVE') return this.#createService(family, dice.whole(1, mostTasks[family]));
    const wish: ServiceWish = { desiredCount: 0, taskDefinition: '', isDeleted: true };
    await this.#ask(family, wish, 'DeleteService', { cluster, service: family, force: true });
  }

  async #ask(service: string, wish: ServiceWish, operation: string, input: object): Promise<void> {
    if (this.#busy.has(service)) return;
    this.#busy.add(service);
    this.ledger.asking(service, wish);
    const { answer, over } = this.#call(operation, input);
    this.ledger.answered(service, wish, (await answer).outcome);
    await over;
    this.#busy.delete(service);
  }

  // ── tasks and instances ──

  async #runTasks(families: readonly ('job' | 'gate' | 'big' | 'web')[] = ['job', 'job', 'big', 'web']): Promise<void> {
    const { dice } = this.#options;
    const family = dice.pick(families);
    this.#requests += 1;
    const startedBy = `run-${this.#requests}`;
    const request: RunTaskRequest = {
      cluster,
      taskDefinition: `${family}:1`,
      count: family === 'web' ? 1 : dice.whole(1, 4),
      startedBy,
      clientToken: startedBy,
    };
    for (let attempt = 0; attempt < mostAttempts; attempt += 1) {
      this.ledger.askingToRun(startedBy);
      const answer = await this.#call('RunTask', request).answer;
      if (answer.outcome === 'unknown') continue;
      if (answer.outcome === 'acknowledged') this.ledger.ran(startedBy, taskIds(answer.output as RunTaskResponse));
      return;
    }
  }

  /** Several want the last free room at the same time. */
  rush(): void {
    this.#options.onRush();
    this.runMany();
  }

  runMany(): void {
    const { time, dice } = this.#options;
    const withinMs = dice.pick([5, 20, 100]);
    for (let i = dice.whole(3, 5); i > 0; i -= 1)
      time.after(dice.between(0, withinMs), () => void this.#runTasks(['job', 'gate', 'big', 'big']));
  }

  async #stopTask(): Promise<void> {
    const { dice, auditor } = this.#options;
    const running = [...auditor.tasks].filter(([, task]) => task['instance'] && task['desiredStatus'] === 'RUNNING');
    if (running.length === 0) return;
    const [task] = dice.pick(running);
    const { outcome } = await this.#call('StopTask', { cluster, task }).answer;
    if (outcome === 'acknowledged') this.ledger.toldToStop(task);
  }

  async #drainOrActivate(): Promise<void> {
    const { dice, auditor } = this.#options;
    const all = [...auditor.instances];
    const draining = all.filter(([, { fields }]) => fields['status'] === 'DRAINING');
    if (draining.length > 0) await this.#setState(dice.pick(draining)[0], 'ACTIVE');
    else if (all.length > 0) await this.#setState(dice.pick(all)[0], 'DRAINING');
  }

  async #setState(id: string, status: 'ACTIVE' | 'DRAINING'): Promise<boolean> {
    if (this.#busy.has(id)) return false;
    this.#busy.add(id);
    this.ledger.askingInstance(id, status);
    const asked = this.#call('UpdateContainerInstancesState', { cluster, containerInstances: [id], status });
    const answer = await asked.answer;
    const isDone = answer.outcome === 'acknowledged' && (answer.output as { failures: unknown[] }).failures.length === 0;
    const outcome: Outcome = answer.outcome === 'acknowledged' && !isDone ? 'unknown' : answer.outcome;
    this.ledger.answeredInstance(id, status, outcome);
    await asked.over;
    this.#busy.delete(id);
    return isDone;
  }

  // ── calling ──

  async #insist(operation: string, input: object): Promise<void> {
    while ((await this.#call(operation, input).answer).outcome !== 'acknowledged') await this.#options.time.pause(100);
  }

  #call(operation: string, input: object): Asked {
    const { time, dice, record, controllers } = this.#options;
    const up = controllers.filter((controller) => controller.isUp);
    const asked = up.length === 0 ? nobodyAnswers(time) : this.#callAt(dice.pick(up), operation, input);
    this.open += 1;
    const answer = asked.answer.then((answer) => {
      this.open -= 1;
      record.request(`${operation} ${answer.outcome}`);
      record.tell(`client ${operation}`, () => `${answer.outcome} ${JSON.stringify(input)}`);
      return answer;
    });
    return { answer, over: asked.over };
  }

  #callAt(controller: SimulatedController, operation: string, input: object): Asked {
    const { time, dice, record } = this.#options;
    record.tell(`client asks ${controller.name}`, () => `${operation} ${JSON.stringify(input)}`);
    const isLost = dice.chance(0.04);
    if (isLost) record.fault('answer to a client lost', () => operation);
    const served = time.pause(controller.stalledFor() + dice.between(0.1, 5)).then(() =>
      controller.call(operation, input).then(
        (output): Answer => ({ outcome: 'acknowledged', output }),
        (error: unknown) => this.#refusal(operation, error),
      ),
    );
    const tooLate = time.pause(patienceMs).then(() => unknown);
    const answer = Promise.race([served, tooLate]).then((answer) => (isLost ? unknown : answer));
    return { answer, over: Promise.race([served, controller.hasCrashed().then(() => time.pause(effectMs))]) };
  }

  #refusal(operation: string, error: unknown): Answer {
    if (error instanceof ApiError) return error.code === 'ServerException' ? unknown : { outcome: 'refused' };
    this.#options.record.tell(`client ${operation} failed`, () => String(error));
    const hasCode = error instanceof Error && 'code' in error;
    if (!hasCode && !String(error).includes('does not serve')) {
      this.#options.record.violated(`${operation} failed: ${error instanceof Error ? error.stack : String(error)}`);
    }
    return unknown;
  }
}

const unknown: Answer = { outcome: 'unknown' };

const nobodyAnswers = (time: VirtualTime): Asked => {
  const answer = time.pause(50).then(() => unknown);
  return { answer, over: answer };
};

const taskIds = ({ tasks = [] }: RunTaskResponse): string[] => tasks.map(({ taskArn = '' }) => taskArn.split('/').at(-1) ?? '');
