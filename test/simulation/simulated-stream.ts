/** One stream between an agent and a controller: an ordered way to each side, with delays, cuts and faults on it. */
import { agentProtocol, type AgentMessage, type ControllerMessage } from '@mini-ecs/shared';
import type { AgentStream, StreamHandlers } from '@mini-ecs/agent';
import type { AgentCall } from '../../packages/controller/src/dispatch/agent-stream.ts';
import type { Dice } from './dice.ts';
import type { RunRecord } from './record.ts';
import { SimulatedCall } from './simulated-call.ts';
import type { VirtualTime } from './virtual-time.ts';

/** Where streams arrive. */
export interface Listener {
  name: string;
  /** False: nobody listens there now. */
  isUp(): boolean;
  /** ms for which it is stopped and takes nothing in. */
  stalledFor(): number;
  accept(call: AgentCall): void;
}

export interface MessageFaults {
  dropped: number;
  delayed: number;
  duplicated: number;
  reordered: number;
}

export interface NetworkOptions {
  time: VirtualTime;
  dice: Dice;
  record: RunRecord;
}

/** What a stream needs to know of the network that it is in. */
export interface StreamNetwork {
  readonly options: NetworkOptions;
  readonly faults: MessageFaults;
  listener(name: string): Listener | undefined;
  cutFor(host: string, controller: string): number;
  forget(stream: Stream): void;
}

const session = agentProtocol.AgentGateway.service.Session;
export const noFaults: MessageFaults = { dropped: 0, delayed: 0, duplicated: 0, reordered: 0 };

type Side = 'agent' | 'controller';
/** What may come twice, late or never: the protocol sends it again, or does without. */
const isForgiving = (message: AgentMessage | ControllerMessage): boolean =>
  'statusReport' in message || 'statusAck' in message || 'heartbeat' in message || 'heartbeatAck' in message;

/** One way of a stream: what was sent, in its order. */
interface Way {
  to: Side;
  queue: { at: number; deliver: () => void }[];
  lastAt: number;
  isPlanned: boolean;
}

export class Stream {
  readonly host: string;
  readonly controller: string;
  readonly agentSide: AgentStream;
  readonly #network: StreamNetwork;
  readonly #handlers: StreamHandlers;
  readonly #isAgentAlive: () => boolean;
  readonly #toAgent: Way = { to: 'agent', queue: [], lastAt: 0, isPlanned: false };
  readonly #toController: Way = { to: 'controller', queue: [], lastAt: 0, isPlanned: false };
  /** The newest report of each task that was sent. */
  readonly #lastReports = new Map<string, { lastStatus: string; sequence: number }>();
  #call: SimulatedCall | undefined;
  #hasAgentEnded = false;
  #hasControllerEnded = false;

  constructor(network: StreamNetwork, host: string, controller: string, handlers: StreamHandlers, isAgentAlive: () => boolean) {
    this.#network = network;
    this.host = host;
    this.controller = controller;
    this.#handlers = handlers;
    this.#isAgentAlive = isAgentAlive;
    this.agentSide = {
      send: (message) => this.#sendToController(message),
      ready: () => (this.#hasAgentEnded ? Promise.reject(new Error('The session has ended.')) : Promise.resolve()),
      end: () => this.#leaveAgent('ended'),
      destroy: () => this.#leaveAgent('cancelled'),
    };
    this.#push(this.#toController, () => this.#connect());
  }

  /** Both sides learn that it broke, each in its time; what was under way is lost. */
  reset(): void {
    const { time, dice } = this.#network.options;
    this.#toAgent.queue = [];
    this.#toController.queue = [];
    const learn = (way: Way, end: () => void): void => {
      time.after(dice.between(0.5, 30), () => this.#push(way, end));
    };
    learn(this.#toAgent, () => this.#endAgent('connection reset'));
    learn(this.#toController, () => this.#endController());
  }

  /** The process at that side is gone; the other side's network tells so, but of a host without power nothing more comes. */
  vanish(side: Side, { isHostDown = false } = {}): void {
    if (side === 'agent') {
      this.#hasAgentEnded = true;
      if (isHostDown || !this.#call) this.#toController.queue = [];
      this.#push(this.#toController, () => this.#endController());
    } else {
      this.#hasControllerEnded = true;
      this.#push(this.#toAgent, () => this.#endAgent('connection reset'));
    }
  }

  /** The network heals: what waits is on its way again. */
  retry(): void {
    this.#plan(this.#toAgent);
    this.#plan(this.#toController);
  }

  #connect(): void {
    const listener = this.#network.listener(this.controller);
    if (!listener?.isUp()) {
      this.#hasControllerEnded = true;
      this.#push(this.#toAgent, () => this.#endAgent('connection refused'));
      return;
    }
    this.#call = new SimulatedCall(this.host, {
      write: (message) => this.#sendToAgent(message),
      end: () => {
        this.#hasControllerEnded = true;
        this.#push(this.#toAgent, () => this.#endAgent('the controller ended the session'));
      },
    });
    listener.accept(this.#call as unknown as AgentCall);
  }

  #sendToController(message: AgentMessage): void {
    if (this.#hasAgentEnded) return;
    for (const { taskId = '', lastStatus = '' } of message.statusReport?.tasks ?? []) {
      this.#lastReports.set(taskId, { lastStatus, sequence: Number(message.statusReport?.sequence) });
    }
    const received = acrossTheWire(message, () => {
      const bytes = session.requestSerialize(message);
      return () => session.requestDeserialize(bytes);
    });
    this.#send(this.#toController, message, () => this.#call?.receive(received()));
  }

  #sendToAgent(message: ControllerMessage): void {
    if (this.#hasControllerEnded) return;
    const received = acrossTheWire(message, () => {
      const bytes = session.responseSerialize(message);
      return () => session.responseDeserialize(bytes);
    });
    this.#send(this.#toAgent, message, () => {
      if (!this.#hasAgentEnded && this.#isAgentAlive()) this.#handlers.onMessage(received());
    });
  }

  #send(way: Way, message: AgentMessage | ControllerMessage, deliver: () => void): void {
    const { dice, record } = this.#network.options;
    const { faults } = this.#network;
    const told = (): string => `${this.host} ${way.to === 'agent' ? '<-' : '->'} ${this.controller} ${summary(message)}`;
    if (faults === noFaults || 'hello' in message) return this.#push(way, deliver, told);
    if (dice.chance(faults.dropped)) {
      record.fault('message dropped', told);
      if (!isForgiving(message)) this.reset();
      return;
    }
    let extraMs = 0;
    if (dice.chance(faults.delayed)) {
      record.fault('message delayed', told);
      extraMs = dice.between(50, 3_000);
    }
    if (isForgiving(message) && dice.chance(faults.reordered)) {
      record.fault('message reordered', told);
      this.#network.options.time.after(dice.between(20, 2_000), () => {
        if (!this.#isOutdated(message)) this.#push(way, deliver, told);
      });
      return;
    }
    this.#push(way, deliver, told, extraMs);
    if (!('welcome' in message) && dice.chance(faults.duplicated)) {
      record.fault('message duplicated', told);
      this.#push(way, deliver, told);
    }
  }

  /**
   * A report may be overtaken by one that moved its tasks forward: the store refuses it. Of reports that say different things
   * of one status only the order tells which is the newer, and that order is the stream's promise.
   */
  #isOutdated(message: AgentMessage | ControllerMessage): boolean {
    if (!('statusReport' in message)) return false;
    const { sequence = 0, tasks = [] } = message.statusReport ?? {};
    return tasks.some(({ taskId = '', lastStatus }) => {
      const last = this.#lastReports.get(taskId);
      return last !== undefined && last.sequence > Number(sequence) && last.lastStatus === lastStatus;
    });
  }

  #push(way: Way, deliver: () => void, told?: () => string, extraMs = 0): void {
    const { time, dice, record } = this.#network.options;
    const at = Math.max(way.lastAt, time.now + dice.skewed(0.1, 20) + extraMs);
    way.lastAt = at;
    const logged = told
      ? (): void => {
          record.tell('message', told);
          deliver();
        }
      : deliver;
    way.queue.push({ at, deliver: record.isTraced ? logged : deliver });
    this.#plan(way);
  }

  /** One delivery is planned at a time: a cut or a stalled side holds up all that follow. */
  #plan(way: Way): void {
    const next = way.queue[0];
    if (!next || way.isPlanned) return;
    const { time } = this.#network.options;
    const wait = Math.max(0, next.at - time.now, this.#heldUpFor(way));
    if (wait === Infinity) return;
    way.isPlanned = true;
    time.after(wait, () => {
      way.isPlanned = false;
      if (way.queue[0] === next && this.#heldUpFor(way) === 0) {
        way.queue.shift();
        next.deliver();
      }
      this.#plan(way);
    });
  }

  #heldUpFor({ to }: Way): number {
    const stalled = to === 'controller' ? (this.#network.listener(this.controller)?.stalledFor() ?? 0) : 0;
    return Math.max(stalled, this.#network.cutFor(this.host, this.controller));
  }

  #leaveAgent(reason: string): void {
    if (this.#hasAgentEnded) return;
    // Nothing is sent before the connection stands.
    if (!this.#call) this.#toController.queue = [];
    this.#push(this.#toController, () => this.#endController());
    this.#endAgent(reason);
  }

  #endAgent(reason: string): void {
    if (this.#hasAgentEnded) return;
    this.#hasAgentEnded = true;
    this.#done();
    if (this.#isAgentAlive()) this.#handlers.onEnd(reason);
  }

  #endController(): void {
    if (this.#hasControllerEnded) return;
    this.#hasControllerEnded = true;
    this.#call?.emitEnd();
    this.#done();
  }

  #done(): void {
    if (this.#hasAgentEnded && this.#hasControllerEnded) this.#network.forget(this);
  }
}

/** A copy, as the wire makes one: with all defaults. A heartbeat, the most frequent message, is as it was sent. */
function acrossTheWire<Sent extends AgentMessage | ControllerMessage, Received>(
  message: Sent,
  encode: () => () => Received,
): () => Received {
  if ('heartbeat' in message || 'heartbeatAck' in message) return () => message as unknown as Received;
  return encode();
}

function summary(message: AgentMessage | ControllerMessage): string {
  const [kind = '', body] = Object.entries(message)[0] ?? [];
  return `${kind} ${JSON.stringify(body, (name, value: unknown) => (name === 'spec' ? undefined : value)).slice(0, 300)}`;
}
