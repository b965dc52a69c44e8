import type { CreateRequest, VolumeRequest } from '../domain/create-request.ts';

/**
 * Everything that the agent can do to the engine, and what each step needs. The executor's table is typed
 * by this one: a step without an executor does not compile.
 */
export interface StepArguments {
  pull: { image: string };
  createVolume: { request: VolumeRequest };
  create: { request: CreateRequest };
  start: { runtimeId: string };
  stop: { runtimeId: string; timeoutSeconds: number };
  kill: { runtimeId: string };
  remove: { runtimeId: string };
  removeVolume: { volume: string };
}

export type StepName = keyof StepArguments;

/** `target`: the container's name, or `volume/<name>`; one step at a time runs on a target. */
export type Step = { [Name in StepName]: { name: Name; target: string } & StepArguments[Name] }[StepName];

export const volumeTarget = (volume: string): string => `volume/${volume}`;

/** Which step runs on which target now. */
export type StepsInFlight = ReadonlyMap<string, StepName>;
