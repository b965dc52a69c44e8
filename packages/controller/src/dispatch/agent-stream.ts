/**
 * The wire of one agent: writes to its gRPC stream without ever buffering without bound. While the agent does not read,
 * of heartbeat answers only the newest is kept, other messages up to a limit, and whoever computes assignments
 * is asked to wait (`isBlocked`): an increment made later says everything at once.
 */
import * as grpc from '@grpc/grpc-js';
import type { AgentMessage__Output, ControllerMessage } from '@mini-ecs/shared';
import type { Refusal } from './refusal.ts';

export type AgentCall = grpc.ServerDuplexStream<AgentMessage__Output, ControllerMessage>;

/** Acknowledgements beyond it are dropped: the agent reports again. Assignments beyond it end the stream: it comes back. */
const maxWaitingMessages = 1_000;

/** The agent would wait for it for ever, or count on assignments that it does not have. */
const mustArrive = ({ welcome, fullAssignments, assignmentIncrement }: ControllerMessage): boolean =>
  (welcome ?? fullAssignments ?? assignmentIncrement) != null;

export class AgentStream {
  readonly peer: string;
  readonly #call: AgentCall;
  #blocked = false;
  #ended = false;
  #waiting: ControllerMessage[] = [];
  #heartbeatAck: ControllerMessage | undefined;
  #onDrain: () => void = () => {};
  #onMessage: (message: AgentMessage__Output) => void = () => {};
  readonly #ending = Promise.withResolvers<void>();

  constructor(call: AgentCall) {
    this.#call = call;
    this.peer = call.getPeer();
    call.on('data', (message: AgentMessage__Output) => {
      if (!this.#ended) this.#onMessage(message);
    });
    call.on('drain', () => this.#drain());
    for (const event of ['cancelled', 'error', 'close', 'end']) call.on(event, () => this.end());
  }

  /** True: what is sent now waits in memory. */
  get isBlocked(): boolean {
    return this.#blocked;
  }

  get hasEnded(): boolean {
    return this.#ended;
  }

  /** Resolves once, however it ended. */
  get ended(): Promise<void> {
    return this.#ending.promise;
  }

  /** In place of the listener before. */
  onMessage(listener: (message: AgentMessage__Output) => void): void {
    this.#onMessage = listener;
  }

  /** Called when the agent reads again. */
  onDrain(listener: () => void): void {
    this.#onDrain = listener;
  }

  pauseReading(): void {
    this.#call.pause();
  }

  resumeReading(): void {
    this.#call.resume();
  }

  send(message: ControllerMessage): void {
    if (this.#ended) return;
    if (!this.#blocked) this.#write(message);
    else if (this.#waiting.length < maxWaitingMessages) this.#waiting.push(message);
    else if (mustArrive(message)) this.end();
  }

  sendHeartbeatAck(sequence: number): void {
    const message: ControllerMessage = { heartbeatAck: { sequence } };
    if (this.#blocked) this.#heartbeatAck = message;
    else this.send(message);
  }

  /** Tells why and ends; for want of a certificate that serves with gRPC's own status for it. */
  refuse(refusal: Refusal): void {
    if (this.#ended) return;
    this.#write({ refusal });
    if (refusal.code !== 'CERTIFICATE_REFUSED') return this.end();
    this.#end();
    this.#call.emit('error', { code: grpc.status.UNAUTHENTICATED, details: refusal.message });
  }

  end(): void {
    if (this.#ended) return;
    this.#end();
    if (!this.#call.destroyed) this.#call.end();
  }

  #end(): void {
    this.#ended = true;
    this.#waiting = [];
    this.#heartbeatAck = undefined;
    this.#ending.resolve();
  }

  #write(message: ControllerMessage): void {
    this.#blocked = !this.#call.write(message);
  }

  #drain(): void {
    this.#blocked = false;
    if (this.#ended) return;
    const waiting = this.#waiting;
    this.#waiting = [];
    const heartbeatAck = this.#heartbeatAck;
    this.#heartbeatAck = undefined;
    if (heartbeatAck) this.send(heartbeatAck);
    for (const message of waiting) this.send(message);
    if (!this.#blocked) this.#onDrain();
  }
}
