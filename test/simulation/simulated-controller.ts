/** A controller as main.ts puts it together, on a simulated store, queue and network. It can crash, stall and start again. */
import type { ArnScope, Clock } from '@mini-ecs/shared';
import { ecsOperations } from '../../packages/controller/src/api/operations/index.ts';
import type { Call } from '../../packages/controller/src/api/operation.ts';
import { AgentStream } from '../../packages/controller/src/dispatch/agent-stream.ts';
import { startSessions, type Sessions } from '../../packages/controller/src/dispatch/dispatch.ts';
import { StoreProjections } from '../../packages/controller/src/projection/store-projections.ts';
import { startPasses, workHandler } from '../../packages/controller/src/queue/controller-work.ts';
import { withHints } from '../../packages/controller/src/queue/with-hints.ts';
import type { AuditedStore } from './audited-store.ts';
import type { Dice } from './dice.ts';
import type { Network } from './network.ts';
import type { RunRecord } from './record.ts';
import { StoreConnection, type StoreHealth } from './store-connection.ts';
import type { VirtualTime } from './virtual-time.ts';
import type { WorkBroker } from './work-broker.ts';

export const cluster = 'default';
export const scope: ArnScope = { region: 'us-east-1', accountId: '000000000000' };
export const leaseMs = 5_000;
const heartbeatMs = 1_000;
const sweepPeriodMs = 1_000;
const restartMs = 1_000;

const operations = new Map(ecsOperations.map((operation) => [operation.name, operation]));

export interface ControllerOptions {
  name: string;
  time: VirtualTime;
  dice: Dice;
  record: RunRecord;
  store: AuditedStore;
  health: StoreHealth;
  broker: WorkBroker;
  network: Network;
}

type ApiContext = Omit<Call, 'scope' | 'requestId' | 'principalArn' | 'accessKeyId'>;

/** One life of the process. */
interface Life {
  kill(): void;
  mourners: (() => void)[];
  sessions?: Sessions;
  api?: ApiContext;
  /** When it began to serve. */
  since?: number;
}

export class SimulatedController {
  readonly name: string;
  readonly #options: ControllerOptions;
  readonly #clock: Clock;
  #clockOffset = 0;
  #stalledUntil = 0;
  #life: Life | undefined;

  constructor(options: ControllerOptions) {
    const { time, network } = options;
    this.name = options.name;
    this.#options = options;
    this.#clock = { now: () => Math.floor(time.now + this.#clockOffset) };
    network.listen({
      name: this.name,
      isUp: () => this.#life?.sessions !== undefined,
      stalledFor: () => this.stalledFor(),
      accept: (call) => this.#life?.sessions?.host.accept(new AgentStream(call), undefined),
    });
  }

  /** It serves agents and clients. */
  get isUp(): boolean {
    return this.#life?.api !== undefined;
  }

  stalledFor(): number {
    return Math.max(0, this.#stalledUntil - this.#options.time.now);
  }

  /** ms for which it has served without a pause; 0: it does not. */
  healthyForMs(): number {
    const { now } = this.#options.time;
    const since = this.#life?.since;
    return since === undefined ? 0 : Math.max(0, now - Math.max(since, this.#stalledUntil));
  }

  start(): void {
    if (!this.#life) void this.#start();
  }

  /** kill -9 */
  crash(): void {
    const life = this.#life;
    this.#life = undefined;
    life?.kill();
    for (const tell of life?.mourners ?? []) tell();
    for (const stream of this.#options.network.streams({ controller: this.name })) stream.vanish('controller');
  }

  /** Resolves when this life of it ends. */
  hasCrashed(): Promise<void> {
    const life = this.#life;
    return life ? new Promise((resolve) => void life.mourners.push(resolve)) : Promise.resolve();
  }

  /** SIGSTOP, and SIGCONT so much later. */
  stall(ms: number): void {
    this.#stalledUntil = this.#options.time.now + ms;
  }

  jumpClock(ms: number): void {
    this.#clockOffset += ms;
  }

  /** Rejects with what the operation throws; never settles when the controller crashes meanwhile. */
  async call(name: string, input: unknown): Promise<unknown> {
    const api = this.#life?.api;
    const operation = operations.get(name);
    if (!api || !operation) throw new Error(`${this.name} does not serve ${name} now`);
    const requestId = api.newUuid();
    return operation.run(input, { ...api, scope, requestId, principalArn: 'arn:aws:iam::000000000000:root', accessKeyId: 'key' });
  }

  async #start(): Promise<void> {
    const { time, dice, record, broker, store: audited, health } = this.#options;
    const stalledFor = (): number => this.stalledFor();
    const log = record.logger(this.name);
    const clock = this.#clock;
    const connection = new StoreConnection({ ...this.#options, store: audited, health, cluster, stalledFor });
    const queue = broker.connect(clock, stalledFor);
    const store = withHints(connection, queue);
    const life: Life = { kill: () => connection.kill(), mourners: [] };
    this.#life = life;
    let projections: StoreProjections;
    try {
      projections = await StoreProjections.start({ store, log });
    } catch {
      if (this.#life === life) this.#life = undefined;
      time.after(restartMs, () => this.start());
      return;
    }
    const shared = { store, projections, clock, log };
    const [newId, newUuid] = [() => dice.id(), () => dice.uuid()];
    const work = { ...shared, sink: queue, newTaskId: newId, newEventId: newUuid, newSeed: () => dice.below(2 ** 31) };
    queue.work(workHandler(work));
    const passes = startPasses(work);
    const config = { leaseMs, heartbeatMs, sweepPeriodMs, ...scope };
    const sessions = startSessions({ ...shared, newUuid, config });
    life.sessions = sessions;
    life.since = time.now;
    life.api = { ...shared, newId, newUuid, newDeploymentId: () => `ecs-svc/${dice.whole(1e15, 9e15)}` };
    // What it planned is taken back; what waits for the store waits for ever.
    life.kill = () => {
      connection.kill();
      queue.kill();
      void passes.stop();
      void sessions.stop();
      void projections.close();
    };
  }
}
