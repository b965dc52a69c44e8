/** Requests to register the task definitions that tests run: all of the lab's busybox image. */
import type { ContainerDefinition, RegisterTaskDefinitionRequest } from '@aws-sdk/client-ecs';
import { sampleImage } from '@mini-ecs/lab';

/** Runs until it is stopped, and then ends at once. */
const untilStopped = ["trap 'exit 0' TERM", 'sleep 100000 & wait'].join('; ');

const container = (changes: Partial<ContainerDefinition>): ContainerDefinition => ({
  name: 'main',
  image: sampleImage,
  cpu: 10,
  memory: 32,
  essential: true,
  stopTimeout: 2,
  command: ['sh', '-c', untilStopped],
  ...changes,
});

/** One container that runs until it is stopped. */
export const aSleepingTask = (family: string, changes: Partial<ContainerDefinition> = {}): RegisterTaskDefinitionRequest => ({
  family,
  containerDefinitions: [container(changes)],
});

/** One container that ends by itself. */
export const anExitingTask = (family: string, exitCode: number): RegisterTaskDefinitionRequest =>
  aSleepingTask(family, { command: ['sh', '-c', `echo leaving with ${exitCode}; exit ${exitCode}`] });

/** A web server behind a dynamic port that answers with `page`. */
export const aWebTask = (family: string, page: string): RegisterTaskDefinitionRequest =>
  aSleepingTask(family, {
    command: ['sh', '-c', `echo ${page} > /www/index.html; httpd -f -p 8080 -h /www & trap 'exit 0' TERM; wait`],
    portMappings: [{ containerPort: 8080, hostPort: 0, protocol: 'tcp' }],
  });
