/**
 * The network between agents and controllers: one stream a session, as gRPC gives it. In a stream the order is kept and
 * nothing is lost without the stream's end; what is under way survives a cut that heals, and comes late. On top of that
 * come faults that the protocol itself must bear: reports, acknowledgements and heartbeats dropped without a trace,
 * doubled, or overtaken; streams that break with messages of theirs lost.
 */
import type { AgentStream, StreamHandlers } from '@mini-ecs/agent';
import {
  noFaults,
  Stream,
  type Listener,
  type MessageFaults,
  type NetworkOptions,
  type StreamNetwork,
} from './simulated-stream.ts';

export class Network implements StreamNetwork {
  /** Probabilities, for each message. */
  faults: MessageFaults = noFaults;
  readonly options: NetworkOptions;
  readonly #listeners = new Map<string, Listener>();
  /** `host|controller` → when it heals; Infinity: nobody knows yet */
  readonly #cuts = new Map<string, number>();
  readonly #streams = new Set<Stream>();

  constructor(options: NetworkOptions) {
    this.options = options;
  }

  listen(listener: Listener): void {
    this.#listeners.set(listener.name, listener);
  }

  listener(name: string): Listener | undefined {
    return this.#listeners.get(name);
  }

  /** Nothing passes between them for so long. */
  cut(host: string, controller: string, ms: number): void {
    this.#cuts.set(`${host}|${controller}`, this.options.time.now + ms);
  }

  /** Messages are left alone again. */
  calm(): void {
    this.faults = noFaults;
  }

  healAll(): void {
    this.#cuts.clear();
    this.calm();
    for (const stream of this.#streams) stream.retry();
  }

  /** ms until the link is whole; 0: it is. */
  cutFor(host: string, controller: string): number {
    if (this.#cuts.size === 0) return 0;
    const until = this.#cuts.get(`${host}|${controller}`);
    return until === undefined ? 0 : Math.max(0, until - this.options.time.now);
  }

  open(host: string, controller: string, handlers: StreamHandlers, isAlive: () => boolean): AgentStream {
    const stream = new Stream(this, host, controller, handlers, isAlive);
    this.#streams.add(stream);
    return stream.agentSide;
  }

  /** Open streams of a host, a controller, or both. */
  streams(of: { host?: string; controller?: string } = {}): Stream[] {
    return [...this.#streams].filter(
      ({ host, controller }) => (of.host ?? host) === host && (of.controller ?? controller) === controller,
    );
  }

  forget(stream: Stream): void {
    this.#streams.delete(stream);
  }
}
