import type { AgentState, StateStore } from './agent-state.ts';

/** For simulated agents, which outlive their "restarts" in one process. */
export class MemoryStateStore implements StateStore {
  #state: AgentState | undefined;

  load(): Promise<AgentState | undefined> {
    return Promise.resolve(structuredClone(this.#state));
  }

  save(state: AgentState): Promise<void> {
    // Records are never changed in place, so the list is all that needs a copy.
    this.#state = { ...state, tasks: [...state.tasks] };
    return Promise.resolve();
  }

  remove(): Promise<void> {
    this.#state = undefined;
    return Promise.resolve();
  }
}
